import type { Answer, Packet } from 'dns-packet'
import { AUTHORITATIVE_ANSWER, decode, encode, RECURSION_AVAILABLE, RECURSION_DESIRED, TRUNCATED_RESPONSE } from 'dns-packet'
import type { ZoneAnswer, ZoneRecord, ZoneView } from './cluster-zone.ts'
import { resolveInCluster } from './cluster-zone.ts'

/** Seconds for which clients may keep an answer from the cluster: a change is to be seen soon. */
const ttlSeconds = 5
/** The largest answer without EDNS (RFC 1035), and the largest that we send in one datagram (DNS flag day 2020). */
const plainBytes = 512
const mostBytes = 1232

export type Upstream = (question: string, message: Uint8Array) => Promise<Uint8Array | undefined>

/**
 * Answers one DNS message: the cluster's names from `view`, all others from the machine's name servers. Undefined: what came is not a DNS
 * question, and gets no answer.
 */
export function createNameServer(
  view: ZoneView,
  upstream: Upstream,
): (message: Uint8Array, transport: 'udp' | 'tcp') => Promise<Uint8Array | undefined> {
  return async (message, transport) => {
    let query: Packet
    try {
      query = decode(Buffer.from(message))
    } catch {
      return undefined
    }
    const question = query.questions?.[0]
    if (query.type !== 'query' || !question || query.questions?.length !== 1) return undefined
    const name = question.name.toLowerCase()
    const answer = resolveInCluster(name, question.type, view)
    if (!answer) {
      // Reverse names that nobody in the cluster has, and everything outside.
      const forwarded = await upstream(`${name}/${question.type}/${question.class ?? 'IN'}`, message)
      return forwarded ?? reply(query, { rcode: 'SERVFAIL', authoritative: false }, transport)
    }
    const full = await followAlias(answer, question.type, view, upstream)
    const answers = full.answers.map((record) => toAnswer(record.name === name ? { ...record, name: question.name } : record))
    return reply(
      query,
      {
        rcode: answer.exists ? 'NOERROR' : 'NXDOMAIN',
        authoritative: true,
        answers,
        additionals: full.additionals.map(toAnswer),
        authorities: answers.length === 0 ? [startOfAuthority(view.domain)] : [],
      },
      transport,
    )
  }
}

/** An alias (ExternalName) is answered with its target's addresses as well, so that a simple client need not ask again. */
async function followAlias(answer: ZoneAnswer, type: string, view: ZoneView, upstream: Upstream): Promise<ZoneAnswer> {
  const [alias] = answer.answers
  if (alias?.type !== 'CNAME' || type === 'CNAME') return answer
  const target = alias.data.toLowerCase().replace(/\.$/, '')
  const inside = resolveInCluster(target, type, view)
  if (inside) return inside.answers[0]?.type === 'CNAME' ? answer : { ...answer, answers: [...answer.answers, ...inside.answers] }
  const message = encode({ type: 'query', id: 1, flags: RECURSION_DESIRED, questions: [{ type: type as 'A', name: target, class: 'IN' }] })
  const outside = await upstream(`${target}/${type}/IN`, message)
  if (!outside) return answer
  const records = (decode(Buffer.from(outside)).answers ?? []).filter((record) => record.type === 'A' || record.type === 'AAAA')
  return {
    ...answer,
    answers: [
      ...answer.answers,
      ...records.map((record) => ({ type: record.type as 'A', name: target, data: String('data' in record ? record.data : '') })),
    ],
  }
}

interface Reply {
  readonly rcode: 'NOERROR' | 'NXDOMAIN' | 'SERVFAIL'
  readonly authoritative: boolean
  readonly answers?: Answer[]
  readonly additionals?: Answer[]
  readonly authorities?: Answer[]
}

const ownEdns: Answer = {
  type: 'OPT',
  name: '.',
  udpPayloadSize: mostBytes,
  extendedRcode: 0,
  ednsVersion: 0,
  flags: 0,
  flag_do: false,
  options: [],
}

const rcodes = { NOERROR: 0, SERVFAIL: 2, NXDOMAIN: 3 } as const

function reply(
  query: Packet,
  { rcode, authoritative, answers = [], additionals = [], authorities = [] }: Reply,
  transport: 'udp' | 'tcp',
): Uint8Array {
  const edns = query.additionals?.find((record) => record.type === 'OPT')
  const packet = (parts: Pick<Packet, 'answers' | 'additionals' | 'authorities'>, flags = 0) =>
    encode({
      type: 'response',
      ...(query.id !== undefined && { id: query.id }),
      flags:
        flags | rcodes[rcode] | RECURSION_AVAILABLE | ((query.flags ?? 0) & RECURSION_DESIRED) | (authoritative ? AUTHORITATIVE_ANSWER : 0),
      questions: query.questions ?? [],
      ...parts,
      additionals: [...(parts.additionals ?? []), ...(edns ? [ownEdns] : [])],
    })
  const whole = packet({ answers, additionals, authorities })
  const limitBytes =
    transport === 'tcp' ? 65_535 : edns?.type === 'OPT' ? Math.min(Math.max(edns.udpPayloadSize, plainBytes), mostBytes) : plainBytes
  if (whole.length <= limitBytes) return whole
  const fewer = packet({ answers, authorities })
  return fewer.length <= limitBytes ? fewer : packet({}, TRUNCATED_RESPONSE)
}

const toAnswer = (record: ZoneRecord): Answer => ({ ...record, ttl: ttlSeconds, class: 'IN' }) as Answer

const startOfAuthority = (domain: string): Answer => ({
  type: 'SOA',
  name: domain,
  ttl: ttlSeconds,
  class: 'IN',
  data: {
    mname: `ns.dns.${domain}`,
    rname: `hostmaster.${domain}`,
    serial: 1,
    refresh: 7200,
    retry: 1800,
    expire: 86400,
    minimum: ttlSeconds,
  },
})

/** The least TTL of an answer; of a refusal the SOA's minimum (RFC 2308); 0 for what is no final word. At most an hour. */
export function ttlSecondsOf(message: Uint8Array): number {
  let packet: Packet
  try {
    packet = decode(Buffer.from(message))
  } catch {
    return 0
  }
  const rcode = (message[3] ?? 2) & 0x0f
  if (rcode !== rcodes.NOERROR && rcode !== rcodes.NXDOMAIN) return 0
  const records = [...(packet.answers ?? []), ...(packet.authorities ?? [])].filter((record) => record.type !== 'OPT')
  const ttls = records.map((record) =>
    Math.min(('ttl' in record ? record.ttl : 0) ?? 0, record.type === 'SOA' ? (record.data.minimum ?? Infinity) : Infinity),
  )
  return ttls.length === 0 ? 0 : Math.min(3600, ...ttls)
}
