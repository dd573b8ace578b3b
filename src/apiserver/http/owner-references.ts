import type { KubeObject } from '#api/kind.ts'

/** The object without owners that it names twice, which the client is told. */
export function withoutRepeatedOwners(object: KubeObject, warn: (message: string) => void): KubeObject {
  const owners = object.metadata.ownerReferences ?? []
  if (owners.length < 2) return object
  const kept = new Map<string, (typeof owners)[number]>()
  const repeated = new Set<string>()
  for (const owner of owners) {
    const { apiVersion, kind, name, uid, controller, blockOwnerDeletion } = owner
    const text = JSON.stringify([apiVersion, kind, name, uid, controller, blockOwnerDeletion])
    if (kept.has(text)) repeated.add(uid)
    else kept.set(text, owner)
  }
  if (repeated.size === 0) return object
  warn(
    `.metadata.ownerReferences contains duplicate entries; API server dedups owner references in 1.20+, and may reject such requests as early as 1.24; please fix your requests; duplicate UID(s) observed: ${[...repeated].join(', ')}`,
  )
  return { ...object, metadata: { ...object.metadata, ownerReferences: [...kept.values()] } }
}
