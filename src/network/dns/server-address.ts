import { parseIp } from '#schema/ip.ts'

/** Where a name server listens. */
export interface ServerAddress {
  /** With its zone where it has one: `fe80::1%eth0`. */
  readonly address: string
  readonly port: number
}

/** `192.0.2.53`, `192.0.2.53:5353`, `2001:db8::53`, `[2001:db8::53]:5353`; undefined: it is none of these. The port is 53 where none is said. */
export function parseServer(text: string): ServerAddress | undefined {
  const match = /^\[([^\]]+)\](?::(\d{1,5}))?$/.exec(text) ?? /^([^:]+):(\d{1,5})$/.exec(text) ?? /^(.+)$/.exec(text)
  if (match === null) return undefined
  const address = match[1]!
  const port = Number(match[2] ?? 53)
  if (parseIp(address.replace(/%[\w.-]{1,15}$/, '')) === undefined || port < 1 || port > 65_535) return undefined
  return { address, port }
}
