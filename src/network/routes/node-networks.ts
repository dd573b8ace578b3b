import type { Node } from '#api/core/v1/node.ts'
import type { Informer } from '#client/informer.ts'
import { canonicalAddress, canonicalRange } from './addresses.ts'

/** Where one node of the cluster is, and which pods are behind it; all in canonical text, as the machine tells of its routes. */
export interface NodeNetwork {
  readonly name: string
  readonly uid: string
  /** Its InternalIPs, the primary one first. */
  readonly addresses: readonly string[]
  /** Ranges of its pods, of each family one at most. */
  readonly podCIDRs: readonly string[]
}

/** The networks of all nodes, followed by watch. */
export interface NodeNetworks {
  /** Ordered by name. */
  list(): readonly NodeNetwork[]
  /** The addresses of all nodes that have pods: where pods go by their own address, without masquerading. Sorted. */
  addresses(): readonly string[]
  /** Called when any of it changed; what else changes of a node (its heartbeat above all) is no change here. Returns how to stop. */
  onChange(listener: () => void): () => void
  /** Whether all nodes are known; before, one that is missing says nothing. */
  isSynced(): boolean
  synced(): Promise<void>
  stop(): void
}

/** Reads Node objects down to what the network needs of them, so that nobody else looks at every heartbeat of every node. */
export function followNodeNetworks(nodes: Informer<Node>): NodeNetworks {
  const known = new Map<string, NodeNetwork>()
  const listeners = new Set<() => void>()
  const stop = nodes.onChange((node, _previous, change) => {
    const { name } = node.metadata
    const before = known.get(name)
    if (change === 'deleted') {
      if (!known.delete(name)) return
    } else {
      const now = networkOf(node)
      if (before && isSame(before, now)) return
      known.set(name, now)
    }
    for (const listener of listeners) listener()
  })
  const list = () => [...known.values()].sort((a, b) => (a.name < b.name ? -1 : 1))
  return {
    list,
    addresses: () => [...new Set(list().flatMap(({ addresses, podCIDRs }) => (podCIDRs.length > 0 ? addresses : [])))].sort(),
    onChange(listener) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
    isSynced: () => nodes.isSynced,
    synced: () => nodes.synced(),
    stop,
  }
}

const networkOf = ({ metadata, spec, status }: Node): NodeNetwork => ({
  name: metadata.name,
  uid: metadata.uid ?? '',
  addresses: (status?.addresses ?? []).filter(({ type }) => type === 'InternalIP').map(({ address }) => canonicalAddress(address)),
  podCIDRs: (spec?.podCIDRs ?? (spec?.podCIDR ? [spec.podCIDR] : [])).flatMap((range) => canonicalRange(range) ?? []),
})

const isSame = (a: NodeNetwork, b: NodeNetwork): boolean =>
  a.uid === b.uid && a.addresses.join() === b.addresses.join() && a.podCIDRs.join() === b.podCIDRs.join()
