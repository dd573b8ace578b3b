import type { CustomResourceColumnDefinition } from '#api/apiextensions/v1/types.ts'
import { since } from '#api/columns.ts'
import type { Column } from '#api/kind.ts'
import { parseJsonPath, printValue } from './json-path.ts'

type Cell = ReturnType<Column['cell']>

/** What `kubectl get` prints of a custom resource: its name, and what its definition names; without that, its age. */
export function columnsOf(definitions: readonly CustomResourceColumnDefinition[] | undefined): readonly Column[] {
  const listed = definitions === undefined || definitions.length === 0 ? [age] : definitions
  const columns: Column[] = []
  for (const definition of listed) {
    const made = columnOf(definition)
    // A path that cannot be read ends the columns, as in the reference.
    if (made === undefined) break
    columns.push(made)
  }
  return [name, ...columns]
}

const name: Column = {
  name: 'Name',
  type: 'string',
  format: 'name',
  description: 'Name of the object, unique within its namespace and kind.',
  cell: (object: { readonly metadata: { readonly name?: string } }) => object.metadata.name ?? '',
}

const age: CustomResourceColumnDefinition = {
  name: 'Age',
  type: 'date',
  description: 'How long ago the object was made.',
  jsonPath: '.metadata.creationTimestamp',
}

function columnOf({ name: title, type, format, description, priority, jsonPath }: CustomResourceColumnDefinition): Column | undefined {
  const path = parseJsonPath(jsonPath)
  if (path === undefined) return undefined
  return {
    name: title,
    type: type as Column['type'],
    ...(format !== undefined && { format }),
    ...(priority !== undefined && { priority }),
    description: description || `Custom resource definition column (in JSONPath format): ${jsonPath}`,
    cell: (object: never, now: number) => {
      const found = path(object)
      return found.length === 0 ? null : cellOf(type, found[0], now)
    },
  }
}

function cellOf(type: string, value: unknown, now: number): Cell {
  if (type === 'string') return printValue(value)
  if (value === null || value === undefined) return null
  switch (type) {
    case 'integer':
      return typeof value === 'number' ? Math.trunc(value) : typeof value === 'bigint' ? value : null
    case 'number':
      return typeof value === 'number' || typeof value === 'bigint' ? value : null
    case 'boolean':
      return typeof value === 'boolean' ? value : null
    case 'date':
      if (typeof value !== 'string') return null
      if (value === '') return '<unknown>'
      return /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/.test(value) && !Number.isNaN(Date.parse(value))
        ? since(value, now)
        : '<invalid>'
    default:
      return null
  }
}
