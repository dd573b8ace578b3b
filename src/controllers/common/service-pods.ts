import { isIPv6 } from 'node:net'
import { Pod } from '#api/core/v1/pod.ts'
import { isPodReady, isPodTerminal, isSidecar, podCondition } from '#api/core/v1/pod-helpers.ts'
import { Service } from '#api/core/v1/service.ts'
import type { ServicePort } from '#api/core/v1/types.ts'
import { matches, selectorOfLabels } from '#api/meta/v1/selector.ts'
import { same } from '#api/strategy.ts'
import type { Cache } from '#loop/controller.ts'
import { keyOf } from './key.ts'
import { byLabel, bySelector, labelValue } from './service-indexes.ts'

/** Says when the oldest change that a write brings happened: what consumers measure their delay by. */
export const triggerTimeAnnotation = 'endpoints.kubernetes.io/last-change-trigger-time'
export const headlessLabel = 'service.kubernetes.io/headless'

/** Has no virtual address of its own. */
export const isHeadless = ({ spec }: Service): boolean => spec.clusterIP === undefined || spec.clusterIP === '' || spec.clusterIP === 'None'

/** The pods that the service chooses: of those with the rarest of its labels the ones that have the others too. */
export function podsOf({ metadata, spec }: Service, cache: Cache): readonly Pod[] {
  const selector = selectorOfLabels(spec.selector)
  const candidates = Object.entries(spec.selector ?? {}).map((label) => cache.indexed(Pod, byLabel, labelValue(metadata.namespace, label)))
  const [fewest = cache.list(Pod, metadata.namespace)] = candidates.toSorted((a, b) => a.length - b.length)
  return fewest.filter((pod) => matches(selector, pod.metadata.labels))
}

/** The pod can be reached, or will be until it has ended. */
export const hasAddress = (pod: Pod): boolean => !isPodTerminal(pod) && podAddresses(pod).length > 0

export const podAddresses = ({ status }: Pod): readonly string[] => (status.podIPs ?? []).map(({ ip }) => ip)

export const addressesOf = (pod: Pod, family: 'IPv4' | 'IPv6'): string[] =>
  podAddresses(pod).filter((ip) => isIPv6(ip) === (family === 'IPv6'))

/** Name in the service's DNS domain: only for a pod that says to be part of it. */
export const hostnameIn = ({ spec, metadata }: Pod, service: Service): string | undefined =>
  spec.hostname && spec.subdomain === service.metadata.name && metadata.namespace === service.metadata.namespace ? spec.hostname : undefined

/** The pod's number for a service's port; a name is looked up among its containers, sidecars last. Undefined: it has no such port. */
export function targetPortOf({ spec }: Pod, port: ServicePort): number | undefined {
  if (typeof port.targetPort === 'number') return port.targetPort === 0 ? port.port : port.targetPort
  for (const container of [...spec.containers, ...(spec.initContainers ?? []).filter(isSidecar)]) {
    const found = container.ports?.find((one) => one.name === port.targetPort && (one.protocol ?? 'TCP') === port.protocol)
    if (found !== undefined) return found.containerPort
  }
  return undefined
}

/** Keys of the services that choose the pod, or chose it before; none when the change is nothing to them, such as a new restart count. */
export function servicesOfPod(pod: Pod, cache: Cache, previous: Pod | undefined): readonly string[] {
  const changed = previous === undefined || previous === pod || !same(shownOf(pod), shownOf(previous))
  if (!changed) return []
  const choosing = [pod, ...(previous === undefined || previous === pod ? [] : [previous])].flatMap((state) => choosersOf(state, cache))
  return [...new Set(choosing.map(keyOf))]
}

/** The services that choose a pod with these labels. */
function choosersOf({ metadata: { namespace, labels = {} } }: Pod, cache: Cache): readonly Service[] {
  const values = [labelValue(namespace), ...Object.entries(labels).map((label) => labelValue(namespace, label))]
  return values
    .flatMap((value) => cache.indexed(Service, bySelector, value))
    .filter(({ spec }) => matches(selectorOfLabels(spec.selector), labels))
}

/** What endpoints tell of a pod. */
const shownOf = (pod: Pod) => ({
  uid: pod.metadata.uid,
  labels: pod.metadata.labels,
  leaving: pod.metadata.deletionTimestamp !== undefined,
  node: pod.spec.nodeName,
  hostname: pod.spec.hostname,
  subdomain: pod.spec.subdomain,
  addresses: pod.status.podIPs,
  ready: isPodReady(pod),
  ended: isPodTerminal(pod),
})

/** The earliest of the changes that pods went through; undefined when none of them has a time. */
export function triggerTimeOf(changed: readonly Pod[]): string | undefined {
  const times = changed.map((pod) => podCondition(pod, 'Ready')?.lastTransitionTime).filter((time) => typeof time === 'string')
  return times.toSorted()[0]
}
