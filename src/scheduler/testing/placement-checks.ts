import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { AnyPlugin } from '../framework/plugin.ts'
import type { NodeInfo } from '../world/node-info.ts'
import type { PodInfo } from '../world/pod-info.ts'
import type { World } from '../world/world.ts'

/** A plug-in that was asked about a pod before it looks at nodes. */
export interface Begun {
  readonly world: World
  readonly plugin: AnyPlugin
  readonly pod: PodInfo
  readonly before: { readonly state: unknown; readonly skip?: boolean }
  readonly nodes: readonly NodeInfo[]
}

/** Checks of what one plug-in says of every node; `begin` makes the cluster and the pod of a case. */
export function placementChecks<Given>(begin: (given: Given) => Begun) {
  return {
    /** `outcome`: by node, why it is refused; '' where it is not. */
    filters(name: string, given: Given, outcome: Readonly<Record<string, string>> | 'skipped'): void {
      test(name, () => {
        const { world, plugin, pod, before, nodes } = begin(given)
        if (outcome === 'skipped') return assert.equal(before.skip, true)
        assert.equal(before.skip, undefined)
        const told = nodes.map((node) => {
          const refusal = plugin.filter!(pod, node, before.state, world)
          return [node.name, refusal === undefined ? '' : `${refusal.unresolvable ? 'for good: ' : ''}${refusal.reasons.join()}`]
        })
        assert.deepEqual(Object.fromEntries(told), outcome)
      })
    },
    /** `outcome`: the scores from 0 to 100, in the order of the nodes; undefined where it has no say. */
    scores(name: string, given: Given, outcome: readonly number[] | undefined): void {
      test(`score: ${name}`, () => {
        const { world, plugin, pod, before, nodes } = begin(given)
        const state = plugin.preScore!(pod, nodes, world, before.state)
        if (outcome === undefined || state === undefined) return assert.equal(state, outcome)
        const values = Float64Array.from(nodes, (node) => plugin.score!(pod, node, state, world))
        plugin.normalize!(values, pod, nodes, state)
        assert.deepEqual([...values], outcome)
      })
    },
  }
}
