import type { Cause } from '#lib/errors.ts'
import { goJson, quote } from './go-text.ts'

/**
 * What can be wrong with a field, in the reference's words. Each builder makes one `Cause`; the path stands first. Name formats are in
 * `formats.ts`, and are exported from here too.
 */
export * from './formats.ts'

/** Malformed: wrong form, out of bounds, changed though immutable. */
export const invalid = (field: string, value: unknown, detail = ''): Cause =>
  cause('FieldValueInvalid', 'Invalid value', field, detail, value)
/** Of the wrong type. */
export const typeInvalid = (field: string, value: unknown, detail = ''): Cause =>
  cause('FieldValueTypeInvalid', 'Invalid value', field, detail, value)
/** Absent, empty or null. */
export const required = (field: string, detail = ''): Cause => cause('FieldValueRequired', 'Required value', field, detail)
/** Has to be unique. */
export const duplicate = (field: string, value: unknown): Cause => cause('FieldValueDuplicate', 'Duplicate value', field, '', value)
/** Names something that does not exist. */
export const notFound = (field: string, value: unknown): Cause => cause('FieldValueNotFound', 'Not found', field, '', value)
/** Well formed, but not allowed here. */
export const forbidden = (field: string, detail = ''): Cause => cause('FieldValueForbidden', 'Forbidden', field, detail)
/** Not one of a closed set, which is listed in the order given. */
export const notSupported = (field: string, value: unknown, supported: readonly string[]): Cause =>
  cause(
    'FieldValueNotSupported',
    'Unsupported value',
    field,
    supported.length === 0 ? '' : `supported values: ${supported.map(quote).join(', ')}`,
    value,
  )
/** A text of too many bytes; a negative bound is not named. */
export const tooLong = (field: string, maxBytes: number): Cause =>
  cause('FieldValueTooLong', 'Too long', field, maxBytes < 0 ? 'value is too long' : `may not be more than ${count(maxBytes, 'byte')}`)
/** A text of too many characters; a negative bound is not named. */
export const tooLongCharacters = (field: string, maxLength: number): Cause =>
  cause(
    'FieldValueTooLong',
    'Too long',
    field,
    maxLength < 0 ? 'value is too long' : `may not be more than ${count(maxLength, 'character')}`,
  )
/** A text of too few characters; a negative bound is not named. */
export const tooShort = (field: string, minLength: number): Cause =>
  cause(
    'FieldValueTooShort',
    'Too short',
    field,
    minLength < 0 ? 'value is too short' : `must be at least ${count(minLength, 'character')}`,
  )
/** A negative `actual` is left out, a negative `max` is not named. */
export const tooMany = (field: string, actual: number, max: number): Cause =>
  cause(
    'FieldValueTooMany',
    'Too many',
    field,
    max < 0 ? 'has too many items' : `must have at most ${count(max, 'item')}`,
    ...(actual < 0 ? [] : [actual]),
  )
/** A negative `actual` is left out, a negative `min` is not named. */
export const tooFew = (field: string, actual: number, min: number): Cause =>
  cause(
    'FieldValueTooFew',
    'Too few',
    field,
    min < 0 ? 'has too few items' : `must have at least ${count(min, 'item')}`,
    ...(actual < 0 ? [] : [actual]),
  )
/** A check that could not be made, in the reference's words for it. */
export const internalError = (field: string, detail: string): Cause => cause('InternalError', 'Internal error', field, detail)

/** One cause for each thing wrong: `invalidEach('metadata.name', name, checkDns1123Label(name))`. */
export const invalidEach = (field: string, value: unknown, problems: readonly string[]): Cause[] =>
  problems.map((problem) => invalid(field, value, problem))

/**
 * How many causes may each show all of a list that takes `characters`. A list of a request may be megabytes long, and what is wrong with each
 * of its items would show it again: together they are no longer than what anybody could read, and one is told always.
 */
export const timesShown = (characters: number): number => Math.max(1, Math.floor(SHOWN_CHARACTERS_MAX / Math.max(1, characters)))
const SHOWN_CHARACTERS_MAX = 1024 * 1024

/** `spec` and `replicas` make `spec.replicas`; an empty parent is the object itself. */
export const child = (parent: string, name: string): string => (parent === '' ? name : `${parent}.${name}`)
/** An item of a list: `spec.ports[0]`. */
export const index = (parent: string, position: number): string => `${parent}[${position}]`
/** An entry of a map: `metadata.labels[app]`. */
export const key = (parent: string, name: string): string => `${parent}[${name}]`

/** Must be at least zero. */
export const notNegative = (field: string, value: number | undefined): Cause[] =>
  value !== undefined && value < 0 ? [invalid(field, value, 'must be greater than or equal to 0')] : []
/** Must not differ from what it was. */
export const immutable = (field: string, next: unknown, isEqual: boolean): Cause[] =>
  isEqual ? [] : [invalid(field, next, 'field is immutable')]
/** Must be one of `supported`. */
export const oneOf = (field: string, value: string, supported: readonly string[]): Cause[] =>
  supported.includes(value) ? [] : [notSupported(field, value, supported)]

/** In place of a value that a message leaves out. */
export const omitted = Symbol('omitted')

function cause(reason: string, title: string, field: string, detail: string, value: unknown = omitted): Cause {
  const shown = value === omitted ? title : `${title}: ${show(value)}`
  return { reason, message: detail === '' ? shown : `${shown}: ${detail}`, field }
}

function show(value: unknown): string {
  if (typeof value === 'string') return quote(value)
  if (typeof value === 'number' || typeof value === 'boolean' || typeof value === 'bigint') return String(value)
  return goJson(value)
}

const count = (n: number, unit: string): string => (n === 1 ? `1 ${unit}` : `${n} ${unit}s`)
