import type { KubeObject } from '#api/kind.ts'
import { WherryError } from '#lib/errors.ts'
import { type Item, objectOf } from '../cacher/item.ts'

/**
 * Deletes one after the other, as the reference's one worker does: where one cannot go, those after it stay, and its error is thrown. The
 * next one is begun once the store was asked for the one before, so that many share a wait for the disk. `remove` calls `committing` then.
 */
export async function deleteInOrder(
  items: readonly Item[],
  remove: (object: KubeObject, committing: () => void) => Promise<unknown>,
): Promise<void> {
  const under = new Set<Promise<void>>()
  let failure: { readonly error: unknown } | undefined
  for (const item of items) {
    if (failure !== undefined) break
    const asked = Promise.withResolvers<void>()
    const done = remove(objectOf(item), asked.resolve)
      .catch((error: unknown) => {
        // Somebody else deleted it in between: what was asked for is so.
        if (error instanceof WherryError && error.code === 'NotFound') return
        failure ??= { error }
      })
      .then(() => {
        under.delete(done)
        asked.resolve()
      })
    under.add(done)
    await asked.promise
    while (under.size >= waitingMax) await Promise.race(under)
  }
  await Promise.all(under)
  if (failure !== undefined) throw (failure as { readonly error: unknown }).error
}

/** How many may wait for the disk at once. */
const waitingMax = 64
