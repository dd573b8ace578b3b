import type { Cause } from '#lib/errors.ts'
import { deepEqual, getOwn, isObject } from '../fields.ts'
import { child, invalid, notSupported, required, tooLong, tooMany, typeInvalid } from '../validate.ts'
import type { Correlation } from './correlation.ts'
import { hasFormat } from './formats.ts'
import { isKnownFormat } from './known-formats.ts'
import { reOf } from './pattern.ts'
import type { JsonSchema } from './structural.ts'

/**
 * All in which a value is not what its schema says, with the words and paths of kube-openapi, which clients of custom resources see.
 * `path` is where the value stands in the object, outside of the schema (`status`). With a correlation, what did not change is let be.
 */
export function validateValue(schema: JsonSchema, value: unknown, path = '', correlation?: Correlation): Cause[] {
  const { problems } = correlation === undefined ? check(schema, value, '') : checkUnlessSame(schema, correlation, '')
  return problems.map((problem) => problem.toCause(path))
}

/** One thing wrong. Two with the same text are one. */
interface Problem {
  readonly text: string
  readonly toCause: (path: string) => Cause
}

/** `matches` counts what fits: of several alternatives that all fail, the one that fits best is told of. */
interface Result {
  readonly problems: Problem[]
  /** Their texts, once they are so many that looking through all of them would take long. */
  texts?: Set<string>
  matches: number
}

function merge(into: Result, other: Result): void {
  for (const problem of other.problems) add(into, problem)
  into.matches += other.matches
}

function add(result: Result, problem: Problem): void {
  const { problems } = result
  if (result.texts === undefined && problems.length >= problemsFew) result.texts = new Set(problems.map(({ text }) => text))
  if (result.texts === undefined ? problems.some(({ text }) => text === problem.text) : result.texts.has(problem.text)) return
  problems.push(problem)
  result.texts?.add(problem.text)
}

const problemsFew = 8

const at = (path: string, name: string): string => {
  const bare = name.startsWith('.') ? name.slice(1) : name
  return bare === '' ? path : child(path, bare)
}

/** `detail` goes on after "<path> in body ". */
function problem(name: string, detail: string, make: (field: string, text: string) => Cause): Problem {
  const text = `${name} in body ${detail}`
  return { text, toCause: (path) => make(at(path, name), text) }
}

/** What the reference tells without saying where. */
const placeless = (text: string): Problem => ({ text, toCause: (path) => invalid(path === '' ? '<nil>' : path, '', text) })

const wrongType = (name: string, wanted: string, shown: string): Problem =>
  problem(name, `must be of type ${wanted}: ${JSON.stringify(shown)}`, (field, text) => typeInvalid(field, shown, text))

function checkUnlessSame(schema: JsonSchema, correlation: Correlation, name: string): Result {
  const result = check(schema, correlation.value, name, correlation)
  if (result.problems.length === 0 || !correlation.isEqual()) return result
  return { problems: [], matches: result.matches }
}

function check(schema: JsonSchema, value: unknown, name: string, correlation?: Correlation): Result {
  const result: Result = { problems: [], matches: 0 }
  const apply = (part: Result | Problem | undefined): void => {
    if (part !== undefined) {
      if ('text' in part) add(result, part)
      else merge(result, part)
    }
    result.matches += 1
  }
  const types = typesOf(schema)
  const format = formatOf(schema, types)
  if (value === null || value === undefined) {
    if (types.length > 0 && schema.nullable !== true) add(result, wrongType(name, types.join(','), 'null'))
    else result.matches += types.length > 0 || format !== '' ? 1 : 0
    const problemOfEnum = checkEnum(schema, null, name)
    if (problemOfEnum !== undefined) add(result, problemOfEnum)
    return result
  }
  if (types.length > 0 || format !== '') apply(checkType(types, format, value, name))
  apply(checkAlternatives(schema, value, name, correlation))
  if (typeof value === 'string') {
    apply(checkText(schema, value, name))
    if (format !== '' && isKnownFormat('', format)) apply(hasFormat(format, value) ? undefined : wrongType(name, format, value))
  }
  if (isNumber(value)) apply(checkNumber(schema, types, format, value, name))
  if (Array.isArray(value)) apply(checkList(schema, value, name, correlation))
  apply(checkEnum(schema, value, name))
  if (isObject(value)) apply(checkObject(schema, value, name, correlation))
  result.matches += 1
  return result
}

