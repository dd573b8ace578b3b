import { isObject } from './fields.ts'
import type { EitherCase, Shape } from './schema.ts'

/** The member that a JSON value is one of; undefined where it is none. */
export function caseOf(shape: Shape & { kind: 'either' }, value: unknown): EitherCase | undefined {
  const json = Array.isArray(value) ? 'array' : isObject(value) ? 'object' : typeof value
  return shape.cases.find((each) => each.json === json)
}
