import assert from 'node:assert/strict'
import { test } from 'node:test'
import { admitUnderPressure } from './admit.ts'
import { hasStorageLimit, storageExcess, storageHeadroom } from './local-storage.ts'
import { evictionMessage } from './message.ts'
import type { NodePressure, Observations, StarvedResource } from './signals.ts'
import { GiB, type MadePod, MiB, madePod, madeStats } from './testing.ts'
import { parseThresholds } from './thresholds.ts'

// --- why a pod goes ---------------------------------------------------------------------------------------------------------------

const observations: Observations = {
  'memory.available': { capacity: 8 * GiB, available: 50 * MiB },
  'nodefs.available': { capacity: 100 * GiB, available: 5 * GiB },
  'pid.available': { capacity: 32_768, available: 12 },
}
const thresholds = parseThresholds({ evictionHard: { 'memory.available': '100Mi', 'nodefs.available': '10%', 'pid.available': '1k' } })

message(
  'memory, with what was asked for',
  'memory',
  { name: 'one', spec: { containers: [{ name: 'main', resources: { requests: { memory: '10Mi' } } }] } },
  { memory: 30 * MiB },
  'The node was low on resource: memory. Threshold quantity: 100Mi, available: 50Mi. Container main was using 30Mi, request is 10Mi, has larger consumption of memory. ',
  { offending_containers: 'main', offending_containers_usage: '30Mi', starved_resource: 'memory' },
)
message(
  'memory, within what was asked for',
  'memory',
  { name: 'one', spec: { containers: [{ name: 'main', resources: { requests: { memory: '1Gi' } } }] } },
  { memory: 30 * MiB },
  'The node was low on resource: memory. Threshold quantity: 100Mi, available: 50Mi. ',
  { offending_containers: '', offending_containers_usage: '', starved_resource: 'memory' },
)
message(
  'memory of the pod as a whole',
  'memory',
  { name: 'one', spec: { resources: { requests: { memory: '20Mi' } } } },
  { memory: 30 * MiB },
  'The node was low on resource: memory. Threshold quantity: 100Mi, available: 50Mi. Pod one was using 30Mi, request is 20Mi, has larger consumption of memory. Container main was using 30Mi, request is 0, has larger consumption of memory. ',
  {
    offending_pod: 'one',
    offending_pod_usage: '30Mi',
    offending_containers: 'main',
    offending_containers_usage: '30Mi',
    starved_resource: 'memory',
  },
)
message(
  'disk: layer and logs together',
  'ephemeral-storage',
  { name: 'one' },
  { disk: 2 * MiB, logs: MiB },
  'The node was low on resource: ephemeral-storage. Threshold quantity: 10Gi, available: 5Gi. Container main was using 3Mi, request is 0, has larger consumption of ephemeral-storage. ',
  { offending_containers: 'main', offending_containers_usage: '3Mi', starved_resource: 'ephemeral-storage' },
)
message(
  'processes: nobody asks for those',
  'pids',
  { name: 'one' },
  { processes: 9 },
  'The node was low on resource: pids. Threshold quantity: 1k, available: 12. ',
  {
    offending_containers: '',
    offending_containers_usage: '',
    starved_resource: 'pids',
  },
)
message('nothing is known of the pod', 'inodes', { name: 'one' }, undefined, 'The node was low on resource: inodes. ', {})

function message(
  title: string,
  resource: StarvedResource,
  pod: MadePod,
  uses: Parameters<typeof madeStats>[1] | undefined,
  text: string,
  annotations: object,
): void {
  test(title, () => {
    const stats = uses && madeStats(pod.name, uses)
    assert.deepEqual(evictionMessage(resource, madePod(pod), stats, thresholds, observations), { message: text, annotations })
  })
}

// --- limits of local storage ------------------------------------------------------------------------------------------------------

const withDir = { volumes: [{ name: 'data', emptyDir: { sizeLimit: '10Mi' } }] }
const withLimit = { containers: [{ name: 'main', resources: { limits: { 'ephemeral-storage': '10Mi' } } }] }

