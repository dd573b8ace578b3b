import type { Store } from './store.ts'

/** The same store with another way to commit, which hands everything of a commit on or says why not. */
export const withCommit = (store: Store, commit: Store['commit']): Store => ({
  revision: () => store.revision(),
  get: (key) => store.get(key),
  range: (prefix, options) => store.range(prefix, options),
  watch: (prefix, after, options) => store.watch(prefix, after, options),
  compact: (revision) => store.compact(revision),
  close: () => store.close(),
  commit,
})
