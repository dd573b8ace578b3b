import { Node } from '#api/core/v1/node.ts'
import type { Command, Plan } from '#loop/controller.ts'
import { formatIp, maskCidr, parseCidr } from '#schema/ip.ts'
import { patchSeen } from '../common/commands.ts'

/** One range of each family at most, the primary family's first: `10.244.0.0/16` and such are cut into networks of `nodeBits`. */
export type AddressPlan = readonly {
  readonly clusterCidr: string
  /** Prefix length of a node's network; at most 32 longer than the range's. */
  readonly nodeBits: number
}[]

export interface NodeIpamView {
  readonly plan: AddressPlan
  readonly nodes: readonly Node[]
}

/** Gives each node that has none the lowest free network of each range. All nodes are decided together, since two must not get the same. */
export function planNodeIpam({ plan, nodes }: NodeIpamView): Plan {
  const given = nodes.flatMap(cidrsOf)
  const ranges = plan.map(({ clusterCidr, nodeBits }) => openRange(clusterCidr, nodeBits, given))
  const wanting = nodes.filter((node) => cidrsOf(node).length === 0 && node.metadata.deletionTimestamp === undefined)
  const commands = wanting.toSorted(byAge).map((node): Command => {
    // All or none: half of a node's networks could not be completed later, since what is given never changes.
    if (ranges.some((range) => !range.hasMore())) return exhausted(node)
    const podCIDRs = ranges.map((range) => range.take())
    return patchSeen(Node, node, { spec: { podCIDR: podCIDRs[0]!, podCIDRs } })
  })
  return { commands, wakeAt: Infinity }
}

const cidrsOf = ({ spec }: Node): readonly string[] => spec.podCIDRs ?? (spec.podCIDR ? [spec.podCIDR] : [])

const byAge = (a: Node, b: Node): number =>
  compare(a.metadata.creationTimestamp, b.metadata.creationTimestamp) || compare(a.metadata.name, b.metadata.name)
const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

const exhausted = (node: Node): Command => ({
  do: 'event',
  regarding: node,
  type: 'Normal',
  reason: 'CIDRNotAvailable',
  message: `Node ${node.metadata.name} status is now: CIDRNotAvailable`,
})

/** The networks of one range that nobody has. A node's network may have been given by hand, and be larger or elsewhere. */
function openRange(clusterCidr: string, nodeBits: number, given: readonly string[]) {
  const range = parseCidr(clusterCidr)!
  const bits = range.address.length * 8
  const base = numberOf(maskCidr(range))
  const shift = BigInt(bits - nodeBits)
  const count = 1n << BigInt(Math.max(0, nodeBits - range.prefix))
  const blocks = given
    .flatMap((text) => {
      const other = parseCidr(text)
      if (other === undefined || other.address.length * 8 !== bits) return []
      const first = (numberOf(maskCidr(other)) - base) >> shift
      const last = (numberOf(maskCidr(other)) + (1n << BigInt(bits - other.prefix)) - 1n - base) >> shift
      return [{ first, last }]
    })
    .toSorted((a, b) => (a.first < b.first ? -1 : a.first > b.first ? 1 : 0))
  let next = 0n
  let at = 0
  /** Goes past whatever is given. */
  const skip = (): void => {
    for (; at < blocks.length && blocks[at]!.first <= next; at += 1) if (blocks[at]!.last >= next) next = blocks[at]!.last + 1n
  }
  return {
    hasMore(): boolean {
      skip()
      return next < count
    },
    take(): string {
      skip()
      const text = `${formatIp(bytesOf(base + (next << shift), bits / 8))}/${nodeBits}`
      next += 1n
      return text
    },
  }
}

const numberOf = (bytes: Uint8Array): bigint => bytes.reduce((sum, byte) => (sum << 8n) | BigInt(byte), 0n)

const bytesOf = (value: bigint, length: number): Uint8Array =>
  Uint8Array.from({ length }, (_, i) => Number((value >> BigInt(8 * (length - 1 - i))) & 255n))