limit('within an emptyDir', withDir, { volumes: { data: 10 * MiB } }, undefined)
limit('over an emptyDir', withDir, { volumes: { data: 10 * MiB + 1 } }, 'Usage of EmptyDir volume "data" exceeds the limit "10Mi". ')
limit(
  'an emptyDir of size 0 has no limit',
  { volumes: [{ name: 'data', emptyDir: { sizeLimit: '0' } }] },
  { volumes: { data: GiB } },
  undefined,
)
limit(
  'over the pod’s limit by all that it has',
  withLimit,
  { disk: 6 * MiB, logs: 5 * MiB },
  'Pod ephemeral local storage usage exceeds the total limit of containers 10Mi. ',
)
limit(
  'one container over its own, the pod within all',
  { containers: [...withLimit.containers, { name: 'other', resources: { limits: { 'ephemeral-storage': '1Gi' } } }] },
  { disk: 11 * MiB },
  'Container main exceeded its local ephemeral storage limit "10Mi". ',
)
limit(
  'layers on another disk do not count for the container',
  { containers: [...withLimit.containers, { name: 'other', resources: { limits: { 'ephemeral-storage': '1Gi' } } }] },
  { disk: 11 * MiB },
  undefined,
  false,
)

function limit(
  title: string,
  spec: object,
  uses: Parameters<typeof madeStats>[1],
  expected: string | undefined,
  countsLayers = true,
): void {
  test(title, () => assert.equal(storageExcess(madePod({ name: 'one', spec }), madeStats('one', uses), countsLayers)?.message, expected))
}

test('only pods with limits are measured, by what is left until the nearest', () => {
  assert.deepEqual(
    [withDir, withLimit, {}, { volumes: [{ name: 'data', emptyDir: {} }] }].map((spec) => hasStorageLimit(madePod({ name: 'one', spec }))),
    [true, true, false, false],
  )
  const pod = madePod({ name: 'one', spec: { ...withDir, ...withLimit } })
  assert.equal(storageHeadroom(pod, madeStats('one', { disk: MiB, volumes: { data: 4 * MiB } }), true), 5 * MiB)
})

// --- who is taken under pressure --------------------------------------------------------------------------------------------------

const burstable = { containers: [{ name: 'main', resources: { requests: { memory: '1Mi' } } }] }
admit('no pressure', { name: 'one' }, [], '')
admit('best effort under memory pressure', { name: 'one' }, ['MemoryPressure'], 'The node had condition: [MemoryPressure]. ')
admit('burstable under memory pressure', { name: 'one', spec: burstable }, ['MemoryPressure'], '')
admit(
  'best effort that tolerates it',
  { name: 'one', spec: { tolerations: [{ key: 'node.kubernetes.io/memory-pressure', operator: 'Exists', effect: 'NoSchedule' }] } },
  ['MemoryPressure'],
  '',
)
admit('anybody under disk pressure', { name: 'one', spec: burstable }, ['DiskPressure'], 'The node had condition: [DiskPressure]. ')
admit(
  'burstable under two pressures',
  { name: 'one', spec: burstable },
  ['DiskPressure', 'MemoryPressure'],
  'The node had condition: [DiskPressure MemoryPressure]. ',
)
admit('what the node needs, by priority', { name: 'one', spec: { priority: 2_000_000_000 } }, ['DiskPressure'], '')
admit(
  'what the node needs, from its own disk',
  { name: 'one', annotations: { 'kubernetes.io/config.source': 'file' } },
  ['PIDPressure'],
  '',
)

function admit(title: string, pod: MadePod, pressures: readonly NodePressure[], refusal: string): void {
  test(`admission: ${title}`, () => {
    const found = admitUnderPressure(madePod(pod), pressures)
    assert.deepEqual(found, refusal === '' ? { admitted: true } : { admitted: false, reason: 'Evicted', message: refusal })
  })
}
