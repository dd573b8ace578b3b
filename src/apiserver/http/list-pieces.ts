import { formatYaml } from '#schema/yaml-writer.ts'
import { sortKeys } from './sort-keys.ts'
import type { Turns } from './turns.ts'

/**
 * Long lists are made while they are sent, some items at a time with everybody else's turn in between: neither the memory nor the event
 * loop holds all of one.
 */

/** An object whose `key` lists what `textOf` makes of each item, as JSON. `empty` is the object with an empty list there, which stands last. */
export function jsonPieces<T>(
  empty: object,
  key: string,
  items: readonly T[],
  objectFor: (item: T) => unknown,
  turns: Turns,
): AsyncIterable<Uint8Array> {
  const end = `"${key}":[]}`
  const whole = JSON.stringify(empty)
  if (!whole.endsWith(end)) throw new TypeError(`${key} has to stand last`)
  return sliced(whole.slice(0, -2), items, (item, i) => (i === 0 ? '' : ',') + JSON.stringify(objectFor(item)), ']}', turns)
}

/** The same as YAML, whose keys stand in order of the alphabet. */
export function yamlPieces<T>(
  empty: object,
  key: string,
  items: readonly T[],
  objectFor: (item: T) => unknown,
  turns: Turns,
): AsyncIterable<Uint8Array> {
  const keys = Object.keys(empty).toSorted()
  const textOf = (names: readonly string[]): string =>
    names.map((name) => formatYaml({ [name]: sortKeys((empty as Record<string, unknown>)[name]) })).join('')
  const at = keys.indexOf(key)
  return sliced(
    `${textOf(keys.slice(0, at))}${key}:\n`,
    items,
    // A list of one item is the item with its dash.
    (item) => formatYaml([sortKeys(objectFor(item))]),
    textOf(keys.slice(at + 1)),
    turns,
  )
}

/** Whether a list is long enough to be sent so; a short one is made at once, and its length told. */
export const isLong = (items: readonly unknown[]): boolean => items.length > longFrom

async function* sliced<T>(
  head: string,
  items: readonly T[],
  textOf: (item: T, i: number) => string,
  tail: string,
  turns: Turns,
): AsyncGenerator<Uint8Array> {
  let out = head
  for (let i = 0; i < items.length; i += 1) {
    out += textOf(items[i]!, i)
    const turn = turns()
    if (turn !== undefined) await turn
    if (out.length < pieceLength) continue
    yield Buffer.from(out)
    out = ''
  }
  yield Buffer.from(out + tail)
}

/** Any list of bodies in one: for what has to know its length first. */
export async function* inTurn(
  parts: readonly Uint8Array[],
  glueOf: (part: Uint8Array) => Uint8Array,
  turns: Turns,
): AsyncGenerator<Uint8Array> {
  let out: Uint8Array[] = []
  let sizeBytes = 0
  for (const part of parts) {
    const glue = glueOf(part)
    out.push(glue, part)
    sizeBytes += glue.byteLength + part.byteLength
    if (sizeBytes < pieceLength) continue
    yield Buffer.concat(out)
    out = []
    sizeBytes = 0
    const turn = turns()
    if (turn !== undefined) await turn
  }
  if (out.length > 0) yield Buffer.concat(out)
}

const longFrom = 50
const pieceLength = 128 * 1024
