import type { KubeObject } from '#api/kind.ts'
import { deepEqual } from '#schema/fields.ts'

/** The object without owners that it names twice, which the client is told. */
export function withoutRepeatedOwners(object: KubeObject, warn: (message: string) => void): KubeObject {
  const owners = object.metadata.ownerReferences ?? []
  const kept: typeof owners = []
  const repeated = new Set<string>()
  for (const owner of owners)
    if (kept.some((one) => deepEqual(one, owner))) repeated.add(owner.uid)
    else kept.push(owner)
  if (repeated.size === 0) return object
  warn(
    `.metadata.ownerReferences contains duplicate entries; API server dedups owner references in 1.20+, and may reject such requests as early as 1.24; please fix your requests; duplicate UID(s) observed: ${[...repeated].join(', ')}`,
  )
  return { ...object, metadata: { ...object.metadata, ownerReferences: kept } }
}
