import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Node } from '#api/core/v1/node.ts'
import { Pod } from '#api/core/v1/pod.ts'
import { podCondition } from '#api/core/v1/pod-helpers.ts'
import { DeviceClass } from '#api/resource/v1/device-class.ts'
import { ResourceClaim } from '#api/resource/v1/resource-claim.ts'
import { ResourceClaimTemplate } from '#api/resource/v1/resource-claim-template.ts'
import { ResourceSlice } from '#api/resource/v1/resource-slice.ts'
import { startCluster } from '#controllers/testing/cluster.ts'
import { createJsonLog } from '#lib/log.ts'
import { seededRandom } from '#lib/random.ts'
import { startScheduler } from '../../start-scheduler.ts'
import { createCaches } from '../../testing/caches.ts'
import { defaultProfile } from '../default-profile.ts'

const inDefault = { namespace: 'default' }

/** The whole scheduler beside all controllers, on one node with two devices. */
async function start() {
  const cluster = await startCluster()
  const { client, clock, until } = cluster
  const warnings: string[] = []
  const log = createJsonLog((line) => warnings.push(line), clock, 'warn')
  const caches = createCaches(client, { clock, log })
  const scheduler = startScheduler({
    ...caches.options,
    clock,
    random: seededRandom(2),
    log,
    record: () => {},
    profiles: [defaultProfile({ random: seededRandom(3) } as never)],
  })
  const allocatable = { cpu: '8', memory: '8Gi', pods: '110' }
  await client.patch(Node, 'n', { type: 'merge', body: { status: { allocatable, capacity: allocatable } } }, { subresource: 'status' })
  await client.create(DeviceClass, { metadata: { name: 'gpu' }, spec: { extendedResourceName: 'acme.io/gpu' } })
  const pool = { name: 'n', generation: 1, resourceSliceCount: 1 }
  await client.create(ResourceSlice, {
    metadata: { name: 'n' },
    spec: { driver: 'gpu.test', pool, nodeName: 'n', devices: [{ name: 'a' }, { name: 'b' }] },
  })
  const requests = [{ name: 'r', exactly: { deviceClassName: 'gpu' } }]
  await client.create(ResourceClaimTemplate, { metadata: { name: 't' }, spec: { spec: { devices: { requests } } } }, inDefault)
  const spec = (more: object) => ({ containers: [{ name: 'c', image: 'i', ...more }], tolerations: [{ operator: 'Exists' as const }] })
  return {
    cluster,
    client,
    until,
    warnings,
    createPod: (name: string) =>
      client.create(
        Pod,
        { metadata: { name }, spec: { ...spec({}), resourceClaims: [{ name: 'e', resourceClaimTemplateName: 't' }] } },
        inDefault,
      ),
    createAsking: (name: string, count: string) =>
      client.create(
        Pod,
        { metadata: { name }, spec: spec({ resources: { requests: { 'acme.io/gpu': count }, limits: { 'acme.io/gpu': count } } }) },
        inDefault,
      ),
    isBound: async (name: string) => (await client.get(Pod, name, 'default')).spec.nodeName === 'n',
    messageOf: async (name: string) => podCondition(await client.get(Pod, name, 'default'), 'PodScheduled')?.message ?? '',
    async stop() {
      await scheduler.stop()
      await caches.close()
      await cluster.stop()
    },
  }
}

test('with controllers: pods get devices as long as there are any, and those of pods that went', async () => {
  const { client, until, createPod, isBound, messageOf, warnings, stop } = await start()
  await createPod('one')
  await createPod('two')
  await until('both have a device', async () => (await isBound('one')) && (await isBound('two')))
  const claims = (await client.list(ResourceClaim, inDefault)).items
  assert.deepEqual(claims.map(({ status }) => status.allocation!.devices.results![0]!.device).sort(), ['a', 'b'])
  await createPod('late')
  await until('it is told why', async () => (await messageOf('late')) !== '' && (await messageOf('late')).includes('allocate'))
  assert.equal(
    await messageOf('late'),
    '0/1 nodes are available: 1 cannot allocate all claims. still not schedulable, preemption: 0/1 nodes are available: 1 Preemption is not helpful for scheduling.',
  )
  await client.delete(Pod, 'one', { ...inDefault, gracePeriodSeconds: 0 })
  await until('the next one has its device', () => isBound('late'))
  assert.deepEqual(warnings, [])
  await stop()
})

test('with controllers: a resource of the device class, too', async () => {
  const { client, until, createPod, createAsking, isBound, messageOf, stop } = await start()
  await createAsking('asks', '2')
  await until('it has devices', () => isBound('asks'))
  assert.notEqual((await client.get(Pod, 'asks', 'default')).status.extendedResourceClaimStatus, undefined)
  await createPod('late')
  await until('it is told why', async () => (await messageOf('late')).includes('cannot allocate all claims'))
  await client.delete(Pod, 'asks', { ...inDefault, gracePeriodSeconds: 0 })
  await until('the next one has a device', () => isBound('late'))
  await stop()
})
