import { Node } from '#api/core/v1/node.ts'
import { Pod } from '#api/core/v1/pod.ts'
import { Service } from '#api/core/v1/service.ts'
import { EndpointSlice } from '#api/discovery/v1/endpoint-slice.ts'
import { same } from '#api/strategy.ts'
import type { Cache, Controller } from '#loop/controller.ts'
import { byNodeName, byService } from '../common/indexes.ts'
import { keyOf, splitKey } from '../common/key.ts'
import { selectsPods } from '../common/service-indexes.ts'
import { podsOf, servicesOfPod } from '../common/service-pods.ts'
import { createTold, type Told } from '../common/told.ts'
import { afterSliceAnswer } from './answered.ts'
import { endpointSliceMetrics, measureSlices } from './metrics.ts'
import { type EndpointSliceView, managedBy, planEndpointSlices } from './plan.ts'
import { topologyFacts, wantsTopology, zoneLabel, zoneShares } from './topology.ts'

/** Keeps the list of where a service's pods can be reached, in slices. */
export function endpointSliceController(): Controller<EndpointSliceView> {
  return controllerOver(createTold(), new Set())
}

/** `shared`: the services whose endpoints are shared out to zones; it forgets with the process. */
const controllerOver = (told: Told, shared: Set<string>): Controller<EndpointSliceView> => ({
  name: 'endpointslice-controller',
  eventSource: 'endpoint-slice-controller',
  metrics: endpointSliceMetrics,
  measured: measureSlices,
  sources: [
    { kind: Service },
    { kind: Pod, keys: servicesOfPod },
    {
      kind: EndpointSlice,
      keys: (slice: EndpointSlice, _cache: Cache, previous: EndpointSlice | undefined) => [
        ...serviceOf(slice),
        ...(previous === undefined ? [] : serviceOf(previous)),
      ],
    },
    { kind: Node, keys: servicesOnNode },
  ],
  view: (key, cache, now) => {
    const { namespace, name } = splitKey(key)
    const service = cache.get(Service, name, namespace)
    // The slices of a service that is gone go with it: it owns them.
    if (service === undefined || !selectsPods(service)) {
      told.forget(key)
      shared.delete(key)
      return undefined
    }
    const pods = podsOf(service, cache)
    const zones = new Map<string, string | undefined>()
    for (const { spec } of pods) {
      const node = spec.nodeName === undefined ? undefined : cache.get(Node, spec.nodeName)
      if (node !== undefined) zones.set(node.metadata.name, node.metadata.labels?.[zoneLabel])
    }
    // One that is held while it goes takes nothing in any more.
    const slices = cache
      .indexed(EndpointSlice, byService, key)
      .filter(({ metadata }) => metadata.labels?.[managedByLabel] === managedBy && metadata.deletionTimestamp === undefined)
    const shares = wantsTopology(service) ? zoneShares(cache.list(Node)) : undefined
    return { now, service, pods, zones, slices, shares, wasShared: shared.has(key) }
  },
  plan: (view) => {
    const key = keyOf(view.service)
    const plan = planEndpointSlices(view)
    if (plan.isShared) shared.add(key)
    else shared.delete(key)
    return told.plan(key, plan, view.now)
  },
  answered: afterSliceAnswer,
})

const managedByLabel = 'endpointslice.kubernetes.io/managed-by'

function serviceOf({ metadata }: EndpointSlice): string[] {
  const service = metadata.labels?.['kubernetes.io/service-name']
  return service === undefined || metadata.labels?.[managedByLabel] !== managedBy ? [] : [`${metadata.namespace}/${service}`]
}

/** A node that came, went or moved to another zone changes what is told of its pods; its heartbeats do not. */
function servicesOnNode(node: Node, cache: Cache, previous: Node | undefined): readonly string[] {
  const moved = previous === undefined || previous === node || previous.metadata.labels?.[zoneLabel] !== node.metadata.labels?.[zoneLabel]
  const changesShares = previous === undefined || previous === node || !same(topologyFacts(node), topologyFacts(previous))
  const sharing = changesShares ? cache.list(Service).filter(wantsTopology).map(keyOf) : []
  if (!moved) return sharing
  const keys = cache.indexed(Pod, byNodeName, node.metadata.name).flatMap((pod) => servicesOfPod(pod, cache, undefined))
  return [...new Set([...keys, ...sharing])]
}
