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
  /** What was asked last. */
  let current: Promise<unknown> = Promise.resolve()
  /** Whose question goes out next. */
  let next: { readonly answer: Promise<ReadonlyMap<string, readonly T[]>>; readonly uids: Set<string> } | undefined

  async function ask(uids: ReadonlySet<string>, before: Promise<unknown>): Promise<ReadonlyMap<string, readonly T[]>> {
    // What changes while a list is made may not be in it: who asks meanwhile waits for the next one, with all the others who do.
    await before.catch(ignore)
    next = undefined
    const [podUid, ...others] = uids
    const found = await list(others.length === 0 ? { podUid: podUid! } : undefined)
    return Map.groupBy(found, ({ labels }) => labels[podUidLabel] ?? '')
  }

  return async (filter) => {
    if (filter === undefined) return list()
    if (next === undefined) {
      const uids = new Set<string>()
      current = ask(uids, current)
      next = { answer: current as Promise<ReadonlyMap<string, readonly T[]>>, uids }
    }
    next.uids.add(filter.podUid)
    return (await next.answer).get(filter.podUid) ?? []
  }
}

/** Those who asked hear of it. */
const ignore = (): void => {}
