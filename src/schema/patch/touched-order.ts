import { isObject } from '#schema/fields.ts'
import { compareText } from '../apply/path-element.ts'

/**
 * A patched document in the order of keys that clients of the reference see in messages: objects that the patch reached into are sorted,
 * all others stand as they were.
 */
export function mergedOrder(result: unknown, patch: unknown): unknown {
  if (!isObject(result) || !isObject(patch)) return sortedDeep(result)
  return mapSorted(result, (name, value) => (Object.hasOwn(patch, name) ? mergedOrder(value, patch[name]) : value))
}

/** The same after JSON patch operations: the objects on their paths are sorted. */
export function patchedOrder(result: unknown, operations: readonly unknown[]): unknown {
  const root: Touched = { children: new Map() }
  for (const operation of operations) {
    if (!isObject(operation)) continue
    for (const pointer of [operation['path'], operation['from']]) {
      if (typeof pointer !== 'string') continue
      let node = root
      for (const token of pointer.split('/').slice(1, -1)) {
        const name = token.replaceAll('~1', '/').replaceAll('~0', '~')
        const next: Touched = node.children.get(name) ?? { children: new Map() }
        node.children.set(name, next)
        node = next
      }
    }
  }
  return touchedOrder(result, root)
}

interface Touched {
  readonly children: Map<string, Touched>
}

function touchedOrder(value: unknown, touched: Touched): unknown {
  const inner = (name: string, each: unknown): unknown => {
    const node = touched.children.get(name)
    return node === undefined ? each : touchedOrder(each, node)
  }
  if (Array.isArray(value)) return value.map((each, i) => inner(`${i}`, each))
  return isObject(value) ? mapSorted(value, inner) : value
}

function sortedDeep(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sortedDeep)
  return isObject(value) ? mapSorted(value, (_name, each) => sortedDeep(each)) : value
}

const mapSorted = (object: Readonly<Record<string, unknown>>, change: (name: string, value: unknown) => unknown): unknown =>
  Object.fromEntries(
    Object.keys(object)
      .sort(compareText)
      .map((name) => [name, change(name, object[name])]),
  )
