import type { Functions, Implementation } from '#lib/cel/environment.ts'
import { opaqueType } from '#lib/cel/types.ts'
import { fault, isFault, type OpaqueValue, type Value } from '#lib/cel/values.ts'
import { formatIp, isMapped, maskCidr, parseCidr, parseIp } from '../ip.ts'

/** Type of an address, of either family. */
export const ipType = opaqueType('net.IP')
/** Type of a range of addresses. */
export const cidrType = opaqueType('net.CIDR')

interface Cidr {
  readonly address: Uint8Array
  readonly prefix: number
}

const bytesOf = (value: Value | undefined): Uint8Array => (value as OpaqueValue).value as Uint8Array
const cidrOf = (value: Value | undefined): Cidr => (value as OpaqueValue).value as Cidr
const sameBytes = (a: Uint8Array, b: Uint8Array): boolean => Buffer.compare(a, b) === 0
const ipValue = (value: Uint8Array): OpaqueValue => ({
  kind: 'opaque',
  type: ipType,
  value,
  size: value.length,
  equals: (other) => sameBytes(value, bytesOf(other)),
})
const cidrValue = (value: Cidr): OpaqueValue => ({
  kind: 'opaque',
  type: cidrType,
  value,
  size: Math.ceil(value.prefix / 8),
  equals: (other) => value.prefix === cidrOf(other).prefix && sameBytes(value.address, cidrOf(other).address),
})

/** Why `netip.ParseAddr` refuses a text. */
function addressProblem(text: string): string {
  const said = (reason: string): string => `ParseAddr(${JSON.stringify(text)}): ${reason}`
  if (!/[.:%]/.test(text)) return said('unable to parse IP')
  const first = /[.:%]/.exec(text)?.[0]
  if (first === '%') return said('missing IPv6 address')
  if (first === ':') {
    const again = text.indexOf('::', text.indexOf('::') + 2)
    if (text.includes('::') && again > 0) return said(`multiple :: in address (at ${JSON.stringify(text.slice(again + 1))})`)
    return said('unexpected character')
  }
  const fields = text.split('.')
  for (const field of fields.slice(0, 4)) {
    if (/^\d+$/.test(field) && field.length > 1 && field.startsWith('0')) return said('IPv4 field has octet with leading zero')
    if (/^\d+$/.test(field) && Number(field) > 255) return said('IPv4 field has value >255')
    const bad = /\D/.exec(field)
    if (bad !== null) return said(`unexpected character (at ${JSON.stringify(text.slice(text.indexOf(field) + bad.index))})`)
    if (field === '') return said('IPv4 field must have at least one digit')
  }
  return said(fields.length > 4 ? 'IPv4 address too long' : 'IPv4 address too short')
}

function parseAddress(text: string): Value {
  const zoned = text.includes('%') && text.includes(':')
  const address = parseIp(zoned ? text.slice(0, text.indexOf('%')) : text)
  const leadingZero = !text.includes(':') && /(^|\.)0\d/.test(text)
  if (address === undefined || leadingZero)
    return fault(`IP Address ${JSON.stringify(text)} parse error during conversion from string: ${addressProblem(text)}`)
  if (zoned) return fault(`IP address ${JSON.stringify(text)} with zone value is not allowed`)
  if (isMapped(address)) return fault(`IPv4-mapped IPv6 address ${JSON.stringify(text)} is not allowed`)
  return ipValue(address)
}

function parseNetwork(text: string): Value {
  const twice = 'network address parse error during conversion from string: '
  const refused = (reason: string): Value => fault(`${twice}${twice}netip.ParsePrefix(${JSON.stringify(text)}): ${reason}`)
  const slash = text.lastIndexOf('/')
  if (slash < 0) return refused("no '/'")
  const address = text.slice(0, slash)
  if (isFault(parseAddress(address)) && parseIp(address) === undefined) return refused(addressProblem(address))
  const bits = text.slice(slash + 1)
  const found = parseCidr(text)
  if (!/^\d+$/.test(bits) || (bits.length > 1 && bits.startsWith('0'))) return refused(`bad bits after slash: ${JSON.stringify(bits)}`)
  if (found === undefined) return refused('prefix length out of range')
  if (isMapped(found.address)) return fault(`${twice}IPv4-mapped IPv6 address ${JSON.stringify(text)} is not allowed`)
  return cidrValue(found)
}

const ask =
  (holds: (address: Uint8Array) => boolean): Implementation =>
  (value) =>
    holds(bytesOf(value))
const isV4 = (address: Uint8Array): boolean => address.length === 4
const isZero = (address: Uint8Array): boolean => address.every((byte) => byte === 0)
const isLoopback = (address: Uint8Array): boolean =>
  isV4(address) ? address[0] === 127 : address[15] === 1 && address.subarray(0, 15).every((byte) => byte === 0)
