import type { Random } from '#lib/random.ts'
import type { KubeJson } from '#scheduler/testing/recorded-case.ts'

/** Chance in the forms that generators want. */
export interface Chance {
  /** True in `percent` of a hundred. */
  is(percent: number): boolean
  /** Both ends included. */
  int(least: number, most: number): number
  pick<T>(values: readonly T[]): T
  /** Up to `most` of them, each once, in their order. */
  some<T>(values: readonly T[], most?: number): T[]
}

/** Chance from a stream of its own. */
export function chanceOf(random: Random): Chance {
  const int = (least: number, most: number): number => least + random.below(most - least + 1)
  return {
    is: (percent) => random.below(100) < percent,
    int,
    pick: (values) => values[random.below(values.length)]!,
    some(values, most = values.length) {
      const count = int(0, Math.min(most, values.length))
      const left = values.map((_, index) => index)
      const chosen = Array.from({ length: count }, () => left.splice(random.below(left.length), 1)[0]!)
      return chosen.sort((a, b) => a - b).map((index) => values[index]!)
    },
  }
}

/** An object that is still being made. */
// biome-ignore lint/suspicious/noExplicitAny: a draft takes any field, the server judges it
export type Draft = any

/** A cluster that is still being made. */
export interface ClusterDraft {
  readonly chance: Chance
  readonly nodes: Draft[]
  readonly bound: Draft[]
  readonly pending: Draft[]
  readonly objects: KubeJson[]
  /** Names that the areas gave out, by what they are for. */
  readonly names: Record<string, string[]>
  readonly areas: readonly string[]
}

/** What one part of the scheduler looks at: each hook adds its fields to what is there. */
export interface Area {
  /** Called first: classes, volumes, devices. Nodes have names and labels by then. */
  readonly setUp?: (cluster: ClusterDraft) => void
  readonly node?: (node: Draft, cluster: ClusterDraft) => void
  readonly pod?: (pod: Draft, cluster: ClusterDraft, role: 'bound' | 'pending') => void
  /** Called last. */
  readonly finish?: (cluster: ClusterDraft) => void
}
