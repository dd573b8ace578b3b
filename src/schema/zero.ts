import { fieldsPlan } from './plan.ts'
import type { Shape } from './schema.ts'

/**
 * What a value is when nobody gave it. A message has its `required` and `always` fields, so that a reader finds what its type promises;
 * a pointer stays absent. Messages of gRPC (`proto3`) have every scalar, list and map, as such messages have no absence.
 */
export function zeroOf(shape: Shape, syntax: 'kubernetes' | 'proto3' = 'kubernetes'): unknown {
  switch (shape.kind) {
    case 'string':
      return ''
    case 'bytes':
      return shape.raw === true ? new Uint8Array(0) : ''
    case 'bool':
      return false
    case 'quantity':
      return '0'
    case 'duration':
      return '0s'
    case 'time':
    case 'microTime':
    case 'json':
    case 'either':
      return null
    case 'structural':
      return {}
    case 'list':
      return []
    case 'map':
      return {}
    case 'message':
      return zeroMessage(shape, syntax)
    default:
      return 0
  }
}

function zeroMessage(shape: Shape, syntax: 'kubernetes' | 'proto3'): Record<string, unknown> {
  const message: Record<string, unknown> = {}
  for (const field of fieldsPlan(shape)) {
    if (field.pointer) continue
    if (syntax === 'proto3' ? field.shape.kind !== 'message' : field.kept) message[field.name] = zeroOf(field.shape, syntax)
  }
  return message
}
