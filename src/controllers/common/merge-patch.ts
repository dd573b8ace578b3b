import { same } from '#api/strategy.ts'

/**
 * The merge patch (RFC 7396) that turns the fields of `previous` into those of `next`: only what differs, null for what goes. Lists are
 * replaced whole. Undefined when nothing differs.
 */
export function mergePatch(previous: object | undefined, next: object): Record<string, unknown> | undefined {
  const before = (previous ?? {}) as Record<string, unknown>
  const after = next as Record<string, unknown>
  const patch: Record<string, unknown> = {}
  for (const key of new Set([...Object.keys(before), ...Object.keys(after)])) {
    if (same(before[key], after[key])) continue
    patch[key] = after[key] ?? null
  }
  return Object.keys(patch).length === 0 ? undefined : patch
}
