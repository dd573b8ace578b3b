import type { AnyKind, KubeObject } from '#api/kind.ts'
import { kinds as defaultKinds } from '#api/kinds.ts'
import type { Attributes, Objects } from '../../contract.ts'

/** Objects in memory, for tests: `put` and `remove` tell the observers as the server's indexes do. */
export interface MemoryObjects extends Objects {
  /** Fills in uid and resourceVersion when absent; the uid is `uid-<name>`. */
  put(kind: AnyKind, object: object): KubeObject
  remove(kind: AnyKind, name: string, namespace?: string): void
}

/** Objects without a server, for tests of what only reads them. */
export function memoryObjects(kinds: readonly AnyKind[] = defaultKinds): MemoryObjects {
  const stored = new Map<AnyKind, Map<string, KubeObject>>()
  const listeners = new Map<AnyKind, Set<(object: KubeObject, change: 'put' | 'delete') => void>>()
  const of = (kind: AnyKind) => stored.get(kind) ?? stored.set(kind, new Map()).get(kind)!
  const tell = (kind: AnyKind, object: KubeObject, change: 'put' | 'delete') => {
    for (const listener of listeners.get(kind) ?? []) listener(object, change)
  }
  return {
    get: (kind, name, namespace = '') => of(kind).get(`${namespace}/${name}`),
    list: (kind, namespace) =>
      [...of(kind).values()].filter((object) => namespace === undefined || object.metadata.namespace === namespace),
    observe: (kind, listener) => {
      const all = listeners.get(kind) ?? listeners.set(kind, new Set()).get(kind)!
      all.add(listener)
      return () => all.delete(listener)
    },
    kindOf: (group, resource) => kinds.find((kind) => kind.group === group && kind.plural === resource),
    kindsNamed: (group, name) => kinds.filter((kind) => kind.group === group && kind.kind === name),
    equivalents: (kind) => [kind],
    put: (kind, object) => {
      const given = object as KubeObject
      const whole = {
        ...given,
        metadata: {
          ...given.metadata,
          uid: given.metadata.uid ?? `uid-${given.metadata.name}`,
          resourceVersion: given.metadata.resourceVersion ?? '1',
        },
      }
      of(kind).set(`${whole.metadata.namespace ?? ''}/${whole.metadata.name}`, whole)
      tell(kind, whole, 'put')
      return whole
    },
    remove: (kind, name, namespace = '') => {
      const object = of(kind).get(`${namespace}/${name}`)
      of(kind).delete(`${namespace}/${name}`)
      if (object !== undefined) tell(kind, object, 'delete')
    },
  }
}

/** A question about a resource, with what a test does not care about left out. */
export const asking = (user: string | Attributes['user'], part: Partial<Attributes>): Attributes => ({
  user: typeof user === 'string' ? { name: user, groups: ['system:authenticated'] } : user,
  verb: 'get',
  isResource: true,
  path: '',
  group: '',
  version: 'v1',
  resource: '',
  subresource: '',
  namespace: '',
  name: '',
  ...part,
})
