import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Pod } from '#api/core/v1/pod.ts'
import { isError } from '#lib/errors.ts'
import type { CheckpointFile } from '../../plugins/checkpoint.ts'
import type { AnyContainer } from '../../pod/containers.ts'
import type { Cpu } from '../machine-topology.ts'
import type { ResourceConfig } from '../resource-config.ts'
import { createCpuManager } from './cpu-manager.ts'
import { formatCpuSet, parseCpuSet } from './cpu-set.ts'
import { distributeCpus } from './distribute-cpus.ts'
import { takeCpus } from './take-cpus.ts'

/** Two sockets, each one NUMA node of four cores with two threads: core c has the threads c and c + 8; two cores share a cache. */
const cpus: readonly Cpu[] = Array.from({ length: 16 }, (_, id) => {
  const core = id % 8
  return { id, core, socket: Math.floor(core / 4), node: Math.floor(core / 4), cache: core - (core % 2) }
})

checkTake('a thread beside another that is taken', '0-15', 1, '0')
checkTake('both threads of a core', '0-15', 2, '0,8')
checkTake('a whole socket', '0-15', 8, '0-3,8-11')
checkTake('the socket that is whole', '1-15', 8, '4-7,12-15')
checkTake('a socket and a core', '0-15', 10, '0-4,8-12')
checkTake('the rest of a core first, so that whole ones stay whole', '1-15', 1, '8')
checkTake('cores from the fuller used socket', '1-7,9-15', 2, '1,9')
checkTake('one cache rather than two halves', '1-15', 4, '2-3,10-11', true)
checkTake('whole cores of two caches where that is not asked for', '1-15', 4, '1-2,9-10')

test('takes nothing where too little is left', () => {
  assert.throws(() => takeCpus({ cpus, available: parseCpuSet('0-1'), count: 3 }), /requested=3, available=2/)
})

checkDistribute('the same from each node', '0-15', 10, 1, '0-2,4-6,8-9,12-13')
checkDistribute('one node where that is enough', '0-15', 8, 1, '0-3,8-11')
checkDistribute('whole cores', '0-15', 12, 2, '0-2,4-6,8-10,12-14')
checkDistribute('what is over from the fuller node', '0-14', 9, 1, '0-2,4-5,8-9,12-13')
/** Cores side by side, each of `threads` threads. */
const row = (nodes: number, nodesInSocket: number, cores: number, threads: number): readonly Cpu[] =>
  Array.from({ length: nodes * cores * threads }, (_, id) => {
    const node = Math.floor(id / (cores * threads))
    return { id, core: id - (id % threads), socket: Math.floor(node / nodesInSocket), node, cache: node * cores * threads }
  })
checkDistribute('what is over begins another core', '1-3,5-10', 7, 1, '1-3,6-8,10', row(2, 1, 3, 2))
checkDistribute('first from the socket that is used most', '1-2,7', 1, 1, '7', row(4, 2, 2, 1))

test('lists of processors', () => {
  for (const text of ['', '0', '0-3', '0,2,4-6']) assert.equal(formatCpuSet(parseCpuSet(text)), text)
  assert.throws(
    () => parseCpuSet('3-1'),
    (error) => isError(error, 'Invalid'),
  )
})

test('gives whole processors to whom they were promised, and leaves the rest to all others', async () => {
  const { manager, give, pools } = make()
  assert.equal(manager.pool(), '0-15')
  assert.equal(await give(guaranteed('a', { main: '2' })), '1,9')
  assert.equal(manager.pool(), '0,2-8,10-15')
  assert.deepEqual(pools, ['0,2-8,10-15'])
  assert.ok(manager.hasExclusive('a') && manager.hasExclusive('a', 'main') && !manager.hasExclusive('b'))
  // Neither part of a processor nor a pod that may be given less.
  assert.equal(await give(guaranteed('b', { main: '1500m' })), 'pool')
  assert.equal(await give(burstable('c')), 'pool')
  await manager.release('a')
  assert.equal(manager.pool(), '0-15')
})

test('gives the same again, also after a restart, and forgets pods that went meanwhile', async () => {
  const { manager, give, state, known } = make()
  await give(guaranteed('a', { main: '2' }))
  await give(guaranteed('b', { main: '2' }))
  assert.equal(await give(guaranteed('a', { main: '2' })), '1,9')
  known.delete('b')
  const again = make({}, state)
  again.known.delete('b')
  await again.manager.load()
  assert.equal(await again.give(guaranteed('a', { main: '2' })), '1,9')
  assert.equal(await again.give(guaranteed('c', { main: '2' })), '2,10')
  assert.ok(!again.manager.hasExclusive('b'))
  assert.ok(manager.hasExclusive('b'))
})

test('what an init container had, its pod’s containers have after it', async () => {
  const { manager, give } = make()
  const pod = guaranteed('a', { main: '2' }, { first: '4' })
  await give(pod)
  assert.equal(manager.pool().length, '0,3-8,11-15'.length)
  assert.equal(given(manager, pod, 'first'), '1-2,9-10')
  assert.equal(given(manager, pod, 'main'), '1,9')
})

