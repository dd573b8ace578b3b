/**
 * Which lists and maps of a message a client gave without anything in them. Decoding drops them, for nobody needs to tell them from absent
 * ones; but Go does, and the reference shows the one as `[]` or `{}` and the other as `null`. The note stands under a symbol of the decoded
 * message, where copies by spread keep it and nothing else sees it.
 */
const givenEmpty = Symbol('given empty')

type Noted = { [givenEmpty]?: Readonly<Record<string, unknown>> }

/** Notes that `name` was given as this empty list or map. */
export function noteEmpty(message: object, name: string, value: unknown): void {
  const noted = message as Noted
  noted[givenEmpty] = { ...noted[givenEmpty], [name]: value }
}

/** Whether such a note hangs on the message. */
export const isNoted = (message: object): boolean => givenEmpty in message

/** A list or map as Go shows it: as it is, or empty where it was given so, else null. */
export function shownAsGiven(message: object | undefined, name: string): unknown {
  const value = (message as Readonly<Record<string, unknown>> | undefined)?.[name]
  const isFull = typeof value === 'object' && value !== null && Object.keys(value).length > 0
  return isFull ? value : ((message as Noted | undefined)?.[givenEmpty]?.[name] ?? null)
}
