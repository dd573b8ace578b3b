import type { PersistentVolumeClaimSpec } from '#api/core/v1/types.ts'
import { parseQuantity } from '#lib/quantity.ts'
import { quote } from '#schema/go-text.ts'

/** A claim that asks for parts of a byte. */
export function claimSpecWarnings(spec: PersistentVolumeClaimSpec, path: string): string[] {
  return (['requests', 'limits'] as const).flatMap((part) =>
    fractionalBytes(spec.resources?.[part]?.storage, `${path}.resources.${part}[storage]`),
  )
}

/** A number of bytes that is no whole one, after the rounding to thousandths that every amount gets. */
export const fractionalBytes = (text: string | undefined, path: string): string[] =>
  text === undefined || parseQuantity(text).nano % 1_000_000_000n === 0n
    ? []
    : [`${path}: fractional byte value ${quote(text)} is invalid, must be an integer`]
