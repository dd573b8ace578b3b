import type { AnyKind, KubeObject } from '#api/kind.ts'
import { type Command, type Plan, settled } from '#loop/controller.ts'

/**
 * Keeps an object that is in use from going: a finalizer from the beginning on, until it is to be deleted and nobody uses it. `confirm` runs
 * before the finalizer goes, since nothing brings the object back.
 */
export function planProtection(
  kind: AnyKind,
  object: KubeObject,
  { finalizer, isUsed, confirm = [] }: { readonly finalizer: string; readonly isUsed: boolean; readonly confirm?: readonly Command[] },
): Plan {
  const { finalizers = [], deletionTimestamp } = object.metadata
  const isProtected = finalizers.includes(finalizer)
  if (deletionTimestamp === undefined)
    return isProtected ? settled : { commands: [withFinalizers(kind, object, [...finalizers, finalizer])], wakeAt: Infinity }
  if (!isProtected || isUsed) return settled
  const rest = finalizers.filter((one) => one !== finalizer)
  return { commands: [...confirm, withFinalizers(kind, object, rest)], wakeAt: Infinity }
}

const withFinalizers = (kind: AnyKind, object: KubeObject, finalizers: string[]): Command => ({
  do: 'update',
  kind,
  object: { ...object, metadata: { ...object.metadata, finalizers } },
})
