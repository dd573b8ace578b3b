/** The parts of JSON that TypeScript does not know yet (ECMAScript, "JSON.parse source text access"). */
const rawJson = JSON as unknown as { rawJSON(text: string): RawNumber; isRawJSON(value: unknown): boolean }

/** A number as its document writes it. It is written back like that, and says nothing else: what it means is for its type to tell. */
export interface RawNumber {
  readonly rawJSON: string
}

export const rawNumber = (text: string): RawNumber => rawJson.rawJSON(text)

export const isRawNumber = (value: unknown): value is RawNumber => rawJson.isRawJSON(value)

/** The value with a double in place of every such number; the very same where there is none. */
export function withoutRawNumbers(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (isRawNumber(value)) return Number(value.rawJSON)
  let copy: unknown[] | Record<string, unknown> | undefined
  for (const [key, part] of Object.entries(value)) {
    const after = withoutRawNumbers(part)
    if (after === part) continue
    copy ??= Array.isArray(value) ? [...value] : { ...value }
    ;(copy as Record<string, unknown>)[key] = after
  }
  return copy ?? value
}

// JSON.stringify would throw for them, wherever it meets one: in messages, logs and what webhooks are sent.
Object.defineProperty(BigInt.prototype, 'toJSON', {
  value(this: bigint): unknown {
    return rawJson.rawJSON(this.toString())
  },
})
