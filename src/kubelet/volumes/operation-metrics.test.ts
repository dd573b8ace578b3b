import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Pod } from '#api/core/v1/pod.ts'
import { sleep } from '#lib/clock.ts'
import { createRegistry } from '#lib/metrics/registry.ts'
import { createVirtualClock } from '#sim/clock.ts'
import { countVolumes, operationMetrics } from './operation-metrics.ts'
import { createClaimWorld } from './testing/claim-world.ts'
import { createTestVolumes } from './testing/test-volumes.ts'
import type { VolumePlugin } from './volume-plugin.ts'

const pod = {
  metadata: { name: 'p', namespace: 'default', uid: 'uid-1' },
  spec: {
    containers: [
      {
        name: 'c',
        resources: {},
        volumeMounts: ['settings', 'scratch', 'disk'].map((name) => ({ name, mountPath: `/${name}` })),
        volumeDevices: [{ name: 'raw', devicePath: '/dev/raw' }],
      },
    ],
    volumes: [
      { name: 'settings', configMap: { name: 'settings' } },
      { name: 'scratch', emptyDir: {} },
      { name: 'disk', persistentVolumeClaim: { claimName: 'disk' } },
      { name: 'raw', persistentVolumeClaim: { claimName: 'raw' } },
    ],
  },
} as unknown as Pod

test('tells dashboards how long what is done for volumes takes, and how many there are', async () => {
  const clock = createVirtualClock(0)
  const registry = createRegistry()
  const world = createClaimWorld()
  world.bind('disk', { csi: { driver: 'x', volumeHandle: 'd' } })
  world.bind('raw', { csi: { driver: 'x', volumeHandle: 'r' }, volumeMode: 'Block' })
  const events: string[] = []
  let problem: Error | undefined = new Error('no such disk')
  /** Takes a second, and its volumes are known by whose they are. */
  const drive: VolumePlugin = {
    folder: 'example.com~drive',
    supports: ({ persistentVolume }) => persistentVolume !== undefined,
    metricName: ({ record }) => `example.com/drive:${record === undefined ? 'spec' : 'record'}`,
    async setUp({ spec, remember }) {
      await remember({})
      await sleep(clock, 1_000)
      if (problem && spec.name === 'disk') throw problem
      return { device: spec.name === 'raw', hasGroup: true }
    },
    tearDown: async () => {},
  }
  const volumes = createTestVolumes({
    clock,
    claims: world,
    plugins: [drive],
    tell: (_regarding, type, reason, message) => events.push(`${type} ${reason} ${message}`),
    observe: operationMetrics(registry),
  })
  countVolumes(registry, volumes.counted)
  const prepare = async () => {
    const done = volumes.prepare(pod, new AbortController().signal).catch(() => {})
    await clock.advance(5_000)
    await done
  }
  await prepare()
  assert.deepEqual(
    totals(registry.text()),
    [
      'desired example.com/drive:spec 2',
      'desired kubernetes.io/configmap 1',
      'desired kubernetes.io/empty-dir 1',
      'actual example.com/drive:spec 1',
      'actual kubernetes.io/configmap 1',
      'actual kubernetes.io/empty-dir 1',
    ].sort(),
  )
  problem = undefined
  await prepare()
  await volumes.teardown(pod.metadata.uid)
  const text = registry.text()
  assert.deepEqual(totals(text), [])
  const operations = counts(text, 'storage_operation_duration_seconds')
  assert.deepEqual(operations, {
    'false volume_mount success kubernetes.io/configmap': 2,
    'false volume_mount success kubernetes.io/empty-dir': 1,
    'false volume_mount fail-unknown example.com/drive:spec': 1,
    'false volume_mount success example.com/drive:spec': 1,
    'false map_volume success example.com/drive:spec': 1,
    'false volume_unmount success example.com/drive:record': 1,
    'false unmap_volume success example.com/drive:record': 1,
  })
  assert.match(text, /^storage_operation_duration_seconds_sum\{.*"map_volume".*\} 1$/m)
  assert.deepEqual(counts(text, 'volume_operation_total_seconds'), {
    'overall_volume_mount kubernetes.io/configmap': 1,
    'overall_volume_mount kubernetes.io/empty-dir': 1,
    'overall_volume_mount example.com/drive:spec': 2,
  })
  // A raw device is told of, once.
  assert.deepEqual(events, [
    'Normal SuccessfulMountVolume MapVolume.MapPodDevice succeeded for volume "raw" volumeMapPath "/root/pods/uid-1/volumeDevices/example.com~drive"',
  ])
})

const totals = (text: string): string[] =>
  [...text.matchAll(/^volume_manager_total_volumes\{plugin_name="([^"]+)",state="(\w+)_state_of_world"\} (\d+)$/gm)]
    .map(([, plugin, state, value]) => `${state} ${plugin} ${value}`)
    .sort()

/** By the values of labels, in the order of labels' names. */
const counts = (text: string, name: string): Record<string, number> =>
  Object.fromEntries(
    [...text.matchAll(new RegExp(`^${name}_count\\{(.*)\\} (\\d+)$`, 'gm'))].map(([, labels, value]) => [
      [...labels!.matchAll(/="([^"]*)"/g)].map(([, label]) => label).join(' '),
      Number(value),
    ]),
  )
