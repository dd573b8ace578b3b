import { type FieldSet, leaf } from './field-set.ts'
import type { MergeSchema } from './merge-schema.ts'
import { schemaBelow } from './named-fields.ts'
import type { PathElement } from './path-element.ts'

/**
 * The set as the present schema would have it: who owned parts of a list or map that has become atomic since owns all of it. The set itself
 * where nothing is to be done.
 */
export function reconcileSet(schema: MergeSchema | undefined, set: FieldSet): FieldSet {
  let out: Record<PathElement, FieldSet> | undefined
  const elements = Object.keys(set)
  for (const element of elements) {
    const node = set[element]!
    const next = element === '.' ? node : reconcileNode(schemaBelow(schema, element), node)
    if (next === node) continue
    out ??= { ...set }
    out[element] = next
  }
  return out ?? set
}

function reconcileNode(schema: MergeSchema | undefined, node: FieldSet): FieldSet {
  if (schema === undefined || Object.keys(node).length === 0) return node
  // Where the value's sort is open there is nothing that could have changed.
  const faces = Number(schema.map !== undefined) + Number(schema.list !== undefined) + Number(schema.scalar !== undefined)
  if (faces > 1) return node
  if (schema.map?.atomic === true || schema.list?.relation === 'atomic') return leaf
  return schema.scalar === undefined ? reconcileSet(schema, node) : node
}
