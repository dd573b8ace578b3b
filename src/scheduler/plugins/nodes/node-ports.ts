import type { Pod } from '#api/core/v1/pod.ts'
import { type Plugin, refuse } from '../../framework/plugin.ts'
import type { NodeInfo } from '../../world/node-info.ts'
import { type HostPort, hostPortsOf } from '../../world/pod-info.ts'

/** Two pods of a node may not hold one host port; the address 0.0.0.0 is in conflict with every address. */
export const nodePorts: Plugin = {
  name: 'NodePorts',
  restsOn: 'node',
  preFilter: ({ shape }) => ({ state: undefined, skip: shape.hostPorts.length === 0 }),
  filter: ({ shape }, node) =>
    shape.hostPorts.some((hostPort) => isTaken(hostPort, node))
      ? refuse("node(s) didn't have free ports for the requested pod ports")
      : undefined,
  wokenBy: [
    {
      resource: 'Pod',
      actions: ['Delete'],
      helps(pod, { before }) {
        const gone = before as Pod
        if (!gone.spec.nodeName) return false
        const freed = hostPortsOf(gone)
        return hostPortsOf(pod).some((wanted) => freed.some((held) => inConflict(wanted, held)))
      },
    },
    { resource: 'Node', actions: ['Add'] },
  ],
}

function isTaken(wanted: HostPort, { ports }: NodeInfo): boolean {
  for (const key of ports.keys()) {
    const [protocol, address, port] = key.split('/')
    if (inConflict(wanted, { protocol: protocol!, address: address!, port: Number(port) })) return true
  }
  return false
}

const any = '0.0.0.0'

const inConflict = (a: HostPort, b: HostPort): boolean =>
  a.protocol === b.protocol && a.port === b.port && (a.address === b.address || a.address === any || b.address === any)