test('whole cores alone, where that is asked for', async () => {
  const { give } = make({ 'full-pcpus-only': 'true' })
  await assert.rejects(
    give(guaranteed('a', { main: '3' })),
    (error) =>
      isError(error, 'Conflict') && error.details.reason === 'SMTAlignmentError' && /requested 3 cpus not multiple/.test(error.message),
  )
  await assert.rejects(give(guaranteed('a', { main: '16' })), /available physical CPUs = 14, requested CPUs = 16, CPUs per core = 2/)
  assert.equal(await give(guaranteed('a', { main: '2' })), '1,9')
})

test('nobody runs on the reserved ones, where that is asked for', () => {
  assert.equal(make({ 'strict-cpu-reservation': 'true' }).manager.pool(), '1-15')
})

test('says where a container could lie', () => {
  const { manager } = make()
  const pod = guaranteed('a', { main: '6' })
  assert.deepEqual(
    manager.hints?.(pod, pod.spec.containers[0]!),
    new Map([['cpu', [hint(0b01n, true), hint(0b10n, true), hint(0b11n, false)]]]),
  )
  const large = guaranteed('b', { main: '10' })
  assert.deepEqual(manager.hints?.(large, large.spec.containers[0]!), new Map([['cpu', [hint(0b11n, true)]]]))
  assert.deepEqual(manager.hints?.(burstable('c'), burstable('c').spec.containers[0]!), new Map())
})

test('takes them where it is told to', async () => {
  const { manager } = make()
  const pod = guaranteed('a', { main: '2' })
  await manager.allocate(pod, pod.spec.containers[0]!, hint(0b10n, true))
  assert.equal(given(manager, pod, 'main'), '4,12')
})

test('refuses settings and records that cannot be', async () => {
  assert.throws(() => make({ 'align-by-socket': 'true' }), /no option cpuManagerPolicyOptions.align-by-socket/)
  assert.throws(() => make({}, {}, { reservedSystemCPUs: '99' }), /no CPUs 99/)
  assert.throws(() => make({}, {}, {}, 0), /greater than zero/)
  await assert.rejects(make({}, { saved: { a: { main: '0' } } }).manager.load(), /CPUs 0 were given/)
})

const hint = (nodes: bigint, preferred: boolean) => ({ nodes, preferred })
const given = (manager: ReturnType<typeof createCpuManager>, pod: Pod, name: string) => {
  const container = [...(pod.spec.initContainers ?? []), ...pod.spec.containers].find((one) => one.name === name)!
  return (manager.grant(pod, container) as { cpusetCpus: string }).cpusetCpus
}

function make(
  policyOptions: Record<string, string> = {},
  state: { saved?: unknown } = {},
  config: ResourceConfig = {},
  reservedMilli = 500,
) {
  const known = new Set(['a', 'b', 'c'])
  const file: CheckpointFile = { read: async () => state.saved, write: async (value) => void (state.saved = structuredClone(value)) }
  const manager = createCpuManager({
    cpus,
    config: { cpuManagerPolicyOptions: policyOptions, ...config },
    reservedMilli,
    file,
    isKnown: (uid) => known.has(uid),
  })
  const pools: string[] = []
  manager.onPoolChange(() => pools.push(manager.pool()))
  async function give(pod: Pod): Promise<string> {
    for (const container of [...(pod.spec.initContainers ?? []), ...pod.spec.containers]) await manager.allocate(pod, container, undefined)
    const [main] = pod.spec.containers
    return manager.hasExclusive(pod.metadata.uid, main!.name) ? given(manager, pod, main!.name) : 'pool'
  }
  return { manager, give, state, known, pools }
}

function guaranteed(uid: string, main: Record<string, string>, init: Record<string, string> = {}): Pod {
  const list = (amounts: Record<string, string>) =>
    Object.entries(amounts).map(([name, cpu]): AnyContainer => {
      const amount = { cpu, memory: '16Mi' }
      return { name, resources: { requests: amount, limits: amount } } as unknown as AnyContainer
    })
  return { metadata: { uid, name: uid }, spec: { initContainers: list(init), containers: list(main) } } as unknown as Pod
}

function burstable(uid: string): Pod {
  return { metadata: { uid, name: uid }, spec: { containers: [{ name: 'main', resources: { requests: { cpu: '2' } } }] } } as unknown as Pod
}

function checkTake(name: string, available: string, count: number, expected: string, prefersCache = false): void {
  test(`takes ${name}`, () =>
    assert.equal(formatCpuSet(takeCpus({ cpus, available: parseCpuSet(available), count, prefersCache })), expected))
}

function checkDistribute(name: string, available: string, count: number, groupSize: number, expected: string, machine = cpus): void {
  test(`distributes: ${name}`, () =>
    assert.equal(formatCpuSet(distributeCpus({ cpus: machine, available: parseCpuSet(available), count, groupSize })), expected))
}
