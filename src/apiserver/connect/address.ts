import { BlockList, isIP } from 'node:net'
import type { Node } from '#api/core/v1/node.ts'
import { badRequest } from '../http/status.ts'
import { PlainFailure } from './plain-failure.ts'

/** Where a node's kubelet listens, as its Node object records it. Error: a plain failure when it records no address. */
export function kubeletAddress(node: Node): { readonly host: string; readonly port: number } {
  const addresses = node.status?.addresses ?? []
  const found = addressTypes.flatMap((type) => addresses.filter((address) => address.type === type))[0]
  if (found === undefined) throw new PlainFailure(`no preferred addresses found; known addresses: ${dump(addresses)}`)
  const host = found.address
  // A node writes its own status: whoever holds its credential must not point us at a machine's metadata service.
  if (isIP(host) !== 0 && neverOurs.check(host, family(host))) throw badRequest('address not allowed')
  return { host, port: node.status?.daemonEndpoints?.kubeletEndpoint?.Port || 10250 }
}

/** Refuses what `proxy` may not reach: this machine itself, link-local neighbours, multicast. Error: `BadRequest`. */
export function checkProxyable(host: string): void {
  if (isIP(host) === 0 || neverOurs.check(host, family(host)) || loopback.check(host, family(host))) throw badRequest('address not allowed')
}

/** kubeadm's order: an address beats a name, since the control plane may not share the nodes' name service. */
const addressTypes = ['InternalIP', 'ExternalIP', 'Hostname', 'InternalDNS', 'ExternalDNS']

const family = (address: string): 'ipv4' | 'ipv6' => (isIP(address) === 6 ? 'ipv6' : 'ipv4')

/** Unspecified, link-local (cloud metadata is at 169.254.169.254), multicast, broadcast. IPv4 rules cover mapped addresses too. */
const neverOurs = new BlockList()
neverOurs.addSubnet('0.0.0.0', 8, 'ipv4')
neverOurs.addSubnet('169.254.0.0', 16, 'ipv4')
neverOurs.addSubnet('224.0.0.0', 4, 'ipv4')
neverOurs.addAddress('255.255.255.255', 'ipv4')
neverOurs.addAddress('::', 'ipv6')
neverOurs.addSubnet('fe80::', 10, 'ipv6')
neverOurs.addSubnet('ff00::', 8, 'ipv6')

const loopback = new BlockList()
loopback.addSubnet('127.0.0.0', 8, 'ipv4')
loopback.addAddress('::1', 'ipv6')

const dump = (addresses: readonly { readonly type: string; readonly address: string }[]): string =>
  `[${addresses.map(({ type, address }) => `{${type} ${address}}`).join(' ')}]`
