import { flags, headerBytes } from './numbers.ts'
import type { Query, Refusal } from './query.ts'

/**
 * An answer as bytes, ready for anybody who asks the same: everything but the OPT record, with a header that `fit` fills in. Its question is in
 * whatever case it was first asked in.
 */
export interface StoredAnswer {
  readonly bytes: Uint8Array
  readonly questionEnd: number
  /** Behind each record. */
  readonly ends: readonly number[]
  /** How many of the records are answers, authority and additional. */
  readonly answers: number
  readonly authorities: number
  readonly additionals: number
  /** Where the TTL of each record stands. */
  readonly ttls: readonly number[]
  readonly rcode: number
  readonly isAuthoritative: boolean
  /** What the server that was asked says of its checking (RFC 6840, 5.8). */
  readonly isAuthentic: boolean
  /** There is more than stands here, and nobody could be asked for it. */
  readonly isTruncated: boolean
  /** All answers are of one size and of one name: they may stand in any order. */
  readonly canTurn: boolean
}

/** The largest answer in a datagram without EDNS (RFC 1035, 4.2.1), and with: what passes every path unbroken (DNS flag day 2020). */
export const plainBytes = 512
export const datagramBytes = 1_232
/** The largest in a stream. */
export const streamBytes = 65_535
export const optBytes = 11

/** How large the answer to a question may be. */
export function limitOf(query: Query, transport: 'udp' | 'tcp'): number {
  if (transport === 'tcp') return streamBytes
  return query.edns === undefined ? plainBytes : Math.min(Math.max(query.edns.payloadBytes, plainBytes), datagramBytes)
}

/**
 * The answer to `query`, of at most `limitBytes`. What does not fit is left out from the end, and where it was more than an addition the TC bit
 * says so (RFC 2181, 9); the records that fit are sent, since many a client looks no further. `ageSeconds` is taken from all TTLs. `turn` puts another
 * address first each time: most clients take the first.
 */
export function fit(answer: StoredAnswer, query: Query, limitBytes: number, ageSeconds = 0, turn = 0): Uint8Array {
  const { bytes, questionEnd, ends } = answer
  const ownBytes = query.edns === undefined ? 0 : optBytes
  const room = limitBytes - ownBytes
  let { answers, authorities, additionals } = answer
  let { isTruncated } = answer
  let end = bytes.length
  if (end > room) {
    let kept = ends.length
    while (kept > 0 && ends[kept - 1]! > room) kept -= 1
    if (kept < answers) {
      isTruncated = true
      answers = kept
      authorities = 0
      additionals = 0
    } else if (kept < answers + authorities) {
      isTruncated ||= answers === 0
      authorities = 0
      additionals = 0
    } else additionals = kept - answers - authorities
    kept = answers + authorities + additionals
    end = kept === 0 ? questionEnd : ends[kept - 1]!
  }
  const out = Buffer.allocUnsafe(end + ownBytes)
  if (answer.canTurn && turn > 0 && answer.answers > 1) copyTurned(out, answer, answers, turn % answer.answers, end)
  else copy(out, bytes, 0, end)
  writeHeader(out, query, answer.rcode, answer.isAuthoritative, answer.isAuthentic, isTruncated)
  out.set(query.question, headerBytes)
  out[4] = 0
  out[5] = 1
  put16(out, 6, answers)
  put16(out, 8, authorities)
  put16(out, 10, additionals + (ownBytes === 0 ? 0 : 1))
  if (ageSeconds > 0)
    for (const at of answer.ttls) {
      if (at + 4 > end) break
      out.writeUInt32BE(Math.max(0, out.readUInt32BE(at) - ageSeconds), at)
    }
  if (query.edns !== undefined) writeOpt(out, end, query.edns.isDnssecOk, 0)
  return out
}

/** What is refused, with the question where it was understood. BADVERS is said by the OPT record alone (RFC 6891, 6.1.3). */
export function refuse(query: Query | Refusal, rcode: number): Uint8Array {
  const isRead = 'question' in query
  const question = isRead ? query.question : new Uint8Array()
  const edns = isRead ? query.edns : undefined
  const end = headerBytes + question.length
  const out = Buffer.alloc(end + (edns === undefined ? 0 : optBytes))
  writeHeader(out, query, rcode & 0x0f, false, false, false)
  out.set(question, headerBytes)
  out[5] = isRead ? 1 : 0
  if (edns !== undefined) {
    out[11] = 1
    writeOpt(out, end, edns.isDnssecOk, rcode >> 4)
  }
  return out
}

function writeHeader(
  out: Uint8Array,
  query: Query | Refusal,
  rcode: number,
  isAuthoritative: boolean,
  isAuthentic: boolean,
  isTruncated: boolean,
): void {
  put16(out, 0, query.id)
  // AD is for who asks for it, by its own bit or by DO (RFC 6840, 5.7).
  const asksForAd = (query.flags & flags.AD) !== 0 || ('edns' in query && query.edns?.isDnssecOk === true)
  const bits =
    flags.QR |
    (query.flags & (0x7800 | flags.RD | flags.CD)) |
    flags.RA |
    (isAuthoritative ? flags.AA : 0) |
    (isTruncated ? flags.TC : 0) |
    (isAuthentic && asksForAd ? flags.AD : 0) |
    (rcode & 0x0f)
  put16(out, 2, bits)
}

function writeOpt(out: Uint8Array, at: number, isDnssecOk: boolean, extendedRcode: number): void {
  out.fill(0, at, at + optBytes)
  out[at + 2] = 41
  put16(out, at + 3, datagramBytes)
  out[at + 5] = extendedRcode
  out[at + 7] = isDnssecOk ? 0x80 : 0
}

/** Answers from number `first` on, then those before it, then the rest. */
function copyTurned(
  out: Buffer,
  { bytes, questionEnd, ends, answers: all }: StoredAnswer,
  wanted: number,
  first: number,
  end: number,
): void {
  copy(out, bytes, 0, questionEnd)
  const sizeBytes = (ends[all - 1]! - questionEnd) / all
  let at = questionEnd
  const ahead = Math.min(wanted, all - first)
  const from = questionEnd + first * sizeBytes
  out.set(bytes.subarray(from, from + ahead * sizeBytes), at)
  at += ahead * sizeBytes
  const left = wanted - ahead
  out.set(bytes.subarray(questionEnd, questionEnd + left * sizeBytes), at)
  at += left * sizeBytes
  out.set(bytes.subarray(at, end), at)
}

const copy = (out: Buffer, bytes: Uint8Array, from: number, to: number): void =>
  out.set(to - from === bytes.length ? bytes : bytes.subarray(from, to))

function put16(out: Uint8Array, at: number, value: number): void {
  out[at] = value >> 8
  out[at + 1] = value & 255
}
