import { Endpoints } from '#api/core/v1/endpoints.ts'
import { Pod } from '#api/core/v1/pod.ts'
import { Service } from '#api/core/v1/service.ts'
import type { Controller } from '#loop/controller.ts'
import { splitKey } from '../common/key.ts'
import { selectsPods } from '../common/service-indexes.ts'
import { podsOf, servicesOfPod } from '../common/service-pods.ts'
import { afterEndpointsAnswer } from './answered.ts'
import { type EndpointsView, planEndpoints } from './plan.ts'

/** Keeps the Endpoints object of each service that selects pods, and removes that of any service that goes. */
export function endpointsController(): Controller<EndpointsView> {
  /** Services that were there: what is left of one that was not (a lock of old clients, one that comes later) is nobody's leftover. */
  const known = new Set<string>()
  return {
    name: 'endpoint-controller',
    // Proxies and name servers read EndpointSlices; these are for old clients.
    yields: true,
    sources: [{ kind: Service }, { kind: Pod, keys: servicesOfPod }, { kind: Endpoints }],
    view: (key, cache) => {
      const { namespace, name } = splitKey(key)
      const service = cache.get(Service, name, namespace)
      const endpoints = cache.get(Endpoints, name, namespace)
      if (service === undefined) {
        if (endpoints === undefined) known.delete(key)
        return { service, pods: [], endpoints, wasKnown: known.has(key) }
      }
      known.add(key)
      if (!selectsPods(service)) return undefined
      return { service, pods: podsOf(service, cache), endpoints, wasKnown: true }
    },
    plan: planEndpoints,
    answered: afterEndpointsAnswer,
  }
}
