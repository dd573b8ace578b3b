import type { AnyKind, KubeObject } from '#api/kind.ts'
import type { Cache } from '#loop/controller.ts'
import type { Of } from '#schema/schema.ts'
import { World } from './world.ts'

/**
 * What informers hold of a world: each kind at a moment of its own, behind the others or ahead of them; a restart may even show an older one. What
 * one decides on it must be right in the world.
 */
export interface LateCache extends Cache {
  /** Takes down what the world is now; to be called after each of its changes. */
  note(): void
  /** Shows so many changes more of a kind; a negative number shows what was before. */
  deliver(kind: AnyKind, changes: number): void
}

export function lateCache(world: World, kinds: readonly AnyKind[]): LateCache {
  const moments = new Map<AnyKind, { readonly seen: (readonly KubeObject[])[]; shown: number }>(
    kinds.map((kind) => [kind, { seen: [world.list(kind) as readonly KubeObject[]], shown: 0 }]),
  )
  let held = new World()

  function show(): void {
    held = new World()
    for (const [kind, { seen, shown }] of moments) for (const object of seen[shown] ?? []) held.hold(kind, object)
  }

  show()
  return {
    note() {
      for (const [kind, { seen }] of moments) {
        const now = world.list(kind) as readonly KubeObject[]
        if (!isSame(seen.at(-1), now)) seen.push(now)
      }
    },
    deliver(kind, changes) {
      const of = moments.get(kind)
      if (of === undefined) return
      of.shown = Math.max(0, Math.min(of.shown + changes, of.seen.length - 1))
      show()
    },
    get: <K extends AnyKind>(kind: K, name: string, namespace?: string): Of<K> | undefined => held.get(kind, name, namespace),
    list: (kind, namespace) => held.list(kind, namespace),
    ownedBy: (kind, owner, which) => held.ownedBy(kind, owner, which),
    indexed: (kind, index, value) => held.indexed(kind, index, value),
  }
}

const isSame = (a: readonly KubeObject[] | undefined, b: readonly KubeObject[]): boolean =>
  a !== undefined && a.length === b.length && a.every((object, at) => object === b[at])
