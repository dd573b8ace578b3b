import { Node } from '#api/core/v1/node.ts'
import type { KubeObject } from '#api/kind.ts'
import type { AdmissionPlugin } from '../contract.ts'

/** Where a node stands; a pod that is bound to it may want to know. */
const topologyLabels = ['topology.kubernetes.io/zone', 'topology.kubernetes.io/region'] as const

/** Copies the zone and region of its node to a pod (KEP-4742): at its binding, or where it comes with a node already. */
export const podTopologyLabels: AdmissionPlugin = {
  name: 'PodTopologyLabels',
  resources: ['pods'],
  async admit({ attributes, object, operation, objects }) {
    if (object === undefined || operation === 'DELETE' || operation === 'CONNECT') return object
    const nodeName = attributes.subresource === '' ? nodeOf(object) : attributes.subresource === 'binding' ? targetOf(object) : ''
    const labels = nodeName === '' ? undefined : objects.get(Node, nodeName)?.metadata.labels
    const copied = topologyLabels.flatMap((key) => (labels?.[key] === undefined ? [] : [[key, labels[key]]]))
    if (copied.length === 0) return object
    return {
      ...object,
      metadata: { ...object.metadata, labels: { ...object.metadata.labels, ...Object.fromEntries(copied) } },
    } as KubeObject
  },
}

const nodeOf = (pod: KubeObject): string => (pod as { readonly spec?: { readonly nodeName?: string } }).spec?.nodeName ?? ''

function targetOf(binding: KubeObject): string {
  const { target } = binding as { readonly target?: { readonly kind?: string; readonly name?: string } }
  return target?.kind === 'Node' ? (target.name ?? '') : ''
}
