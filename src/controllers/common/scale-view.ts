import type { AnyKind, Subresource } from '#api/kind.ts'

export type ScaleView = Extract<Subresource, { readonly sort: 'view' }>

/** How objects of the kind are shown, and written, as a Scale; undefined: they have none. */
export function scaleViewOf(kind: AnyKind): ScaleView | undefined {
  const scale = kind.subresources?.['scale']
  return scale?.sort === 'view' ? scale : undefined
}
