import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { AnyKind } from '#api/kind.ts'
import { created, statusWritten, updated } from '#api/testing/check-kind.ts'
import { ControllerRevision } from './controller-revision.ts'
import { DaemonSet } from './daemon-set.ts'
import { StatefulSet } from './stateful-set.ts'

const template = { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'c', image: 'i' }] } }
const spec = { selector: { matchLabels: { app: 'web' } }, template }
const claim = { metadata: { name: 'data' }, spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } } }

test('sets are refused for what their controllers could not do', () => {
  const check = (kind: AnyKind, change: object, expected: readonly string[]) =>
    assert.deepEqual(created(kind, { spec: { ...spec, ...change } }).causes, expected)

  check(StatefulSet, {}, [])
  check(StatefulSet, { volumeClaimTemplates: [claim] }, [])
  check(StatefulSet, { replicas: -1 }, ['spec.replicas: Invalid value: -1: must be greater than or equal to 0'])
  check(StatefulSet, { serviceName: 'Bad_' }, [
    "spec.serviceName: Invalid value: \"Bad_\": a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')",
  ])
  check(StatefulSet, { updateStrategy: { type: 'X' } }, [
    'spec.updateStrategy: Invalid value: {"Type":"X","RollingUpdate":null}: must be \'RollingUpdate\' or \'OnDelete\'',
  ])
  check(StatefulSet, { selector: { matchLabels: { app: 'api' } } }, [
    'spec.template.metadata.labels: Invalid value: {"app":"web"}: `selector` does not match template `labels`',
  ])
  check(DaemonSet, {}, [])
  check(DaemonSet, { updateStrategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 1, maxSurge: 1 } } }, [
    'spec.updateStrategy.rollingUpdate.maxSurge: Invalid value: 1: may not be set when maxUnavailable is non-zero',
  ])
  check(DaemonSet, { updateStrategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: '200%' } } }, [
    'spec.updateStrategy.rollingUpdate.maxUnavailable: Invalid value: "200%": must not be greater than 100%',
  ])
})

test('a claim template says what it is, and a rolling update is only filled in where no type was named', () => {
  const { object } = created(StatefulSet, { spec: { ...spec, volumeClaimTemplates: [claim] } })
  assert.deepEqual(
    [object.spec.volumeClaimTemplates[0].apiVersion, object.spec.volumeClaimTemplates[0].kind],
    ['v1', 'PersistentVolumeClaim'],
  )
  assert.deepEqual(object.spec.updateStrategy, { type: 'RollingUpdate', rollingUpdate: { partition: 0 } })
  const named = created(StatefulSet, { spec: { ...spec, updateStrategy: { type: 'RollingUpdate' } } }).object
  assert.deepEqual(named.spec.updateStrategy, { type: 'RollingUpdate' })
})

test('what a set was made with stays', () => {
  const before = created(StatefulSet, { spec: { ...spec, serviceName: 's' } }).object
  assert.deepEqual(updated(StatefulSet, before, { spec: { ...spec, serviceName: 's', replicas: 3 } }).causes, [])
  assert.match(
    updated(StatefulSet, before, { spec: { ...spec, serviceName: 't' } }).causes.join(),
    /^spec: Forbidden: updates to statefulset spec/,
  )
})

test('a daemon set counts the changes of its template in an annotation that only the server writes', () => {
  const annotation = 'deprecated.daemonset.template.generation'
  const before = created(DaemonSet, { metadata: { annotations: { [annotation]: '0' } }, spec }).object
  assert.equal(before.metadata.annotations[annotation], '1')
  const same = updated(DaemonSet, before, { metadata: { annotations: { [annotation]: '7' } }, spec }).object
  assert.equal(same.metadata.annotations[annotation], '1')
  const changed = { ...template, spec: { containers: [{ name: 'c', image: 'j' }] } }
  assert.equal(updated(DaemonSet, before, { spec: { ...spec, template: changed } }).object.metadata.annotations[annotation], '2')
  assert.deepEqual(DaemonSet.partialMetadata?.(before.metadata).annotations, undefined)
})

test('counts of a status fit together', () => {
  const before = created(StatefulSet, { spec }).object
  assert.deepEqual(statusWritten(StatefulSet, before, { replicas: 1, readyReplicas: 2 }).causes, [
    'status.readyReplicas: Invalid value: 2: cannot be greater than status.replicas',
  ])
  const collided = { ...before, status: { ...before.status, collisionCount: 2 } }
  assert.deepEqual(statusWritten(StatefulSet, collided, { replicas: 0 }).causes, [
    'status.collisionCount: Invalid value: 0: cannot be decremented',
  ])
})

test('a revision holds an object, and never another one', () => {
  assert.deepEqual(created(ControllerRevision, { revision: 1 }).causes, ['data: Required value: data is mandatory'])
  assert.deepEqual(created(ControllerRevision, { revision: 1, data: [1] }).causes, [
    'data: Required value: data must be a valid JSON object',
  ])
  const before = created(ControllerRevision, { revision: 1, data: { a: 1 } }).object
  assert.deepEqual(updated(ControllerRevision, before, { revision: 2, data: { a: 1 } }).causes, [])
  assert.deepEqual(updated(ControllerRevision, before, { revision: 1, data: { a: 2 } }).causes, [
    'data: Invalid value: {"a":2}: field is immutable',
  ])
})
