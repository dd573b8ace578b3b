import type { Pod } from '#api/core/v1/pod.ts'
import { Service } from '#api/core/v1/service.ts'
import { EndpointSlice } from '#api/discovery/v1/endpoint-slice.ts'
import type { Endpoint, EndpointPort } from '#api/discovery/v1/types.ts'
import { ownerReference } from '#api/meta/v1/owner.ts'
import { same } from '#api/strategy.ts'
import type { Instant } from '#lib/clock.ts'
import type { Command } from '#loop/controller.ts'
import { canonical } from '../common/equal.ts'
import { keyOf } from '../common/key.ts'
import { hasAddress, headlessLabel, isHeadless, triggerTimeAnnotation, triggerTimeOf } from '../common/service-pods.ts'
import type { RemarkedPlan } from '../common/told.ts'
import { type Draft, distribute } from './distribute.ts'
import { addressTypesOf, endpointOf, identityOf, portsOf } from './endpoint.ts'
import { allocateZones, wantsTopology, type ZoneShares } from './topology.ts'

export const managedBy = 'endpointslice-controller.k8s.io'
/** As the reference's default: few enough that a change does not rewrite much, enough that a large service has few slices. */
export const endpointsPerSlice = 100

export interface EndpointSliceView {
  readonly now: Instant
  readonly service: Service
  readonly pods: readonly Pod[]
  /** Of the nodes that are there. */
  readonly zones: ReadonlyMap<string, string | undefined>
  /** Those that this controller made for the service. */
  readonly slices: readonly EndpointSlice[]
  /** Only gathered where the service wants its endpoints shared out by them. */
  readonly shares: ZoneShares | undefined
  /** Whether they were shared out when the service was last looked at. */
  readonly wasShared: boolean
}

export interface EndpointSlicePlan extends RemarkedPlan {
  /** Whether they are shared out now, of any family. */
  readonly isShared: boolean
}

/** For each address family and set of ports: fills what is there, changes as few slices as possible, and never leaves a family without one. */
export function planEndpointSlices(view: EndpointSliceView): EndpointSlicePlan {
  const { service, slices, wasShared } = view
  const families = addressTypesOf(service)
  const commands: Command[] = slices.filter(({ addressType }) => !families.includes(addressType as 'IPv4')).map(remove)
  const own = slices.filter(({ metadata }) => metadata.ownerReferences?.some(({ uid }) => uid === service.metadata.uid))
  const strangers = slices.filter((slice) => !own.includes(slice))
  const remarks: Remark[] = lostPods(view).map((pod) => skipped(service, pod))
  let isShared = false
  for (const family of families) {
    const ofFamily = (list: readonly EndpointSlice[]) => list.filter(({ addressType }) => addressType === family)
    const { told, remark, commands: ofOwn } = planFamily(view, family, ofFamily(own))
    commands.push(...ofOwn, ...told, ...ofFamily(strangers).map(remove))
    if (remark !== undefined) remarks.push(remark)
    else isShared ||= wantsTopology(service)
  }
  const ended = wasShared && !wantsTopology(service)
  if (ended && families[0] !== undefined)
    commands.push(topologyEvent(service, families[0], 'Warning', 'TopologyAwareHintsDisabled', 'Topology Aware Hints has been disabled'))
  return { commands, wakeAt: Infinity, remarks, isShared }
}

type Remark = Extract<Command, { do: 'event' }>

interface FamilyPlan {
  readonly commands: readonly Command[]
  /** Goes with the commands. */
  readonly told: readonly Remark[]
  /** Said of a state that lasts. */
  readonly remark?: Remark | undefined
}

const skipped = (service: Service, { metadata, spec }: Pod): Remark => {
  const place = keyOf(service)
  const what = `skipping Pod ${metadata.name} for Service ${place}: Node ${spec.nodeName} Not Found`
  const message = `Error updating Endpoint Slices for Service ${place}: ${what}`
  return { do: 'event', regarding: service, type: 'Warning', reason: 'FailedToUpdateEndpointSlices', message }
}

