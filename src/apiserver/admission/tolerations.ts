import type { Toleration } from '#api/core/v1/types.ts'
import { deepEqual } from '#schema/fields.ts'

/** Both lists as one: a toleration that another one covers is left out. */
export function mergeTolerations(first: readonly Toleration[], second: readonly Toleration[]): Toleration[] {
  const all = [...first, ...second]
  const merged: Toleration[] = []
  for (const [position, toleration] of all.entries()) {
    if (merged.some((kept) => covers(kept, toleration))) continue
    // Of two equal ones the first stays.
    if (all.slice(position + 1).some((later) => !deepEqual(later, toleration) && covers(later, toleration))) continue
    merged.push(toleration)
  }
  return merged
}

/** Whether each is covered by one of those allowed; none allowed allows all. */
export const areTolerationsAllowed = (tolerations: readonly Toleration[], allowed: readonly Toleration[]): boolean =>
  allowed.length === 0 || tolerations.every((toleration) => allowed.some((one) => covers(one, toleration)))

/** Whether `wide` tolerates all that `narrow` does. */
function covers(wide: Toleration, narrow: Toleration): boolean {
  if (deepEqual(wide, narrow)) return true
  if ((wide.key ?? '') !== (narrow.key ?? '') && (wide.key || wide.operator !== 'Exists')) return false
  if ((wide.effect ?? '') !== (narrow.effect ?? '') && wide.effect) return false
  if (
    wide.effect === 'NoExecute' &&
    wide.tolerationSeconds !== undefined &&
    (narrow.tolerationSeconds === undefined || narrow.tolerationSeconds > wide.tolerationSeconds)
  )
    return false
  if (wide.operator === 'Exists') return true
  return (wide.operator ?? 'Equal') === 'Equal' && narrow.operator === 'Equal' && (narrow.value ?? '') === (wide.value ?? '')
}
