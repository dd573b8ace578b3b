import type { Plugin } from '../plugin.ts'
import { refuse, refuseForGood } from '../plugin.ts'

/**
 * What the pod asks for must be free, and there must be room for one more pod. Of the nodes left, the emptier is preferred (least
 * allocated: mean over processor and memory).
 */
export const nodeResourcesFit: Plugin = {
  name: 'NodeResourcesFit',
  filter({ requests }, { allocatable, requested, pods }) {
    const short: string[] = []
    let forGood = false
    if (pods.size + 1 > (allocatable['pods'] ?? 0)) short.push('Too many pods')
    for (const [name, amount] of Object.entries(requests)) {
      if (amount === 0 || amount <= (allocatable[name] ?? 0) - (requested[name] ?? 0)) continue
      short.push(`Insufficient ${name}`)
      // An empty node could not take it either.
      forGood ||= amount > (allocatable[name] ?? 0)
    }
    if (short.length === 0) return undefined
    return forGood ? refuseForGood(...short) : refuse(...short)
  },
  score({ scored }, node) {
    const free = (['cpu', 'memory'] as const).map((name) => {
      const capacity = node.allocatable[name] ?? 0
      const wanted = (node.scored[name] ?? 0) + (scored[name] ?? 0)
      return capacity === 0 ? undefined : wanted > capacity ? 0 : Math.floor(((capacity - wanted) * 100) / capacity)
    })
    const known = free.filter((score) => score !== undefined)
    return known.length === 0 ? 0 : Math.floor(known.reduce((sum, score) => sum + score, 0) / known.length)
  },
  weight: 1,
  wokenBy: ['node-added', 'node-room', 'pod-gone', 'pod-changed'],
}