const isNumber = (value: unknown): value is number | bigint => typeof value === 'number' || typeof value === 'bigint'

function typesOf(schema: JsonSchema): readonly string[] {
  if (schema['x-kubernetes-int-or-string'] === true) return ['integer', 'string']
  return schema.type ? [schema.type] : []
}

/** A format that values are not checked against counts as none. */
function formatOf(schema: JsonSchema, types: readonly string[]): string {
  const { format } = schema
  return format && isKnownFormat(types.length === 1 ? types[0]! : '', format) ? format : ''
}

/** Go tells a whole number within 64 bits from any other. */
const isInteger = (value: number | bigint): boolean =>
  typeof value === 'bigint' ? BigInt.asIntN(64, value) === value : Number.isInteger(value) && Math.abs(value) < 2 ** 63

function typeOf(value: unknown): readonly [type: string, format: string] {
  if (isNumber(value)) return isInteger(value) ? ['integer', 'int64'] : ['number', 'float64']
  if (Array.isArray(value)) return ['array', '']
  return [typeof value, '']
}

function checkType(types: readonly string[], format: string, value: unknown, name: string): Result | Problem {
  const fits: Result = { problems: [], matches: 1 }
  const [type, ownFormat] = typeOf(value)
  const isWholeFloat = type === 'number' && Number.isInteger(value) && Math.abs(value as number) <= Number.MAX_SAFE_INTEGER
  const isEither = (isWholeFloat && types.includes('integer')) || (type === 'integer' && types.includes('number'))
  const isText = type === 'string' || type === 'array'
  if (!isText && format !== '' && !types.includes(type) && ownFormat !== format && !isEither) return wrongType(name, format, ownFormat)
  if (!types.includes('number') && !types.includes('integer') && format !== '' && isText) return fits
  return types.includes(type) || isEither ? fits : wrongType(name, types.join(','), type)
}

function checkText(schema: JsonSchema, value: string, name: string): Problem | undefined {
  const { maxLength, minLength, pattern } = schema
  const length = maxLength === undefined && minLength === undefined ? 0 : [...value].length
  if (maxLength !== undefined && length > maxLength)
    return problem(name, `should be at most ${maxLength} chars long`, (field) => tooLong(field, maxLength))
  if (minLength !== undefined && length < minLength)
    return problem(name, `should be at least ${minLength} chars long`, (field, text) => invalid(field, value, text))
  if (!pattern) return undefined
  const { regexp, problem: broken } = reOf(pattern)
  if (regexp?.test(value)) return undefined
  const shown = broken === undefined ? pattern : `${pattern}, but pattern is invalid: ${broken}`
  return problem(name, `should match '${shown}'`, (field, text) => invalid(field, value, text))
}

function checkEnum(schema: JsonSchema, value: unknown, name: string): Problem | undefined {
  const { enum: values } = schema
  if (values === undefined || values.length === 0 || values.some((each) => each !== null && deepEqual(each, value))) return undefined
  const texts = values.map((each) => (typeof each === 'string' ? each : JSON.stringify(each)))
  return problem(name, `should be one of [${texts.join(' ')}]`, (field) => notSupported(field, value, texts))
}

