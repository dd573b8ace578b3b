import { goJson, quote } from '#schema/go-text.ts'
import { parseExact } from '#schema/json.ts'

/**
 * One step of a path as FieldsV1 writes it: `f:name` a field or a map's key, `k:{"name":"a"}` an item of a list by its key fields,
 * `v:"x"` an item of a set, `i:0` an item by its place (KEP 555).
 */
export type PathElement = string

/** A field of a structure, or a key of a map: `f:name`. */
export const fieldElement = (name: string): PathElement => `f:${name}`
/** `fields` in the order of their names. */
export const keyElement = (fields: readonly (readonly [name: string, value: unknown])[]): PathElement => {
  let out = 'k:{'
  for (let i = 0; i < fields.length; i += 1) out += `${i === 0 ? '' : ','}${goJson(fields[i]![0])}:${goJson(fields[i]![1])}`
  return `${out}}`
}
/** An item of a set, which is its own value: `v:"a"`. */
export const valueElement = (value: unknown): PathElement => `v:${goJson(value)}`

/** The element in its one form, `undefined` for a sort that is not known. Throws a `SyntaxError` for what is none. */
export function normalElement(text: string): PathElement | undefined {
  if (text.length < 2) throw new SyntaxError('key must be 2 characters long:')
  if (text[1] !== ':') throw new SyntaxError(`missing colon: ${text}`)
  const rest = text.slice(2)
  switch (text[0]) {
    case 'f':
      return text
    case 'v':
      return valueElement(parseExact(rest))
    case 'k': {
      const parsed: unknown = parseExact(rest)
      if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) throw new SyntaxError(`no object: ${rest}`)
      return keyElement(Object.entries(parsed).sort(byName))
    }
    case 'i':
      if (!/^[+-]?\d+$/.test(rest)) throw new SyntaxError(`strconv.Atoi: parsing ${quote(rest)}: invalid syntax`)
      return `i:${Number(rest)}`
    default:
      return undefined
  }
}

/** As messages show it: `.spec`, `[name="a"]`, `[="x"]`, `[0]`. */
export function showElement(element: PathElement): string {
  const rest = element.slice(2)
  switch (element[0]) {
    case 'f':
      return `.${rest}`
    case 'k': {
      const fields = Object.entries(parseExact(rest) as object)
      return `[${fields.map(([name, value]) => `${name}=${showValue(value)}`).join(',')}]`
    }
    case 'v':
      return `[=${showValue(parseExact(rest))}]`
    default:
      return `[${rest}]`
  }
}

/** Fields by name, then keys, values, places; keys and values by what they hold. */
export function compareElements(a: PathElement, b: PathElement): number {
  return a === b ? 0 : compareRanked(rankedElement(a), rankedElement(b))
}

/** An element that has been read once, to be compared often. */
export interface RankedElement {
  readonly element: PathElement
  readonly sort: number
  /** Of a key its fields, of a value or place itself. */
  readonly content: unknown
}

/** Reads an element once. Throws a `SyntaxError` where it is none. */
export function rankedElement(element: PathElement): RankedElement {
  const rest = element.slice(2)
  switch (element[0]) {
    case 'f':
      return { element, sort: 0, content: rest }
    case 'k':
      return { element, sort: 1, content: Object.entries(parseExact(rest) as object) }
    case 'v':
      return { element, sort: 2, content: plainText.test(rest) ? rest.slice(1, -1) : parseExact(rest) }
    default:
      return { element, sort: 3, content: Number(rest) }
  }
}

/** The order of `compareElements` for elements that were read. */
export function compareRanked(a: RankedElement, b: RankedElement): number {
  if (a.sort !== b.sort) return a.sort - b.sort
  return a.sort === 1 ? compareKeys(a.content as Entries, b.content as Entries) : compareValues(a.content, b.content)
}

/** The order of UTF-8 bytes, which differs from that of UTF-16 units only past the basic plane. */
export function compareText(a: string, b: string): number {
  if (a === b) return 0
  return surrogates.test(a) || surrogates.test(b) ? Buffer.compare(Buffer.from(a), Buffer.from(b)) : a < b ? -1 : 1
}

type Entries = readonly (readonly [string, unknown])[]

function compareKeys(a: Entries, b: Entries): number {
  for (let i = 0; i < a.length && i < b.length; i += 1) {
    const found = compareText(a[i]![0], b[i]![0]) || compareValues(a[i]![1], b[i]![1])
    if (found !== 0) return found
  }
  return a.length - b.length
}

function compareValues(a: unknown, b: unknown): number {
  const ranks = rank(a) - rank(b)
  if (ranks !== 0) return ranks
  if (typeof a === 'number' || typeof a === 'bigint') return a < (b as number) ? -1 : a > (b as number) ? 1 : 0
  if (typeof a === 'string') return compareText(a, b as string)
  if (typeof a === 'boolean') return Number(a) - Number(b)
  return compareText(JSON.stringify(a), JSON.stringify(b))
}

/** Numbers, texts, truth values, lists, maps, nothing. */
function rank(value: unknown): number {
  if (typeof value === 'number' || typeof value === 'bigint') return 0
  if (typeof value === 'string') return 1
  if (typeof value === 'boolean') return 2
  return value === null ? 5 : Array.isArray(value) ? 3 : 4
}

function showValue(value: unknown): string {
  if (typeof value === 'string') return quote(value)
  if (Array.isArray(value)) return `[${value.map(showValue).join(',')}]`
  if (typeof value === 'object' && value !== null)
    return Object.entries(value)
      .map(([name, each]) => `${name}=${showValue(each)}`)
      .join('')
  return String(value)
}

const byName = ([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number => compareText(a, b)
/** A JSON text in which nothing is escaped. */
const plainText = /^"[^"\\]*"$/
const surrogates = /[\ud800-\udfff]/
