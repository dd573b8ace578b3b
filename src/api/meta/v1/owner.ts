import { apiVersionOf, type KindFacts } from '#api/kind.ts'
import type { ObjectMeta, OwnerReference } from '#api/meta/v1/types.ts'

interface Owned {
  readonly metadata: Pick<ObjectMeta, 'ownerReferences'>
}

/** The one owner that manages the object, if there is one. */
export const controllerOf = (object: Owned): OwnerReference | undefined =>
  object.metadata.ownerReferences?.find((reference) => reference.controller === true)

/** Whether `owner` manages the object. Identity is the uid: a successor of the same name is another owner. */
export const isControlledBy = (object: Owned, owner: { readonly metadata: { readonly uid: string } }): boolean =>
  controllerOf(object)?.uid === owner.metadata.uid

/** The reference that makes `owner` the managing owner of what it creates; deleting the owner in the foreground waits for that object. */
export const ownerReference = (
  kind: Pick<KindFacts, 'group' | 'version' | 'kind'>,
  owner: { readonly metadata: { readonly name: string; readonly uid: string } },
): OwnerReference => ({
  apiVersion: apiVersionOf(kind),
  kind: kind.kind,
  name: owner.metadata.name,
  uid: owner.metadata.uid,
  controller: true,
  blockOwnerDeletion: true,
})
