import type { Pod } from '#api/core/v1/pod.ts'
import { requiredFeatures } from '#api/core/v1/required-features.ts'
import type { Refusal } from './refusal.ts'

/** A pod that needs what only newer nodes do does not run where nobody would do it (KEP-5328, "Node Declared Features"). */
export function refusalByFeatures(pod: Pod, declared: readonly string[]): Refusal | undefined {
  const missing = requiredFeatures(pod).filter((name) => !declared.includes(name))
  if (missing.length === 0) return undefined
  return { reason: 'PodFeatureUnsupported', message: `Pod requires node features that are not available: ${missing.join(', ')}` }
}
