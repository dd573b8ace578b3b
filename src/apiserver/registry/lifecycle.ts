import type { AnyKind, KubeObject } from '#api/kind.ts'

/** Whether something keeps a deleted object: its finalizers, or what its kind says (a namespace's spec.finalizers). */
export const isHeld = (kind: AnyKind, object: KubeObject): boolean =>
  (object.metadata.finalizers?.length ?? 0) > 0 || (kind.rules.isHeld?.(object) ?? false)

/** What becomes of an object's dependents: they go after it, before it, or stay. */
export type Propagation = 'Background' | 'Foreground' | 'Orphan'

/** Finalizers by which the garbage collector is told what to do with dependents (API conventions). */
const orphanFinalizer = 'orphan'
const foregroundFinalizer = 'foregroundDeletion'

/** What a delete says of dependents, in the old word or in the new one. */
export interface DeletionWish {
  readonly orphanDependents?: boolean
  readonly propagationPolicy?: string
}

/** The finalizers that a delete leaves: other people's, and at most one of the garbage collector's. */
export function finalizersOnDelete(kind: AnyKind, present: readonly string[], wish: DeletionWish): readonly string[] {
  // What is held by something of its own has a deletion of its own: a namespace's content goes whatever the delete says.
  if (kind.rules.isHeld !== undefined) return present
  const rest = present.filter((finalizer) => finalizer !== orphanFinalizer && finalizer !== foregroundFinalizer)
  const mode = modeOf(kind, present, wish)
  return mode === 'Orphan' ? [...rest, orphanFinalizer] : mode === 'Foreground' ? [...rest, foregroundFinalizer] : rest
}

/** What the delete says, else what an earlier one said, else what the kind does by itself. */
function modeOf(kind: AnyKind, present: readonly string[], { orphanDependents, propagationPolicy }: DeletionWish): Propagation {
  const { defaultPropagation = 'Background' } = kind.rules
  if (defaultPropagation === 'Unsupported') return 'Background'
  if (orphanDependents !== undefined) return orphanDependents ? 'Orphan' : 'Background'
  if (propagationPolicy !== undefined) return propagationPolicy as Propagation
  if (present.includes(orphanFinalizer)) return 'Orphan'
  if (present.includes(foregroundFinalizer)) return 'Foreground'
  return defaultPropagation
}
