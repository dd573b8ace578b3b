import { isObject } from '#schema/fields.ts'
import { elementOf } from './list-element.ts'
import { type Fault, MergeError } from './merge-error.ts'
import type { ListSchema, MapSchema, MergeSchema } from './merge-schema.ts'
import { showElement } from './path-element.ts'
import { faceOf, schemaAt } from './value-face.ts'

/** Throws a `MergeError` for a JSON value that does not fit its schema: unknown fields, wrong sorts, items without a name or with the same. */
export function checkValue(schema: MergeSchema, value: unknown): void {
  const faults: Fault[] = []
  check(schema, value, '', faults)
  if (faults.length > 0) throw new MergeError(faults)
}

function check(schema: MergeSchema, value: unknown, path: string, faults: Fault[]): void {
  if (value === null || value === undefined) return
  const face = faceOf(schema, value)
  if ('map' in face) checkMap(face.map, value, path, faults)
  else if ('list' in face) checkList(face.list, value, path, faults)
  else {
    const problem = scalarProblem(face.scalar, value)
    if (problem !== undefined) faults.push({ path, message: problem })
  }
}

function checkMap(map: MapSchema, value: unknown, path: string, faults: Fault[]): void {
  if (!isObject(value)) return void faults.push({ path, message: `expected map, got &{${goValueText(value)}}` })
  for (const key of Object.keys(value)) {
    const schema = schemaAt(map, key)
    if (schema === undefined) {
      // As the reference: nothing more is said of this map.
      faults.push({ path: `${path}.${key}`, message: 'field not declared in schema' })
      return
    }
    check(schema, value[key], `${path}.${key}`, faults)
  }
}

function checkList(list: ListSchema, value: unknown, path: string, faults: Fault[]): void {
  if (!Array.isArray(value)) return void faults.push({ path, message: `expected list, got &{${goValueText(value)}}` })
  const seen = new Set<string>()
  for (let i = 0; i < value.length; i += 1) {
    let step = `[${i}]`
    if (list.relation !== 'atomic') {
      const named = elementOf(list, value[i], false)
      if ('problem' in named) return void faults.push({ path, message: `element ${i}: ${named.problem}` })
      step = showElement(named.element)
      if (seen.has(named.element)) faults.push({ path, message: `duplicate entries for key ${step}` })
      seen.add(named.element)
    }
    check(list.item(), value[i], `${path}${step}`, faults)
  }
}

function scalarProblem(scalar: NonNullable<MergeSchema['scalar']>, value: unknown): string | undefined {
  switch (scalar) {
    case 'numeric':
      return typeof value === 'number' || typeof value === 'bigint' ? undefined : `expected numeric (int or float), got ${goTypeOf(value)}`
    case 'string':
      return typeof value === 'string' ? undefined : `expected string, got &value.valueUnstructured{Value:${goSyntax(value)}}`
    case 'boolean':
      return typeof value === 'boolean' ? undefined : `expected boolean, got &{${goValueText(value)}}`
    case 'untyped':
      return typeof value === 'object' ? `expected any scalar, got &{${goValueText(value)}}` : undefined
  }
}

function goTypeOf(value: unknown): string {
  if (Array.isArray(value)) return '[]interface {}'
  if (isObject(value)) return 'map[string]interface {}'
  if (typeof value === 'boolean' || typeof value === 'string') return typeof value === 'boolean' ? 'bool' : 'string'
  return typeof value === 'bigint' || Number.isInteger(value) ? 'int64' : 'float64'
}

/** `%v` of Go. */
function goValueText(value: unknown): string {
  if (value === null || value === undefined) return '<nil>'
  if (Array.isArray(value)) return `[${value.map(goValueText).join(' ')}]`
  if (!isObject(value)) return String(value)
  const keys = Object.keys(value).sort()
  return `map[${keys.map((key) => `${key}:${goValueText(value[key])}`).join(' ')}]`
}

/** `%#v` of Go. */
function goSyntax(value: unknown): string {
  if (value === null || value === undefined) return 'interface {}(nil)'
  if (Array.isArray(value)) return `[]interface {}{${value.map(goSyntax).join(', ')}}`
  if (!isObject(value)) return typeof value === 'string' ? JSON.stringify(value) : String(value)
  const keys = Object.keys(value).sort()
  return `map[string]interface {}{${keys.map((key) => `${JSON.stringify(key)}:${goSyntax(value[key])}`).join(', ')}}`
}
