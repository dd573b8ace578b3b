import type { HostPort, NodeInfo } from '../node-info.ts'
import type { Plugin } from '../plugin.ts'
import { refuse } from '../plugin.ts'

/** Two pods of a node may not hold one host port; the address 0.0.0.0 is in conflict with every address. */
export const nodePorts: Plugin = {
  name: 'NodePorts',
  filter: ({ hostPorts }, node) =>
    hostPorts.some((hostPort) => isTaken(hostPort, node))
      ? refuse("node(s) didn't have free ports for the requested pod ports")
      : undefined,
  wokenBy: ['node-added', 'pod-gone'],
}

function isTaken(wanted: HostPort, { ports }: NodeInfo): boolean {
  for (const held of ports.keys()) {
    const [protocol, address, port] = held.split('/')
    if (
      protocol === wanted.protocol &&
      Number(port) === wanted.port &&
      (address === wanted.address || address === '0.0.0.0' || wanted.address === '0.0.0.0')
    )
      return true
  }
  return false
}
