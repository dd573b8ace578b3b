import { skipName } from './name.ts'
import { flags, headerBytes, rcodes, types } from './numbers.ts'

/** A question as it came, read no further than needed to find its answer. */
export interface Query {
  readonly id: number
  /** Flags and operation code as sent. */
  readonly flags: number
  /** Name, type and class as sent: the answer repeats them letter by letter, since clients compare (draft-vixie-dnsext-dns0x20). */
  readonly question: Uint8Array
  /** The same in lower case, a character for each byte: equal questions have equal keys. */
  readonly key: string
  readonly type: number
  readonly class: number
  readonly edns: Edns | undefined
  readonly sizeBytes: number
}

/** What an OPT record says (RFC 6891, 6.1.3). Its options are read by nobody here: an unknown one is to be ignored, a cookie may be (RFC 7873, 5.2.1). */
export interface Edns {
  readonly payloadBytes: number
  readonly version: number
  /** The client can do with DNSSEC records (RFC 3225). */
  readonly isDnssecOk: boolean
}

/** What came is a question, but none that can be answered: with this code. */
export interface Refusal {
  readonly id: number
  readonly flags: number
  readonly rcode: number
}

/** Records behind the question of a question: an OPT record, a signature, and that is much. */
const recordsMax = 8
const scratch = Buffer.alloc(260)

/**
 * Reads a question. Undefined: it is none, and gets no answer (too short, or an answer itself, to which answering could go on for ever).
 * A refusal: an operation that this server has not, or a message that is not whole.
 */
export function readQuery(message: Uint8Array): Query | Refusal | undefined {
  if (message.length < headerBytes) return undefined
  const id = (message[0]! << 8) | message[1]!
  const bits = (message[2]! << 8) | message[3]!
  if ((bits & flags.QR) !== 0) return undefined
  if ((bits & 0x7800) !== 0) return { id, flags: bits, rcode: rcodes.NOTIMP }
  const malformed: Refusal = { id, flags: bits, rcode: rcodes.FORMERR }
  // One question, no more (RFC 9619).
  if (message[4] !== 0 || message[5] !== 1) return malformed
  let at = headerBytes
  for (;;) {
    const length = message[at]
    // Nothing stands before the question to which its name could point.
    if (length === undefined || length > 63) return malformed
    if (length === 0) break
    at += length + 1
    if (at - headerBytes >= 255) return malformed
  }
  const end = at + 5
  if (end > message.length) return malformed
  for (let i = headerBytes; i < end; i += 1) {
    const byte = message[i]!
    // The length of a label is no letter: it is below 64.
    scratch[i - headerBytes] = i < at && byte >= 65 && byte <= 90 ? byte + 32 : byte
  }
  const edns = readOpt(message, end)
  if (edns === null) return malformed
  return {
    id,
    flags: bits,
    question: message.subarray(headerBytes, end),
    key: scratch.toString('latin1', 0, end - headerBytes),
    type: (message[at + 1]! << 8) | message[at + 2]!,
    class: (message[at + 3]! << 8) | message[at + 4]!,
    edns,
    sizeBytes: message.length,
  }
}

/** The labels of a key's name. */
export function labelsOfKey(key: string): string[] {
  const labels: string[] = []
  for (let at = 0; ; ) {
    const length = key.charCodeAt(at)
    if (length === 0) return labels
    labels.push(key.slice(at + 1, at + 1 + length))
    at += length + 1
  }
}

/** The key of a question for a name in labels. */
export const keyOf = (labels: readonly string[], type: number, ofClass = 1): string =>
  `${labels.map((label) => String.fromCharCode(label.length) + label).join('')}\0${[type >> 8, type & 255, ofClass >> 8, ofClass & 255].map((byte) => String.fromCharCode(byte)).join('')}`

/** The OPT record among those behind the question; undefined: there is none. Null: they are not whole, or it is there twice. */
function readOpt(message: Uint8Array, from: number): Edns | undefined | null {
  const records = ((message[6]! << 8) | message[7]!) + ((message[8]! << 8) | message[9]!) + ((message[10]! << 8) | message[11]!)
  if (records === 0) return undefined
  if (records > recordsMax) return null
  let found: Edns | undefined
  let at = from
  for (let i = 0; i < records; i += 1) {
    const fixed = skipName(message, at)
    if (fixed === undefined || fixed + 10 > message.length) return null
    const type = (message[fixed]! << 8) | message[fixed + 1]!
    if (type === types.OPT) {
      if (found !== undefined || message[at] !== 0) return null
      found = {
        payloadBytes: (message[fixed + 2]! << 8) | message[fixed + 3]!,
        version: message[fixed + 5]!,
        isDnssecOk: (message[fixed + 6]! & 0x80) !== 0,
      }
    }
    at = fixed + 10 + ((message[fixed + 8]! << 8) | message[fixed + 9]!)
    if (at > message.length) return null
  }
  return found
}
