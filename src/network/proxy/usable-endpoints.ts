/** One address and port behind a Service, as its slices tell of it. */
export interface Endpoint {
  readonly address: string
  readonly port: number
  /** On this node. */
  readonly local: boolean
  readonly ready: boolean
  readonly serving: boolean
  readonly terminating: boolean
  readonly zones: readonly string[]
  readonly nodes: readonly string[]
}

/** Where this node is: what hints are compared with. */
export interface NodePlace {
  readonly nodeName: string
  /** Label `topology.kubernetes.io/zone`; '' where it has none. */
  readonly zone: string
}

/** Which of a Service's endpoints this node sends to. */
export interface UsableEndpoints {
  /** Under traffic policy Cluster. */
  readonly cluster: readonly Endpoint[]
  /** Under traffic policy Local. */
  readonly local: readonly Endpoint[]
  /** Whether anybody can be reached at all, be it not by the policy: then clients are left waiting instead of refused. */
  readonly hasAny: boolean
}

/**
 * Ready endpoints serve; where there is none, those that still serve while they end, for both policies apart (KEP-1669). Hints narrow down the
 * cluster's endpoints to this node's or this zone's, if all ready ones have such hints and one of them is for here (KEP-2433, KEP-3015): one
 * endpoint without a hint says that hints are just being written or taken away.
 */
export function usableEndpoints(
  endpoints: readonly Endpoint[],
  uses: { readonly cluster: boolean; readonly local: boolean },
  place: NodePlace,
): UsableEndpoints {
  const ready = endpoints.filter((endpoint) => endpoint.ready)
  const ending = endpoints.filter((endpoint) => endpoint.serving && endpoint.terminating)
  const localReady = ready.filter((endpoint) => endpoint.local)
  const cluster = !uses.cluster ? [] : ready.length > 0 ? hinted(ready, place) : ending
  const local = !uses.local ? [] : localReady.length > 0 ? localReady : ending.filter((endpoint) => endpoint.local)
  const hasAny = ready.length > 0 || ending.length > 0
  return { cluster, local, hasAny }
}

function hinted(ready: readonly Endpoint[], { nodeName, zone }: NodePlace): readonly Endpoint[] {
  if (ready.every(({ nodes }) => nodes.length > 0)) {
    const here = ready.filter(({ nodes }) => nodes.includes(nodeName))
    if (here.length > 0) return here
  }
  if (zone !== '' && ready.every(({ zones }) => zones.length > 0)) {
    const near = ready.filter(({ zones }) => zones.includes(zone))
    if (near.length > 0) return near
  }
  return ready
}
