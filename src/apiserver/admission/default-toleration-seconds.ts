import type { Pod, Toleration } from '#api/core/v1/types.ts'
import type { KubeObject } from '#api/kind.ts'
import type { AdmissionPlugin } from '../contract.ts'

const keys = ['node.kubernetes.io/not-ready', 'node.kubernetes.io/unreachable']
// The reference's --default-not-ready-toleration-seconds.
const tolerationSeconds = 300

/** Pods outlive a short absence of their node, unless they say how long themselves. */
export const defaultTolerationSeconds: AdmissionPlugin = {
  name: 'DefaultTolerationSeconds',
  resources: ['pods'],
  subresources: [''],
  operations: ['CREATE', 'UPDATE'],
  async admit({ object }) {
    const pod = object as unknown as Pod
    const tolerations = pod.spec.tolerations ?? []
    const missing = keys.filter((key) => !tolerations.some((toleration) => covers(toleration, key)))
    if (missing.length === 0) return object
    const added = missing.map((key) => ({ key, operator: 'Exists', effect: 'NoExecute', tolerationSeconds }))
    return { ...pod, spec: { ...pod.spec, tolerations: [...tolerations, ...added] } } as unknown as KubeObject
  },
}

const covers = ({ key, effect }: Toleration, wanted: string): boolean => (key === wanted || !key) && (effect === 'NoExecute' || !effect)
