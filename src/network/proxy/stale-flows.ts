import type { UdpFlow } from './host.ts'
import type { ServicePort } from './service-ports.ts'

/** Where UDP clients come in, and whom their flows may lead to. */
export interface UdpFrontends {
  /** By `address:port`. */
  readonly addresses: ReadonlyMap<string, ReadonlySet<string>>
  readonly nodePorts: ReadonlyMap<number, ReadonlySet<string>>
}

/**
 * The frontends of UDP ports that have an endpoint. UDP has no end of a connection: a flow that leads to an endpoint that is gone, or that began
 * before there was one, would go on for as long as the client sends. Those to an endpoint that serves go on, whatever policies and hints say:
 * a change of the Service cuts nobody off. TCP and SCTP end by themselves.
 */
export function udpFrontends(ports: Iterable<ServicePort>): UdpFrontends {
  const addresses = new Map<string, ReadonlySet<string>>()
  const nodePorts = new Map<number, ReadonlySet<string>>()
  for (const port of ports) {
    if (port.protocol !== 'udp' || port.serving.length === 0) continue
    const serving = new Set(port.serving)
    for (const address of [port.clusterIP, ...port.externalIPs, ...port.balancerIPs]) addresses.set(`${address}:${port.port}`, serving)
    if (port.nodePort > 0) nodePorts.set(port.nodePort, serving)
  }
  return { addresses, nodePorts }
}

/** Whether the flow came in at one of the frontends and leads to none of its endpoints. */
export function isStaleFlow({ addresses, nodePorts }: UdpFrontends, flow: UdpFlow): boolean {
  const answers = `${flow.replySource}:${flow.replyPort}`
  const isStale = (serving: ReadonlySet<string> | undefined): boolean => serving !== undefined && !serving.has(answers)
  return isStale(addresses.get(`${flow.destination}:${flow.destinationPort}`)) || isStale(nodePorts.get(flow.destinationPort))
}
