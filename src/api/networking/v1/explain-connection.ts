import type { Namespace } from '#api/core/v1/namespace.ts'
import type { Pod } from '#api/core/v1/pod.ts'
import { isPodTerminal, isSidecar } from '#api/core/v1/pod-helpers.ts'
import { matchesLabelSelector } from '#api/meta/v1/selector.ts'
import type { NetworkPolicy } from '#api/networking/v1/network-policy.ts'
import type { NetworkPolicyPeer, NetworkPolicyPort } from '#api/networking/v1/types.ts'
import { maskCidr, parseCidr, parseIp } from '#schema/ip.ts'

/** What the API knows, as far as policies ask for it. */
export interface PolicyView {
  readonly policies: readonly NetworkPolicy[]
  readonly namespaces: readonly Namespace[]
}

/** One end of a connection: an address, and the pod that has it if one does. */
export interface ConnectionEnd {
  readonly address: string
  readonly pod?: Pod
}

/** The port is the target pod's own: a Service's has been turned into it by then. */
export interface Connection {
  readonly from: ConnectionEnd
  readonly to: ConnectionEnd
  readonly protocol: 'TCP' | 'UDP' | 'SCTP'
  readonly port: number
}

/** Whether a connection may be made, and which policies say so at either end. */
export interface ConnectionVerdict {
  readonly isAllowed: boolean
  /** What the sender may send; undefined where no policy isolates it that way. */
  readonly egress: SideVerdict | undefined
  /** What the receiver may be sent. */
  readonly ingress: SideVerdict | undefined
}

export interface SideVerdict {
  readonly isAllowed: boolean
  /** `namespace/name` of every policy that isolates the pod in this direction. */
  readonly isolatedBy: readonly string[]
  /** Rules that let the connection through, by policy and place in its list. */
  readonly allowedBy: readonly { readonly policy: string; readonly rule: number }[]
}

/**
 * Whether NetworkPolicies let a new connection through, from the API's objects alone: policies add up, both ends are asked, and a pod always
 * reaches itself. It shares nothing with what writes the kernel's rules, and serves their tests as the other opinion. That a node always reaches
 * its own pods is for the caller to know.
 */
export function explainConnection(view: PolicyView, connection: Connection): ConnectionVerdict {
  const { from, to } = connection
  if (from.pod !== undefined && from.address === to.address) return { isAllowed: true, egress: undefined, ingress: undefined }
  const egress = sideVerdict(view, 'Egress', from, to, connection)
  const ingress = sideVerdict(view, 'Ingress', to, from, connection)
  return { isAllowed: egress?.isAllowed !== false && ingress?.isAllowed !== false, egress, ingress }
}

function sideVerdict(
  view: PolicyView,
  type: 'Ingress' | 'Egress',
  own: ConnectionEnd,
  other: ConnectionEnd,
  connection: Connection,
): SideVerdict | undefined {
  const isolating = view.policies.filter((policy) => own.pod !== undefined && selects(policy, own.pod) && typesOf(policy).includes(type))
  if (isolating.length === 0) return undefined
  const allowedBy = isolating.flatMap((policy) =>
    rulesOf(policy, type).flatMap(({ peers, ports }, rule) => {
      const isPeer = peers.length === 0 || peers.some((peer) => isMeant(view, policy, peer, other))
      const isPort = ports.length === 0 || ports.some((port) => isOpen(port, connection))
      return isPeer && isPort ? [{ policy: titleOf(policy), rule }] : []
    }),
  )
  return { isAllowed: allowedBy.length > 0, isolatedBy: isolating.map(titleOf), allowedBy }
}

const titleOf = ({ metadata }: NetworkPolicy): string => `${metadata.namespace}/${metadata.name}`

/** A pod that uses the node's network, or has ended, is none that policies know. */
const isKnown = (pod: Pod): boolean => pod.spec.hostNetwork !== true && !isPodTerminal({ status: pod.status ?? {} })

const selects = (policy: NetworkPolicy, pod: Pod): boolean =>
  isKnown(pod) && pod.metadata.namespace === policy.metadata.namespace && matchesLabelSelector(policy.spec.podSelector, pod.metadata.labels)

const typesOf = ({ spec: { policyTypes = [], egress = [] } }: NetworkPolicy): readonly string[] =>
  policyTypes.length > 0 ? policyTypes : egress.length > 0 ? ['Ingress', 'Egress'] : ['Ingress']

const rulesOf = ({ spec: { ingress = [], egress = [] } }: NetworkPolicy, type: 'Ingress' | 'Egress') =>
  type === 'Ingress'
    ? ingress.map(({ from = [], ports = [] }) => ({ peers: from, ports }))
    : egress.map(({ to = [], ports = [] }) => ({ peers: to, ports }))

function isMeant(
  { namespaces }: PolicyView,
  policy: NetworkPolicy,
  { ipBlock, podSelector, namespaceSelector }: NetworkPolicyPeer,
  { address, pod }: ConnectionEnd,
): boolean {
  if (ipBlock !== undefined) return isWithin(address, ipBlock.cidr) && !(ipBlock.except ?? []).some((part) => isWithin(address, part))
  if (pod === undefined || !isKnown(pod) || (podSelector === undefined && namespaceSelector === undefined)) return false
  const isThere =
    namespaceSelector === undefined
      ? pod.metadata.namespace === policy.metadata.namespace
      : namespaces.some(
          ({ metadata }) => metadata.name === pod.metadata.namespace && matchesLabelSelector(namespaceSelector, metadata.labels),
        )
  return isThere && (podSelector === undefined || matchesLabelSelector(podSelector, pod.metadata.labels))
}

function isWithin(address: string, cidr: string): boolean {
  const [bytes, network] = [parseIp(address), parseCidr(cidr)]
  if (bytes === undefined || network === undefined || bytes.length !== network.address.length) return false
  return Buffer.compare(maskCidr({ address: bytes, prefix: network.prefix }), maskCidr(network)) === 0
}

function isOpen({ protocol = 'TCP', port, endPort }: NetworkPolicyPort, connection: Connection): boolean {
  if (protocol !== connection.protocol) return false
  if (port === undefined) return true
  if (typeof port === 'number') return connection.port >= port && connection.port <= (endPort ?? port)
  const { pod } = connection.to
  if (pod === undefined || !isKnown(pod)) return false
  const { containers, initContainers = [] } = pod.spec
  const named = [...containers, ...initContainers.filter(isSidecar)]
    .flatMap(({ ports = [] }) => ports)
    .find((one) => one.name === port && (one.protocol ?? 'TCP') === protocol)
  return named?.containerPort === connection.port
}