function checkNumber(schema: JsonSchema, types: readonly string[], format: string, value: number | bigint, name: string): Result {
  const result: Result = { problems: [], matches: 1 }
  const [only = ''] = types.length === 1 ? types : []
  const ownType = only === 'integer' || only === 'number' ? only : ''
  const ownFormat = ownType === '' ? '' : format
  /** Whether a number can be one of the type at all; what cannot is told of without a place. */
  const inRange = (what: string, number: number | bigint): boolean => {
    const fits = fitsType(ownType, ownFormat, number)
    if (!fits)
      add(
        result,
        placeless(
          `${what} value must be of type ${ownType} ${ownFormat === '' ? '(default format)' : `with format ${ownFormat}`} in ${name}`,
        ),
      )
    return fits
  }
  inRange('Checked', value)
  const bound = (what: string, limit: number): number => (inRange(what, limit) && isInteger(value) ? Math.trunc(limit) : limit)
  const { multipleOf, maximum, minimum } = schema
  if (multipleOf !== undefined) {
    const found = checkMultiple(value, inRange('MultipleOf', multipleOf) && isInteger(value), multipleOf, name)
    if (found !== undefined) add(result, found)
  }
  if (minimum !== undefined) {
    const limit = bound('Minimum boundary', minimum)
    const isExclusive = schema.exclusiveMinimum === true
    if (isExclusive ? value <= limit : value < limit) {
      const detail = `should be greater than ${isExclusive ? '' : 'or equal to '}${goNumber(limit)}`
      add(
        result,
        problem(name, detail, (field, text) => invalid(field, value, text)),
      )
    }
  }
  if (maximum !== undefined) {
    const limit = bound('Maximum boundary', maximum)
    const isExclusive = schema.exclusiveMaximum === true
    if (isExclusive ? value >= limit : value > limit) {
      const detail = `should be less than ${isExclusive ? '' : 'or equal to '}${goNumber(limit)}`
      add(
        result,
        problem(name, detail, (field, text) => invalid(field, value, text)),
      )
    }
  }
  return result
}

function checkMultiple(value: number | bigint, asIntegers: boolean, factor: number, name: string): Problem | undefined {
  const divisor = asIntegers ? Math.trunc(factor) : factor
  if (divisor <= 0) {
    const text = `factor MultipleOf declared for ${name} must be positive: ${goNumber(divisor)}`
    return { text, toCause: (path) => invalid(at(path, name), divisor, text) }
  }
  const isMultiple =
    typeof value === 'bigint'
      ? value % BigInt(Math.max(1, Math.trunc(divisor))) === 0n
      : asIntegers
        ? value % divisor === 0
        : Number.isInteger(divisor < 1 ? (1 / divisor) * value : value / divisor)
  if (isMultiple) return undefined
  return problem(name, `should be a multiple of ${goNumber(divisor)}`, (field, text) => invalid(field, value, text))
}

function fitsType(type: string, format: string, value: number | bigint): boolean {
  if (type === 'integer') {
    if (!isInteger(value)) return false
    return format !== 'int32' || (value >= -(2 ** 31) && value < 2 ** 31)
  }
  // The largest number of 32 bits.
  return format !== 'float' || Math.abs(Number(value)) <= 3.4028234663852886e38
}

/** Go writes large and small numbers with an exponent of two digits. */
const goNumber = (value: number): string => {
  const text = Math.abs(value) >= 1e21 || (value !== 0 && Math.abs(value) < 1e-4) ? value.toExponential() : String(value)
  return text.replace(/e([+-])(\d)$/, 'e$10$2')
}

function checkList(schema: JsonSchema, list: readonly unknown[], name: string, correlation: Correlation | undefined): Result {
  const result: Result = { problems: [], matches: 1 }
  const { items, minItems, maxItems } = schema
  if (items !== undefined && !Array.isArray(items))
    for (const [i, item] of list.entries()) {
      const part = correlation?.at(i)
      const place = `${name}[${i}]`
      merge(result, part === undefined ? check(items as JsonSchema, item, place) : checkUnlessSame(items as JsonSchema, part, place))
    }
  if (minItems !== undefined && list.length < minItems)
    add(
      result,
      problem(name, `should have at least ${minItems} items`, (field, text) => invalid(field, list.length, text)),
    )
  if (maxItems !== undefined && list.length > maxItems)
    add(
      result,
      problem(name, `should have at most ${maxItems} items`, (field) => tooMany(field, list.length, maxItems)),
    )
  if (schema.uniqueItems === true && list.some((item, i) => list.slice(0, i).some((other) => deepEqual(other, item))))
    add(
      result,
      problem(name, "shouldn't contain duplicates", (field, text) => invalid(field, '', text)),
    )
  return result
}