function planFamily(view: EndpointSliceView, family: 'IPv4' | 'IPv6', slices: readonly EndpointSlice[]): FamilyPlan {
  const groups = groupByPorts(view, family)
  const { told, remark } = addTopologyHints(view, family, groups, slices)
  const present = Map.groupBy(slices, ({ ports }) => portsKey(ports ?? []))
  const drafts: Draft[] = []
  for (const [key, { ports, endpoints }] of groups) drafts.push(...distribute(ports, endpoints, present.get(key) ?? [], endpointsPerSlice))
  const unwanted = [...present].filter(([key]) => !groups.has(key)).flatMap(([, list]) => list)
  drafts.push(...unwanted.map((slice): Draft => ({ slice, ports: slice.ports ?? [], endpoints: [] })))
  // A family without any slice would look as if nobody had counted yet: it keeps an empty one.
  const empty = drafts.every(({ endpoints }) => endpoints.length === 0)
  return { commands: write(view, family, empty ? keepOneEmpty(drafts) : drafts), told, remark }
}

/** Gives each ready endpoint the zone that it is for, where the service wants that and there are nodes and endpoints enough. */
function addTopologyHints(
  { service, shares }: EndpointSliceView,
  family: 'IPv4' | 'IPv6',
  groups: ReadonlyMap<string, Group>,
  slices: readonly EndpointSlice[],
): Omit<FamilyPlan, 'commands'> {
  if (!wantsTopology(service)) return { told: [] }
  const all = [...groups.values()].flatMap(({ endpoints }) => [...endpoints])
  const ready = new Map(all.filter(([, { conditions }]) => conditions.ready === true))
  const hinted = slices.flatMap(({ endpoints }) => endpoints ?? []).filter(({ hints }) => hints?.forZones?.[0] !== undefined)
  const present = new Map(hinted.map((endpoint) => [identityOf(endpoint), endpoint.hints!.forZones![0]!.name]))
  const allocated = allocateZones(ready, present, shares)
  const tell = (type: Remark['type'], reason: string, message: string): Remark => topologyEvent(service, family, type, reason, message)
  if ('problem' in allocated) return { told: [], remark: tell('Warning', 'TopologyAwareHintsDisabled', allocated.problem) }
  for (const { endpoints } of groups.values())
    for (const [identity, endpoint] of endpoints) {
      const zone = allocated.get(identity)
      if (zone !== undefined) endpoints.set(identity, { ...endpoint, hints: { forZones: [{ name: zone }] } })
    }
  return { told: present.size > 0 ? [] : [tell('Normal', 'TopologyAwareHintsEnabled', 'Topology Aware Hints has been enabled')] }
}

const topologyEvent = (regarding: Service, family: string, type: Remark['type'], reason: string, message: string): Remark => ({
  do: 'event',
  regarding,
  type,
  reason,
  message: `${message}, addressType: ${family}`,
})

function keepOneEmpty(drafts: readonly Draft[]): readonly Draft[] {
  const [first, ...others] = drafts.toSorted((a, b) => a.ports.length - b.ports.length)
  return [{ slice: first?.slice, ports: [], endpoints: [], keep: true }, ...others]
}

interface Group {
  readonly ports: readonly EndpointPort[]
  readonly endpoints: Map<string, Endpoint>
}

/** Pods whose ports have the same numbers can share slices. */
function groupByPorts(view: EndpointSliceView, family: 'IPv4' | 'IPv6'): Map<string, Group> {
  const { service, pods, zones } = view
  const lost = new Set(lostPods(view))
  const groups = new Map<string, Group>()
  for (const pod of pods) {
    if (!hasAddress(pod) || lost.has(pod)) continue
    const endpoint = endpointOf(pod, service, family, zones.get(pod.spec.nodeName ?? ''))
    if (endpoint.addresses.length === 0) continue
    const ports = portsOf(service, pod)
    const key = portsKey(ports)
    const group = groups.get(key) ?? { ports, endpoints: new Map() }
    groups.set(key, group)
    group.endpoints.set(identityOf(endpoint), endpoint)
  }
  return groups
}

