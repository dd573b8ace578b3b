import type { NodeInfo } from '../world/node-info.ts'
import type { NodeRefusal } from './plugin.ts'

/** What nodes were refused for, by name; `kinds`, where it is known already, how many nodes each refusal is about. */
export type Refusals = ReadonlyMap<string, NodeRefusal> & { readonly kinds?: ReadonlyMap<NodeRefusal, number> }

/** How many nodes each refusal is about: of thousands of nodes there are few different ones. */
export function kindsOf(refusals: Refusals): ReadonlyMap<NodeRefusal, number> {
  return refusals.kinds ?? counted(refusals.values())
}

/** Of these nodes, side by side with what each was refused for. The names are put in order only when somebody looks one up. */
export function refusalsOf(nodes: readonly NodeInfo[], reasons: readonly NodeRefusal[]): Refusals {
  let byName: ReadonlyMap<string, NodeRefusal> | undefined
  let kinds: ReadonlyMap<NodeRefusal, number> | undefined
  const map = (): ReadonlyMap<string, NodeRefusal> => {
    byName ??= new Map(nodes.map(({ name }, index) => [name, reasons[index]!]))
    return byName
  }
  return {
    size: nodes.length,
    get kinds() {
      kinds ??= counted(reasons)
      return kinds
    },
    get: (name) => map().get(name),
    has: (name) => map().has(name),
    keys: () => map().keys(),
    values: () => map().values(),
    entries: () => map().entries(),
    forEach: (callback, self) => map().forEach(callback, self),
    [Symbol.iterator]: () => map()[Symbol.iterator](),
  }
}

function counted(reasons: Iterable<NodeRefusal>): ReadonlyMap<NodeRefusal, number> {
  const counts = new Map<NodeRefusal, number>()
  for (const reason of reasons) counts.set(reason, (counts.get(reason) ?? 0) + 1)
  return counts
}
