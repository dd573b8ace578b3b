import type { Pod, Toleration } from '#api/core/v1/types.ts'
import type { KubeObject } from '#api/kind.ts'
import type { AdmissionPlugin } from '../contract.ts'

/** How long a pod stays on a node that is so: the reference's `--default-not-ready-toleration-seconds` and its sibling. Absent: five minutes. */
export interface TolerationSeconds {
  readonly notReady?: number | undefined
  readonly unreachable?: number | undefined
}

/** Pods outlive a short absence of their node, unless they say how long themselves. */
export function defaultTolerationSeconds({ notReady = 300, unreachable = 300 }: TolerationSeconds = {}): AdmissionPlugin {
  const wanted = [
    { key: 'node.kubernetes.io/not-ready', operator: 'Exists', effect: 'NoExecute', tolerationSeconds: notReady },
    { key: 'node.kubernetes.io/unreachable', operator: 'Exists', effect: 'NoExecute', tolerationSeconds: unreachable },
  ]
  return {
    name: 'DefaultTolerationSeconds',
    resources: ['pods'],
    subresources: [''],
    operations: ['CREATE', 'UPDATE'],
    async admit({ object }) {
      const pod = object as unknown as Pod
      const tolerations = pod.spec.tolerations ?? []
      const missing = wanted.filter(({ key }) => !tolerations.some((toleration) => covers(toleration, key)))
      if (missing.length === 0) return object
      return { ...pod, spec: { ...pod.spec, tolerations: [...tolerations, ...missing] } } as unknown as KubeObject
    },
  }
}

const covers = ({ key, effect }: Toleration, wanted: string): boolean => (key === wanted || !key) && (effect === 'NoExecute' || !effect)
