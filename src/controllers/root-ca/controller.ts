import { ConfigMap } from '#api/core/v1/config-map.ts'
import { Namespace } from '#api/core/v1/namespace.ts'
import type { Controller } from '#loop/controller.ts'
import { isActive } from '../common/namespace-terminating.ts'
import { configMapName, planRootCa, type RootCaView } from './plan.ts'

/** Puts the cluster's CA certificate into each namespace. `rootCa`: PEM. */
export const rootCaController = (rootCa: string): Controller<RootCaView> => ({
  name: 'root-ca-cert-publisher',
  sources: [
    { kind: Namespace },
    { kind: ConfigMap, keys: ({ metadata }: ConfigMap) => (metadata.name === configMapName ? [metadata.namespace] : []) },
  ],
  view: (namespace, cache) =>
    isActive(cache.get(Namespace, namespace))
      ? { namespace, rootCa, configMap: cache.get(ConfigMap, configMapName, namespace) }
      : undefined,
  plan: planRootCa,
})
