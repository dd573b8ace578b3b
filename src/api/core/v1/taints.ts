import type { Taint, TaintEffect, Toleration } from '#api/core/v1/types.ts'

/**
 * Whether the toleration covers the taint. An empty effect covers all effects, an empty key with `Exists` all taints. The comparing
 * operators `Lt` and `Gt` cover nothing: their feature gate is off in v1.36.
 */
export function tolerates(toleration: Toleration, taint: Taint): boolean {
  if (toleration.effect !== undefined && (toleration.effect as string) !== '' && toleration.effect !== taint.effect) return false
  if (toleration.key !== undefined && toleration.key !== '' && toleration.key !== taint.key) return false
  switch (toleration.operator ?? '') {
    case '':
    case 'Equal':
      return (toleration.value ?? '') === (taint.value ?? '')
    case 'Exists':
      return true
    default:
      return false
  }
}

/** Whether one of the tolerations covers the taint. */
export const toleratedBy = (taint: Taint, tolerations: readonly Toleration[] | undefined): boolean =>
  tolerations?.some((toleration) => tolerates(toleration, taint)) ?? false

/** The first taint with one of these effects that nothing tolerates. */
export const untoleratedTaint = (
  taints: readonly Taint[] | undefined,
  tolerations: readonly Toleration[] | undefined,
  effects: readonly TaintEffect[],
): Taint | undefined => taints?.find((taint) => effects.includes(taint.effect) && !toleratedBy(taint, tolerations))

/**
 * How long `NoExecute` taints let a pod stay, in seconds: 0 when one is not tolerated, undefined for ever, otherwise the least
 * `tolerationSeconds` of the tolerations in use.
 */
export function toleratedSeconds(taints: readonly Taint[], tolerations: readonly Toleration[] | undefined): number | undefined {
  let least: number | undefined
  for (const taint of taints) {
    if (taint.effect !== 'NoExecute') continue
    const covering = tolerations?.find((toleration) => tolerates(toleration, taint))
    if (covering === undefined) return 0
    if (covering.tolerationSeconds !== undefined) least = Math.min(least ?? Infinity, Math.max(0, covering.tolerationSeconds))
  }
  return least
}

/** Same key and effect: what makes two taints the same entry of a node. */
export const sameTaint = (a: Taint, b: Taint): boolean => a.key === b.key && a.effect === b.effect
