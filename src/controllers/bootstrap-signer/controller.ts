import { ConfigMap } from '#api/core/v1/config-map.ts'
import { Secret } from '#api/core/v1/secret.ts'
import type { Controller } from '#loop/controller.ts'
import { bootstrapTokenNamespace, isBootstrapToken } from '../common/bootstrap-token.ts'
import { planSignatures, type SignerView } from './plan.ts'

/** Signs what a machine that joins reads of the cluster with the tokens that let machines join. */
export const bootstrapSignerController: Controller<SignerView> = {
  name: 'bootstrap-signer',
  sources: [
    { kind: ConfigMap, keys: ({ metadata }: ConfigMap) => (isClusterInfo(metadata) ? [clusterInfoKey] : []) },
    {
      kind: Secret,
      keys: (secret: Secret, _cache, previous: Secret | undefined) =>
        isBootstrapToken(secret) || (previous !== undefined && isBootstrapToken(previous)) ? [clusterInfoKey] : [],
    },
  ],
  view: (_key, cache, now) => {
    const clusterInfo = cache.get(ConfigMap, 'cluster-info', 'kube-public')
    return clusterInfo && { now, clusterInfo, tokens: cache.list(Secret, bootstrapTokenNamespace).filter(isBootstrapToken) }
  },
  plan: planSignatures,
}

const clusterInfoKey = 'kube-public/cluster-info'
const isClusterInfo = ({ namespace, name }: ConfigMap['metadata']): boolean => `${namespace}/${name}` === clusterInfoKey
