import { isObject } from '#schema/fields.ts'
import { type FieldSet, leaf, sorted, withSelf } from './field-set.ts'
import { elementOf } from './list-element.ts'
import type { ListSchema, MapSchema, MergeSchema } from './merge-schema.ts'
import { compareText, fieldElement, type PathElement } from './path-element.ts'
import { faceOf, schemaAt } from './value-face.ts'

/** Every field and item that a JSON value names: what its applier owns. The value has been checked. */
export function setOfValue(schema: MergeSchema, value: unknown): FieldSet {
  const node = nodeOf(schema, value)
  return node.children ?? leaf
}

/** A value as a node: whether it is a member by itself, and what it holds. */
interface Node {
  readonly self: boolean
  readonly children: FieldSet | undefined
}

const atom: Node = { self: true, children: undefined }
const nothing: Node = { self: false, children: undefined }

function nodeOf(schema: MergeSchema, value: unknown): Node {
  const face = faceOf(schema, value)
  if ('map' in face) return mapNode(face.map, value)
  if ('list' in face) return listNode(face.list, value)
  return atom
}

function mapNode(map: MapSchema, value: unknown): Node {
  if (map.atomic) return atom
  if (!isObject(value)) return nothing
  const out: Record<PathElement, FieldSet> = {}
  let any = false
  for (const key of Object.keys(value).sort(compareText)) {
    const schema = schemaAt(map, key)
    if (schema === undefined) continue
    const each = value[key]
    const { self, children } = nodeOf(schema, each)
    const isEmpty = each === null || (isObject(each) && Object.keys(each).length === 0)
    const node = asNode(self || isEmpty || !map.fields.has(key), children)
    if (node === undefined) continue
    out[fieldElement(key)] = node
    any = true
  }
  return { self: false, children: any ? out : undefined }
}

function listNode(list: ListSchema, value: unknown): Node {
  if (list.relation === 'atomic') return atom
  if (!Array.isArray(value)) return nothing
  const counts = new Map<PathElement, { count: number; readonly item: unknown }>()
  for (const item of value) {
    const named = elementOf(list, item, false)
    if ('problem' in named) continue
    const known = counts.get(named.element)
    if (known === undefined) counts.set(named.element, { count: 1, item })
    else known.count += 1
  }
  const entries: [PathElement, FieldSet][] = []
  for (const [element, { count, item }] of counts)
    entries.push([element, count > 1 ? leaf : (asNode(true, nodeOf(list.item(), item).children) ?? leaf)])
  return { self: false, children: entries.length === 0 ? undefined : sorted(entries) }
}

function asNode(self: boolean, children: FieldSet | undefined): FieldSet | undefined {
  if (children === undefined) return self ? leaf : undefined
  return self ? withSelf(children) : children
}
