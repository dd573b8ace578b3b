import { formatDuration, parseDuration } from '#lib/duration.ts'
import { canonicalQuantity, isQuantity } from '#lib/quantity.ts'
import { deepEqual } from '#schema/fields.ts'

/** One setting: its value where nobody sets it, and how one that is set is read. `undefined` stands for a value that is not one. */
export interface Setting<T> {
  readonly fallback: T
  /** What a value has to be, for the message to who set another. */
  readonly wanted: string
  read(value: unknown): T | undefined
}

/** One of a form that none of the others has. */
export const setting = <T>(fallback: T, wanted: string, read: (value: unknown) => T | undefined): Setting<T> => ({ fallback, wanted, read })

export const boolean = (fallback: boolean) =>
  setting(fallback, 'true or false', (value) => (typeof value === 'boolean' ? value : undefined))

export const integer = (fallback: number, lowest = 0, highest = Number.MAX_SAFE_INTEGER) =>
  setting(
    fallback,
    highest === Number.MAX_SAFE_INTEGER ? `a whole number from ${lowest}` : `a whole number from ${lowest} to ${highest}`,
    (value) => (Number.isSafeInteger(value) && (value as number) >= lowest && (value as number) <= highest ? (value as number) : undefined),
  )

export const text = (fallback: string, wanted = 'a text', fits: (value: string) => boolean = () => true) =>
  setting(fallback, wanted, (value) => (typeof value === 'string' && fits(value) ? value : undefined))

export const oneOf = <T extends string>(fallback: T, ...others: readonly string[]) =>
  setting<string>(fallback, `one of ${[fallback, ...others].map((one) => JSON.stringify(one)).join(', ')}`, (value) =>
    value === fallback || others.includes(value as string) ? (value as string) : undefined,
  )

/** In Go's form, `1h30m0s`, whatever way it was written; from `lowest` on. None at all (`0s`) is the default: files that tools write are full of them. */
export const duration = (fallback: string, lowest = '0s') =>
  setting(fallback, `a duration such as "30s", at least ${lowest}`, (value) => (isNoTime(value) ? fallback : readDuration(value, lowest)))

export const texts = (fallback: readonly string[] = [], wanted = 'a list of texts', fits: (value: string) => boolean = () => true) =>
  setting<readonly string[]>(fallback, wanted, (value) =>
    Array.isArray(value) && value.every((one) => typeof one === 'string' && fits(one)) ? value : undefined,
  )

/** Texts by name. */
export const table = (
  wanted: string,
  read: (value: unknown, name: string) => string | undefined,
  fallback: Readonly<Record<string, string>> = {},
) =>
  setting(fallback, wanted, (value) => {
    if (!isMapping(value)) return undefined
    const entries = Object.entries(value).map(([name, one]) => [name, read(one, name)] as const)
    return entries.some(([, one]) => one === undefined) ? undefined : (Object.fromEntries(entries) as Readonly<Record<string, string>>)
  })

/** A list of mappings, each read by itself. */
export const list = <T>(wanted: string, read: (value: Readonly<Record<string, unknown>>) => T | undefined) =>
  setting<readonly T[]>([], wanted, (value) => {
    if (!Array.isArray(value) || !value.every(isMapping)) return undefined
    const entries = value.map(read)
    return entries.some((one) => one === undefined) ? undefined : (entries as readonly T[])
  })

/** A mapping of settings of its own. */
export const group = <T extends Readonly<Record<string, Setting<unknown>>>>(members: T): Setting<ValuesOf<T>> =>
  setting(
    valuesOf(members, {}) as ValuesOf<T>,
    `a mapping of ${Object.entries(members)
      .map(([name, { wanted }]) => `${name} (${wanted})`)
      .join(', ')}`,
    (value) => {
      if (!isMapping(value) || Object.keys(value).some((name) => !Object.hasOwn(members, name))) return undefined
      const values = valuesOf(members, value)
      return Object.entries(value).some(([name]) => values[name] === undefined) ? undefined : (values as ValuesOf<T>)
    },
  )

/** May be left out, and then is not there. */
export const optional = <T>(inner: Setting<T>): Setting<T | undefined> => ({ ...inner, fallback: undefined })

/** Shown, since clients of the original look for it, but nothing here can be otherwise. `because` goes on from "it can only be …, since". */
export const constant = <T>(fallback: T, because: string): Setting<T> =>
  setting(fallback, `${JSON.stringify(fallback)}, since ${because}`, (value) =>
    deepEqual(value, fallback) || (isNoTime(value) && readDuration(fallback) !== undefined) ? fallback : undefined,
  )

export type ValuesOf<T extends Readonly<Record<string, Setting<unknown>>>> = {
  readonly [Name in keyof T]: T[Name] extends Setting<infer Value> ? Value : never
}

/** Each setting's value: read where it is given, its fallback otherwise. */
export function valuesOf(
  settings: Readonly<Record<string, Setting<unknown>>>,
  given: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(settings).map(([name, { fallback, read }]) => [name, given[name] === undefined ? fallback : read(given[name])]),
  )
}

export const isMapping = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const isNoTime = (value: unknown): boolean => readDuration(value) === '0s'

export function readDuration(value: unknown, lowest = '0s'): string | undefined {
  if (typeof value !== 'string') return undefined
  try {
    const nanoseconds = parseDuration(value)
    return nanoseconds >= parseDuration(lowest) ? formatDuration(nanoseconds) : undefined
  } catch {
    // Not a duration at all: whoever asked says what would be one.
    return undefined
  }
}

export const readQuantity = (value: unknown): string | undefined =>
  (typeof value === 'string' || typeof value === 'number') && isQuantity(value) ? canonicalQuantity(value) : undefined
