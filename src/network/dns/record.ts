/** A record of a zone. Names are text as in `name.ts`; times are seconds. */
export type DnsRecord = {
  readonly name: string
  readonly ttlSeconds: number
} & RecordData

/** What a record says, by its type. */
export type RecordData =
  | { readonly type: 'A' | 'AAAA'; readonly address: string }
  | { readonly type: 'CNAME' | 'PTR' | 'NS'; readonly target: string }
  | { readonly type: 'TXT'; readonly text: string }
  | { readonly type: 'SRV'; readonly priority: number; readonly weight: number; readonly port: number; readonly target: string }
  | { readonly type: 'SOA'; readonly primary: string; readonly mailbox: string; readonly serial: number; readonly minimumSeconds: number }
  | { readonly type: 'HINFO'; readonly cpu: string; readonly os: string }
  /** From elsewhere and passed on as it is, names in it written out. */
  | { readonly type: 'raw'; readonly code: number; readonly data: Uint8Array }
