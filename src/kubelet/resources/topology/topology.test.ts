import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Pod } from '#api/core/v1/pod.ts'
import { WherryError } from '#lib/errors.ts'
import type { ResourceManager, TopologyHint } from '../../interfaces.ts'
import type { NumaNode } from '../machine-topology.ts'
import type { ResourceConfig } from '../resource-config.ts'
import { type Hints, mergeHints, type TopologyPolicy } from './merge-hints.ts'
import { createTopologyManager } from './topology-manager.ts'

const nodes: readonly NumaNode[] = [0, 1, 2, 3].map((id) => ({
  id,
  distances: [0, 1, 2, 3].map((other) => (id === other ? 10 : Math.floor(id / 2) === Math.floor(other / 2) ? 11 : 30)),
  memory: {},
}))
const hint = (nodes: bigint | undefined, preferred = true): TopologyHint => ({ nodes, preferred })
const of = (...hints: TopologyHint[]): Hints => new Map([['x', hints]])

check('nobody has an opinion', [undefined, new Map()], 'restricted', hint(0b1111n), true)
check('nobody has an opinion', [undefined], 'single-numa-node', hint(undefined), true)
check('the one on which all agree', [of(hint(0b01n), hint(0b10n)), of(hint(0b10n))], 'restricted', hint(0b10n), true)
check('the narrowest', [of(hint(0b11n), hint(0b10n), hint(0b01n))], 'restricted', hint(0b01n), true)
check('preferred before narrow', [of(hint(0b01n, false), hint(0b11n))], 'restricted', hint(0b11n), true)
check('different wishes are no agreement', [of(hint(0b11n)), of(hint(0b10n))], 'best-effort', hint(0b10n, false), true)
check('different wishes are no agreement', [of(hint(0b11n)), of(hint(0b10n))], 'restricted', hint(0b10n, false), false)
check('no place at all', [of()], 'restricted', hint(0b1111n, false), false)
check('no place at all', [of()], 'best-effort', hint(0b1111n, false), true)
check('wishes that exclude each other', [of(hint(0b01n)), of(hint(0b10n))], 'restricted', hint(0b1111n, false), false)
check('more nodes than one', [of(hint(0b11n))], 'single-numa-node', hint(undefined, false), false)
check('one node', [of(hint(0b11n), hint(0b10n))], 'single-numa-node', hint(0b10n), true)
check(
  'what nobody prefers: as wide as somebody needs',
  [of(hint(0b0001n, false), hint(0b0011n, false)), of(hint(0b0111n, false), hint(0b0011n, false))],
  'best-effort',
  hint(0b0011n, false),
  true,
)
check('of as many, those with the lower numbers', [of(hint(0b0101n), hint(0b1100n), hint(0b0011n))], 'restricted', hint(0b0011n), true)

test('of as many, those that are near to each other', () => {
  const lists = [of(hint(0b0101n), hint(0b1100n), hint(0b1001n))]
  assert.deepEqual(mergeHints(lists, nodes, 'restricted', true).hint, hint(0b1100n))
  assert.deepEqual(mergeHints(lists, nodes, 'restricted', false).hint, hint(0b0101n))
})

test('has every manager take its share where all agreed', async () => {
  const { managers, calls } = make([hint(0b01n), hint(0b10n)], [hint(0b10n)])
  const admitter = createTopologyManager(managers, { nodes }, { topologyManagerPolicy: 'restricted' })
  assert.deepEqual(await admitter?.admit(pod, []), { admitted: true })
  assert.deepEqual(calls, ['a first 2', 'b first 2', 'a main 2', 'b main 2'])
})

test('places pods as a whole where the node does', async () => {
  const { managers, calls } = make([hint(0b01n)], [hint(0b01n)])
  const whole = managers.map((manager) => ({ ...manager, podHints: () => of(hint(0b10n)) }))
  const config: ResourceConfig = { topologyManagerPolicy: 'restricted', topologyManagerScope: 'pod' }
  await createTopologyManager(whole, { nodes }, config)?.admit(pod, [])
  assert.deepEqual(calls, ['a first 2', 'b first 2', 'a main 2', 'b main 2'])
})

test('refuses who cannot be placed, and says what a manager said', async () => {
  const admit = (managers: readonly ResourceManager[]) =>
    createTopologyManager(managers, { nodes }, { topologyManagerPolicy: 'single-numa-node' })?.admit(pod, [])
  assert.deepEqual(await admit(make([hint(0b11n)], [hint(0b11n)]).managers), {
    admitted: false,
    reason: 'TopologyAffinityError',
    message: 'Resources cannot be allocated with Topology locality',
  })
  const failing = (error: Error): ResourceManager => ({
    name: 'x',
    allocate: () => Promise.reject(error),
    grant: () => ({}),
    release: async () => {},
  })
  assert.deepEqual(await admit([failing(new WherryError('Conflict', 'too odd', { reason: 'SMTAlignmentError' }))]), {
    admitted: false,
    reason: 'SMTAlignmentError',
    message: 'too odd',
  })
  assert.deepEqual(await admit([failing(new Error('nothing left'))]), {
    admitted: false,
    reason: 'UnexpectedAdmissionError',
    message: 'Allocate failed due to nothing left, which is unexpected',
  })
})

test('is not there without a policy, and refuses settings that cannot be', () => {
  assert.equal(createTopologyManager([], { nodes }, {}), undefined)
  const many = Array.from({ length: 9 }, (_, id) => ({ id, distances: [], memory: {} }))
  const make = (topologyManagerPolicyOptions: Record<string, string>, some: readonly NumaNode[] = nodes) =>
    createTopologyManager([], { nodes: some }, { topologyManagerPolicy: 'restricted', topologyManagerPolicyOptions })
  assert.throws(() => make({}, many), /more than 8 NUMA Nodes/)
  assert.ok(make({ 'max-allowable-numa-nodes': '9' }, many))
  assert.throws(() => make({ 'max-allowable-numa-nodes': '7' }), /whole number from 8/)
  assert.throws(() => make({ x: '1' }), /no option/)
})

const pod = { metadata: { uid: 'a' }, spec: { initContainers: [{ name: 'first' }], containers: [{ name: 'main' }] } } as unknown as Pod

/** Two managers that have these hints for every container. */
function make(a: TopologyHint[], b: TopologyHint[]) {
  const calls: string[] = []
  const manager = (name: string, hints: TopologyHint[]): ResourceManager => ({
    name,
    hints: () => of(...hints),
    allocate: async (_pod, container, placement) => void calls.push(`${name} ${container.name} ${placement?.nodes}`),
    grant: () => ({}),
    release: async () => {},
  })
  return { managers: [manager('a', a), manager('b', b)], calls }
}

function check(name: string, lists: (Hints | undefined)[], policy: TopologyPolicy, expected: TopologyHint, isAdmitted: boolean): void {
  test(`${policy}: ${name}`, () => assert.deepEqual(mergeHints(lists, nodes, policy, false), { hint: expected, isAdmitted }))
}
