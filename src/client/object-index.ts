import type { KubeObject } from '#api/kind.ts'

/** The values under which an object is found again; none: not at all. */
export type IndexFunction<T> = (object: T) => readonly string[]

/** Objects of one kind in memory, found by name, by namespace and by whatever else was declared. Each object is kept once. */
export interface ObjectIndex<T> {
  readonly size: number
  get(name: string, namespace?: string): T | undefined
  /** In no particular order. The array is shared: it never changes, a later call may return another. */
  list(namespace?: string): readonly T[]
  indexed(index: string, value: string): readonly T[]
  /** Builds its index at the first call. */
  ownedBy(uid: string, which?: 'controller' | 'any'): readonly T[]
  /** Takes the object's place under its name, or adds it. */
  put(object: T): void
  delete(name: string, namespace?: string): void
}

/** Empty. `indexes`, by name, are kept up from the beginning. */
export function createObjectIndex<T>(indexes: Readonly<Record<string, IndexFunction<T>>> = {}): ObjectIndex<T> {
  const namespaces = new Map<string, Map<string, T>>()
  const snapshots = new Map<string | undefined, readonly T[]>()
  const buckets = new Map<string, Buckets<T>>(Object.entries(indexes).map(([name, values]) => [name, { values, found: new Map() }]))
  let size = 0

  const metaOf = (object: T) => (object as KubeObject).metadata

  function remove(name: string, namespace: string): void {
    const objects = namespaces.get(namespace)
    const object = objects?.get(name)
    if (objects === undefined || object === undefined) return
    objects.delete(name)
    if (objects.size === 0) namespaces.delete(namespace)
    size -= 1
    for (const index of buckets.values()) {
      for (const value of index.values(object)) {
        const found = index.found.get(value)
        found?.delete(object)
        if (found?.size === 0) index.found.delete(value)
      }
    }
    snapshots.delete(undefined)
    snapshots.delete(namespace)
  }

  function find(name: string, value: string): readonly T[] {
    const index = buckets.get(name)
    if (index === undefined) throw new TypeError(`no index named ${name} was declared`)
    const found = index.found.get(value)
    return found === undefined ? none : [...found]
  }

  function declare(name: string, values: IndexFunction<T>): void {
    if (buckets.has(name)) return
    const index: Buckets<T> = { values, found: new Map() }
    for (const objects of namespaces.values()) for (const object of objects.values()) enter(index, object)
    buckets.set(name, index)
  }

  return {
    get size() {
      return size
    },
    get: (name, namespace = '') => namespaces.get(namespace)?.get(name),
    list(namespace) {
      let snapshot = snapshots.get(namespace)
      if (snapshot === undefined) {
        const chosen = namespace === undefined ? [...namespaces.values()] : [namespaces.get(namespace) ?? new Map<string, T>()]
        snapshot = Object.freeze(chosen.flatMap((objects) => [...objects.values()]))
        snapshots.set(namespace, snapshot)
      }
      return snapshot
    },
    indexed: find,
    ownedBy(uid, which = 'controller') {
      const name = `owner uid, ${which}`
      declare(name, which === 'controller' ? controllerUid : ownerUids)
      return find(name, uid)
    },
    put(object) {
      const { name, namespace = '' } = metaOf(object)
      remove(name, namespace)
      let objects = namespaces.get(namespace)
      if (objects === undefined) namespaces.set(namespace, (objects = new Map()))
      objects.set(name, object)
      size += 1
      for (const index of buckets.values()) enter(index, object)
      snapshots.delete(undefined)
      snapshots.delete(namespace)
    },
    delete: (name, namespace = '') => remove(name, namespace),
  }
}

interface Buckets<T> {
  readonly values: IndexFunction<T>
  readonly found: Map<string, Set<T>>
}

function enter<T>(index: Buckets<T>, object: T): void {
  for (const value of index.values(object)) {
    const found = index.found.get(value)
    if (found === undefined) index.found.set(value, new Set([object]))
    else found.add(object)
  }
}

const none: readonly never[] = Object.freeze([])

const ownersOf = (object: unknown) => (object as KubeObject).metadata.ownerReferences ?? []
const ownerUids = (object: unknown): readonly string[] => ownersOf(object).map((owner) => owner.uid)
const controllerUid = (object: unknown): readonly string[] =>
  ownersOf(object)
    .filter((owner) => owner.controller === true)
    .map((owner) => owner.uid)
