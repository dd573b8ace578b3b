import type { NodeInfo } from '../world/node-info.ts'
import type { World } from '../world/world.ts'
import type { AnyPlugin, Cycle, NodeRefusal } from './plugin.ts'
import type { Profile } from './profile.ts'
import { firstRefusal } from './trial.ts'

/**
 * What the plug-ins that rest on a node alone say about every node, for all pods of one shape. It is brought up to date node by node, so that
 * the next pod of the shape costs what changed since the last one, and not what there is.
 */
export interface Ranking {
  /** How many of the cycle's filters, from the first on, `refusals` speaks for. */
  readonly filtersCovered: number
  refusalOf(node: NodeInfo): NodeRefusal | undefined
  /** Weighted sum of the scores that rest on the node alone. */
  scoreOf(node: NodeInfo): number
  /** A node with the highest sum of those that are not refused, by chance among equals; undefined: all are refused. */
  best(below: (count: number) => number): NodeInfo | undefined
  readonly feasibleTotal: number
}

/** Rankings of the shapes that were asked for last, each some bytes a node. */
export function createRankings(profile: Profile): (cycle: Cycle) => Ranking {
  const kept = new Map<string, { readonly ranking: KeptRanking; readonly filters: string; basis: string }>()
  const scorers = profile.score.filter(({ plugin }) => plugin.restsOn === 'node' && plugin.normalize === undefined)
  return (cycle) => {
    const { key } = cycle.pod.shape
    const covered = coveredFilters(cycle)
    const filters = covered.map(({ plugin }) => plugin.name).join()
    const basis = [...covered, ...scorers].map(({ plugin }) => plugin.basis?.(cycle.world) ?? '').join()
    let entry = kept.get(key)
    kept.delete(key)
    if (entry === undefined || entry.filters !== filters || entry.basis !== basis)
      entry = { ranking: createRanking(cycle.world), filters, basis }
    kept.set(key, entry)
    if (kept.size > rankingsMax) kept.delete(kept.keys().next().value!)
    entry.ranking.update({ ...cycle, filters: covered }, scorers)
    return entry.ranking
  }
}

const rankingsMax = 64

/** Those at the beginning: the first refusal of a node is the one that is told, and the others come later. */
function coveredFilters({ filters }: Cycle): Cycle['filters'] {
  const end = filters.findIndex(({ plugin }) => plugin.restsOn !== 'node')
  return end === -1 ? filters : filters.slice(0, end)
}

interface KeptRanking extends Ranking {
  update(cycle: Cycle, scorers: Profile['score']): void
}

function createRanking(world: World): KeptRanking {
  const table = world.nodes
  let refusals: (NodeRefusal | undefined)[] = []
  let scores = new Float64Array(0)
  /** Where a row stands in its bucket; -1: the node is refused, or there is none. */
  let places = new Int32Array(0)
  const buckets = new Map<number, number[]>()
  let top = -Infinity
  let feasibleTotal = 0
  let filtersCovered = 0
  let seen: number | undefined

  function leave(slot: number): void {
    const place = places[slot]!
    if (place === -1) return
    const bucket = buckets.get(scores[slot]!)!
    const last = bucket.pop()!
    if (last !== slot) {
      bucket[place] = last
      places[last] = place
    }
    if (bucket.length === 0) buckets.delete(scores[slot]!)
    places[slot] = -1
    feasibleTotal -= 1
  }

  function enter(slot: number, score: number): void {
    let bucket = buckets.get(score)
    if (bucket === undefined) buckets.set(score, (bucket = []))
    scores[slot] = score
    places[slot] = bucket.length
    bucket.push(slot)
    feasibleTotal += 1
    if (score > top) top = score
  }

  function look(slot: number, cycle: Cycle, scored: readonly Scored[]): void {
    leave(slot)
    const node = table.at(slot)
    if (node === undefined) return
    const refusal = firstRefusal(cycle, node)
    refusals[slot] = refusal
    if (refusal !== undefined) return
    let sum = 0
    for (const { plugin, weight, state } of scored) sum += weight * plugin.score!(cycle.pod, node, state, world)
    enter(slot, sum)
  }

  function restart(): void {
    buckets.clear()
    top = -Infinity
    feasibleTotal = 0
    refusals = new Array(table.rows)
    scores = new Float64Array(table.rows)
    places = new Int32Array(table.rows).fill(-1)
  }

  function makeRoom(): void {
    if (places.length >= table.rows) return
    const rows = table.rows * 2
    const [largerScores, largerPlaces] = [new Float64Array(rows), new Int32Array(rows).fill(-1)]
    largerScores.set(scores)
    largerPlaces.set(places)
    scores = largerScores
    places = largerPlaces
  }

  return {
    get filtersCovered() {
      return filtersCovered
    },
    get feasibleTotal() {
      return feasibleTotal
    },
    refusalOf: ({ slot }) => refusals[slot],
    scoreOf: ({ slot }) => scores[slot]!,
    best(below) {
      if (feasibleTotal === 0) return undefined
      // Sums are integers and the highest seldom goes far down.
      if (!buckets.has(top)) top = Math.max(...buckets.keys())
      const bucket = buckets.get(top)!
      return table.at(bucket[below(bucket.length)]!)
    },
    update(cycle, scorers) {
      filtersCovered = cycle.filters.length
      const changed = seen === undefined ? undefined : table.changedSince(seen)
      const position = table.changes
      // A plug-in that throws on the way leaves nodes that were not looked at: then all are looked at anew.
      seen = undefined
      const scored = scorers.flatMap(({ plugin, weight }) => {
        const state = plugin.preScore === undefined ? undefined : plugin.preScore(cycle.pod, [], world, cycle.states.get(plugin.name))
        return plugin.preScore !== undefined && state === undefined ? [] : [{ plugin, weight, state }]
      })
      if (changed === undefined) {
        restart()
        for (const { slot } of table.nodes.values()) look(slot, cycle, scored)
      } else {
        makeRoom()
        for (const slot of changed) look(slot, cycle, scored)
      }
      seen = position
    },
  }
}

interface Scored {
  readonly plugin: AnyPlugin
  readonly weight: number
  readonly state: unknown
}
