import { isEmpty } from './fields.ts'
import type { AnyField, Fields, Shape } from './schema.ts'

/** A field as folds want it: options settled, shape at hand. */
export interface PlannedField {
  readonly name: string
  readonly number: number
  readonly shape: Shape
  readonly field: AnyField
  /** Zero and absent differ. */
  readonly pointer: boolean
  /** Written, and present in memory, even when empty. */
  readonly kept: boolean
  /** A list that protobuf holds as a message of its own. */
  readonly wrapped: boolean
}

const plans = new WeakMap<object, readonly PlannedField[]>()

/** The fields of a message in their declared order. */
export function fieldsPlan(shape: Shape): readonly PlannedField[] {
  const known = plans.get(shape)
  if (known !== undefined) return known
  if (shape.kind !== 'message') throw new TypeError(`a ${shape.kind} has no fields`)
  const fields: Fields = typeof shape.fields === 'function' ? shape.fields() : shape.fields
  const plan = Object.entries(fields).map(([name, field]) => ({
    name,
    number: field.number,
    shape: field.type.shape,
    field,
    pointer: field.options.pointer === true,
    kept: field.options.always === true || field.options.required === true,
    wrapped: field.options.wrapped === true,
  }))
  plans.set(shape, plan)
  return plan
}

/** Whether Go would leave the value out where absence is allowed. JSON that is kept as it is (`{}`, `0`) is a value. */
export const isEmptyFor = (shape: Shape): ((value: unknown) => boolean) =>
  shape.kind === 'json' ? (value) => value === null || value === undefined : isEmpty
