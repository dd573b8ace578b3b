import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Pod } from '#api/core/v1/pod.ts'
import { seededRandom } from '#lib/random.ts'
import { createVirtualClock } from '#sim/clock.ts'
import type { VolumeHost } from './volume-host.ts'
import { createVolumeManager } from './volume-manager.ts'

const pod = {
  metadata: { name: 'p', namespace: 'default', uid: 'uid-1' },
  spec: {
    containers: [{ name: 'c', resources: {}, volumeMounts: [{ name: 'ca', mountPath: '/x' }] }],
    volumes: [{ name: 'ca', configMap: { name: 'kube-root-ca.crt' } }],
  },
} as unknown as Pod
const ending = { ...pod, metadata: { ...pod.metadata, deletionTimestamp: '2026-01-01T00:00:00Z' } }

/** A pod that runs with a volume of one ConfigMap, which goes away. */
async function open() {
  const clock = createVirtualClock(0)
  const reported: string[] = []
  let there: object | undefined = { data: { 'ca.crt': 'x' } }
  let tell = () => {}
  const volumes = createVolumeManager({
    rootDirectory: '/root',
    host: { list: async () => [], makeDirectory: async () => {}, writeFiles: async () => {} } as unknown as VolumeHost,
    objects: {
      follow: (_reference, _namespace, changed) => {
        tell = changed
        return { synced: async () => {}, get: () => there as never, stop() {} }
      },
    },
    tokens: () => Promise.reject(new Error('none')),
    allocatable: () => ({ cpuMilli: 0, memoryBytes: 0, ephemeralStorageBytes: 0 }),
    clock,
    random: seededRandom(1),
    report: (_pod, error) => reported.push(String(error)),
    ready() {},
  })
  await volumes.prepare(pod, new AbortController().signal)
  there = undefined
  tell()
  return { clock, reported, volumes }
}

test('what goes with a namespace is nothing to tell of: before the pod is told to end, and after', async () => {
  const { clock, reported, volumes } = await open()
  await clock.advance(2_000)
  volumes.refresh(ending)
  await clock.advance(600_000)
  assert.deepEqual(reported, [])
})

test('a running pod is told what its volume misses', async () => {
  const { clock, reported } = await open()
  await clock.advance(5_000)
  assert.match(reported[0] ?? 'nothing', /MountVolume\.SetUp failed for volume "ca" : configmap "kube-root-ca\.crt" not found/)
})
