import { validateLabelSelector } from '#api/meta/v1/validate-selector.ts'
import { cidrWarnings } from '#api/networking/v1/cidr-warnings.ts'
import type { IPBlock, NetworkPolicy, NetworkPolicyPeer, NetworkPolicyPort } from '#api/networking/v1/types.ts'
import type { Cause } from '#lib/errors.ts'
import { maskCidr, parseCidr } from '#schema/ip.ts'
import {
  checkLegacyCidr,
  checkPortName,
  checkPortNumber,
  forbidden,
  invalid,
  invalidEach,
  notSupported,
  required,
} from '#schema/validate.ts'

/** What is wrong with a network policy. Networks that `previous` has too are not looked at again. */
export function validateNetworkPolicy(policy: NetworkPolicy, previous?: NetworkPolicy): Cause[] {
  const { podSelector, policyTypes = [] } = policy.spec
  const known = new Set(previous === undefined ? [] : blocksOf(previous).flatMap(({ block }) => [block.cidr, ...(block.except ?? [])]))
  const causes = [
    ...validateLabelSelector(podSelector, 'spec.podSelector'),
    ...rulesOf(policy).flatMap(({ path, ports, peers, peersPath }) => [
      ...ports.flatMap((port, i) => validatePort(port, `${path}.ports[${i}]`)),
      ...peers.flatMap((peer, i) => validatePeer(peer, known, `${peersPath}[${i}]`)),
    ]),
  ]
  if (policyTypes.length > 2) return [...causes, invalid('spec.policyTypes', policyTypes, 'may not specify more than two policyTypes')]
  return [
    ...causes,
    ...policyTypes.flatMap((type, i) =>
      type === 'Ingress' || type === 'Egress' ? [] : [notSupported(`spec.policyTypes[${i}]`, type, ['Ingress', 'Egress'])],
    ),
  ]
}

/** Networks that are not written as they should be. */
export const networkPolicyWarnings = (policy: NetworkPolicy): string[] =>
  blocksOf(policy).flatMap(({ block, path }) => [
    ...cidrWarnings(block.cidr, `${path}.cidr`),
    ...(block.except ?? []).flatMap((except, i) => cidrWarnings(except, `${path}.except[${i}]`)),
  ])

/** Rules of both directions in one form. */
const rulesOf = ({ spec: { ingress = [], egress = [] } }: NetworkPolicy) => [
  ...ingress.map(({ ports = [], from = [] }, i) => ({
    path: `spec.ingress[${i}]`,
    ports,
    peers: from,
    peersPath: `spec.ingress[${i}].from`,
  })),
  ...egress.map(({ ports = [], to = [] }, i) => ({ path: `spec.egress[${i}]`, ports, peers: to, peersPath: `spec.egress[${i}].to` })),
]

const blocksOf = (policy: NetworkPolicy): { readonly block: IPBlock; readonly path: string }[] =>
  rulesOf(policy).flatMap(({ peers, peersPath }) =>
    peers.flatMap(({ ipBlock }, i) => (ipBlock === undefined ? [] : [{ block: ipBlock, path: `${peersPath}[${i}].ipBlock` }])),
  )

function validatePort({ protocol, port, endPort }: NetworkPolicyPort, path: string): Cause[] {
  const causes = ['TCP', 'UDP', 'SCTP'].includes(protocol) ? [] : [notSupported(`${path}.protocol`, protocol, ['TCP', 'UDP', 'SCTP'])]
  if (port === undefined)
    return endPort === undefined
      ? causes
      : [...causes, invalid(`${path}.endPort`, endPort, 'may not be specified when `port` is not specified')]
  if (typeof port === 'string') {
    if (endPort !== undefined) causes.push(invalid(`${path}.endPort`, endPort, 'may not be specified when `port` is non-numeric'))
    return [...causes, ...invalidEach(`${path}.port`, port, checkPortName(port))]
  }
  causes.push(...invalidEach(`${path}.port`, port, checkPortNumber(port)))
  if (endPort === undefined) return causes
  if (endPort < port) causes.push(invalid(`${path}.endPort`, port, 'must be greater than or equal to `port`'))
  return [...causes, ...invalidEach(`${path}.endPort`, endPort, checkPortNumber(endPort))]
}

function validatePeer({ podSelector, namespaceSelector, ipBlock }: NetworkPolicyPeer, known: ReadonlySet<string>, path: string): Cause[] {
  const causes = [
    ...validateLabelSelector(podSelector, `${path}.podSelector`),
    ...validateLabelSelector(namespaceSelector, `${path}.namespaceSelector`),
    ...(ipBlock === undefined ? [] : validateBlock(ipBlock, known, `${path}.ipBlock`)),
  ]
  const hasSelector = podSelector !== undefined || namespaceSelector !== undefined
  if (!hasSelector && ipBlock === undefined) causes.push(required(path, 'must specify a peer'))
  if (hasSelector && ipBlock !== undefined) causes.push(forbidden(path, 'may not specify both ipBlock and another peer'))
  return causes
}

function validateBlock({ cidr, except = [] }: IPBlock, known: ReadonlySet<string>, path: string): Cause[] {
  if (cidr === '') return [required(`${path}.cidr`)]
  const check = (text: string, at: string): Cause[] => (known.has(text) ? [] : invalidEach(at, text, checkLegacyCidr(text)))
  const causes = check(cidr, `${path}.cidr`)
  const whole = parseCidr(cidr)
  if (whole === undefined) return causes
  return [
    ...causes,
    ...except.flatMap((text, i) => {
      const part = parseCidr(text)
      const own = check(text, `${path}.except[${i}]`)
      if (part === undefined) return own
      const isInside =
        part.address.length === whole.address.length &&
        part.prefix > whole.prefix &&
        Buffer.compare(maskCidr({ address: maskCidr(part), prefix: whole.prefix }), maskCidr(whole)) === 0
      return isInside ? own : [...own, invalid(`${path}.except[${i}]`, text, 'must be a strict subset of `cidr`')]
    }),
  ]
}
