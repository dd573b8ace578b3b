import { isIPv6 } from 'node:net'
import { Endpoints } from '#api/core/v1/endpoints.ts'
import type { Pod } from '#api/core/v1/pod.ts'
import { isPodReady } from '#api/core/v1/pod-helpers.ts'
import { Service } from '#api/core/v1/service.ts'
import type { EndpointAddress, EndpointSubset } from '#api/core/v1/types.ts'
import { same } from '#api/strategy.ts'
import { type Command, type Plan, settled } from '#loop/controller.ts'
import { repackSubsets } from '../common/repack-subsets.ts'
import {
  addressesOf,
  hasAddress,
  headlessLabel,
  hostnameIn,
  isHeadless,
  targetPortOf,
  triggerTimeAnnotation,
  triggerTimeOf,
} from '../common/service-pods.ts'

export const managedByLabel = 'endpoints.kubernetes.io/managed-by'
export const managedBy = 'endpoint-controller'
export const overCapacityAnnotation = 'endpoints.kubernetes.io/over-capacity'
/** Old clients elect their leader by an Endpoints object: such a lock belongs to no service. */
const lockAnnotation = 'control-plane.alpha.kubernetes.io/leader'
/** One object for all addresses gets heavy: beyond this, readers have to use slices. */
export const maxAddresses = 1000

export interface EndpointsView {
  /** Undefined: gone. */
  readonly service: Service | undefined
  readonly pods: readonly Pod[]
  readonly endpoints: Endpoints | undefined
  /** Whether there was a service of this name. */
  readonly wasKnown: boolean
}

/** The one object that older clients read: all addresses of a service by port, ready and not ready. */
export function planEndpoints({ service, pods, endpoints, wasKnown }: EndpointsView): Plan {
  if (service === undefined) {
    const isLeft = endpoints !== undefined && (wasKnown || endpoints.metadata.labels?.[managedByLabel] === managedBy)
    if (!isLeft || endpoints.metadata.annotations?.[lockAnnotation] !== undefined) return settled
    const { name, namespace, uid } = endpoints.metadata
    const confirmation: Command = { do: 'confirmAbsent', kind: Service, name, namespace }
    return { commands: [confirmation, { do: 'delete', kind: Endpoints, name, namespace, uid }], wakeAt: Infinity }
  }
  const { subsets, isTruncated } = truncate(repackSubsets(pods.flatMap((pod) => subsetsOf(pod, service))))
  const labels = {
    ...Object.fromEntries(Object.entries(service.metadata.labels ?? {}).filter(([key]) => key !== headlessLabel)),
    ...(isHeadless(service) ? { [headlessLabel]: '' } : {}),
    [managedByLabel]: managedBy,
  }
  const wasTruncated = endpoints?.metadata.annotations?.[overCapacityAnnotation] === 'truncated'
  const isUnchanged =
    endpoints !== undefined &&
    same(repackSubsets(endpoints.subsets ?? []), subsets) &&
    same(endpoints.metadata.labels, labels) &&
    wasTruncated === isTruncated
  if (isUnchanged) return settled

  const time = endpoints === undefined ? service.metadata.creationTimestamp : triggerTimeOf(changedPods(pods, endpoints, subsets))
  const annotations = { ...endpoints?.metadata.annotations }
  delete annotations[triggerTimeAnnotation]
  delete annotations[overCapacityAnnotation]
  if (time !== undefined) annotations[triggerTimeAnnotation] = time
  if (isTruncated) annotations[overCapacityAnnotation] = 'truncated'
  return { commands: [write(service, endpoints, { labels, annotations }, subsets)], wakeAt: Infinity }
}

function write(service: Service, endpoints: Endpoints | undefined, own: object, subsets: EndpointSubset[]): Command {
  if (endpoints !== undefined) {
    return { do: 'update', kind: Endpoints, object: { ...endpoints, metadata: { ...endpoints.metadata, ...own }, subsets } as Endpoints }
  }
  const { name, namespace } = service.metadata
  return {
    do: 'create',
    kind: Endpoints,
    namespace,
    object: { apiVersion: 'v1', kind: 'Endpoints', metadata: { name, namespace, ...own }, subsets },
  }
}

