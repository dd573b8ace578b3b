import type { AnyKind } from '#api/kind.ts'
import type { Entry, Operation, Store, StoreEvent } from '#store/store.ts'
import { prefixOf } from '../registry/keys.ts'
import type { Sealer } from './sealer.ts'

/** A store that holds confidential values sealed and hands them out open; whoever uses it knows nothing of that. */
export function encryptedStore(store: Store, isConfidential: (key: string) => boolean, sealer: Sealer): Store {
  const open = (entry: Entry): Entry => {
    if (!isConfidential(entry.key)) return entry
    const opened = { ...entry, value: sealer.open(entry.key, entry.value) }
    return sealer.isStale(entry.value) ? { ...opened, isStale: true } : opened
  }
  const openMaybe = (entry: Entry | undefined): Entry | undefined => (entry === undefined ? undefined : open(entry))
  const seal = (operation: Operation): Operation =>
    operation.do === 'put' && isConfidential(operation.key)
      ? { ...operation, value: sealer.seal(operation.key, operation.value) }
      : operation
  const openEvent = (event: StoreEvent): StoreEvent =>
    isConfidential(event.key)
      ? {
          ...event,
          ...(event.entry !== undefined && { entry: open(event.entry) }),
          ...(event.previous !== undefined && { previous: open(event.previous) }),
        }
      : event
  return {
    revision: () => store.revision(),
    get: async (key) => openMaybe(await store.get(key)),
    range: async (prefix, options) => {
      const range = await store.range(prefix, options)
      return { ...range, entries: range.entries.map(open) }
    },
    commit: async (operations, conditions, following) => {
      const result = await store.commit(operations.map(seal), conditions, following?.map(seal))
      return result.done ? result : { ...result, failed: result.failed.map(({ key, present }) => ({ key, present: openMaybe(present) })) }
    },
    watch: async function* (prefix, after, options) {
      for await (const events of store.watch(prefix, after, options)) yield events.map(openEvent)
    },
    compact: (revision) => store.compact(revision),
    close: () => store.close(),
  }
}

/** Whether a store key belongs to a kind whose rules call it confidential. */
export function confidentialKeys(kinds: readonly AnyKind[]): (key: string) => boolean {
  const prefixes = kinds.filter((kind) => kind.rules.confidential === true).map(prefixOf)
  return (key) => prefixes.some((prefix) => key.startsWith(prefix))
}