const isLocalMulticast = (address: Uint8Array): boolean =>
  isV4(address) ? address[0] === 224 && address[1] === 0 && address[2] === 0 : address[0] === 0xff && ((address[1] ?? 0) & 0x0f) === 2
const isLocalUnicast = (address: Uint8Array): boolean =>
  isV4(address) ? address[0] === 169 && address[1] === 254 : address[0] === 0xfe && ((address[1] ?? 0) & 0xc0) === 0x80
const isMulticast = (address: Uint8Array): boolean => (isV4(address) ? ((address[0] ?? 0) & 0xf0) === 0xe0 : address[0] === 0xff)
const isGlobal = (address: Uint8Array): boolean =>
  !(isV4(address) && address.every((byte) => byte === 255)) &&
  !isZero(address) &&
  !isLoopback(address) &&
  !isMulticast(address) &&
  !isLocalUnicast(address)

const holdsAddress = ({ address, prefix }: Cidr, other: Uint8Array): boolean =>
  address.length === other.length && sameBytes(maskCidr({ address, prefix }), maskCidr({ address: other, prefix }))

const containsIp: Implementation = (network, other) => {
  const address = typeof other === 'string' ? parseAddress(other) : (other as Value)
  return isFault(address) ? fault(noOverload) : holdsAddress(cidrOf(network), bytesOf(address))
}
const containsCidr: Implementation = (network, other) => {
  const inner = typeof other === 'string' ? parseNetwork(other) : (other as Value)
  if (isFault(inner)) return inner
  return cidrOf(network).prefix <= cidrOf(inner).prefix && holdsAddress(cidrOf(network), cidrOf(inner).address)
}
const noOverload = 'no such overload'
const canonical = (address: Uint8Array): string => formatIp(address)

/** Kubernetes' functions of addresses (documentation, "Kubernetes IP address library"). */
export const ipFunctions: Functions = {
  ip: {
    string_to_ip: ['(string) -> net.IP', (text) => parseAddress(text as string)],
    cidr_ip: ['net.CIDR.() -> net.IP', (network) => ipValue(cidrOf(network).address)],
  },
  family: { ip_family: ['net.IP.() -> int', (value) => (isV4(bytesOf(value)) ? 4n : 6n)] },
  'ip.isCanonical': {
    ip_is_canonical: [
      '(string) -> bool',
      (text) => {
        const address = parseAddress(text as string)
        return isFault(address) ? address : canonical(bytesOf(address)) === text
      },
    ],
  },
  isIP: { is_ip: ['(string) -> bool', (text) => !isFault(parseAddress(text as string))] },
  isUnspecified: { ip_is_unspecified: ['net.IP.() -> bool', ask(isZero)] },
  isLoopback: { ip_is_loopback: ['net.IP.() -> bool', ask(isLoopback)] },
  isLinkLocalMulticast: { ip_is_link_local_multicast: ['net.IP.() -> bool', ask(isLocalMulticast)] },
  isLinkLocalUnicast: { ip_is_link_local_unicast: ['net.IP.() -> bool', ask(isLocalUnicast)] },
  isGlobalUnicast: { ip_is_global_unicast: ['net.IP.() -> bool', ask(isGlobal)] },
  string: {
    ip_to_string: ['(net.IP) -> string', (value) => canonical(bytesOf(value))],
    cidr_to_string: ['(net.CIDR) -> string', (value) => `${canonical(cidrOf(value).address)}/${cidrOf(value).prefix}`],
  },
}

/** Kubernetes' functions of networks (documentation, "Kubernetes CIDR library"). */
export const cidrFunctions: Functions = {
  cidr: { string_to_cidr: ['(string) -> net.CIDR', (text) => parseNetwork(text as string)] },
  isCIDR: { is_cidr: ['(string) -> bool', (text) => !isFault(parseNetwork(text as string))] },
  containsIP: {
    cidr_contains_ip_string: ['net.CIDR.(string) -> bool', containsIp],
    cidr_contains_ip_ip: ['net.CIDR.(net.IP) -> bool', containsIp],
  },
  containsCIDR: {
    cidr_contains_cidr_string: ['net.CIDR.(string) -> bool', containsCidr],
    cidr_contains_cidr: ['net.CIDR.(net.CIDR) -> bool', containsCidr],
  },
  prefixLength: { cidr_prefix_length: ['net.CIDR.() -> int', (network) => BigInt(cidrOf(network).prefix)] },
  masked: {
    cidr_masked: [
      'net.CIDR.() -> net.CIDR',
      (network) => cidrValue({ address: maskCidr(cidrOf(network)), prefix: cidrOf(network).prefix }),
    ],
  },
}
