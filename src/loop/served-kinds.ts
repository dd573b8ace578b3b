import type { AnyKind } from '#api/kind.ts'

/** The kinds that controllers of every kind go through: the built-in ones, and those of definitions as they come and go. */
export interface ServedKinds {
  readonly all: readonly AnyKind[]
  /** Those of definitions that are held in memory now. */
  setCustom(kinds: readonly AnyKind[]): void
}

/** No kind of a definition is held at first. */
export function createServedKinds(builtIn: readonly AnyKind[]): ServedKinds {
  let all = builtIn
  return {
    get all() {
      return all
    },
    setCustom(custom) {
      all = [...builtIn, ...custom]
    },
  }
}

/** A value made of the kinds, made anew when they are others. */
export function perKinds<T>(served: ServedKinds, make: (kinds: readonly AnyKind[]) => T): () => T {
  let made: { readonly kinds: readonly AnyKind[]; readonly value: T } | undefined
  return () => {
    if (made?.kinds !== served.all) made = { kinds: served.all, value: make(served.all) }
    return made.value
  }
}
