import type { Node } from '#api/core/v1/node.ts'
import type { Service } from '#api/core/v1/service.ts'
import { conditionOf } from '../common/conditions.ts'

/**
 * Addresses at which a Service can be reached: of each node the external ones, else the internal ones, in the Service's families. Ordered by
 * node, those that it has already first where there are more than it gets, so that a node that comes takes no client's address away.
 */
export function balancerAddresses(service: Service, nodes: readonly Node[], present: readonly string[]): readonly string[] {
  const families = service.spec.ipFamilies ?? ['IPv4']
  const ordered = nodes.toSorted((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1))
  const addresses = [...new Set(ordered.flatMap((node) => families.flatMap((family) => addressesOf(node, family))))]
  if (addresses.length <= addressesMax) return addresses
  const kept = addresses.filter((address) => present.includes(address)).slice(0, addressesMax)
  const chosen = new Set([...kept, ...addresses.filter((address) => !kept.includes(address)).slice(0, addressesMax - kept.length)])
  return addresses.filter((address) => chosen.has(address))
}

/** A status that grew with the cluster would be written anew, for every Service, whenever a node comes or goes. */
export const addressesMax = 64

/**
 * Whether traffic from outside may come through the node: it is ready and stays, no label takes it out
 * (`node.kubernetes.io/exclude-from-external-load-balancers`, unless that says false), and no autoscaler is about to remove it.
 */
export function mayBalance({ metadata, spec, status }: Node): boolean {
  if (metadata.deletionTimestamp !== undefined) return false
  const excluded = metadata.labels?.['node.kubernetes.io/exclude-from-external-load-balancers']
  if (excluded !== undefined && !goFalse.has(excluded)) return false
  if (spec.taints?.some(({ key }) => key === 'ToBeDeletedByClusterAutoscaler')) return false
  return conditionOf(status.conditions, 'Ready')?.status === 'True'
}

/** What Go reads as false; whatever it cannot read excludes, as in the reference. */
const goFalse: ReadonlySet<string> = new Set(['0', 'f', 'F', 'false', 'FALSE', 'False'])

function addressesOf({ status }: Node, family: string): readonly string[] {
  const own = (status.addresses ?? []).filter(({ address }) => address.includes(':') === (family === 'IPv6'))
  const external = own.filter(({ type }) => type === 'ExternalIP')
  return (external.length > 0 ? external : own.filter(({ type }) => type === 'InternalIP')).map(({ address }) => address)
}
