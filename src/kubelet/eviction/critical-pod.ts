import type { Pod } from '#api/core/v1/pod.ts'

/** Of the class `system-cluster-critical`; nothing that users may name has more (Kubernetes documentation, "Pod Priority and Preemption"). */
const SYSTEM_CRITICAL_PRIORITY = 2_000_000_000

/** Pods that the node itself needs: static ones, their mirrors, and those of system priority. Taken under any pressure, never evicted. */
export function isCriticalPod(pod: Pod): boolean {
  const { annotations = {} } = pod.metadata
  const source = annotations['kubernetes.io/config.source']
  return (
    (source !== undefined && source !== 'api') ||
    annotations['kubernetes.io/config.mirror'] !== undefined ||
    (pod.spec.priority ?? 0) >= SYSTEM_CRITICAL_PRIORITY
  )
}
