import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import type { Pod } from '#api/core/v1/pod.ts'
import { dialRpc, serveRpc } from '#host/plugins/rpc.ts'
import type { RpcMethod } from '#kubelet/plugins/rpc.ts'
import { silentLog } from '#lib/log.ts'
import { createRegistry } from '#lib/metrics/registry.ts'
import { createVirtualClock } from '#sim/clock.ts'
import { oldPodResourcesLister, podResourcesLister } from './pod-resources-api.ts'
import { startPodResourcesServer } from './pod-resources-server.ts'

const pods: readonly Pod[] = [
  pod('one', { phase: 'Running' }),
  pod('two', { phase: 'Pending' }),
  pod('done', { phase: 'Succeeded' }),
  pod('failed', { phase: 'Failed' }),
]
const gpu = 'example.com/gpu'

test('monitors learn which container holds what', async (t) => {
  const { ask, registry } = await stage(t)
  const { podResources = [] } = await ask(podResourcesLister.list, {})
  assert.deepEqual(
    podResources.map(({ name, containers = [] }) => [name, ...containers.map((container) => container.name)]),
    [
      ['one', 'sidecar', 'main'],
      ['two', 'sidecar', 'main'],
    ],
    'pods that are over and init containers that end hold nothing',
  )
  assert.deepEqual(podResources[0]?.containers?.[1], {
    name: 'main',
    devices: [
      { resourceName: gpu, deviceIds: ['a'], topology: { nodes: [{ ID: 0 }] } },
      { resourceName: gpu, deviceIds: ['a'], topology: { nodes: [{ ID: 1 }] } },
      { resourceName: gpu, deviceIds: ['b'] },
    ],
    cpuIds: [2, 3],
    memory: [{ memoryType: 'memory', size: 1024, topology: { nodes: [{ ID: 0 }] } }],
    dynamicResources: [
      {
        claimName: 'claim',
        claimNamespace: 'default',
        claimResources: [
          {
            cdiDevices: [{ name: 'example.com/device=x' }],
            driverName: 'dra.example.com',
            poolName: 'pool',
            deviceName: 'x',
            shareId: 'share',
          },
        ],
      },
    ],
  })
  const one = await ask(podResourcesLister.get, { podName: 'one', podNamespace: 'default' })
  assert.deepEqual(one.podResources, podResources[0])
  const allocatable = await ask(podResourcesLister.allocatable, {})
  assert.deepEqual(allocatable.cpuIds, [0, 1, 2, 3])
  assert.equal(allocatable.devices?.[0]?.deviceIds?.[0], 'c')
  const old = await ask(oldPodResourcesLister.list, {})
  assert.deepEqual(old.podResources?.[0]?.containers, [{ name: 'main', devices: [{ resourceName: gpu, deviceIds: ['a', 'b'] }] }])
  await assert.rejects(ask(podResourcesLister.get, { podName: 'none', podNamespace: 'default' }), /pod none in namespace default not found/)
  assert.match(registry.text(), /kubelet_pod_resources_endpoint_requests_total\{server_api_version="v1"\} 4/)
  assert.match(registry.text(), /kubelet_pod_resources_endpoint_errors_get\{server_api_version="v1"\} 1/)
})

test('who asks without end is refused', async (t) => {
  const { ask } = await stage(t)
  for (let i = 0; i < 10; i += 1) await ask(podResourcesLister.allocatable, {})
  await assert.rejects(ask(podResourcesLister.allocatable, {}), {
    code: 'TooManyRequests',
    message: 'rpc error: code = ResourceExhausted desc = rejected by rate limit',
  })
})

function pod(name: string, status: object): Pod {
  return {
    metadata: { name, namespace: 'default', uid: name },
    spec: {
      initContainers: [{ name: 'prepare' }, { name: 'sidecar', restartPolicy: 'Always' }],
      containers: [{ name: 'main' }],
    },
    status,
  } as unknown as Pod
}

async function stage(t: TestContext) {
  const directory = await mkdtemp(join(tmpdir(), 'pod-resources-'))
  const socketPath = join(directory, 'pod-resources', 'kubelet.sock')
  const registry = createRegistry()
  const isMain = (uid: string, container: string) => uid === 'one' && container === 'main'
  const block = { type: 'memory', sizeBytes: 1024, nodes: [0] }
  const record = (one: Pod) => ({ pod: one, withStatus: one, sandboxId: undefined, containers: [] })
  const server = await startPodResourcesServer({
    socketPath,
    serve: serveRpc,
    pods: {
      list: () => pods.map(record),
      get: (_namespace, name) => pods.filter(({ metadata }) => metadata.name === name).map(record)[0],
    },
    devices: {
      devices: (uid, container) =>
        isMain(uid, container)
          ? [
              {
                resource: gpu,
                devices: [
                  { id: 'a', nodes: [0, 1] },
                  { id: 'b', nodes: [] },
                ],
              },
            ]
          : [],
      allocatableDevices: () => [{ resource: gpu, devices: [{ id: 'c', nodes: [] }] }],
    },
    claims: {
      claims({ metadata }, { name }) {
        if (!isMain(metadata.uid, name)) throw new Error('not prepared')
        const device = { poolName: 'pool', deviceName: 'x', shareId: 'share', requestNames: [], cdiDeviceIds: ['example.com/device=x'] }
        const drivers = new Map([['dra.example.com', [device]]])
        return [{ uid: 'u', name: 'claim', namespace: 'default', podUids: new Set(['one']), drivers, isPrepared: true }]
      },
    },
    exclusive: {
      cpus: (uid, container) => (isMain(uid, container) ? [2, 3] : []),
      allocatableCpus: () => [0, 1, 2, 3],
      memory: (uid, container) => (isMain(uid, container) ? [block] : []),
      allocatableMemory: () => [block],
    },
    clock: createVirtualClock(0),
    log: silentLog,
    registry,
  })
  const channel = dialRpc(socketPath)
  t.after(async () => {
    channel.close()
    await server.close()
    await rm(directory, { recursive: true })
  })
  return { registry, ask: ((method, message) => channel.call(method, message, { timeoutMs: 5_000 })) as Ask }
}

type Ask = <Q, QI, A, AI>(method: RpcMethod<Q, QI, A, AI>, message: QI) => Promise<A>
