import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Pod } from '#api/core/v1/pod.ts'
import { createVirtualClock } from '#sim/clock.ts'
import { createClaimWorld } from './testing/claim-world.ts'
import { createTestVolumes } from './testing/test-volumes.ts'
import type { VolumePlugin } from './volume-plugin.ts'

const pod = {
  metadata: { name: 'p', namespace: 'default', uid: 'uid-1' },
  spec: {
    containers: [{ name: 'c', resources: {}, volumeMounts: ['stuck', 'disk'].map((name) => ({ name, mountPath: `/${name}` })) }],
    volumes: ['stuck', 'disk'].map((name) => ({ name, persistentVolumeClaim: { claimName: name } })),
  },
} as unknown as Pod

test('a volume grows whatever the driver of another is at, which is asked once', async () => {
  const clock = createVirtualClock(0)
  const world = createClaimWorld()
  for (const name of ['stuck', 'disk']) world.bind(name, { csi: { driver: 'x', volumeHandle: name } })
  const asked: string[] = []
  const drive: VolumePlugin = {
    folder: 'example.com~drive',
    supports: ({ persistentVolume }) => persistentVolume !== undefined,
    async setUp({ remember }) {
      await remember({})
      return { hasGroup: true }
    },
    async expand({ spec, capacityBytes, signal }) {
      asked.push(`${spec.name} ${capacityBytes / 2 ** 30}`)
      if (spec.name === 'stuck') await new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
      return { capacityBytes }
    },
    tearDown: async () => {},
  }
  const volumes = createTestVolumes({
    clock,
    claims: world,
    plugins: [drive],
  })
  const prepared = volumes.prepare(pod, new AbortController().signal)
  await clock.advance(1_000)
  await prepared
  world.grow('stuck', '2Gi')
  world.grow('disk', '2Gi')
  await clock.advance(120_000)
  assert.deepEqual(asked.toSorted(), ['disk 2', 'stuck 2'])
  world.grow('disk', '3Gi')
  await clock.advance(120_000)
  assert.deepEqual(asked.slice(2), ['disk 3'])
  assert.equal(world.statusOf('disk').capacity?.['storage'], '3Gi')
  await volumes.close()
})
