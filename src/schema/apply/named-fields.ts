import { type FieldSet, withSelf } from './field-set.ts'
import type { MergeSchema } from './merge-schema.ts'
import type { PathElement } from './path-element.ts'

/**
 * The set with every declared field that has members below it as a member too: what a structure's field means when it goes as a whole. The set
 * itself where nothing is to be done.
 */
export function withNamedFields(schema: MergeSchema | undefined, set: FieldSet): FieldSet {
  let out: Record<PathElement, FieldSet> | undefined
  for (const element of Object.keys(set)) {
    if (element === '.') continue
    const node = set[element]!
    const inner = withNamedFields(schemaBelow(schema, element), node)
    const isNamed = element.startsWith('f:') && schema?.map?.fields.has(element.slice(2)) === true
    const next = isNamed ? withSelf(inner) : inner
    if (next === node) continue
    out ??= { ...set }
    out[element] = next
  }
  return out ?? set
}

/** The schema of what an element leads to, as far as it is known. */
export function schemaBelow(schema: MergeSchema | undefined, element: PathElement): MergeSchema | undefined {
  if (schema === undefined) return undefined
  if (element.startsWith('f:')) {
    const name = element.slice(2)
    return schema.map?.fields.get(name)?.schema() ?? schema.map?.element?.()
  }
  return schema.list?.item()
}
