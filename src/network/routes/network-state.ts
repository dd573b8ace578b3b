/** What of a machine's network the pod network looks at and changes. Addresses and ranges are in canonical text; a host's route is `…/32` or `…/128`. */
export interface PresentNetwork {
  readonly devices: readonly Device[]
  /** Of the main table, and of ours. */
  readonly routes: readonly Route[]
  /** Rules that lead to our table. */
  readonly rules: readonly Rule[]
  /** What is known for good of the VXLAN device's neighbours: which MAC an address has. */
  readonly neighbours: readonly Neighbour[]
  /** Behind which machine a MAC of the VXLAN is. */
  readonly forwarding: readonly Forwarding[]
}

/** One interface of the machine. */
export interface Device {
  readonly name: string
  readonly isUp: boolean
  readonly mtu: number
  readonly mac: string
  /** `192.0.2.7/24`: address and length of its network. Without link-local ones. */
  readonly addresses: readonly string[]
  /** The bridge that it is a port of. */
  readonly bridge?: string
  readonly vxlan?: { readonly id: number; readonly port: number; readonly local: string; readonly isLearning: boolean }
}

export interface Route {
  readonly destination: string
  readonly via?: string
  readonly device: string
  /** `via` need not be in a network of the device. */
  readonly isOnLink: boolean
  readonly table: number
  /** Who made it (rtnetlink(7)): ours are `routeProtocol`. */
  readonly protocol: string
  readonly metric: number
}

/** What comes from `source` asks `table` first. */
export interface Rule {
  readonly source: string
  readonly table: number
  readonly priority: number
}

export interface Neighbour {
  readonly address: string
  readonly mac: string
}

export interface Forwarding {
  readonly mac: string
  /** Of the machine, outside the VXLAN. */
  readonly address: string
}

/** Batches in order, each the input of one `ip -batch -` (of a family, where that has to be said) or `bridge -batch -`. */
export type NetworkCommands = readonly { readonly program: 'ip' | 'ip -4' | 'ip -6' | 'bridge'; readonly lines: readonly string[] }[]

/** Marks routes as ours, so that those of a former agent are known as well: a number that no routing daemon of `rt_protos` has ('W'). */
export const routeProtocol = '87'
/** Where pods' ways to other nodes' own addresses are. */
export const routeTable = 8700
/** Before the main table (32766), after what administrators usually put first. */
export const rulePriority = 8700
/** Of all clusters of ours: what Linux and Flannel have by default is 8472, and the id is out of the way of Flannel's 1. */
export const vxlanId = 4096
export const vxlanPort = 8472
