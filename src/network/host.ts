import type { RulesHost } from './rules-check.ts'

/** What the pod network needs of the machine: `host/network.ts` does it, tests and the simulation keep a record. */
export interface NetworkHost extends RulesHost {
  /** One nftables transaction (the language of nft(8)): all of it or nothing. */
  nft(text: string): Promise<void>
  /** Makes the machine forward packets, and bridged ones pass the rules of routed ones, and remembers how it was. */
  prepare(families?: { readonly hasV6: boolean }): Promise<void>
  addServiceDevice(device: ServiceDevice): Promise<void>
  writeFile(path: string, text: string): Promise<void>
}

/**
 * An interface of our own with the local addresses of the cluster's name server, and the routes of all Service addresses: what no rule turns
 * to a pod ends there instead of leaving the machine, and the machine itself reaches Services without a default route.
 */
export interface ServiceDevice {
  readonly device: string
  readonly addresses: readonly string[]
  readonly ranges: readonly string[]
  /** The addresses under which the machine reaches Services; that of a range's family is taken. A range without one gets no route. */
  readonly sources: readonly string[]
}
