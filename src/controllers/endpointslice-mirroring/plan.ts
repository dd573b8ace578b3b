import { isIP, isIPv6 } from 'node:net'
import { Endpoints } from '#api/core/v1/endpoints.ts'
import type { EndpointPort as CorePort, EndpointAddress } from '#api/core/v1/types.ts'
import { EndpointSlice } from '#api/discovery/v1/endpoint-slice.ts'
import type { Endpoint, EndpointPort } from '#api/discovery/v1/types.ts'
import { ownerReference } from '#api/meta/v1/owner.ts'
import { same } from '#api/strategy.ts'
import type { Command, Plan } from '#loop/controller.ts'
import { canonical } from '../common/equal.ts'
import { namePrefix } from '../common/name-prefix.ts'
import { repackSubsets } from '../common/repack-subsets.ts'
import { triggerTimeAnnotation } from '../common/service-pods.ts'

export const managedBy = 'endpointslicemirroring-controller.k8s.io'
/** As the reference's default. */
export const maxEndpointsPerSubset = 1000

export interface MirroringView {
  /** Undefined: nothing is to be mirrored (any more). */
  readonly endpoints: Endpoints | undefined
  /** Those that this controller made. */
  readonly slices: readonly EndpointSlice[]
}

/** One slice for each subset and address family of an Endpoints object that somebody keeps by hand. */
export function planMirror({ endpoints, slices }: MirroringView): Plan {
  if (endpoints === undefined) return { commands: slices.map(remove), wakeAt: Infinity }
  const { groups, invalid, skipped } = groupsOf(endpoints)
  const present = Map.groupBy(slices, ({ addressType, ports }) => groupKey(addressType, ports ?? []))
  const spare = [...present].flatMap(([key, list]) => (groups.has(key) ? list.slice(1) : list))
  const writes = [...groups].flatMap(([key, group]) => {
    const slice = present.get(key)?.[0] ?? takeOf(spare, group.addressType)
    return write(endpoints, group, slice)
  })
  const commands = [...writes, ...spare.map(remove)]
  // The event tells of a write, or every look would repeat it.
  return { commands: commands.length > 0 ? [...complaints(endpoints, invalid, skipped), ...commands] : [], wakeAt: Infinity }
}

interface Group {
  readonly addressType: 'IPv4' | 'IPv6'
  readonly ports: readonly EndpointPort[]
  readonly endpoints: Map<string, Endpoint>
}

function groupsOf(endpoints: Endpoints): { readonly groups: Map<string, Group>; readonly invalid: number; readonly skipped: number } {
  const groups = new Map<string, Group>()
  let invalid = 0
  let skipped = 0
  for (const { addresses = [], notReadyAddresses = [], ports = [] } of repackSubsets(endpoints.subsets ?? [])) {
    const all = [
      ...addresses.map((address) => ({ address, ready: true })),
      ...notReadyAddresses.map((address) => ({ address, ready: false })),
    ]
    let added = 0
    for (const { address, ready } of all) {
      if (added >= maxEndpointsPerSubset) break
      if (isIP(address.ip) === 0) {
        invalid += 1
        continue
      }
      const addressType = isIPv6(address.ip) ? 'IPv6' : 'IPv4'
      const own = ports.map(portOf)
      const key = groupKey(addressType, own)
      const group = groups.get(key) ?? { addressType, ports: own, endpoints: new Map() }
      groups.set(key, group)
      group.endpoints.set(canonical([address.ip, address.hostname ?? '', address.targetRef?.name ?? '']), endpointOf(address, ready))
      added += 1
    }
    skipped += all.length - added
  }
  return { groups, invalid, skipped }
}

const groupKey = (addressType: string, ports: readonly EndpointPort[]): string => `${addressType} ${ports.map(canonical).toSorted().join()}`

const portOf = ({ name = '', port, protocol, appProtocol }: CorePort): EndpointPort => ({
  name,
  port,
  protocol,
  ...(appProtocol === undefined ? {} : { appProtocol }),
})

const endpointOf = ({ ip, hostname, nodeName, targetRef }: EndpointAddress, ready: boolean): Endpoint => ({
  addresses: [ip],
  conditions: { ready },
  ...(hostname ? { hostname } : {}),
  ...(nodeName === undefined ? {} : { nodeName }),
  ...(targetRef === undefined ? {} : { targetRef }),
})

/** A slice that would go, to be filled anew: its family cannot change. */
function takeOf(spare: EndpointSlice[], addressType: string): EndpointSlice | undefined {
  const at = spare.findIndex((slice) => slice.addressType === addressType)
  return at < 0 ? undefined : spare.splice(at, 1)[0]
}

function write(endpoints: Endpoints, group: Group, slice: EndpointSlice | undefined): Command[] {
  const { name, namespace, deletionTimestamp } = endpoints.metadata
  const labels = {
    ...endpoints.metadata.labels,
    'kubernetes.io/service-name': name,
    'endpointslice.kubernetes.io/managed-by': managedBy,
  }
  const annotations = { ...endpoints.metadata.annotations }
  delete annotations[triggerTimeAnnotation]
  delete annotations['kubectl.kubernetes.io/last-applied-configuration']
  const ownerReferences = [ownerReference(Endpoints, endpoints)]
  const content = { ports: [...group.ports], endpoints: [...group.endpoints.values()] }
  if (slice === undefined) {
    if (deletionTimestamp !== undefined) return []
    const metadata = { generateName: namePrefix(name), namespace, labels, annotations, ownerReferences }
    const object = { apiVersion: 'discovery.k8s.io/v1', kind: 'EndpointSlice', metadata, addressType: group.addressType, ...content }
    return [{ do: 'create', kind: EndpointSlice, namespace, object }]
  }
  const isUnchanged =
    same(bySelf(slice.endpoints), bySelf(content.endpoints)) &&
    same(slice.ports, content.ports) &&
    same(slice.metadata.labels, labels) &&
    same(slice.metadata.annotations ?? {}, annotations) &&
    slice.metadata.ownerReferences?.some(({ uid }) => uid === endpoints.metadata.uid)
  if (isUnchanged) return []
  const metadata = { ...slice.metadata, labels, annotations, ownerReferences }
  return [{ do: 'update', kind: EndpointSlice, object: { ...slice, metadata, ...content } as EndpointSlice }]
}

const bySelf = (endpoints: readonly Endpoint[] | undefined) => (endpoints ?? []).map(canonical).toSorted()

const remove = ({ metadata }: EndpointSlice): Command => ({
  do: 'delete',
  kind: EndpointSlice,
  name: metadata.name,
  namespace: metadata.namespace,
  uid: metadata.uid,
})

function complaints(regarding: Endpoints, invalid: number, skipped: number): Command[] {
  const warn = (reason: string, message: string): Command => ({ do: 'event', regarding, type: 'Warning', reason, message })
  return [
    ...(invalid > 0 ? [warn('InvalidIPAddress', `Skipped ${invalid} invalid IP addresses when mirroring to EndpointSlices`)] : []),
    ...(skipped > invalid
      ? [
          warn(
            'TooManyAddressesToMirror',
            `A max of ${maxEndpointsPerSubset} addresses can be mirrored to EndpointSlices per Endpoints subset. ${skipped} addresses were skipped`,
          ),
        ]
      : []),
  ]
}
