import type { AnyType, Shape } from '../schema.ts'
import { fieldsOf } from '../schema.ts'
import type { Structural } from '../structural/structural.ts'
import { type Declared, declareStructural } from './structural.ts'

/**
 * What expressions know of objects of a kind, built in or of a definition: the types that its published schema gives. Parts without one type
 * (quantities, free JSON) cannot be named; of a type within itself only the outer one can.
 */
export function declareType(type: AnyType, name: string): Declared | undefined {
  const schema = structuralOf(type.shape, [])
  return schema === undefined ? undefined : declareStructural(schema, name, true)
}

const formats: Partial<Record<Shape['kind'], Structural>> = {
  string: { type: 'string' },
  bytes: { type: 'string', format: 'byte' },
  bool: { type: 'boolean' },
  int32: { type: 'integer' },
  int64: { type: 'integer' },
  uint32: { type: 'integer' },
  uint64: { type: 'integer' },
  double: { type: 'number' },
  time: { type: 'string', format: 'date-time' },
  microTime: { type: 'string', format: 'date-time' },
  duration: { type: 'string' },
  intOrString: { 'x-kubernetes-int-or-string': true },
}

function structuralOf(shape: Shape, within: readonly string[]): Structural | undefined {
  switch (shape.kind) {
    case 'structural':
      return shape.schema
    case 'list': {
      const items = structuralOf(shape.item.shape, within)
      return items && { type: 'array', items }
    }
    case 'map': {
      const value = structuralOf(shape.value.shape, within)
      return value && { type: 'object', additionalProperties: value }
    }
    case 'message': {
      if (within.includes(shape.protoName)) return undefined
      const properties: Record<string, Structural> = {}
      for (const [field, { type }] of Object.entries(fieldsOf({ shape }))) {
        const schema = structuralOf(type.shape, [...within, shape.protoName])
        if (schema !== undefined) properties[field] = schema
      }
      return { type: 'object', properties }
    }
    case 'json':
      return { type: 'object' }
    default:
      return formats[shape.kind]
  }
}
