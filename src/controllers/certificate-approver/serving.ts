import type { CertificateSigningRequest } from '#api/certificates/v1/certificate-signing-request.ts'
import type { Node } from '#api/core/v1/node.ts'
import { formatIp, isMapped, maskCidr, parseCidr, parseIp } from '#schema/ip.ts'
import type { CertificateRequest } from '../common/certificate-request.ts'
import { kubeletServingProblem } from '../common/kubelet-request.ts'

export const servingSigner = 'kubernetes.io/kubelet-serving'
const nodePrefix = 'system:node:'

/** What no node's certificate may name, whatever its Node object says. */
export interface ServingApproval {
  /** Names and addresses by which API servers are reached, as their own certificate has them. */
  readonly serverNames: () => readonly string[]
  /** Addresses of Services and pods, as ranges. */
  readonly ranges: readonly string[]
  /** Names below it are Services'. */
  readonly clusterDomain: string
}

/**
 * Why a request for the certificate of a kubelet's port is not approved without a person; undefined: it is.
 *
 * The reference approves none, since addresses in a Node object come from the node itself: a node that was broken into could take any address into
 * its status, have it certified, and be believed to be whoever lives there. So that is what is ruled out here. The one who asks is the node
 * itself, by its own certificate, and gets its own name and addresses that its Node object has. None of them may be anybody else's whom clients know
 * by the cluster's authority: the API servers' names and addresses, those of Services and pods, loopback and link-local addresses, which are
 * everybody's, and addresses of other nodes. What is left is an address at which nobody but kubelets is trusted by this authority, and the API
 * server dials kubelets at the address that their Node object says in any case: such a certificate gives a node nothing that it had not.
 */
export function servingProblem(
  { spec }: Pick<CertificateSigningRequest, 'spec'>,
  asked: CertificateRequest,
  nodes: readonly Node[],
  approval: ServingApproval,
): string | undefined {
  const problem = kubeletServingProblem(asked, spec.usages ?? [])
  if (problem !== undefined) return problem
  if (!asked.isSigned) return 'the request is not signed with its key'
  if (spec.username !== asked.commonName || !(spec.groups ?? []).includes('system:nodes'))
    return `${spec.username} asks for a certificate of ${asked.commonName}`
  const name = asked.commonName.slice(nodePrefix.length)
  const own = nodes.find(({ metadata }) => metadata.name === name)
  if (own === undefined) return `there is no Node ${name}`
  return nameProblem(asked, name, approval) ?? addressProblem(asked, own, nodes, approval)
}

/** Of the node whose request for this signer it is, if a node asks. */
export const nodeOfRequest = ({ spec }: CertificateSigningRequest): string | undefined =>
  spec.signerName === servingSigner && spec.username?.startsWith(nodePrefix) ? spec.username.slice(nodePrefix.length) : undefined

function nameProblem({ dnsNames }: CertificateRequest, name: string, { serverNames, clusterDomain }: ServingApproval): string | undefined {
  const other = dnsNames.find((one) => one !== name)
  if (other !== undefined) return `${other} is not the name of node ${name}`
  if (dnsNames.length === 0) return undefined
  const isService = name.endsWith('.svc') || `.${name}`.endsWith(`.${clusterDomain}`)
  return isService || serverNames().some((server) => isMeantBy(name, server))
    ? `${name} is a name of the API server's or of a Service`
    : undefined
}

/** A name of a certificate means others as well where its first part is * (RFC 6125, 6.4.3). */
const isMeantBy = (name: string, server: string): boolean =>
  name === server || (server.startsWith('*.') && name.includes('.') && name.slice(name.indexOf('.')) === server.slice(1))

function addressProblem(
  { addresses }: CertificateRequest,
  own: Node,
  nodes: readonly Node[],
  { serverNames, ranges }: ServingApproval,
): string | undefined {
  const servers = new Set(serverNames().flatMap(keyOf))
  const owned = new Set(addressesOf(own))
  const others = new Set(nodes.filter((node) => node !== own).flatMap(addressesOf))
  for (const bytes of addresses) {
    const text = formatIp(bytes)
    const [key] = keyOf(text)
    if (key === undefined || isMapped(bytes) || !owned.has(key)) return `the Node object does not have the address ${text}`
    if (servers.has(key)) return `${text} is an address of the API server's`
    if (others.has(key)) return `${text} is another node's address, too`
    if ([...nobodys, ...ranges].some((range) => isWithin(bytes, range))) return `${text} is no address of a machine`
  }
  return undefined
}

/** This machine, nobody, this link, groups (RFC 1122, RFC 3927, RFC 4291). */
const nobodys = ['0.0.0.0/8', '127.0.0.0/8', '169.254.0.0/16', '224.0.0.0/3', '::/127', 'fe80::/10', 'ff00::/8']

function isWithin(bytes: Uint8Array, range: string): boolean {
  const cidr = parseCidr(range)
  if (cidr === undefined || cidr.address.length !== bytes.length) return false
  const network = maskCidr(cidr)
  return maskCidr({ address: bytes, prefix: cidr.prefix }).every((byte, at) => byte === network[at])
}

const addressesOf = ({ status }: Node): readonly string[] => (status?.addresses ?? []).flatMap(({ address }) => keyOf(address))

/** One spelling of each address; nothing of a name. */
function keyOf(text: string): readonly string[] {
  const bytes = parseIp(text)
  return bytes === undefined ? [] : [formatIp(bytes)]
}
