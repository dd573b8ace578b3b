import assert from 'node:assert/strict'
import { test } from 'node:test'
import { created } from '#api/testing/check-kind.ts'
import { Pod } from '../pod.ts'
import { validateResize } from './pod-resize.ts'

const resources = { requests: { cpu: '10m', memory: '1Mi' }, limits: { cpu: '20m', memory: '2Mi' } }
const init = { name: 'i', image: 'i', resources }
const sidecar = { ...init, name: 's', restartPolicy: 'Always' }
const container = { name: 'c', image: 'i', resources }
const pod = (spec: object, status: object = {}, metadata: object = {}) => ({
  ...created(Pod, { metadata, spec: { containers: [container], ...spec } }).object,
  status,
})

/** What is said against a change of the spec; the rest of the pod is as it was. */
const check = (before: object, after: object, expected: readonly string[], status: object = {}, metadata: object = {}) => {
  const previous = pod(before, status, metadata)
  const causes = validateResize({ ...previous, spec: pod(after).spec }, previous)
  assert.deepEqual(
    causes.map(({ field, message }) => `${field}: ${message}`),
    expected,
  )
}
const more = { ...resources, requests: { cpu: '15m', memory: '1Mi' } }

test('processor and memory of containers, init containers and the whole pod may change', () => {
  check({}, { containers: [{ ...container, resources: more }] }, [])
  check(
    { initContainers: [init, sidecar] },
    {
      initContainers: [
        { ...init, resources: more },
        { ...sidecar, resources: more },
      ],
    },
    [],
  )
  check({ resources }, { resources: more }, [])
  check({}, { resources }, [])
})

test('containers stay what and where they are', () => {
  const two = [container, { ...container, name: 'd' }]
  check({ containers: two }, { containers: two.toReversed() }, [
    'spec.containers[0].name: Forbidden: containers may not be renamed or reordered on resize',
    'spec.containers[1].name: Forbidden: containers may not be renamed or reordered on resize',
  ])
  check({}, { containers: two }, ['spec.containers: Forbidden: containers may not be added or removed on resize'])
  check({ initContainers: [init] }, {}, ['spec.initContainers: Forbidden: initContainers may not be added or removed on resize'])
})

test('resources are not taken away, and others than processor and memory do not change', () => {
  check({}, { containers: [{ ...container, resources: { requests: resources.requests, limits: { cpu: '20m' } } }] }, [
    'spec.containers[0].resources.limits: Forbidden: resource limits cannot be removed',
  ])
  check({ resources }, {}, ['spec.resources: Forbidden: pod-level resources cannot be removed'])
  check({ resources }, { resources: { ...resources, limits: { cpu: '20m' } } }, [
    'spec.resources.limits: Forbidden: pod-level resource limits cannot be removed',
  ])
  const disk = { ...resources, requests: { ...resources.requests, 'ephemeral-storage': '1Mi' } }
  check({}, { containers: [{ ...container, resources: disk }] }, ['spec: Forbidden: only cpu and memory resources are mutable'])
  check({ initContainers: [init] }, { initContainers: [{ ...init, resources: disk }] }, [
    'spec.initContainers[0]: Forbidden: only cpu and memory resources for init or sidecar containers are mutable',
  ])
})

test('a pod of which a resize makes no sense refuses it', () => {
  const after = { containers: [{ ...container, resources: more }] }
  const mirror = { annotations: { 'kubernetes.io/config.mirror': 'x' } }
  check({}, after, ['[]: Forbidden: static pods cannot be resized'], {}, mirror)
  check({ os: { name: 'windows' } }, after, ['[]: Forbidden: windows pods cannot be resized'])
  check({}, after, ['spec: Forbidden: Pod running on node without support for resize'], {
    containerStatuses: [{ name: 'c', state: { running: {} } }],
  })
  const restarting = { ...init, resizePolicy: [{ resourceName: 'cpu', restartPolicy: 'RestartContainer' }] }
  check({ initContainers: [restarting] }, { initContainers: [{ ...restarting, resources: more }] }, [
    'spec.initContainers[0].resizePolicy[0].restartPolicy: Invalid value: "RestartContainer": must not be set to \'RestartContainer\' for non-sidecar initContainers',
    'spec.initContainers[0]: Forbidden: non-sidecar init containers with a resize policy of RestartContainer cannot be resized',
  ])
})
