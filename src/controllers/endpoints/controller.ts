import { Endpoints } from '#api/core/v1/endpoints.ts'
import { Pod } from '#api/core/v1/pod.ts'
import { Service } from '#api/core/v1/service.ts'
import type { Controller } from '#loop/controller.ts'
import { splitKey } from '../common/key.ts'
import { selectsPods } from '../common/service-indexes.ts'
import { podsOf, servicesOfPod } from '../common/service-pods.ts'
import { type EndpointsView, planEndpoints } from './plan.ts'

/** Keeps the Endpoints object of each service that selects pods. */
export const endpointsController: Controller<EndpointsView> = {
  name: 'endpoint-controller',
  sources: [{ kind: Service }, { kind: Pod, keys: servicesOfPod }, { kind: Endpoints }],
  view: (key, cache) => {
    const { namespace, name } = splitKey(key)
    const service = cache.get(Service, name, namespace)
    if (service !== undefined && !selectsPods(service)) return undefined
    return { service, pods: service === undefined ? [] : podsOf(service, cache), endpoints: cache.get(Endpoints, name, namespace) }
  },
  plan: planEndpoints,
}
