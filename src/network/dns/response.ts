import { labelsOf, latin1, lowerAscii, readName, skipName } from './name.ts'
import { flags as flagBits, headerBytes, rcodes, types } from './numbers.ts'
import type { DnsRecord } from './record.ts'
import type { StoredAnswer } from './stored-answer.ts'

/** What another server answered, checked and without its OPT record. */
export interface Response extends StoredAnswer {
  /** It knows of EDNS. */
  readonly hasOpt: boolean
  /** There is no such name, or no record of the type asked for: also where it is an alias, at the end of which there is none (RFC 2308, 2.2). */
  readonly isDenial: boolean
  /**
   * Seconds for which it may be kept: the least TTL of its answers; of a denial what its SOA record says (RFC 2308, 5), and 0 where it has none.
   */
  readonly ttlSeconds: number
}

/**
 * Reads an answer to the question with this key. Undefined: it is none, or none to this question. Records behind an OPT record that is not the
 * last are left out: they are additions, and names in them may point anywhere.
 */
export function readResponse(message: Uint8Array, key: string): Response | undefined {
  const questionEnd = headerBytes + key.length
  if (message.length < questionEnd) return undefined
  const flags = read16(message, 2)
  if ((flags & flagBits.QR) === 0 || read16(message, 4) !== 1 || lowerQuestion(message, questionEnd) !== key) return undefined
  const counts = [read16(message, 6), read16(message, 8), read16(message, 10)] as const
  const [answers, authorities] = counts
  const askedType = read16(message, questionEnd - 4)
  let isAnswered = false
  const total = counts[0] + counts[1] + counts[2]
  const ends: number[] = []
  const ttls: number[] = []
  let at = questionEnd
  let hasOpt = false
  let leastTtl = Number.POSITIVE_INFINITY
  let negativeTtl = 0
  let end = questionEnd
  for (let i = 0; i < total; i += 1) {
    const fixed = skipName(message, at)
    if (fixed === undefined || fixed + 10 > message.length) return undefined
    const next = fixed + 10 + read16(message, fixed + 8)
    if (next > message.length) return undefined
    const type = read16(message, fixed)
    if (type === types.OPT) {
      // What the OPT record adds to the code is a failure of any sort (RFC 6891, 6.1.3).
      if (i < answers + authorities) return undefined
      hasOpt = true
    } else {
      // A TTL with its first bit set is to be read as 0 (RFC 2181, 8).
      const ttl = (message[fixed + 4]! & 0x80) === 0 ? read32(message, fixed + 4) : 0
      if (i < answers) {
        leastTtl = Math.min(leastTtl, ttl)
        isAnswered ||= type === askedType
      } else if (i < answers + authorities && type === types.SOA && next - fixed - 10 >= 22)
        negativeTtl = Math.min(ttl, read32(message, next - 4))
      if (!hasOpt) {
        ends.push(next)
        ttls.push(fixed + 4)
        end = next
      }
    }
    at = next
  }
  const rcode = flags & 0x0f
  const isDenial = rcode === rcodes.NXDOMAIN || (rcode === rcodes.NOERROR && !isAnswered)
  return {
    bytes: Uint8Array.from(message.subarray(0, end)),
    questionEnd,
    ends,
    answers,
    authorities,
    additionals: ends.length - answers - authorities,
    ttls,
    rcode,
    isAuthoritative: false,
    isAuthentic: (flags & flagBits.AD) !== 0,
    canTurn: false,
    isTruncated: (flags & flagBits.TC) !== 0,
    hasOpt,
    isDenial,
    ttlSeconds: isDenial || answers === 0 ? Math.min(negativeTtl, leastTtl) : leastTtl,
  }
}

/** Its records of one section, names written out, so that they can stand in another message. */
export function recordsOf(answer: StoredAnswer, section: 'answers' | 'authorities', ageSeconds = 0): DnsRecord[] {
  const records: DnsRecord[] = []
  const first = section === 'answers' ? 0 : answer.answers
  for (let i = first; i < first + answer[section]; i += 1) {
    const record = readRecord(answer.bytes, i === 0 ? answer.questionEnd : answer.ends[i - 1]!, ageSeconds)
    if (record !== undefined) records.push(record)
  }
  return records
}

function readRecord(message: Uint8Array, at: number, ageSeconds: number): DnsRecord | undefined {
  const owner = readName(message, at)
  if (owner === undefined) return undefined
  const code = read16(message, owner.end)
  const ttlSeconds = Math.max(0, read32(message, owner.end + 4) - ageSeconds)
  const from = owner.end + 10
  const to = from + read16(message, owner.end + 8)
  const common = { name: owner.name, ttlSeconds }
  // Types whose names may be pointers (RFC 3597, 4) are taken apart; all others can be passed on as they are.
  switch (code) {
    case types.CNAME:
    case types.PTR:
    case types.NS: {
      const target = readName(message, from)
      return target && { ...common, type: code === types.CNAME ? 'CNAME' : code === types.PTR ? 'PTR' : 'NS', target: target.name }
    }
    case types.SRV: {
      const target = readName(message, from + 6)
      return (
        target && {
          ...common,
          type: 'SRV',
          priority: read16(message, from),
          weight: read16(message, from + 2),
          port: read16(message, from + 4),
          target: target.name,
        }
      )
    }
    case types.SOA: {
      const primary = readName(message, from)
      const mailbox = primary && readName(message, primary.end)
      return (
        mailbox && {
          ...common,
          type: 'SOA',
          primary: primary.name,
          mailbox: mailbox.name,
          serial: read32(message, mailbox.end),
          minimumSeconds: read32(message, mailbox.end + 16),
        }
      )
    }
    case types.MX: {
      const target = readName(message, from + 2)
      return target && { ...common, type: 'raw', code, data: Buffer.concat([message.subarray(from, from + 2), wireName(target.name)]) }
    }
    case types.DNAME: {
      const target = readName(message, from)
      return target && { ...common, type: 'raw', code, data: wireName(target.name) }
    }
    default:
      return { ...common, type: 'raw', code, data: Uint8Array.from(message.subarray(from, to)) }
  }
}

function wireName(name: string): Buffer {
  const parts = labelsOf(name).map((label) => String.fromCharCode(label.length) + label)
  return Buffer.from(`${parts.join('')}\0`, 'latin1')
}

/** The question as a key. Lengths of labels are below 64, and so are no letters; type and class are left as they are. */
const lowerQuestion = (message: Uint8Array, end: number): string =>
  lowerAscii(latin1(message, headerBytes, end - 4)) + latin1(message, end - 4, end)

const read16 = (message: Uint8Array, at: number): number => ((message[at] ?? 0) << 8) | (message[at + 1] ?? 0)
const read32 = (message: Uint8Array, at: number): number => read16(message, at) * 0x10000 + read16(message, at + 2)
