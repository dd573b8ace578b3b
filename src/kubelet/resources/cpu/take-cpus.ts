import { WherryError } from '#lib/errors.ts'
import type { Cpu } from '../machine-topology.ts'

export interface TakeOptions {
  /** Of the whole machine. */
  readonly cpus: readonly Cpu[]
  readonly available: ReadonlySet<number>
  readonly count: number
  /** Rather processors of one shared cache than whole cores of several. */
  readonly prefersCache?: boolean
}

/**
 * Which processors to give: those that lie nearest to each other, so that as little as possible is shared with others. Whole sockets and NUMA
 * nodes first, then whole shared caches where asked for, whole cores, single threads; and of equals those that are already used most, so that
 * whole ones stay whole. Throws where there are too few.
 */
export function takeCpus({ cpus, available, count, prefersCache = false }: TakeOptions): readonly number[] {
  const pool = poolOf({ cpus, available, count })
  const { all } = pool
  if (count > pool.left.length)
    throw new WherryError('Conflict', `not enough cpus available to satisfy request: requested=${count}, available=${pool.left.length}`)
  // Whichever of the two is larger holds the other.
  const isNodeLarger = all.socket.size >= all.node.size
  takeWhole(pool, isNodeLarger ? 'node' : 'socket')
  takeWhole(pool, isNodeLarger ? 'socket' : 'node')
  if (prefersCache) takeCaches(pool)
  takeWhole(pool, 'core')
  for (const id of sorted(pool, 'core').flatMap((core) => idsOf(pool.left, 'core', core))) if (pool.needed > 0) take(pool, [id])
  return pool.taken.toSorted((a, b) => a - b)
}

/** NUMA nodes with something left, those first that are used most. */
export const nodesByUse = (options: Pick<TakeOptions, 'cpus' | 'available'>): readonly number[] =>
  sorted(poolOf({ ...options, count: 0 }), 'node')

const poolOf = ({ cpus, available, count }: TakeOptions): Pool => ({
  cpus,
  all: by(cpus),
  left: cpus.filter(({ id }) => available.has(id)),
  needed: count,
  taken: [],
})

type Level = 'node' | 'socket' | 'cache' | 'core'
const levels: readonly Level[] = ['node', 'socket', 'cache', 'core']

interface Pool {
  readonly cpus: readonly Cpu[]
  /** How many processors each part of the machine has. */
  readonly all: Readonly<Record<Level, ReadonlyMap<number, number>>>
  left: readonly Cpu[]
  needed: number
  taken: number[]
}

function by(cpus: readonly Cpu[]): Record<Level, Map<number, number>> {
  const counts: Record<Level, Map<number, number>> = { node: new Map(), socket: new Map(), cache: new Map(), core: new Map() }
  for (const cpu of cpus) for (const level of levels) counts[level].set(cpu[level], (counts[level].get(cpu[level]) ?? 0) + 1)
  return counts
}

const idsOf = (cpus: readonly Cpu[], level: Level, which: number): number[] =>
  cpus.filter((cpu) => cpu[level] === which).map(({ id }) => id)

function take(pool: Pool, ids: readonly number[]): void {
  const gone = new Set(ids)
  pool.left = pool.left.filter(({ id }) => !gone.has(id))
  pool.taken.push(...ids)
  pool.needed -= ids.length
}

/** Parts that have something left: within each larger part, fullest use first, then by id. */
function sorted(pool: Pool, level: Level): number[] {
  const above: readonly Level[] =
    level === 'node' || level === 'socket'
      ? larger(pool, level)
      : level === 'cache'
        ? [...larger(pool, 'node'), 'node']
        : pool.all.socket.size >= pool.all.node.size
          ? ['node', 'socket']
          : ['socket', 'node']
  const left = by(pool.left)
  const rank = (at: Level) => (a: Cpu, b: Cpu) => left[at].get(a[at])! - left[at].get(b[at])! || a[at] - b[at]
  const order = pool.left.toSorted((a, b) => {
    for (const at of [...above, level]) if (a[at] !== b[at]) return rank(at)(a, b)
    return a.id - b.id
  })
  return [...new Set(order.map((cpu) => cpu[level]))]
}

/** What a node or a socket lies in, where one of these holds several of the other. */
function larger({ all }: Pool, level: 'node' | 'socket'): readonly Level[] {
  const other = level === 'node' ? 'socket' : 'node'
  const isOuter = all.socket.size >= all.node.size ? level === 'node' : level === 'socket'
  return isOuter ? [] : [other]
}

function takeWhole(pool: Pool, level: Level): void {
  for (const which of sorted(pool, level)) {
    const ids = idsOf(pool.left, level, which)
    if (ids.length === pool.all[level].get(which) && pool.needed >= ids.length) take(pool, ids)
  }
}

/** Whole caches while enough is needed, then what is left in one cache that has room for it. */
function takeCaches(pool: Pool): void {
  const threads = Math.max(...pool.all.core.values())
  const size = Math.max(...pool.all.cache.values())
  for (const cache of sorted(pool, 'cache')) {
    if (pool.needed >= size) takeWhole(pool, 'cache')
    if (pool.needed <= 0) return
    const here = pool.left.filter((cpu) => cpu.cache === cache)
    const cores = [...new Set(here.map(({ core }) => core))].toSorted((a, b) => a - b).slice(0, Math.ceil(pool.needed / threads))
    const ids = here
      .filter(({ core }) => cores.includes(core))
      .map(({ id }) => id)
      .toSorted((a, b) => a - b)
    // An odd number leaves the last thread of the last core.
    const fitting = pool.needed % 2 !== 0 && threads > 1 && ids.length > pool.needed ? ids.slice(0, -1) : ids
    if (fitting.length === pool.needed) take(pool, fitting)
    if (pool.needed <= 0) return
  }
}
