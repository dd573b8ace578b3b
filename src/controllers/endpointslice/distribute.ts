import type { EndpointSlice } from '#api/discovery/v1/endpoint-slice.ts'
import type { Endpoint, EndpointPort } from '#api/discovery/v1/types.ts'
import { same } from '#api/strategy.ts'
import { identityOf } from './endpoint.ts'

/** What a slice shall hold. Without `slice` it has to be made; without endpoints it goes, unless it is to be kept empty. */
export interface Draft {
  readonly slice: EndpointSlice | undefined
  readonly ports: readonly EndpointPort[]
  readonly endpoints: readonly Endpoint[]
  readonly keep?: true
}

interface Filling extends Draft {
  readonly endpoints: Endpoint[]
  changes: boolean
}

/**
 * Spreads the endpoints over the slices so that few are written: each stays where it is; new ones go first to slices that change anyway,
 * fullest first, then all together to the fullest slice that can take the rest, and only then to a new one.
 */
export function distribute(
  ports: readonly EndpointPort[],
  wanted: ReadonlyMap<string, Endpoint>,
  slices: readonly EndpointSlice[],
  most: number,
): readonly Draft[] {
  const rest = new Map(wanted)
  const drafts = slices.map((slice): Filling => {
    const endpoints: Endpoint[] = []
    for (const endpoint of slice.endpoints ?? []) {
      const identity = identityOf(endpoint)
      const next = rest.get(identity)
      if (next === undefined || endpoints.length >= most) continue
      endpoints.push(next)
      rest.delete(identity)
    }
    return {
      slice: slice as EndpointSlice | undefined,
      ports: slice.ports ?? ports,
      endpoints,
      changes: !same(slice.endpoints, endpoints),
    }
  })
  const left = [...rest.values()]
  const changing = drafts.filter(({ changes, endpoints }) => changes && endpoints.length > 0)
  for (const draft of changing.toSorted((a, b) => b.endpoints.length - a.endpoints.length)) {
    draft.endpoints.push(...left.splice(0, most - draft.endpoints.length))
  }
  while (left.length > 0) {
    const fitting = drafts.filter(({ changes, endpoints }) => !changes && endpoints.length + left.length <= most)
    const [fullest] = fitting.toSorted((a, b) => b.endpoints.length - a.endpoints.length)
    const target: Filling = fullest ?? { slice: undefined, ports, endpoints: [], changes: true }
    if (fullest === undefined) drafts.push(target)
    target.endpoints.push(...left.splice(0, most - target.endpoints.length))
    target.changes = true
  }
  return drafts
}
