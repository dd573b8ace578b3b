import type { TopologyHint } from '../interfaces.ts'

/** Which devices a container gets, step by step. Pure: the plug-in's own wish comes in between, by `wish` and `take`. */
export interface DeviceChoice {
  readonly chosen: ReadonlySet<string>
  /** What to ask the plug-in about before the next step; undefined: nothing is left to be chosen. */
  readonly question: { readonly available: readonly string[]; readonly mustInclude: readonly string[] } | undefined
  /** Goes on with what the plug-in would like best; an empty list where it has no wish. Gives the choice whole, or what there is of it. */
  answer(preferred: readonly string[]): ReadonlySet<string>
}

export interface ChoiceRequest {
  readonly required: number
  /** Held by init containers of the pod that will have ended: taken first. */
  readonly reusable: readonly string[]
  /** Healthy, and nobody's. */
  readonly available: readonly string[]
  /** NUMA nodes of each device. */
  readonly nodesOf: (id: string) => readonly number[]
  /** Whether any device of the resource says where it is. */
  readonly hasTopology: boolean
  readonly placement: TopologyHint | undefined
}

/**
 * The reference's order: devices of ended init containers, then those on the NUMA nodes that the pod was placed on, with the plug-in's wish
 * deciding wherever there are more than are needed; then the rest by that wish, those elsewhere, and last those that are nowhere.
 */
export function chooseDevices(request: ChoiceRequest): DeviceChoice {
  const { required, available } = request
  const chosen = new Set<string>()
  const take = (ids: readonly string[]): boolean => {
    for (const id of ids) if (chosen.size < required) chosen.add(id)
    return chosen.size >= required
  }
  const done = { chosen, question: undefined, answer: () => chosen }
  if (take(request.reusable)) return done
  const { aligned, elsewhere, nowhere } = byPlacement(request)
  const free = new Set(available)
  if (required - chosen.size < aligned.length) {
    const near = new Set(aligned)
    return {
      chosen,
      question: { available: [...new Set([...aligned, ...chosen])], mustInclude: [...chosen] },
      answer(preferred) {
        if (!take(preferred.filter((id) => near.has(id)))) take(aligned)
        return chosen
      },
    }
  }
  if (take(aligned)) return done
  return {
    chosen,
    question: { available: [...new Set([...available, ...chosen])], mustInclude: [...chosen] },
    answer(preferred) {
      if (!take(preferred.filter((id) => free.has(id))) && !take(elsewhere)) take(nowhere)
      return chosen
    },
  }
}

function byPlacement({ available, nodesOf, hasTopology, placement }: ChoiceRequest) {
  const mask = placement?.nodes
  if (!hasTopology || mask === undefined) return { aligned: [], elsewhere: [], nowhere: available }
  const isNear = (id: string): boolean => nodesOf(id).some((node) => (mask >> BigInt(node)) & 1n)
  return {
    aligned: available.filter(isNear),
    elsewhere: available.filter((id) => nodesOf(id).length > 0 && !isNear(id)),
    nowhere: available.filter((id) => nodesOf(id).length === 0),
  }
}
