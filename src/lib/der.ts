import { isIPv4 } from 'node:net'

/** DER (ITU-T X.690), as far as an X.509 certificate needs it: each function gives the encoding of one value. */
export const der = {
  sequence: (...parts: readonly Uint8Array[]) => tagged(0x30, ...parts),
  set: (...parts: readonly Uint8Array[]) => tagged(0x31, ...parts),
  /** Context-specific and constructed: `[n] EXPLICIT`. */
  explicit: (tag: number, ...parts: readonly Uint8Array[]) => tagged(0xa0 | tag, ...parts),
  /** Context-specific and primitive: `[n] IMPLICIT` of a string. */
  implicit: (tag: number, content: Uint8Array) => tagged(0x80 | tag, content),
  boolean: (value: boolean) => tagged(0x01, Uint8Array.of(value ? 0xff : 0)),
  /** A positive integer out of its big-endian bytes. */
  integer: (bytes: Uint8Array) => tagged(0x02, bytes[0]! & 0x80 ? Uint8Array.of(0) : new Uint8Array(), bytes),
  objectIdentifier,
  octetString: (content: Uint8Array) => tagged(0x04, content),
  bitString: (content: Uint8Array, unusedBits = 0) => tagged(0x03, Uint8Array.of(unusedBits), content),
  utf8: (text: string) => tagged(0x0c, Buffer.from(text)),
  time,
}

/** One value of DER (X.690): its tag byte and what it holds. */
export interface DerValue {
  readonly tag: number
  readonly content: Uint8Array
  /** Tag, length and content. */
  readonly whole: Uint8Array
}

/** The values in a row that `bytes` holds. Reads what we or OpenSSL wrote: a broken length is a RangeError. */
export function readDer(bytes: Uint8Array): DerValue[] {
  const values: DerValue[] = []
  for (let at = 0; at < bytes.length; ) {
    const start = at
    const tag = bytes[at]!
    let length = bytes[at + 1]!
    at += 2
    if (length > 0x80) {
      const count = length - 0x80
      length = 0
      for (let i = 0; i < count; i += 1) length = length * 256 + bytes[at + i]!
      at += count
    }
    if (!(at + length <= bytes.length)) throw new RangeError('DER value runs past its end')
    values.push({ tag, content: bytes.subarray(at, at + length), whole: bytes.subarray(start, at + length) })
    at += length
  }
  return values
}

/** The four or sixteen bytes of an address. */
export function addressBytes(address: string): Uint8Array {
  if (isIPv4(address)) return Uint8Array.from(address.split('.'), Number)
  const [head = '', tail] = new URL(`http://[${address}]`).hostname.slice(1, -1).split('::')
  const words = (text: string) => (text === '' ? [] : text.split(':').map((word) => Number.parseInt(word, 16)))
  const before = words(head)
  const after = words(tail ?? '')
  const middle = Array.from({ length: 8 - before.length - after.length }, () => 0)
  return Uint8Array.from([...before, ...middle, ...after].flatMap((word) => [word >> 8, word & 0xff]))
}

function tagged(tag: number, ...parts: readonly Uint8Array[]): Uint8Array {
  const content = Buffer.concat(parts)
  if (content.length < 0x80) return Buffer.concat([Uint8Array.of(tag, content.length), content])
  const length: number[] = []
  for (let rest = content.length; rest > 0; rest = Math.floor(rest / 256)) length.unshift(rest % 256)
  return Buffer.concat([Uint8Array.of(tag, 0x80 | length.length, ...length), content])
}

function objectIdentifier(text: string): Uint8Array {
  const [first = 0, second = 0, ...rest] = text.split('.').map(Number)
  const bytes = [first * 40 + second, ...rest].flatMap((arc) => {
    const groups = [arc & 0x7f]
    for (let left = Math.floor(arc / 128); left > 0; left = Math.floor(left / 128)) groups.unshift(0x80 | (left & 0x7f))
    return groups
  })
  return tagged(0x06, Uint8Array.from(bytes))
}

/** UTCTime until 2049, GeneralizedTime from 2050 on (RFC 5280 section 4.1.2.5). */
function time(atMs: number): Uint8Array {
  const digits = new Date(atMs).toISOString().replace(/\.\d+|[-:T]/g, '')
  return digits < '2050' ? tagged(0x17, Buffer.from(digits.slice(2))) : tagged(0x18, Buffer.from(digits))
}
