/** Record types that this server speaks of by name (IANA, "Domain Name System Parameters"). */
export const types = { A: 1, NS: 2, CNAME: 5, SOA: 6, PTR: 12, HINFO: 13, MX: 15, TXT: 16, AAAA: 28, SRV: 33, DNAME: 39, OPT: 41 } as const

/** The name of a type, as zone data writes it. */
export type TypeName = Exclude<keyof typeof types, 'OPT' | 'MX' | 'DNAME'>

const namesOfTypes = new Map<number, string>(Object.entries(types).map(([name, code]) => [code, name]))

/** `A` for 1; `TYPE65` (RFC 3597, 5) for what this server has no name for. */
export const typeName = (code: number): string => namesOfTypes.get(code) ?? `TYPE${code}`

/** Every type there is, as a question only (RFC 8482). */
export const anyType = 255

/**
 * Types that are no data but instructions: a question for one is for another kind of server. From TKEY to MAILA (RFC 6895, 3.1) without ANY,
 * and OPT, which is no record of a name (RFC 6891, 6.1.1).
 */
export const isMetaType = (code: number): boolean => code === types.OPT || (code >= 128 && code < anyType)

/** The class of the Internet. */
export const classIn = 1

/** Response codes (RFC 6895, 2.3). */
export const rcodes = { NOERROR: 0, FORMERR: 1, SERVFAIL: 2, NXDOMAIN: 3, NOTIMP: 4, REFUSED: 5, BADVERS: 16 } as const

/** `NXDOMAIN` for 3; the number for what has no name here. */
export const rcodeName = (code: number): string => Object.entries(rcodes).find(([, known]) => known === code)?.[0] ?? String(code)

/** Bits of the second 16 of a message (RFC 1035, 4.1.1; RFC 4035, 3.2). */
export const flags = { QR: 0x8000, AA: 0x0400, TC: 0x0200, RD: 0x0100, RA: 0x0080, AD: 0x0020, CD: 0x0010 } as const

/** Where a message's question begins. */
export const headerBytes = 12
