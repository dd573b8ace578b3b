import type { AnyKind, KubeObject, NamespacedMeta } from '#api/kind.ts'
import { controllerOf, ownerReference } from '#api/meta/v1/owner.ts'
import { matches, selectorOf } from '#api/meta/v1/selector.ts'
import type { LabelSelector } from '#api/meta/v1/types.ts'
import { same } from '#api/strategy.ts'
import type { Command } from '#loop/controller.ts'

interface Owner extends KubeObject {
  readonly metadata: NamespacedMeta
  readonly spec: { readonly selector: LabelSelector }
}

/**
 * Which of the candidates belong to the owner: those that it controls and selects, and orphans that it selects. The commands adopt the
 * latter and release what it controls but selects no more. An owner that is being deleted takes and releases nothing, an object that is
 * being deleted is not adopted, and another controller's object is never touched. `isMember` asks for more than the selector does.
 */
export function claim<T extends KubeObject & { readonly metadata: NamespacedMeta }>(
  ownerKind: AnyKind,
  owner: Owner,
  kind: AnyKind,
  candidates: readonly T[],
  isMember: (object: T) => boolean = () => true,
): { readonly claimed: readonly T[]; readonly commands: readonly Command[] } {
  const selector = selectorOf(owner.spec.selector)
  const ownerIsLeaving = owner.metadata.deletionTimestamp !== undefined
  const claimed: T[] = []
  const commands: Command[] = []
  for (const object of candidates) {
    const controller = controllerOf(object)
    const selected = matches(selector, object.metadata.labels) && isMember(object)
    if (controller !== undefined) {
      if (controller.uid !== owner.metadata.uid) continue
      if (selected) claimed.push(object)
      else if (!ownerIsLeaving) commands.push(changeOwners(kind, object, withoutOwner(object, owner.metadata.uid)))
      continue
    }
    if (ownerIsLeaving || !selected || object.metadata.deletionTimestamp !== undefined) continue
    if (object.metadata.namespace !== owner.metadata.namespace) continue
    // The cache of owners may be behind that of the objects: one orphaned by the owner's deletion must not be taken back.
    if (!commands.some((command) => command.do === 'confirmUnchanged')) {
      commands.push({ do: 'confirmUnchanged', kind: ownerKind, object: owner })
    }
    commands.push(changeOwners(kind, object, [...withoutOwner(object, owner.metadata.uid), ownerReference(ownerKind, owner)]))
    claimed.push(object)
  }
  return { claimed, commands }
}

const withoutOwner = (object: KubeObject, uid: string) =>
  (object.metadata.ownerReferences ?? []).filter((reference) => reference.uid !== uid)

const changeOwners = (
  kind: AnyKind,
  object: KubeObject & { readonly metadata: NamespacedMeta },
  ownerReferences: readonly object[],
): Command => ({
  do: 'patch',
  kind,
  name: object.metadata.name,
  namespace: object.metadata.namespace,
  uid: object.metadata.uid,
  resourceVersion: object.metadata.resourceVersion,
  body: { metadata: { ownerReferences: same(ownerReferences, []) ? null : ownerReferences } },
})
