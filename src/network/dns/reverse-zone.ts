import { type Cidr, formatIp, maskCidr } from '#schema/ip.ts'
import { serviceDomainName, type ZoneView } from './cluster-zone.ts'
import { canonicalAddress as canonical, endpointLabel, isNamed } from './endpoints.ts'
import { type LocalAnswer, own } from './local-answer.ts'

/** The parts of the address that a reverse name spells, from the left; fewer than all when it ends early. */
interface Reverse {
  readonly suffix: 'in-addr.arpa' | 'ip6.arpa'
  /** Bytes for IPv4, half bytes for IPv6. */
  readonly parts: readonly number[]
  /** The whole address; undefined: a part of one. */
  readonly address: string | undefined
}

/**
 * Whose address it is: names of cluster addresses and of endpoints (the specification, 2.3.3 and 2.4.3). Undefined: nobody's here, ask
 * somebody else.
 */
export function resolveReverse(labels: readonly string[], type: string, view: ZoneView): LocalAnswer | undefined {
  const reverse = readReverse(labels)
  if (reverse?.address === undefined) return undefined
  const names = namesOf(reverse.address, view)
  if (names.length === 0) return undefined
  const name = labels.join('.')
  return {
    exists: true,
    answers: type === 'PTR' ? names.map((target) => own(name, { type, target })) : [],
    additionals: [],
    zone: labels.slice(1).join('.'),
    owner: undefined,
  }
}

/** What is said of reverse names in the cluster's own ranges of which nothing is known: nobody else could know, and need not hear of them. */
export function resolveOwnRange(labels: readonly string[], ranges: readonly Cidr[]): LocalAnswer | undefined {
  const reverse = readReverse(labels)
  if (reverse === undefined) return undefined
  const bits = reverse.suffix === 'in-addr.arpa' ? 8 : 4
  const range = ranges.find((one) => one.address.length === (bits === 8 ? 4 : 16) && isWithinRange(reverse.parts, bits, one))
  if (range === undefined) return undefined
  // Names of addresses may stand beneath what is no whole address.
  return {
    exists: reverse.address === undefined,
    answers: [],
    additionals: [],
    zone: zoneOf(range, bits, reverse.suffix),
    owner: undefined,
  }
}

function namesOf(address: string, view: ZoneView): string[] {
  const service = view.serviceByAddress(address)
  if (service !== undefined) return [serviceDomainName(service, view.domain)]
  const endpoints = view.slicesByAddress(address).flatMap((slice) => {
    const of = slice.metadata.labels?.['kubernetes.io/service-name']
    const namespace = slice.metadata.namespace
    const behind = of === undefined || namespace === undefined ? undefined : view.service(of, namespace)
    if (behind === undefined || behind.spec.type === 'ExternalName') return []
    return (slice.endpoints ?? []).flatMap((endpoint) => {
      // As the slice writes it, since the name is made of that.
      const written = endpoint.addresses.find((one) => canonical(one) === address)
      if (written === undefined || !isNamed(endpoint, behind)) return []
      const name = `${endpointLabel(endpoint, written)}.${serviceDomainName(behind, view.domain)}`
      return [{ name, isOwn: Boolean(endpoint.hostname), isHeadless: behind.spec.clusterIP === 'None' }]
    })
  })
  // A host name is the pod's own. One made of the address says nothing, and only the specification's records for headless Services have it.
  const chosen = endpoints.some(({ isOwn }) => isOwn)
    ? endpoints.filter(({ isOwn }) => isOwn)
    : endpoints.filter(({ isHeadless }) => isHeadless)
  return [...new Set(chosen.map(({ name }) => name))].toSorted()
}

function readReverse(labels: readonly string[]): Reverse | undefined {
  if (labels.at(-1) !== 'arpa') return undefined
  const reversed = labels.slice(0, -2).toReversed()
  switch (labels.at(-2)) {
    case 'in-addr': {
      if (reversed.length > 4 || !reversed.every((label) => /^(0|[1-9]\d{0,2})$/.test(label) && Number(label) < 256)) return undefined
      const parts = reversed.map(Number)
      return { suffix: 'in-addr.arpa', parts, address: parts.length === 4 ? parts.join('.') : undefined }
    }
    case 'ip6': {
      if (reversed.length > 32 || !reversed.every((label) => /^[0-9a-f]$/.test(label))) return undefined
      const parts = reversed.map((label) => Number.parseInt(label, 16))
      const bytes = Uint8Array.from({ length: 16 }, (_, i) => ((parts[2 * i] ?? 0) << 4) | (parts[2 * i + 1] ?? 0))
      return { suffix: 'ip6.arpa', parts, address: parts.length === 32 ? formatIp(bytes) : undefined }
    }
    default:
      return undefined
  }
}

/** Whether all addresses that begin with these parts are of the range. */
function isWithinRange(parts: readonly number[], bits: 4 | 8, range: Cidr): boolean {
  if (parts.length * bits < range.prefix) return false
  const all = Uint8Array.from(range.address)
  for (const [i, part] of parts.entries()) {
    if (bits === 8) all[i] = part
    else all[i >> 1] = i % 2 === 0 ? (all[i >> 1]! & 0x0f) | (part << 4) : (all[i >> 1]! & 0xf0) | part
  }
  return formatIp(maskCidr({ address: all, prefix: range.prefix })) === formatIp(maskCidr(range))
}

/** The smallest zone at a dot that has the whole range in it. */
function zoneOf(range: Cidr, bits: 4 | 8, suffix: string): string {
  const parts = Math.floor(range.prefix / bits)
  const labels = Array.from({ length: parts }, (_, i) => {
    if (bits === 8) return String(range.address[i])
    return ((i % 2 === 0 ? range.address[i >> 1]! >> 4 : range.address[i >> 1]!) & 0x0f).toString(16)
  })
  return [...labels.toReversed(), suffix].join('.')
}
