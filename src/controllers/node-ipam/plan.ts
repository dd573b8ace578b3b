import { Node } from '#api/core/v1/node.ts'
import type { Command, Plan } from '#loop/controller.ts'
import { patchSeen } from '../common/commands.ts'

/** IPv4 only: `10.244.0.0/16` cut into networks of `nodeBits`. */
export interface AddressPlan {
  readonly clusterCidr: string
  /** Prefix length of a node's network. */
  readonly nodeBits: number
}

export interface NodeIpamView {
  readonly plan: AddressPlan
  readonly nodes: readonly Node[]
}

/** Gives each node that has none the lowest free network. All nodes are decided together, since two must not get the same. */
export function planNodeIpam({ plan, nodes }: NodeIpamView): Plan {
  const { base, bits } = parseCidr(plan.clusterCidr)
  const size = 2 ** (32 - plan.nodeBits)
  const count = 2 ** Math.max(0, plan.nodeBits - bits)
  const taken = new Set<number>()
  for (const cidr of nodes.flatMap(cidrsOf)) for (const at of overlapped(cidr, base, size, count)) taken.add(at)
  const wanting = nodes.filter((node) => cidrsOf(node).length === 0 && node.metadata.deletionTimestamp === undefined)
  let next = 0
  const commands = wanting.toSorted(byAge).map((node): Command => {
    while (taken.has(next)) next += 1
    if (next >= count) return exhausted(node)
    taken.add(next)
    const podCIDR = `${formatAddress(base + next * size)}/${plan.nodeBits}`
    return patchSeen(Node, node, { spec: { podCIDR, podCIDRs: [podCIDR] } })
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

/** Which of our networks a node's network touches: it may have been given by hand, and be larger or elsewhere. */
function overlapped(cidr: string, base: number, size: number, count: number): number[] {
  if (!/^\d+\.\d+\.\d+\.\d+\/\d+$/.test(cidr)) return []
  const other = parseCidr(cidr)
  const first = Math.max(0, Math.floor((other.base - base) / size))
  const last = Math.min(count - 1, Math.floor((other.base + 2 ** (32 - other.bits) - 1 - base) / size))
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, at) => first + at)
}

function parseCidr(cidr: string): { readonly base: number; readonly bits: number } {
  const [address = '', length = '32'] = cidr.split('/')
  const bits = Number(length)
  const value = address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0)
  return { base: value - (value % 2 ** (32 - bits)), bits }
}

const formatAddress = (value: number): string => [24, 16, 8, 0].map((shift) => Math.floor(value / 2 ** shift) % 256).join('.')
