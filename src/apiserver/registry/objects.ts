import type { AnyKind, KubeObject } from '#api/kind.ts'
import type { Cacher } from '../cacher/cacher.ts'
import type { Change } from '../cacher/history.ts'
import { getItem, itemsOf } from '../cacher/index.ts'
import { itemAs, objectOf } from '../cacher/item.ts'
import type { Objects } from '../contract.ts'
import type { KindRegistry } from '../kind-registry.ts'
import { keyOf, prefixOf, scopeOf } from './keys.ts'

/** Read access for authorizers and admission, from the indexes that serve requests. */
export function createObjects(cacher: () => Cacher, kinds: KindRegistry): Objects {
  return {
    get(kind, name, namespace = '') {
      const item = getItem(cacher().of(kind).index, keyOf(kind, namespace, name))
      return item === undefined ? undefined : objectOf(itemAs(kind, item))
    },
    list(kind, namespace = '') {
      const out: KubeObject[] = []
      for (const item of itemsOf(cacher().of(kind).index, scopeOf(kind, namespace))) out.push(objectOf(itemAs(kind, item)))
      return out
    },
    observe(kind, listener) {
      const { observers } = cacher().of(kind)
      const observer = (change: Change): void => {
        const item = change.item ?? change.previous
        if (item !== undefined) listener(objectOf(itemAs(kind, item)), change.item === undefined ? 'delete' : 'put')
      }
      observers.add(observer)
      return () => void observers.delete(observer)
    },
    kindOf: (group: string, resource: string): AnyKind | undefined => kinds.ofResource(group, resource),
    kindsNamed: (group, name) => kinds.all.filter((kind) => kind.group === group && kind.kind === name),
    equivalents: (kind) => kinds.all.filter((other) => prefixOf(other) === prefixOf(kind)),
  }
}