/** A pod of a node that nobody knows cannot be reached by topology; the node may only be late. */
const lostPods = ({ service, pods, zones }: EndpointSliceView): readonly Pod[] =>
  service.spec.publishNotReadyAddresses
    ? []
    : pods.filter((pod) => hasAddress(pod) && pod.spec.nodeName !== undefined && !zones.has(pod.spec.nodeName))

const portsKey = (ports: readonly EndpointPort[]): string => ports.map(canonical).toSorted().join()

/** The commands from what is to what shall be. A slice that would go is filled anew where another would have to be made. */
function write(view: EndpointSliceView, family: 'IPv4' | 'IPv6', drafts: readonly Draft[]): Command[] {
  const { service, slices } = view
  const isLive = (draft: Draft) => draft.endpoints.length > 0 || draft.keep === true
  const spare = drafts.filter((draft) => draft.slice !== undefined && !isLive(draft))
  const creates: Command[] = []
  const updates: Command[] = []
  for (const draft of drafts.filter(isLive)) {
    const slice = draft.slice ?? spare.shift()?.slice
    if (slice === undefined) {
      if (service.metadata.deletionTimestamp === undefined) creates.push(create(view, family, draft))
      continue
    }
    const labels = labelsFor(service)
    if (same(slice.endpoints, draft.endpoints) && same(slice.ports, draft.ports) && same(slice.metadata.labels, labels)) continue
    const annotations = withTriggerTime(slice.metadata.annotations, triggerTimeOf(changedPods(view, draft, slice)))
    const metadata = { ...slice.metadata, labels, annotations }
    updates.push({
      do: 'update',
      kind: EndpointSlice,
      object: { ...slice, metadata, ports: [...draft.ports], endpoints: [...draft.endpoints] } as EndpointSlice,
    })
  }
  const deletes = spare.flatMap(({ slice }) => (slices.includes(slice!) ? [remove(slice!)] : []))
  return [...creates, ...updates, ...deletes]
}

function create(view: EndpointSliceView, family: string, { ports, endpoints }: Draft): Command {
  const { service, slices, pods } = view
  const { name, namespace, creationTimestamp } = service.metadata
  const time =
    slices.length === 0
      ? creationTimestamp
      : triggerTimeOf(pods.filter((pod) => endpoints.some((one) => one.targetRef?.uid === pod.metadata.uid)))
  return {
    do: 'create',
    kind: EndpointSlice,
    namespace,
    object: {
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: {
        generateName: `${name}-`,
        namespace,
        labels: labelsFor(service),
        annotations: withTriggerTime(undefined, time),
        ownerReferences: [ownerReference(Service, service)],
      },
      addressType: family,
      ports,
      endpoints,
    },
  }
}

/** Pods that are told of otherwise than before. */
function changedPods({ pods }: EndpointSliceView, { endpoints }: Draft, slice: EndpointSlice): readonly Pod[] {
  const before = new Map((slice.endpoints ?? []).map((endpoint) => [endpoint.targetRef?.uid, endpoint]))
  const changed = new Set(
    endpoints.filter((endpoint) => !same(before.get(endpoint.targetRef?.uid), endpoint)).map(({ targetRef }) => targetRef?.uid),
  )
  return pods.filter(({ metadata }) => changed.has(metadata.uid))
}

const remove = ({ metadata }: EndpointSlice): Command => ({
  do: 'delete',
  kind: EndpointSlice,
  name: metadata.name,
  namespace: metadata.namespace,
  uid: metadata.uid,
})

/** The service's own labels, but for those that say what a slice is. */
export function labelsFor(service: Service): Record<string, string> {
  const { [headlessLabel]: _, ...labels } = service.metadata.labels ?? {}
  return {
    ...labels,
    ...(isHeadless(service) ? { [headlessLabel]: '' } : {}),
    'kubernetes.io/service-name': service.metadata.name,
    'endpointslice.kubernetes.io/managed-by': managedBy,
  }
}

export function withTriggerTime(
  annotations: Readonly<Record<string, string>> | undefined,
  time: string | undefined,
): Record<string, string> {
  const { [triggerTimeAnnotation]: _, ...others } = annotations ?? {}
  return time === undefined ? others : { ...others, [triggerTimeAnnotation]: time }
}
