import { WherryError } from '#lib/errors.ts'
import { formatCidr, parseCidr } from '#schema/ip.ts'

/** How much of the cluster's range each node takes: the reference's defaults (kube-controller-manager, node-cidr-mask-size). */
const nodeBits = { v4: 24, v6: 64 } as const
/** The reference gives out no more networks of one range than these bits count. */
const mostNetworkBits = 16

/**
 * Ranges of pods out of `10.244.0.0/16` or, one of each family, `10.244.0.0/16,fd00:10:244::/56`; the first is the primary one. In canonical text.
 * Errors: `Invalid`, which calls them `name`.
 */
export function parsePodRanges(text: string, name: string): readonly string[] {
  const ranges = text.split(',').map((part) => part.trim())
  const refuse = (why: string): never => {
    throw new WherryError('Invalid', `${name} is "${text}"; ${why}`)
  }
  if (ranges.length > 2) refuse('it takes one range, or two with a comma between them: one of IPv4, and one of IPv6')
  const parsed = ranges.map((range) => parseCidr(range) ?? refuse(`"${range}" is no range such as 10.244.0.0/16`))
  for (const [i, { address, prefix }] of parsed.entries()) {
    const bits = address.length === 16 ? nodeBits.v6 : nodeBits.v4
    if (prefix > bits) refuse(`${ranges[i]} is less than the /${bits} that each node takes`)
    if (prefix < bits - mostNetworkBits) refuse(`${ranges[i]} is too large; it takes /${bits - mostNetworkBits} or less`)
  }
  if (parsed.length === 2 && parsed[0]!.address.length === parsed[1]!.address.length)
    refuse('the two must be of different families, one of IPv4 and one of IPv6')
  return parsed.map(formatCidr)
}

/** How long the prefix of each node's part of the range is. */
export const nodeBitsOf = (range: string): number => (range.includes(':') ? nodeBits.v6 : nodeBits.v4)
