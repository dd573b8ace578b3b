import type { AnyKind, KubeObject } from '#api/kind.ts'
import type { Command } from '#loop/controller.ts'

/** The target of a patch or delete, by uid. */
export const targetOf = (kind: AnyKind, { metadata: { name, namespace, uid } }: KubeObject) => ({
  kind,
  name,
  uid,
  ...(namespace === undefined ? {} : { namespace }),
})

/** A merge patch on exactly the version that was looked at: for lists, which are replaced whole and so must not be old. */
export const patchSeen = (kind: AnyKind, object: KubeObject, body: object, subresource?: string): Command => ({
  do: 'patch',
  ...targetOf(kind, object),
  resourceVersion: object.metadata.resourceVersion,
  body,
  ...(subresource === undefined ? {} : { subresource }),
})
