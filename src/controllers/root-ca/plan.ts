import { ConfigMap } from '#api/core/v1/config-map.ts'
import { same } from '#api/strategy.ts'
import { type Plan, settled } from '#loop/controller.ts'

export const configMapName = 'kube-root-ca.crt'
const descriptionAnnotation = 'kubernetes.io/description'
const description =
  'Contains a CA bundle that can be used to verify the kube-apiserver when using internal endpoints such as the internal service IP or kubernetes.default.svc. No other usage is guaranteed across distributions of Kubernetes clusters.'

export interface RootCaView {
  readonly namespace: string
  /** PEM. */
  readonly rootCa: string
  readonly configMap: ConfigMap | undefined
}

/** What pods trust the API server by, in every namespace, and as it was if somebody changed it. */
export function planRootCa({ namespace, rootCa, configMap }: RootCaView): Plan {
  const data = { 'ca.crt': rootCa }
  const annotations = { [descriptionAnnotation]: description }
  if (configMap === undefined) {
    const object = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: configMapName, namespace, annotations }, data }
    return { commands: [{ do: 'create', kind: ConfigMap, namespace, object, ifExists: 'keep' }], wakeAt: Infinity }
  }
  if (same(configMap.data, data) && (configMap.metadata.annotations?.[descriptionAnnotation] ?? '') !== '') return settled
  const object = {
    ...configMap,
    metadata: { ...configMap.metadata, annotations: { ...configMap.metadata.annotations, ...annotations } },
    data,
  }
  return { commands: [{ do: 'update', kind: ConfigMap, object }], wakeAt: Infinity }
}
