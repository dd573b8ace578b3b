import type { Answer, KubeJson } from './recorded-case.ts'

/** In what two answers to one pod are not the same. */
export interface Difference {
  readonly what: 'outcome' | 'feasible' | 'best' | 'score' | 'node' | 'message' | 'nominated' | 'victims'
  readonly expected: unknown
  readonly ours: unknown
}

/**
 * What matters, and what must be equal: the nodes that are left, those of the highest score, the words of a refusal, the node that is promised
 * and the pods that have to go. Where several nodes are equally good any of them will do.
 */
export function differencesOf(pod: KubeJson, expected: Answer, ours: Answer): readonly Difference[] {
  const [outcome, own] = [outcomeOf(expected), outcomeOf(ours)]
  if (outcome !== own) return [{ what: 'outcome', expected: textOf(expected), ours: textOf(ours) }]
  const found: Difference[] = []
  const compare = (what: Difference['what'], a: unknown, b: unknown): void => {
    if (JSON.stringify(a) !== JSON.stringify(b)) found.push({ what, expected: a, ours: b })
  }
  if (outcome === 'unschedulable') {
    compare('message', expected.message, ours.message)
    compare('nominated', expected.nominatedNode, ours.nominatedNode)
    if (found.length === 0) compare('victims', expected.victims, ours.victims)
  }
  if (outcome !== 'placed') return found
  // A node that was promised is looked at first, and taken without a look at the others.
  if (pod.status?.nominatedNodeName && expected.node === pod.status.nominatedNodeName) {
    compare('node', expected.node, ours.node)
    return found
  }
  compare('feasible', expected.feasible, ours.feasible)
  if (found.length > 0 || expected.totals === undefined) return found
  for (const plugin of new Set([...Object.keys(expected.scores!), ...Object.keys(ours.scores ?? {})])) {
    const [theirs, mine] = [expected.scores![plugin], ours.scores?.[plugin]]
    const other = expected.feasible!.filter((node) => (theirs?.[node] ?? 0) !== (mine?.[node] ?? 0))
    const told = (scores: Readonly<Record<string, number>> | undefined) =>
      Object.fromEntries(other.map((node) => [node, scores?.[node] ?? 0]))
    if (other.length > 0) found.push({ what: 'score', expected: { plugin, ...told(theirs) }, ours: { plugin, ...told(mine) } })
  }
  compare('best', bestOf(expected.totals), bestOf(ours.totals ?? {}))
  if (found.length === 0 && !bestOf(expected.totals).includes(ours.node!)) compare('node', bestOf(expected.totals), ours.node)
  return found
}

const outcomeOf = ({ node, error, isHeld }: Answer): 'held' | 'error' | 'placed' | 'unschedulable' =>
  isHeld ? 'held' : error !== undefined ? 'error' : node !== undefined ? 'placed' : 'unschedulable'

const textOf = ({ node, feasible, error, message, isHeld, nominatedNode }: Answer): string =>
  isHeld
    ? 'held'
    : (error ?? (node === undefined ? `${message}${nominatedNode ? ` → ${nominatedNode}` : ''}` : `${node} of ${feasible?.join(' ')}`))

function bestOf(totals: Readonly<Record<string, number>>): readonly string[] {
  const highest = Math.max(...Object.values(totals))
  return Object.keys(totals)
    .filter((node) => totals[node] === highest)
    .sort()
}