function checkObject(
  schema: JsonSchema,
  object: Readonly<Record<string, unknown>>,
  name: string,
  correlation: Correlation | undefined,
): Result {
  const result: Result = { problems: [], matches: 0 }
  const { minProperties, maxProperties, properties = {}, additionalProperties } = schema
  const keys = Object.keys(object)
  if (minProperties !== undefined && keys.length < minProperties)
    add(
      result,
      problem(name, `should have at least ${minProperties} properties`, (field, text) => invalid(field, keys.length, text)),
    )
  if (maxProperties !== undefined && keys.length > maxProperties)
    add(
      result,
      problem(name, `should have at most ${maxProperties} properties`, (field) => tooMany(field, keys.length, maxProperties)),
    )
  const visit = (part: JsonSchema, key: string, place: string): void => {
    // Changes of apiVersion and kind cannot be seen: both objects have been brought to the same version.
    const isIdentity = name === '' && (key === 'apiVersion' || key === 'kind')
    const correlated = isIdentity ? undefined : correlation?.key(key)
    merge(result, correlated === undefined ? check(part, object[key], place) : checkUnlessSame(part, correlated, place))
  }
  if (additionalProperties === false)
    for (const key of keys) {
      if (Object.hasOwn(properties, key)) continue
      const text = `${name}.${key} in body is a forbidden property`
      add(result, { text, toCause: (path) => invalid(at(path, name), key, text) })
    }
  else if (typeof additionalProperties === 'object')
    for (const key of keys) if (!Object.hasOwn(properties, key)) visit(additionalProperties, key, `${name}.${key}`)
  for (const [key, part] of Object.entries(properties))
    if (Object.hasOwn(object, key)) visit(part, key, name === '' ? key : `${name}.${key}`)
  for (const key of schema.required ?? [])
    if (getOwn(object, key) === undefined)
      add(
        result,
        problem(`${name}.${key}`, 'is required', (field) => required(field)),
      )
  return result
}

function checkAlternatives(schema: JsonSchema, value: unknown, name: string, correlation: Correlation | undefined): Result {
  const result: Result = { problems: [], matches: 0 }
  const shown = JSON.stringify(name)
  const { anyOf = [], oneOf = [], allOf = [], not } = schema
  if (anyOf.length > 0) {
    const { best, valid } = tryEach(anyOf, value, name, correlation, true)
    if (valid === 0) add(result, placeless(`${shown} must validate at least one schema (anyOf)`))
    if (best !== undefined) merge(result, best)
  }
  if (oneOf.length > 0) {
    const { best, valid } = tryEach(oneOf, value, name, correlation, false)
    if (valid !== 1)
      add(
        result,
        placeless(
          `${shown} must validate one and only one schema (oneOf). ${valid === 0 ? 'Found none valid' : `Found ${valid} valid alternatives`}`,
        ),
      )
    if (valid <= 1 && best !== undefined) merge(result, best)
  }
  if (allOf.length > 0) {
    const results = allOf.map((part) => check(part, value, name, correlation))
    const valid = results.filter(({ problems }) => problems.length === 0).length
    for (const part of results) merge(result, part)
    if (valid < allOf.length)
      add(result, placeless(`${shown} must validate all the schemas (allOf)${valid === 0 ? '. None validated' : ''}`))
  }
  if (not !== undefined && check(not, value, name, correlation).problems.length === 0)
    add(result, placeless(`${shown} must not validate the schema (not)`))
  result.matches += 1
  return result
}

/** How many alternatives fit, and the first of them, or the one that fails best. */
function tryEach(
  schemas: readonly JsonSchema[],
  value: unknown,
  name: string,
  correlation: Correlation | undefined,
  stops: boolean,
): { readonly best?: Result; readonly valid: number } {
  let best: Result | undefined
  let valid = 0
  for (const schema of schemas) {
    const result = check(schema, value, name, correlation)
    if (result.problems.length === 0) {
      valid += 1
      if (valid === 1) best = result
      if (stops) break
    } else if (valid === 0 && (best === undefined || result.matches > best.matches)) best = result
  }
  return { ...(best !== undefined && { best }), valid }
}
