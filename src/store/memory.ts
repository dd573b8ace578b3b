import { WherryError } from '#lib/errors.ts'
import { checkCommit } from './check-commit.ts'
import { compareKeys, lowerBound } from './key.ts'
import type { CommitResult, Condition, Entry, Operation, Range, RangeOptions, Revision, Store, StoreEvent } from './store.ts'
import { type Change, createWatchHub, expired } from './watch-hub.ts'

/** A store that lives and dies with the process: for tests, simulations and clusters inside a test. Values are kept, not copied. */
export function createMemoryStore(): Store {
  /** Every key with a version that is still known, sorted. */
  const keys: string[] = []
  /** Versions of each key, oldest first; without `entry`: deleted. */
  const versions = new Map<string, Version[]>()
  let log: Change[] = []
  // Like etcd's, an empty store stands at revision 1, so that a list of nothing has a revision to watch from.
  let revision: Revision = 1
  let compacted: Revision = 0
  let closed = false

  const hub = createWatchHub({
    revision: () => revision,
    compacted: () => compacted,
    read: async (prefix, after, upTo) => {
      const changes: Change[] = []
      for (const change of log) {
        if (change[0]!.revision <= after || change[0]!.revision > upTo) continue
        const seen = change.filter((event) => event.key.startsWith(prefix))
        if (seen.length > 0) changes.push(seen)
      }
      return { changes, upTo }
    },
  })

  const present = (key: string): Entry | undefined => versions.get(key)?.at(-1)?.entry

  function range(prefix: string, { from = '', limit = Infinity, revision: at = revision }: RangeOptions): Range {
    if (at < compacted) throw expired(at, compacted)
    if (at > revision) throw new WherryError('InternalError', `revision ${at} is in the future; the present one is ${revision}`)
    const entries: Entry[] = []
    let remaining = 0
    for (let i = lowerBound(keys, compareKeys(from, prefix) > 0 ? from : prefix); i < keys.length; i += 1) {
      const key = keys[i]!
      if (!key.startsWith(prefix)) break
      const entry = versions.get(key)!.findLast((version) => version.revision <= at)?.entry
      if (entry === undefined) continue
      if (entries.length < limit) entries.push(entry)
      else remaining += 1
    }
    return { entries, revision: at, remaining }
  }

  function commit(operations: readonly Operation[], conditions: readonly Condition[], following?: readonly Operation[]): CommitResult {
    checkCommit(operations)
    if (following !== undefined) checkCommit(following)
    const failed = conditions
      .filter((condition) => (present(condition.key)?.modRevision ?? 0) !== condition.modRevision)
      .map(({ key }) => ({ key, present: present(key) }))
    if (failed.length > 0) return { done: false, revision, failed }
    const done = write(operations)
    return { done: true, revision: done, ...(following !== undefined && { followed: write(following) }) }
  }

  function write(operations: readonly Operation[]): Revision {
    const next = revision + 1
    const change: StoreEvent[] = []
    for (const operation of operations) {
      const previous = present(operation.key)
      if (operation.do === 'put') {
        const { key, value } = operation
        const entry: Entry = { key, value, createRevision: previous?.createRevision ?? next, modRevision: next }
        remember(key, { revision: next, entry })
        change.push({ type: 'put', key, revision: next, entry, ...(previous && { previous }) })
      } else if (previous !== undefined) {
        remember(operation.key, { revision: next, entry: undefined })
        change.push({ type: 'delete', key: operation.key, revision: next, previous })
      }
    }
    if (change.length === 0) return revision
    revision = next
    log.push(change)
    hub.publish(change)
    return revision
  }

  function remember(key: string, version: Version): void {
    const known = versions.get(key)
    if (known !== undefined) {
      known.push(version)
      return
    }
    versions.set(key, [version])
    keys.splice(lowerBound(keys, key), 0, key)
  }

  function compact(upTo: Revision): void {
    const target = Math.min(upTo, revision, hub.compactable())
    if (target <= compacted) return
    const touched = new Set<string>()
    for (const change of log) if (change[0]!.revision <= target) for (const event of change) touched.add(event.key)
    log = log.filter((change) => change[0]!.revision > target)
    for (const key of touched) {
      const known = versions.get(key)!
      const newest = known.findLastIndex((version) => version.revision <= target)
      // The newest version at the compacted revision still answers reads of it, unless it says "deleted".
      known.splice(0, known[newest]!.entry === undefined ? newest + 1 : newest)
      if (known.length > 0) continue
      versions.delete(key)
      keys.splice(lowerBound(keys, key), 1)
    }
    compacted = target
  }

  const open = <T>(run: () => T): Promise<T> =>
    new Promise((resolve) => {
      if (closed) throw new WherryError('ServiceUnavailable', 'the store is closed')
      resolve(run())
    })

  return {
    revision: () => open(() => revision),
    get: (key) => open(() => present(key)),
    range: (prefix, options = {}) => open(() => range(prefix, options)),
    commit: (operations, conditions = [], following) => open(() => commit(operations, conditions, following)),
    watch: hub.watch,
    compact: (upTo) => open(() => compact(upTo)),
    async close() {
      closed = true
      hub.close()
    },
  }
}

interface Version {
  readonly revision: Revision
  readonly entry: Entry | undefined
}
