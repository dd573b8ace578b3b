import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Pod } from '#api/core/v1/pod.ts'
import { createCluster, nodeOf, type PodPlan, podOf, zone } from '../../world/topology-testing.ts'
import { createConstraints } from './constraints.ts'
import { createHints } from './hints.ts'

const { podMayHelp, nodeMayHelp } = createHints(createConstraints({ constraints: [], areSystem: true }))

const constraint = (more: object = {}) => ({
  topologyKey: zone,
  maxSkew: 1,
  whenUnsatisfiable: 'DoNotSchedule',
  labelSelector: { matchLabels: { app: 'web' } },
  ...more,
})
const waiting = (more?: object, labels: PodPlan['labels'] = { app: 'web' }, spec: object = {}) =>
  podOf('waiting', { namespace: 'x', labels, spec: { topologySpreadConstraints: [constraint(more)], ...spec } })
const other = (app: string, node: string | undefined = 'a', namespace = 'x') =>
  podOf('other', { namespace, labels: { app }, spec: {} }, node)
const nowhere = podOf('other', { namespace: 'x', labels: { app: 'web' }, spec: {} })

pod('one of those that are counted came', { after: other('web') }, true)
pod('one of those that are counted went', { before: other('web') }, true)
pod('another came', { after: other('db') }, false)
pod('one without a place came', { after: nowhere }, false)
pod('one of another namespace went', { before: other('web', 'a', 'y') }, false)
pod('one is counted from now on', { before: other('db'), after: other('web') }, true)
pod('one is counted no more', { before: other('web'), after: other('db') }, true)
pod('one is counted as before', { before: other('web'), after: other('web') }, false)
pod('its own labels are others', { before: waiting({}, { app: 'db' }), after: waiting() }, true)
const tolerant = { tolerations: [{ key: 'busy', operator: 'Exists' }] }
pod('it tolerates what does not count', { before: waiting(), after: waiting({}, { app: 'web' }, tolerant) }, false)
const honouring = { nodeTaintsPolicy: 'Honor' }
pod('it tolerates what counts', { before: waiting(honouring), after: waiting(honouring, { app: 'web' }, tolerant) }, true, honouring)
pod('it is only to be spread where that can be had', { before: other('web') }, false, { whenUnsatisfiable: 'ScheduleAnyway' })

const zoned = (value: string, taints: readonly object[] = []) => nodeOf('n1', { [zone]: value }, taints)
const unzoned = nodeOf('n1', {})
node('a node in a domain came', [undefined, zoned('1')], true)
node('a node in no domain came', [undefined, unzoned], false)
node('a node in a domain went', [zoned('1'), undefined], true)
node('a node in no domain went', [unzoned, undefined], false)
node('a node came into a domain', [unzoned, zoned('1')], true)
node('a node went out of its domain', [zoned('1'), unzoned], true)
node('a node changed its domain', [zoned('1'), zoned('2')], true)
node('a node changed its taints', [zoned('1'), zoned('1', [{ key: 'busy', effect: 'NoSchedule' }])], true)
node('a node changed nothing that counts', [zoned('1'), nodeOf('n1', { [zone]: '1', disk: 'ssd' })], false)

function pod(name: string, change: { readonly before?: Pod; readonly after?: Pod }, expected: boolean, more: object = {}): void {
  test(`pod: ${name}`, () => {
    const { world } = createCluster()
    const event = { resource: 'Pod' as const, actions: ['Update' as const], before: change.before, after: change.after }
    assert.equal(podMayHelp(change.after?.metadata.uid === 'waiting' ? change.after : waiting(more), event, world), expected)
  })
}

function node(name: string, [before, after]: readonly [object | undefined, object | undefined], expected: boolean): void {
  test(`node: ${name}`, () => {
    const { world } = createCluster()
    assert.equal(nodeMayHelp(waiting(), { resource: 'Node', actions: ['Update'], before, after }, world), expected)
  })
}
