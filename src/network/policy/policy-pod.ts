import type { Pod } from '#api/core/v1/pod.ts'
import { isPodTerminal, isSidecar } from '#api/core/v1/pod-helpers.ts'
import type { Labels } from '#api/meta/v1/selector.ts'
import { formatIp, isMapped, parseIp } from '#schema/ip.ts'
import type { Family } from './address-ranges.ts'
import { type NamedPort, type Protocol, protocols } from './compiled-policy.ts'

/** What policies see of a pod. */
export interface PolicyPod {
  readonly namespace: string
  readonly labels: Labels
  readonly addresses: readonly PodAddress[]
  readonly ports: readonly PodPort[]
  /** Of this node: its packets can be stopped here. */
  readonly isLocal: boolean
  /** Of two pods that have one address, as where one ends and the other begins, the address is the one's that has had it since later. */
  readonly since: number
}

export interface PodAddress {
  readonly family: Family
  /** In the form that nft prints. */
  readonly text: string
}

export interface PodPort extends NamedPort {
  readonly number: number
}

/**
 * The pod as policies see it; undefined for one that they do not: it has no address of its own, or it has ended and its address may be another's
 * by now. `addresses` are those that the node knows of before the API does; absent: those of its status.
 */
export function policyPod(
  pod: Pod,
  node: string,
  known?: { readonly addresses: readonly string[]; readonly since: number },
): PolicyPod | undefined {
  if (pod.spec.hostNetwork === true || isPodTerminal({ status: pod.status ?? {} })) return undefined
  const addresses = podAddresses(known?.addresses ?? addressesOf(pod))
  if (addresses.length === 0) return undefined
  return {
    namespace: pod.metadata.namespace ?? '',
    labels: pod.metadata.labels,
    addresses,
    ports: namedPorts(pod),
    isLocal: known !== undefined || pod.spec.nodeName === node,
    since: known?.since ?? 0,
  }
}

/** Of a pod of the cluster no more than policies ask for: thousands of them are held. */
export const keptPod = ({ metadata, spec, status }: Pod): Pod =>
  ({
    metadata: {
      name: metadata.name,
      namespace: metadata.namespace,
      uid: metadata.uid,
      resourceVersion: metadata.resourceVersion,
      labels: metadata.labels,
      ...(metadata.annotations?.[mirrorAnnotation] !== undefined && {
        annotations: { [mirrorAnnotation]: metadata.annotations[mirrorAnnotation] },
      }),
    },
    spec: {
      nodeName: spec.nodeName,
      hostNetwork: spec.hostNetwork,
      containers: spec.containers.flatMap(({ ports }) => (ports?.length ? [{ ports }] : [])),
      initContainers: (spec.initContainers ?? [])
        .filter(isSidecar)
        .flatMap(({ ports }) => (ports?.length ? [{ restartPolicy: 'Always', ports }] : [])),
    },
    status: { phase: status?.phase, podIP: status?.podIP, podIPs: status?.podIPs },
  }) as unknown as Pod

/** By which the API knows a static pod's mirror: it says the pod's own uid. */
export const mirrorAnnotation = 'kubernetes.io/config.mirror'

/** Texts that are no addresses are left out: nft would refuse them, and everybody's change with them. */
export function podAddresses(texts: readonly string[]): PodAddress[] {
  const found = new Map<string, PodAddress>()
  for (const text of texts) {
    const bytes = parseIp(text)
    if (bytes === undefined) continue
    const address = formatIp(bytes)
    found.set(address, { family: bytes.length === 4 || isMapped(bytes) ? 4 : 6, text: address })
  }
  return [...found.values()]
}

const addressesOf = ({ status }: Pod): string[] =>
  [...(status?.podIPs ?? []).map(({ ip }) => ip ?? ''), status?.podIP ?? ''].filter((text) => text !== '')

/** The names of ports of all containers that go on running; of two with one name and protocol the first counts. */
function namedPorts({ spec: { containers, initContainers = [] } }: Pod): PodPort[] {
  const found = new Map<string, PodPort>()
  for (const { ports = [] } of [...containers, ...initContainers.filter(isSidecar)])
    for (const { name, containerPort, protocol: text = 'TCP' } of ports) {
      const protocol = text.toLowerCase() as Protocol
      const key = `${protocol} ${name}`
      if (name && protocols.includes(protocol) && !found.has(key)) found.set(key, { protocol, name, number: containerPort })
    }
  return [...found.values()]
}

/** Nothing that a rule asks for differs. Most changes of pods are of that sort. */
export function isSamePod(a: PolicyPod | undefined, b: PolicyPod | undefined): boolean {
  if (a === b) return true
  if (a === undefined || b === undefined) return false
  return (
    a.namespace === b.namespace &&
    a.isLocal === b.isLocal &&
    a.since === b.since &&
    haveSameAddresses(a, b) &&
    haveSamePorts(a, b) &&
    haveSameLabels(a.labels, b.labels)
  )
}

export const haveSameAddresses = (a: PolicyPod, b: PolicyPod): boolean =>
  a.addresses.length === b.addresses.length && a.addresses.every(({ text }, i) => text === b.addresses[i]!.text)

export const haveSamePorts = (a: PolicyPod, b: PolicyPod): boolean =>
  a.ports.length === b.ports.length &&
  a.ports.every(({ protocol, name, number }, i) => {
    const other = b.ports[i]!
    return protocol === other.protocol && name === other.name && number === other.number
  })

function haveSameLabels(a: Labels = {}, b: Labels = {}): boolean {
  if (a === b) return true
  const keys = Object.keys(a)
  return keys.length === Object.keys(b).length && keys.every((key) => Object.hasOwn(b, key) && a[key] === b[key])
}
