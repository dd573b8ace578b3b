import { WherryError } from '#lib/errors.ts'
import type { Condition, Store } from './store.ts'
import { withCommit } from './with-commit.ts'

/**
 * The same store for a writer who may write only for as long as `fence` holds. Every commit carries the condition, so that a writer who does
 * not know yet that its time is over writes nothing more: its commits fail with `ServiceUnavailable`, however late they come.
 */
export const fencedStore = (store: Store, fence: Condition): Store =>
  withCommit(store, async (operations, conditions = [], following) => {
    const result = await store.commit(operations, [...conditions, fence], following)
    if (!result.done && result.failed.some(({ key }) => key === fence.key))
      throw new WherryError('ServiceUnavailable', 'another server has taken over: nothing was written')
    return result
  })
