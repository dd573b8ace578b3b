import type { AnyKind, KubeObject } from '#api/kind.ts'
import type { Of } from '#schema/schema.ts'

/** Where objects of one kind are found: an informer, or a list read once. */
export interface Source<T> {
  get(name: string, namespace?: string): T | undefined
  list(namespace?: string): readonly T[]
  onChange?(handler: (object: T, previous: T | undefined, change: 'added' | 'modified' | 'deleted') => void): () => void
}

/** Where objects of each kind are found; undefined for a kind that is not there. */
export type Sources = <K extends AnyKind>(kind: K) => Source<Of<K>> | undefined

/**
 * The objects of one kind as decisions see them: what the source shows, and over it what we have decided and are about to write
 * (`assume`), until the source shows the same or a later version, or the decision is taken back (`restore`).
 */
export interface Lookup<T> extends Source<T> {
  /** Throws nothing: an object that is not there is remembered all the same. */
  assume(object: T): void
  restore(name: string, namespace?: string): void
  /** As the source has it, without what was assumed. */
  actual(name: string, namespace?: string): T | undefined
  /** Also told of assumptions and of their end. */
  onChange(handler: (object: T, previous: T | undefined, change: 'added' | 'modified' | 'deleted') => void): () => void
}

/** Lookups of all kinds, each made when it is first asked for. */
export interface Lookups {
  of<K extends AnyKind>(kind: K): Lookup<Of<K>>
}

/** Lookups over these sources. A kind without a source has no objects. */
export function createLookups(sources: Sources): Lookups {
  const made = new Map<AnyKind, Lookup<KubeObject>>()
  return {
    of<K extends AnyKind>(kind: K): Lookup<Of<K>> {
      let lookup = made.get(kind)
      if (lookup === undefined) {
        lookup = createLookup((sources(kind) as Source<KubeObject> | undefined) ?? nothing)
        made.set(kind, lookup)
      }
      return lookup as unknown as Lookup<Of<K>>
    },
  }
}

const nothing: Source<KubeObject> = { get: () => undefined, list: () => [] }

type Handler = (object: KubeObject, previous: KubeObject | undefined, change: 'added' | 'modified' | 'deleted') => void

function createLookup(source: Source<KubeObject>): Lookup<KubeObject> {
  const assumed = new Map<string, KubeObject>()
  const handlers = new Set<Handler>()
  const tell: Handler = (object, previous, change) => {
    for (const handler of handlers) handler(object, previous, change)
  }
  source.onChange?.((object, previous, change) => {
    const key = keyOf(object.metadata.name, object.metadata.namespace)
    const ours = assumed.get(key)
    // The source may still tell of what was before our own decision.
    if (ours !== undefined && change !== 'deleted' && isOlder(object, ours)) return
    assumed.delete(key)
    tell(object, ours ?? previous, change)
  })
  const get = (name: string, namespace?: string): KubeObject | undefined =>
    assumed.get(keyOf(name, namespace)) ?? source.get(name, namespace)
  return {
    get,
    actual: (name, namespace) => source.get(name, namespace),
    list(namespace) {
      const objects = source.list(namespace)
      if (assumed.size === 0) return objects
      return objects.map((object) => assumed.get(keyOf(object.metadata.name, object.metadata.namespace)) ?? object)
    },
    onChange(handler) {
      handlers.add(handler)
      for (const object of source.list())
        handler(assumed.get(keyOf(object.metadata.name, object.metadata.namespace)) ?? object, undefined, 'added')
      return () => handlers.delete(handler)
    },
    assume(object) {
      const { name, namespace } = object.metadata
      const before = get(name, namespace)
      assumed.set(keyOf(name, namespace), object)
      tell(object, before, before === undefined ? 'added' : 'modified')
    },
    restore(name, namespace) {
      const ours = assumed.get(keyOf(name, namespace))
      if (ours === undefined) return
      assumed.delete(keyOf(name, namespace))
      const actual = source.get(name, namespace)
      if (actual === undefined) tell(ours, ours, 'deleted')
      else tell(actual, ours, 'modified')
    },
  }
}

/** An assumption carries the version that it was made from; anything after it is the answer to it, or goes over it. */
const isOlder = (shown: KubeObject, ours: KubeObject): boolean =>
  shown.metadata.uid === ours.metadata.uid && BigInt(shown.metadata.resourceVersion || 0) <= BigInt(ours.metadata.resourceVersion || 0)

const keyOf = (name: string, namespace: string | undefined): string => `${namespace ?? ''}/${name}`
