import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ConfigMap } from '#api/core/v1/config-map.ts'
import { Pod } from '#api/core/v1/pod.ts'
import { ResourceQuota } from '#api/core/v1/resource-quota.ts'
import type { AnyKind } from '#api/kind.ts'
import { DeviceClass } from '#api/resource/v1/device-class.ts'
import { ResourceClaim } from '#api/resource/v1/resource-claim.ts'
import { createServedKinds } from '#loop/served-kinds.ts'
import { World } from '../testing/world.ts'
import { resourceQuotaController } from './controller.ts'
import { planQuota } from './plan.ts'

const namespace = 'test'
const controller = resourceQuotaController(createServedKinds([ConfigMap, Pod, ResourceClaim, DeviceClass]))

check('nothing there', { hard: { configmaps: '2' } }, [], { hard: { configmaps: '2' }, used: { configmaps: '0' } })
check('objects by both of their names', { hard: { configmaps: '2', 'count/configmaps': '3' } }, ['a', 'b'], {
  hard: { configmaps: '2', 'count/configmaps': '3' },
  used: { configmaps: '2', 'count/configmaps': '2' },
})
check('what nobody counts has no number', { hard: { 'example.com/x': '2' } }, ['a'], { hard: { 'example.com/x': '2' }, used: {} })

test('pods by what they ask for; those that ended use nothing', () => {
  const world = new World()
  const pod = (name: string, phase: string) =>
    world.put(Pod, {
      metadata: { name, namespace },
      spec: { containers: [{ name: 'c', resources: { requests: { cpu: '300m' } } }] },
      status: { phase },
    })
  pod('a', 'Running')
  pod('b', 'Pending')
  pod('c', 'Succeeded')
  world.put(ResourceQuota, { metadata: { name: 'q', namespace }, spec: { hard: { pods: '5', 'requests.cpu': '1' } }, status: {} })
  world.settle([controller])
  assert.deepEqual(world.get(ResourceQuota, 'q', namespace)!.status!.used, { pods: '2', 'requests.cpu': '600m' })
})

test('an extended resource by pods that ask for it, and by claims of the device class that stands for it', () => {
  const world = new World()
  world.put(DeviceClass, { metadata: { name: 'gpu' }, spec: { extendedResourceName: 'example.com/gpu' } })
  world.put(Pod, {
    metadata: { name: 'a', namespace },
    spec: { containers: [{ name: 'c', resources: { requests: { 'example.com/gpu': '2' } } }] },
  })
  const requests = [{ name: 'r', exactly: { deviceClassName: 'gpu', allocationMode: 'ExactCount', count: 3 } }]
  world.put(ResourceClaim, { metadata: { name: 'b', namespace }, spec: { devices: { requests } }, status: {} })
  world.put(ResourceQuota, { metadata: { name: 'q', namespace }, spec: { hard: { 'requests.example.com/gpu': '9' } }, status: {} })
  world.settle([controller])
  assert.deepEqual(world.get(ResourceQuota, 'q', namespace)!.status!.used, { 'requests.example.com/gpu': '5' })
})

test('what admission does is no reason to count; what goes is', () => {
  const world = new World()
  const quota = world.put(ResourceQuota, {
    metadata: { name: 'q', namespace },
    spec: { hard: { configmaps: '5' } },
    status: { hard: { configmaps: '5' }, used: { configmaps: '1' } },
  })
  const configMap = world.put(ConfigMap, { metadata: { name: 'a', namespace } })
  const keys = (kind: AnyKind, object: object, previous?: object) =>
    controller.sources.filter((source) => source.kind === kind).flatMap((source) => source.keys!(object as never, world, previous as never))
  const charged = { ...quota, status: { ...quota.status, used: { configmaps: '2' } } }
  assert.deepEqual(keys(ResourceQuota, charged, quota), [])
  assert.deepEqual(keys(ConfigMap, configMap), [])
  assert.deepEqual(keys(ConfigMap, { ...configMap, data: { a: 'b' } }, configMap), [])
  world.remove(ConfigMap, configMap)
  assert.deepEqual(keys(ConfigMap, configMap, configMap), ['test/q'])
  assert.deepEqual(keys(ResourceQuota, { ...quota, spec: { hard: { configmaps: '6' } } }, quota), ['test/q'])
})

test('a pod that is scheduled or started gives nothing back; one that ends, or leaves a scope, does', () => {
  const world = new World()
  for (const [name, scopes] of [
    ['all', undefined],
    ['endless', ['NotTerminating']],
  ] as const)
    world.put(ResourceQuota, {
      metadata: { name, namespace },
      spec: { hard: { pods: '2' }, ...(scopes && { scopes }) },
      status: { hard: { pods: '2' }, used: { pods: '2' } },
    })
  const pod = world.put(Pod, { metadata: { name: 'a', namespace }, spec: { containers: [{ name: 'c' }] } })
  const keys = (spec: object, status: object) => {
    const next = { ...pod, spec: { ...pod.spec, ...spec }, status }
    return controller.sources
      .filter(({ kind }) => kind === Pod)
      .flatMap((source) => source.keys!(next as never, world, pod as never))
      .sort()
  }
  assert.deepEqual(keys({ nodeName: 'n' }, {}), [])
  assert.deepEqual(keys({}, { phase: 'Running' }), [])
  assert.deepEqual(keys({}, { phase: 'Succeeded' }), ['test/all', 'test/endless'])
  assert.deepEqual(keys({ activeDeadlineSeconds: 5 }, {}), ['test/endless'])
})

test('room that is given back is counted again soon: another object may have been on its way', () => {
  const world = new World()
  world.put(Pod, { metadata: { name: 'a', namespace }, spec: { containers: [{ name: 'c' }] } })
  const wakes = ['2', '0'].map((pods) => {
    world.put(ResourceQuota, { metadata: { name: 'q', namespace }, spec: { hard: { pods: '3' } }, status: { used: { pods } } })
    return planQuota(controller.view(`${namespace}/q`, world, 0, undefined)!).wakeAt
  })
  assert.deepEqual(wakes, [5_000, 300_000])
})

function check(name: string, spec: object, configMaps: readonly string[], expected: object): void {
  test(name, () => {
    const world = new World()
    for (const one of configMaps) world.put(ConfigMap, { metadata: { name: one, namespace } })
    world.put(ConfigMap, { metadata: { name: 'elsewhere', namespace: 'other' } })
    world.put(ResourceQuota, { metadata: { name: 'q', namespace }, spec, status: {} })
    world.settle([controller])
    assert.deepEqual(world.get(ResourceQuota, 'q', namespace)!.status, expected)
  })
}
