import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { NodeCondition, NodeStatus } from '#api/core/v1/types.ts'
import { type KubeletConfiguration, kubeletConfiguration } from './configuration/kubelet-configuration.ts'
import type { MachineFacts } from './interfaces.ts'
import { conditionEvents } from './node-conditions.ts'
import { type NodeFactsView, type NodeSaid, nodeStatus } from './node-object.ts'
import { testConfig, testMachine } from './test-node.ts'

const gi = 2 ** 30

allocates('what is there, less the hard thresholds', {}, { cpu: '4', memory: '8092Mi', 'ephemeral-storage': '90Gi', pods: '110' })
allocates(
  'less what is kept back',
  { systemReserved: { cpu: '500m', memory: '1Gi' }, kubeReserved: { cpu: '250m', 'ephemeral-storage': '10Gi' } },
  { cpu: '3250m', memory: '7068Mi', 'ephemeral-storage': '80Gi' },
)
allocates('CPUs by number instead of by amount', { systemReserved: { cpu: '500m' }, reservedSystemCPUs: '0,2-3' }, { cpu: '1' })
allocates('a threshold as a share', { evictionHard: { 'memory.available': '25%' } }, { memory: '6Gi', 'ephemeral-storage': '100Gi' })
allocates('never less than nothing', { systemReserved: { cpu: '9' } }, { cpu: '0' })
allocates('as many pods as the cores take', { podsPerCore: 10 }, { pods: '40' })
allocates('no more than the most', { podsPerCore: 50 }, { pods: '110' })
allocates('huge pages are no other memory', {}, { memory: '7068Mi', 'hugepages-2Mi': '1Gi' }, { hugepages: { '2Mi': gi } })

test('what parts of the agent add stands beside what others said', () => {
  const made = nodeStatus(
    view({
      said: [
        { capacity: { 'example.com/gpu': '2' }, allocatable: { 'example.com/gpu': '1' }, volumesInUse: ['b', 'a'] },
        { volumesInUse: ['a', 'c'] },
      ],
    }),
    { ...noStatus, capacity: { 'example.com/dongle': '4', 'hugepages-1Gi': '1Gi' }, volumesAttached: [{ name: 'v', devicePath: '' }] },
  )
  assert.deepEqual([made.capacity!['example.com/dongle'], made.allocatable!['example.com/dongle']], ['4', '4'])
  assert.deepEqual([made.capacity!['example.com/gpu'], made.allocatable!['example.com/gpu']], ['2', '1'])
  assert.equal(made.capacity!['hugepages-1Gi'], undefined)
  assert.deepEqual(made.volumesInUse, ['a', 'b', 'c'])
  assert.equal(made.volumesAttached?.length, 1)
})

test('without a part that knows of volumes, what was said of them stays', () => {
  assert.deepEqual(nodeStatus(view({}), { ...noStatus, volumesInUse: ['x'] }).volumesInUse, ['x'])
  assert.deepEqual(nodeStatus(view({ said: [{ volumesInUse: [] }] }), { ...noStatus, volumesInUse: ['x'] }).volumesInUse, [])
})

test('tells of the runtime what it tells, and of swap where there is some', () => {
  const quiet = nodeStatus(view({}), undefined)
  assert.deepEqual([quiet.runtimeHandlers, quiet.features, quiet.nodeInfo.swap], [undefined, undefined, undefined])
  const handler = (name: string) => ({ name, recursiveReadOnlyMounts: true, userNamespaces: false })
  const features = { supplementalGroupsPolicy: false, userNamespacesHostNetwork: false }
  const made = nodeStatus(
    view({
      machine: { ...testMachine, swapBytes: gi },
      runtime: { name: 'containerd', version: '2.0.0', handlers: [handler('runc'), handler('')], features },
    }),
    undefined,
  )
  assert.deepEqual(made.runtimeHandlers, [
    { name: '', features: { recursiveReadOnlyMounts: true, userNamespaces: false } },
    { name: 'runc', features: { recursiveReadOnlyMounts: true, userNamespaces: false } },
  ])
  assert.deepEqual(made.features, { supplementalGroupsPolicy: false })
  assert.deepEqual(made.nodeInfo.swap, { capacity: gi })
  assert.equal(made.declaredFeatures!.length, 4)
})

test('conditions of parts go before figures, and each adds its reason for not being ready', () => {
  const pressure = { type: 'MemoryPressure', status: 'True', reason: 'KubeletHasInsufficientMemory', message: 'm' } as const
  const shutdown = { type: 'Ready', status: 'False', reason: 'KubeletNotReady', message: 'node is shutting down' } as const
  const given = view({ said: [{ conditions: [pressure] }, { conditions: [shutdown] }], notReady: 'container runtime is down' })
  const others = { type: 'NetworkUnavailable', status: 'False', lastTransitionTime: '2025-01-01T00:00:00Z' } as NodeCondition
  const { conditions = [] } = nodeStatus(given, { ...noStatus, conditions: [others] })
  assert.deepEqual(
    conditions.map(({ type, status }) => `${type} ${status}`),
    ['NetworkUnavailable False', 'MemoryPressure True', 'DiskPressure False', 'PIDPressure False', 'Ready False'],
  )
  assert.equal(conditions.at(-1)!.message, '[container runtime is down, node is shutting down]')
  // A pass that finds the same leaves the times of change alone.
  const later = nodeStatus({ ...given, now: given.now + 60_000 }, { ...noStatus, conditions })
  assert.deepEqual(
    later.conditions!.map((one) => one.lastTransitionTime),
    conditions.map((one) => one.lastTransitionTime),
  )
})

test('changes of conditions are told, the first ones too, but for being ready', () => {
  const first = nodeStatus(view({}), undefined).conditions!
  assert.deepEqual(conditionEvents([], first), ['NodeHasSufficientMemory', 'NodeHasNoDiskPressure', 'NodeHasSufficientPID'])
  assert.deepEqual(conditionEvents(first, first), [])
  const down = nodeStatus(view({ notReady: 'x' }), undefined).conditions!
  assert.deepEqual(conditionEvents(first, down), ['NodeNotReady'])
  assert.deepEqual(conditionEvents(down, first), ['NodeReady'])
})

const noStatus = { nodeInfo: { bootID: '' } } as NodeStatus

function view(parts: Partial<NodeFactsView> & { readonly said?: readonly NodeSaid[] }): NodeFactsView {
  return {
    now: Date.parse('2026-01-01T00:00:00Z'),
    config: testConfig,
    machine: testMachine,
    runtime: {
      name: 'containerd',
      version: '1.6.20',
      handlers: [],
      features: { supplementalGroupsPolicy: false, userNamespacesHostNetwork: false },
    },
    notReady: '',
    images: [],
    said: [],
    ...parts,
  }
}

function allocates(
  title: string,
  section: Partial<KubeletConfiguration>,
  expected: Readonly<Record<string, string>>,
  machine: Partial<MachineFacts> = {},
): void {
  test(`allocatable: ${title}`, () => {
    const config = { ...testConfig, configuration: kubeletConfiguration(section) }
    const { allocatable = {} } = nodeStatus(view({ config, machine: { ...testMachine, ...machine } }), undefined)
    for (const [name, amount] of Object.entries(expected)) assert.equal(allocatable[name], amount, name)
  })
}
