import { Endpoints } from '#api/core/v1/endpoints.ts'
import { Namespace } from '#api/core/v1/namespace.ts'
import { Service } from '#api/core/v1/service.ts'
import { EndpointSlice } from '#api/discovery/v1/endpoint-slice.ts'
import type { KubeObject } from '#api/kind.ts'
import type { Controller } from '#loop/controller.ts'
import { isActive } from '../common/namespace-terminating.ts'
import { type ApiServerAddress, type KubernetesServiceView, planKubernetesService } from './plan.ts'

/** Keeps the Service by which pods reach the API server, and where it leads. */
export const kubernetesServiceController = (config: ApiServerAddress): Controller<KubernetesServiceView> => ({
  name: 'kubernetes-service-controller',
  fieldManager: 'kube-apiserver',
  sources: [
    { kind: Namespace, keys: ({ metadata }: Namespace) => (metadata.name === 'default' ? ['default/kubernetes'] : []) },
    { kind: Service, keys: ownKey },
    { kind: Endpoints, keys: ownKey },
    { kind: EndpointSlice, keys: ownKey },
  ],
  view: (_key, cache) =>
    isActive(cache.get(Namespace, 'default'))
      ? {
          config,
          service: cache.get(Service, 'kubernetes', 'default'),
          endpoints: cache.get(Endpoints, 'kubernetes', 'default'),
          slice: cache.get(EndpointSlice, 'kubernetes', 'default'),
        }
      : undefined,
  plan: planKubernetesService,
})

const ownKey = ({ metadata: { name, namespace } }: KubeObject): readonly string[] =>
  name === 'kubernetes' && namespace === 'default' ? ['default/kubernetes'] : []
