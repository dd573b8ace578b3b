import type { Family } from './family.ts'

/**
 * The named maps and sets of a family's table: all that changes as Services, endpoints, pods and nodes come and go. A key is written in nft's
 * language, its parts joined by ` . `.
 */
export const storeNames = [
  'services',
  'node-ports',
  'sticky-services',
  'sticky-node-ports',
  'ways',
  'outside-services',
  'outside-node-ports',
  'endpoints',
  'node-port-endpoints',
  'sticky-places',
  'refused',
  'refused-node-ports',
  'dropped',
  'limited',
  'allowed',
  'cluster-ips',
  'hairpin',
  'host-ports',
  'host-port-addresses',
  'pod-ranges',
  'own-pod-ranges',
  'service-ranges',
  'node-addresses',
  'own-addresses',
  'unmasqueraded',
] as const
export type Store = (typeof storeNames)[number]

/** The declaration of each, in a family. */
export function storeDeclarations(family: Family): Readonly<Record<Store, string>> {
  const address = family === 'ip' ? 'ipv4_addr' : 'ipv6_addr'
  const frontend = `${address} . inet_proto . inet_service`
  const nodePort = 'inet_proto . inet_service'
  const backend = `${address} . inet_service`
  const drawn = 'numgen random mod 65536'
  return {
    // Where packets to a Service's address, or to a node port, go on: the number of a chain that many Services share.
    services: `map services { type ${frontend} : classid; }`,
    'node-ports': `map node-ports { type ${nodePort} : classid; }`,
    // The same for those that have a chain of their own.
    'sticky-services': `map sticky-services { type ${frontend} : verdict; }`,
    'sticky-node-ports': `map sticky-node-ports { type ${nodePort} : verdict; }`,
    ways: 'map ways { type classid : verdict; }',
    // The same for clients outside the cluster, where policy Local keeps them on this node.
    'outside-services': `map outside-services { type ${frontend} : verdict; }`,
    'outside-node-ports': `map outside-node-ports { type ${nodePort} : verdict; }`,
    // Endpoints under a number that is drawn; it travels in the packet's priority.
    endpoints: `map endpoints { type ${frontend} . classid : ${backend}; }`,
    'node-port-endpoints': `map node-port-endpoints { type ${nodePort} . classid : ${backend}; }`,
    // Of Services with session affinity: slots of endpoints by the numbers of the Service's port and one that is drawn.
    'sticky-places': `map sticky-places { typeof ${drawn} . ${drawn} . ${drawn} : meta priority; }`,
    refused: `set refused { type ${frontend}; }`,
    'refused-node-ports': `set refused-node-ports { type ${nodePort}; }`,
    dropped: `set dropped { type ${frontend}; }`,
    // Balancers' addresses that only some networks may come by, and those networks.
    limited: `set limited { type ${frontend}; }`,
    allowed: `set allowed { type ${frontend} . ${address}; flags interval; }`,
    'cluster-ips': `set cluster-ips { type ${address}; }`,
    hairpin: `set hairpin { type ${address} . ${address}; }`,
    'host-ports': `map host-ports { type ${nodePort} : ${backend}; }`,
    'host-port-addresses': `map host-port-addresses { type ${frontend} : ${backend}; }`,
    'pod-ranges': `set pod-ranges { type ${address}; flags interval; }`,
    'own-pod-ranges': `set own-pod-ranges { type ${address}; flags interval; }`,
    'service-ranges': `set service-ranges { type ${address}; flags interval; }`,
    'node-addresses': `set node-addresses { type ${address}; }`,
    'own-addresses': `set own-addresses { type ${address}; }`,
    unmasqueraded: `set unmasqueraded { type ${address}; }`,
  }
}
