import type { Node } from '#api/core/v1/types.ts'
import type { KubeObject } from '#api/kind.ts'
import type { AdmissionPlugin } from '../contract.ts'

const key = 'node.kubernetes.io/not-ready'
const effect = 'NoSchedule'

/** A new node takes no pod before the node lifecycle controller has seen it ready. */
export const taintNodesByCondition: AdmissionPlugin = {
  name: 'TaintNodesByCondition',
  resources: ['nodes'],
  subresources: [''],
  operations: ['CREATE'],
  async admit({ object }) {
    const node = object as unknown as Node
    const taints = node.spec.taints ?? []
    if (taints.some((taint) => taint.key === key && taint.effect === effect)) return object
    return { ...node, spec: { ...node.spec, taints: [...taints, { key, effect }] } } as unknown as KubeObject
  },
}
