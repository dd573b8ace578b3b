import { parseIp } from '#schema/ip.ts'
import { isEncodable, labelsOf } from './name.ts'
import { classIn, headerBytes, types } from './numbers.ts'
import { labelsOfKey } from './query.ts'
import type { DnsRecord } from './record.ts'
import { optBytes, type StoredAnswer, streamBytes } from './stored-answer.ts'

/** What an answer says, before it is bytes. */
export interface AnswerParts {
  readonly rcode: number
  readonly isAuthoritative: boolean
  readonly answers: readonly DnsRecord[]
  readonly authorities?: readonly DnsRecord[]
  readonly additionals?: readonly DnsRecord[]
}

/** Written here first, since nobody knows the length before. Nothing waits in between, so one is enough for all. */
const page = Buffer.alloc(streamBytes)
/** A pointer has 14 bits (RFC 1035, 4.1.4). */
const pointerMax = 0x3fff

/**
 * The answer to the question with this key. Names that stood before are pointed to. What is too large for any message is left out, as is a
 * record whose name cannot be written.
 */
export function encodeAnswer(key: string, parts: AnswerParts): StoredAnswer {
  const known = new Map<string, number>()
  page.write(key, headerBytes, 'latin1')
  const questionEnd = headerBytes + key.length
  noteSuffixes(known, labelsOfKey(key), headerBytes)
  let at = questionEnd
  const ends: number[] = []
  const ttls: number[] = []
  const counts = [0, 0, 0]
  const sections = [parts.answers, parts.authorities ?? [], parts.additionals ?? []]
  for (const [section, records] of sections.entries())
    for (const record of records) {
      const end = writeRecord(record, at, known, ttls)
      if (end === undefined) continue
      ends.push(end)
      counts[section]! += 1
      at = end
    }
  page.fill(0, 0, headerBytes)
  const [answers, authorities, additionals] = counts as [number, number, number]
  const sizeBytes = answers === 0 ? 0 : ends[0]! - questionEnd
  const first = parts.answers[0]
  return {
    // Out of Node's shared pages: kept answers go in the order in which they came, so that a page goes as a whole.
    bytes: Buffer.from(page.subarray(0, at)),
    questionEnd,
    ends,
    answers,
    authorities,
    additionals,
    ttls,
    rcode: parts.rcode,
    isAuthoritative: parts.isAuthoritative,
    isAuthentic: false,
    isTruncated: false,
    canTurn:
      answers > 1 &&
      answers === parts.answers.length &&
      (first!.type === 'A' || first!.type === 'AAAA') &&
      parts.answers.every(({ type, name }) => type === first!.type && name === first!.name) &&
      // The first that names another than the question's is longer than those that point to it.
      ends[answers - 1]! - questionEnd === sizeBytes * answers,
  }
}

/** The offset behind the record; undefined: it does not fit, or cannot be written. */
function writeRecord(record: DnsRecord, from: number, known: Map<string, number>, ttls: number[]): number | undefined {
  if (!isWritable(record)) return undefined
  const added: string[] = []
  let at = writeName(record.name, from, known, added)
  const ttlAt = at + 4
  if (at + 10 <= roomBytes) {
    at = put16(at, record.type === 'raw' ? record.code : types[record.type])
    at = put16(at, classIn)
    at = put32(at, record.ttlSeconds)
    const dataAt = at + 2
    at = writeData(record, dataAt, known, added)
    if (at <= roomBytes) {
      put16(dataAt - 2, at - dataAt)
      ttls.push(ttlAt)
      return at
    }
  }
  // Nothing may point to what is not sent.
  for (const suffix of added) known.delete(suffix)
  return undefined
}

function writeData(record: DnsRecord, from: number, known: Map<string, number>, added: string[]): number {
  switch (record.type) {
    case 'A':
    case 'AAAA': {
      const bytes = parseIp(record.address)!
      return putBytes(from, bytes)
    }
    case 'CNAME':
    case 'PTR':
    case 'NS':
      return writeName(record.target, from, known, added)
    case 'TXT': {
      let at = from
      for (let i = 0; i === 0 || i < record.text.length; i += 255) at = putString(at, record.text.slice(i, i + 255))
      return at
    }
    case 'SRV':
      // Its name is written out (RFC 2782), and may be pointed to.
      return writeName(record.target, put16(put16(put16(from, record.priority), record.weight), record.port), known, added, false)
    case 'SOA': {
      let at = writeName(record.mailbox, writeName(record.primary, from, known, added), known, added)
      // Times for secondary servers, of which there are none: the usual ones.
      for (const value of [record.serial, 7_200, 1_800, 86_400, record.minimumSeconds]) at = put32(at, value)
      return at
    }
    case 'HINFO':
      return putString(putString(from, record.cpu), record.os)
    case 'raw':
      return putBytes(from, record.data)
  }
}

const isWritable = (record: DnsRecord): boolean =>
  isEncodable(record.name) &&
  (!('target' in record) || isEncodable(record.target)) &&
  (!('address' in record) || parseIp(record.address)?.length === (record.type === 'A' ? 4 : 16))

/** An OPT record has to fit as well. */
const roomBytes = streamBytes - optBytes

function writeName(name: string, from: number, known: Map<string, number>, added: string[], mayPoint = true): number {
  const labels = labelsOf(name)
  let at = from
  for (let i = 0; i < labels.length; i += 1) {
    const suffix = labels.slice(i).join('\0')
    const target = known.get(suffix)
    if (target !== undefined && mayPoint) return put16(at, 0xc000 | target)
    if (target === undefined && at <= pointerMax) {
      known.set(suffix, at)
      added.push(suffix)
    }
    at = putString(at, labels[i]!)
  }
  return putByte(at, 0)
}

function noteSuffixes(known: Map<string, number>, labels: readonly string[], from: number): void {
  let at = from
  for (let i = 0; i < labels.length; i += 1) {
    known.set(labels.slice(i).join('\0'), at)
    at += labels[i]!.length + 1
  }
}

// Past the end of the page nothing is written, and the offset says so.

function putByte(at: number, value: number): number {
  if (at < page.length) page[at] = value
  return at + 1
}

function put16(at: number, value: number): number {
  return putByte(putByte(at, value >> 8), value & 255)
}

function put32(at: number, value: number): number {
  return put16(put16(at, value >>> 16), value & 0xffff)
}

function putBytes(at: number, bytes: Uint8Array): number {
  if (at + bytes.length <= page.length) page.set(bytes, at)
  return at + bytes.length
}

/** A length in one byte, and as many characters. */
function putString(at: number, text: string): number {
  const bytes = putByte(at, text.length)
  if (bytes + text.length <= page.length) page.write(text, bytes, 'latin1')
  return bytes + text.length
}
