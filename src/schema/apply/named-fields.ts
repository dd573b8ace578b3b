import { type FieldSet, leaf, withSelf } from './field-set.ts'
import type { MergeSchema } from './merge-schema.ts'
import type { PathElement } from './path-element.ts'

/** The set with every declared field that has members below it as a member too: what a structure's field means when it goes as a whole. */
export function withNamedFields(schema: MergeSchema | undefined, set: FieldSet): FieldSet {
  const out: Record<PathElement, FieldSet> = {}
  for (const element of Object.keys(set)) {
    if (element === '.') {
      out[element] = leaf
      continue
    }
    const node = withNamedFields(schemaBelow(schema, element), set[element]!)
    const isNamed = element.startsWith('f:') && schema?.map?.fields.has(element.slice(2)) === true
    out[element] = isNamed ? withSelf(node) : node
  }
  return out
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
