import { overlaps } from './addresses.ts'
import { routeProtocol, routeTable } from './network-state.ts'

/** What of the machine's network the pod network rests on. */
export interface Interest {
  /** Names of interfaces: the VXLAN's, the bridge, and those that have the node's addresses. */
  readonly devices: readonly string[]
  /** The interface of Services, which has routes of its own; absent: there is none. */
  readonly serviceDevice?: string
  /** This node's own. */
  readonly addresses: readonly string[]
  /** Pod ranges of all nodes. */
  readonly ranges: readonly string[]
}

/**
 * Whether a line of `ip -oneline monitor link address route rule label` tells of something that may have to be put right. Each pod that comes or goes
 * tells several that do not.
 */
export function concerns(line: string, { devices, serviceDevice, addresses, ranges }: Interest): boolean {
  const [, label = '', text = ''] = /^\[(\w+)\](?:Deleted )?(.*)$/.exec(line) ?? []
  switch (label) {
    case 'LINK':
    case 'ADDR': {
      const [, device = ''] = /^\d+: ([^\s:@]+)/.exec(text) ?? []
      return devices.includes(device) || device === serviceDevice || addresses.some((address) => text.includes(` ${address}/`))
    }
    case 'ROUTE': {
      if (text.includes(` table ${routeTable} `) || text.includes(` proto ${routeProtocol} `)) return true
      const [destination = ''] = text.replace(/^(local|broadcast|anycast|multicast|blackhole|unreachable|prohibit) /, '').split(' ')
      if (text.includes(' table local ')) return false
      if (serviceDevice !== undefined && text.includes(` dev ${serviceDevice} `)) return true
      return ranges.some((range) => overlaps(destination, range))
    }
    case 'RULE':
      return true
    default:
      return false
  }
}
