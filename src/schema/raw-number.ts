import { setOwn } from './fields.ts'

/** The parts of JSON that TypeScript does not know yet (ECMAScript, "JSON.parse source text access"). */
const rawJson = JSON as unknown as { rawJSON(text: string): RawNumber; isRawJSON(value: unknown): boolean }

/** A number as its document writes it. It is written back like that, and says nothing else: what it means is for its type to tell. */
export interface RawNumber {
  readonly rawJSON: string
}

/** A number as `text` writes it; throws a `SyntaxError` where that is no JSON of a scalar. */
export const rawNumber = (text: string): RawNumber => rawJson.rawJSON(text)

/** Whether it is a number that is kept as written. */
export const isRawNumber = (value: unknown): value is RawNumber => rawJson.isRawJSON(value)

/** The value with a double in place of every such number; the very same where there is none. */
export function withoutRawNumbers(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (isRawNumber(value)) return Number(value.rawJSON)
  return Array.isArray(value) ? listWithout(value) : objectWithout(value as Readonly<Record<string, unknown>>)
}

/** Whatever is stored comes through here, owners of thousands of fields too: nothing is made where nothing changes. */
function objectWithout(object: Readonly<Record<string, unknown>>): unknown {
  let copy: Record<string, unknown> | undefined
  for (const key of Object.keys(object)) {
    const part = object[key]
    if (typeof part !== 'object') continue
    const after = withoutRawNumbers(part)
    if (after !== part) setOwn((copy ??= { ...object }), key, after)
  }
  return copy ?? object
}

function listWithout(list: readonly unknown[]): unknown {
  let copy: unknown[] | undefined
  for (let i = 0; i < list.length; i += 1) {
    const after = withoutRawNumbers(list[i])
    if (after === list[i]) continue
    copy ??= [...list]
    copy[i] = after
  }
  return copy ?? list
}

// JSON.stringify would throw for them, wherever it meets one: in messages, logs and what webhooks are sent.
Object.defineProperty(BigInt.prototype, 'toJSON', {
  value(this: bigint): unknown {
    return rawJson.rawJSON(this.toString())
  },
})
