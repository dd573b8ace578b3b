import type { AnyKind, KubeObject } from '#api/kind.ts'
import { prefixOf } from '#apiserver/registry/keys.ts'
import type { Operation, Revision } from '#store/store.ts'

/**
 * What the store holds, as objects: the simulation's own knowledge of the truth, taken from the commits themselves, so that no cache whose
 * faults it is to find stands in between.
 */
export interface World {
  readonly revision: Revision
  /** A commit. */
  apply(operations: readonly Operation[], revision: Revision): readonly Change[]
  list<T = KubeObject>(kind: AnyKind): readonly T[]
  byKey(key: string): KubeObject | undefined
  readonly keys: Iterable<string>
}

/** One object before and after a commit; `after` undefined: it went. */
export interface Change {
  readonly key: string
  readonly revision: Revision
  readonly before: KubeObject | undefined
  readonly after: KubeObject | undefined
}

export function createWorld(): World {
  const objects = new Map<string, KubeObject>()
  /** By the prefix of their kind. */
  const groups = new Map<string, Map<string, KubeObject>>()
  let revision: Revision = 0

  function group(key: string): Map<string, KubeObject> {
    const prefix = key.split('/', 4).join('/')
    let found = groups.get(prefix)
    if (found === undefined) groups.set(prefix, (found = new Map()))
    return found
  }

  return {
    get revision() {
      return revision
    },
    apply(operations, at) {
      revision = at
      return operations.map((operation) => {
        const { key } = operation
        const before = objects.get(key)
        if (operation.do === 'delete') {
          objects.delete(key)
          group(key).delete(key)
          return { key, revision, before, after: undefined }
        }
        const after = parse(operation.value)
        objects.set(key, after)
        group(key).set(key, after)
        return { key, revision, before, after }
      })
    },
    list: <T>(kind: AnyKind) => [...(groups.get(prefixOf(kind).slice(0, -1))?.values() ?? [])] as T[],
    byKey: (key) => objects.get(key),
    get keys() {
      return objects.keys()
    },
  }
}

const decoder = new TextDecoder()
const parse = (value: Uint8Array): KubeObject => JSON.parse(decoder.decode(value)) as KubeObject
