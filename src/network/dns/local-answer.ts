import type { DnsRecord, RecordData } from './record.ts'

/** Seconds for which clients may keep an answer that this server makes: a change is to be seen soon. Of refusals too (RFC 2308). */
export const ownTtlSeconds = 5

/** An answer from what this server itself knows. */
export interface LocalAnswer {
  /** False: there is no such name (NXDOMAIN). True without records: no data of this type. */
  readonly exists: boolean
  readonly answers: readonly DnsRecord[]
  /** Addresses of the targets of SRV records. */
  readonly additionals: readonly DnsRecord[]
  /** The zone whose SOA record goes with a refusal; undefined: it is of no zone, and not to be kept by clients. */
  readonly zone: string | undefined
  /**
   * What it depends on: `namespace/service`, `namespace`, or '' for settings alone. Undefined: on too much to keep it as bytes.
   */
  readonly owner: string | undefined
}

/** A record of our own. */
export const own = (name: string, data: RecordData): DnsRecord => ({ name, ttlSeconds: ownTtlSeconds, ...data })

/** Records for those addresses that are of the type asked for. */
export const addressRecords = (name: string, type: string, addresses: Iterable<string>): DnsRecord[] =>
  [...addresses].flatMap((address) => {
    const family = address.includes(':') ? 'AAAA' : 'A'
    return family === type ? [own(name, { type: family, address })] : []
  })

/** Who answers for a zone, for all negative answers in it. */
export const startOfAuthority = (zone: string, domain: string): DnsRecord =>
  own(zone, {
    type: 'SOA',
    primary: nameServerName(domain),
    mailbox: `hostmaster.${domain}`,
    serial: 1,
    minimumSeconds: ownTtlSeconds,
  })

/** Under this name the server has its own addresses. */
export const nameServerName = (domain: string): string => `ns.dns.${domain}`
