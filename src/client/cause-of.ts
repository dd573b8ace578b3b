import type { AnyKind, KubeObject } from '#api/kind.ts'
import type { Cause } from '#lib/cause.ts'

/** An object as the cause of what is done about it: for `client.because`. */
export const causeOf = (
  { group, plural: resource }: Pick<AnyKind, 'group' | 'plural'>,
  { metadata }: Pick<KubeObject, 'metadata'>,
): Cause => ({
  group,
  resource,
  namespace: metadata.namespace ?? '',
  name: metadata.name,
  resourceVersion: metadata.resourceVersion,
})
