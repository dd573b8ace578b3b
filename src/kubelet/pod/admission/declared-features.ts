import type { Pod } from '#api/core/v1/pod.ts'
import { mayRestartAll } from '../restart-all.ts'
import type { Refusal } from './refusal.ts'

/** A pod that needs what only newer nodes do does not run where nobody would do it (KEP-5328, "Node Declared Features"). */
export function refusalByFeatures(pod: Pod, declared: readonly string[]): Refusal | undefined {
  const missing = neededFeatures(pod).filter((name) => !declared.includes(name))
  if (missing.length === 0) return undefined
  return { reason: 'PodFeatureUnsupported', message: `Pod requires node features that are not available: ${missing.join(', ')}` }
}

/** In the order of names. What only a resize asks for is asked of the API server when a pod is changed. */
const neededFeatures = (pod: Pod): string[] => [
  ...(mayRestartAll(pod) ? ['RestartAllContainersOnContainerExits'] : []),
  ...(pod.spec.hostNetwork === true && pod.spec.hostUsers === false ? ['UserNamespacesHostNetworkSupport'] : []),
]
