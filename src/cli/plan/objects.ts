import type { AnyKind, KubeObject } from '#api/kind.ts'
import type { Of } from '#schema/schema.ts'

/** Objects by kind, namespace and name; what is set later takes the place of what was there. */
export interface Objects {
  get<K extends AnyKind>(kind: K, name: string, namespace?: string): Of<K> | undefined
  /** Without a namespace: of all of them. */
  list<K extends AnyKind>(kind: K, namespace?: string): readonly Of<K>[]
  set(kind: AnyKind, object: KubeObject): void
  remove(kind: AnyKind, object: KubeObject): void
  asLists(): ReadonlyMap<AnyKind, readonly KubeObject[]>
}

/** Objects of several kinds, read once, found by name and namespace. */
export function createObjects(lists: Iterable<readonly [AnyKind, readonly KubeObject[]]> = []): Objects {
  const byKind = new Map<AnyKind, Map<string, KubeObject>>()
  const of = (kind: AnyKind): Map<string, KubeObject> => {
    let known = byKind.get(kind)
    if (known === undefined) byKind.set(kind, (known = new Map()))
    return known
  }
  const set = (kind: AnyKind, object: KubeObject): unknown => of(kind).set(keyOf(object.metadata.name, object.metadata.namespace), object)
  for (const [kind, list] of lists) for (const object of list) set(kind, object)
  return {
    get: <K extends AnyKind>(kind: K, name: string, namespace?: string) =>
      of(kind).get(keyOf(name, kind.scope === 'Namespaced' ? namespace : undefined)) as Of<K> | undefined,
    list: <K extends AnyKind>(kind: K, namespace?: string) =>
      [...of(kind).values()].filter(
        ({ metadata }) => namespace === undefined || metadata.namespace === namespace,
      ) as unknown as readonly Of<K>[],
    set: (kind, object) => void set(kind, object),
    remove: (kind, { metadata }) => void of(kind).delete(keyOf(metadata.name, metadata.namespace)),
    asLists: () => new Map([...byKind].map(([kind, objects]) => [kind, [...objects.values()]])),
  }
}

const keyOf = (name: string, namespace: string | undefined): string => `${namespace ?? ''}/${name}`