function subsetsOf(pod: Pod, service: Service): EndpointSubset[] {
  const publishesAll = service.spec.publishNotReadyAddresses === true
  if (!hasAddress(pod) || (pod.metadata.deletionTimestamp !== undefined && !publishesAll)) return []
  const ip = addressesOf(pod, familyOf(service, pod))[0]
  if (ip === undefined) return []
  const { name, namespace, uid } = pod.metadata
  const hostname = hostnameIn(pod, service)
  const address: EndpointAddress = {
    ip,
    ...(hostname === undefined ? {} : { hostname }),
    ...(pod.spec.nodeName === undefined ? {} : { nodeName: pod.spec.nodeName }),
    targetRef: { kind: 'Pod', namespace, name, uid },
  }
  const addresses = publishesAll || isPodReady(pod) ? { addresses: [address] } : { notReadyAddresses: [address] }
  const ports = service.spec.ports ?? []
  if (ports.length === 0) return isHeadless(service) ? [addresses] : []
  return ports.flatMap((port) => {
    const number = targetPortOf(pod, port)
    if (number === undefined) return []
    const { name: portName, protocol, appProtocol } = port
    const named = { ...(portName ? { name: portName } : {}), ...(appProtocol === undefined ? {} : { appProtocol }) }
    return [{ ...addresses, ports: [{ ...named, port: number, protocol }] }]
  })
}

/** Endpoints has one family: the service's first. */
function familyOf({ spec }: Service, pod: Pod): 'IPv4' | 'IPv6' {
  if (spec.ipFamilies !== undefined && spec.ipFamilies.length > 0) return spec.ipFamilies[0] as 'IPv4' | 'IPv6'
  const known = spec.clusterIP && spec.clusterIP !== 'None' ? spec.clusterIP : (pod.status.podIP ?? '')
  return isIPv6(known) ? 'IPv6' : 'IPv4'
}

/** Ready addresses first; each subset gives by its share. */
function truncate(subsets: EndpointSubset[]): { readonly subsets: EndpointSubset[]; readonly isTruncated: boolean } {
  const count = (key: 'addresses' | 'notReadyAddresses') => subsets.reduce((sum, subset) => sum + (subset[key]?.length ?? 0), 0)
  const [ready, notReady] = [count('addresses'), count('notReadyAddresses')]
  if (ready + notReady <= maxAddresses) return { subsets, isTruncated: false }
  const [key, most, total] =
    ready > maxAddresses ? (['addresses', maxAddresses, ready] as const) : (['notReadyAddresses', maxAddresses - ready, notReady] as const)
  let left = most
  const cut = subsets.map((subset): EndpointSubset => {
    const list = subset[key] ?? []
    const kept = list.slice(0, Math.min(left, Math.ceil((list.length / total) * most)))
    left -= kept.length
    return { ...subset, ...(key === 'addresses' ? { notReadyAddresses: [] } : {}), [key]: kept }
  })
  return { subsets: repackSubsets(cut), isTruncated: true }
}

/** Pods that became ready, stopped being so, or came. */
function changedPods(pods: readonly Pod[], endpoints: Endpoints, subsets: readonly EndpointSubset[]): readonly Pod[] {
  const before = readiness(endpoints.subsets ?? [])
  const after = readiness(subsets)
  return pods.filter(({ metadata }) => after.has(metadata.uid) && before.get(metadata.uid) !== after.get(metadata.uid))
}

const readiness = (subsets: readonly EndpointSubset[]): Map<string | undefined, string> =>
  new Map(
    subsets.flatMap(({ addresses = [], notReadyAddresses = [] }) => [
      ...notReadyAddresses.map(({ targetRef, ip }) => [targetRef?.uid, `${ip} not ready`] as const),
      ...addresses.map(({ targetRef, ip }) => [targetRef?.uid, `${ip} ready`] as const),
    ]),
  )
