import { podUidLabel } from './pod/names.ts'
import type { PodFilter, Runtime } from './runtime.ts'

/**
 * Lets pods that want to know at the same moment what the runtime has of them share one list of everything: containerd goes through all that it
 * has for each list, however little it then answers. A list is never older than the question.
 */
export const withSharedLists = <R extends Pick<Runtime, 'sandboxes' | 'containers'>>(runtime: R): R => ({
  ...runtime,
  sandboxes: shared((filter) => runtime.sandboxes(filter)),
  containers: shared((filter) => runtime.containers(filter)),
})

type Lister<T> = (filter?: PodFilter) => Promise<readonly T[]>

function shared<T extends { readonly labels: Readonly<Record<string, string>> }>(list: Lister<T>): Lister<T> {
  /** Until what was asked last is answered. Holds no answer, or the last one would stay in memory. */
  let current: Promise<void> = Promise.resolve()
  /** Whose question goes out next. */
  let next: { readonly answer: Promise<ReadonlyMap<string, readonly T[]>>; readonly uids: Set<string> } | undefined

  async function ask(uids: ReadonlySet<string>, before: Promise<void>): Promise<ReadonlyMap<string, readonly T[]>> {
    // What changes while a list is made may not be in it: who asks meanwhile waits for the next one, with all the others who do.
    await before
    next = undefined
    const [podUid, ...others] = uids
    const found = await list(others.length === 0 ? { podUid: podUid! } : undefined)
    return Map.groupBy(found, ({ labels }) => labels[podUidLabel] ?? '')
  }

  return async (filter) => {
    if (filter === undefined) return list()
    if (next === undefined) {
      const uids = new Set<string>()
      const answer = ask(uids, current)
      next = { answer, uids }
      // Those who asked hear of a failure.
      current = answer.then(nothing, nothing)
    }
    next.uids.add(filter.podUid)
    return (await next.answer).get(filter.podUid) ?? []
  }
}

const nothing = (): void => {}
