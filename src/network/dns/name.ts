/**
 * Names as text: labels with dots between them, in lower case, no dot at the end; the root is ''. A dot or backslash within a label stands
 * behind a backslash (RFC 4343, 2.1); characters are bytes.
 */

/** The most bytes that a label and a whole name may have on the wire (RFC 1035, 2.3.4). */
const labelBytesMax = 63
const nameBytesMax = 255

/** The labels of a name in text. */
export function labelsOf(name: string): string[] {
  if (name === '') return []
  if (!name.includes('\\')) return name.split('.')
  return [...name.matchAll(/((?:[^.\\]|\\.)+)(?:\.|$)/gs)].map((match) => match[1]!.replaceAll(/\\(.)/gs, '$1'))
}

/** The name in text that these labels make. */
export const nameOf = (labels: readonly string[]): string =>
  labels.map((label) => (/[.\\]/.test(label) ? label.replaceAll(/[.\\]/g, '\\$&') : label)).join('.')

/** Whether it can stand in a message. */
export function isEncodable(name: string): boolean {
  let bytes = 1
  for (const label of labelsOf(name)) {
    if (label.length === 0 || label.length > labelBytesMax) return false
    bytes += label.length + 1
  }
  return bytes <= nameBytesMax
}

/** Lower case of what users write, and without the dot that ends an absolute name. */
export const normalName = (name: string): string => lowerAscii(name).replace(/(?<!\\)\.$/, '')

/** Of ASCII letters alone: DNS knows no other case (RFC 4343, 3). */
export const lowerAscii = (text: string): string => text.replaceAll(/[A-Z]+/g, (letters) => letters.toLowerCase())

/** Whether `name` is `domain` or stands beneath it. Everything stands beneath the root. */
export const isWithin = (name: string, domain: string): boolean =>
  domain === '' ||
  name === domain ||
  (name.length > domain.length && name.endsWith(domain) && name[name.length - domain.length - 1] === '.')

/** Where a name in a message leads: its text, in lower case, and the offset behind it. Undefined: it is none. */
export function readName(message: Uint8Array, from: number): { readonly name: string; readonly end: number } | undefined {
  const labels: string[] = []
  let at = from
  let end: number | undefined
  let bytes = 1
  for (;;) {
    const length = message[at]
    if (length === undefined) return undefined
    if (length === 0) return { name: nameOf(labels), end: end ?? at + 1 }
    if (length >= 0xc0) {
      const low = message[at + 1]
      if (low === undefined) return undefined
      end ??= at + 2
      const target = ((length & 0x3f) << 8) | low
      // A pointer leads back (RFC 1035, 4.1.4), so that following them comes to an end.
      if (target >= at) return undefined
      at = target
      continue
    }
    if (length > labelBytesMax || at + 1 + length > message.length) return undefined
    bytes += length + 1
    if (bytes > nameBytesMax) return undefined
    labels.push(lowerAscii(latin1(message, at + 1, at + 1 + length)))
    at += length + 1
  }
}

/** The offset behind a name in a message, which it does not follow; undefined: there is no end. */
export function skipName(message: Uint8Array, from: number): number | undefined {
  let at = from
  for (;;) {
    const length = message[at]
    if (length === undefined) return undefined
    if (length === 0) return at + 1
    if (length >= 0xc0) return at + 2 <= message.length ? at + 2 : undefined
    if (length > labelBytesMax) return undefined
    at += length + 1
  }
}

/** Bytes as text, a character each. */
export const latin1 = (bytes: Uint8Array, from = 0, to = bytes.length): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1', from, to)
