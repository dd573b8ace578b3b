import type { Implementation, Overload } from './environment.ts'
import type { CelType } from './types.ts'
import { fault, kindOf, type OpaqueValue, type RecordValue, runtimeType, type Value } from './values.ts'

/**
 * The function of a name: of the overloads that the checker left, the first whose parameters take the values. With dynamic values a further
 * one of the same name may be meant, so the others are tried after them.
 */
export function dispatch(name: string, chosen: readonly Overload[], all: readonly Overload[]): (args: Value[]) => Value {
  const candidates =
    chosen.length === 1 ? chosen : [...chosen, ...all.filter((each) => !chosen.includes(each) && each.member === chosen[0]?.member)]
  const tests = candidates
    .filter((each): each is Overload & { call: Implementation } => each.call !== undefined)
    .map(({ parameters, call }) => ({ takes: parameters.map(taker), call }))
  return (args) => {
    for (const { takes, call } of tests)
      if (takes.length === args.length && takes.every((take, index) => take(args[index] as Value))) return call(...args)
    if (plainly.has(name)) return fault('no such overload')
    if (name === 'size') return fault('no such overload: size')
    return fault(`no such overload: ${name}(${args.map((each) => runtimeType(each).name).join(', ')})`)
  }
}

/** Functions whose reference implementation does not say what it was called with. */
const plainly: ReadonlySet<string> = new Set(['startsWith', 'endsWith', 'contains', 'matches', '@in'])

function taker(type: CelType): (value: Value) => boolean {
  switch (type.kind) {
    case 'dyn':
    case 'any':
    case 'parameter':
    case 'error':
      return () => true
    case 'bool':
      return (value) => typeof value === 'boolean'
    case 'int':
      return (value) => typeof value === 'bigint'
    case 'double':
      return (value) => typeof value === 'number'
    case 'string':
      return (value) => typeof value === 'string'
    case 'map':
      return (value) => kindOf(value) === 'map' || kindOf(value) === 'record'
    case 'list': {
      const [item] = type.parameters
      const takes = item === undefined ? () => true : taker(item)
      // The first item speaks for all: lists of dynamic items are told apart by it.
      return (value) => {
        if (kindOf(value) !== 'list') return false
        const list = value as Extract<Value, { kind: 'list' }>
        if (list.items.length === 0) return true
        return takes(list.adopt === undefined ? (list.items[0] as Value) : list.adopt(list.items[0]))
      }
    }
    case 'struct':
    case 'opaque':
      if (type.name === 'optional_type') return (value) => kindOf(value) === 'optional'
      return (value) => {
        const kind = kindOf(value)
        return (
          (kind === 'opaque' && (value as OpaqueValue).type.name === type.name) ||
          (kind === 'record' && (value as RecordValue).type?.name === type.name)
        )
      }
    default:
      return (value) => kindOf(value) === type.kind
  }
}
