import type { EndpointSlice } from '#api/discovery/v1/endpoint-slice.ts'
import type { Flow, FlowProtocol } from './host.ts'
import { isForwardedSlice, type ServicePort } from './service-ports.ts'

/** What comes in at one port, of a Service or of the node, as far as flows are concerned. */
export interface ForwardedPort extends Pick<ServicePort, 'protocol' | 'port' | 'serving'> {
  readonly addresses: readonly string[]
  /** A port at any address; 0: none. */
  readonly nodePort: number
}

/** Of a Service's port. */
export const forwardedPort = ({ protocol, port, serving, nodePort, clusterIP, externalIPs, balancerIPs }: ServicePort): ForwardedPort => ({
  protocol,
  port,
  serving,
  nodePort,
  addresses: [clusterIP, ...externalIPs, ...balancerIPs],
})

/** Where clients come in, and whom their flows may lead to. */
export interface Frontends {
  /** By `address:port`. */
  readonly addresses: ReadonlyMap<string, ReadonlySet<string>>
  readonly nodePorts: ReadonlyMap<number, ReadonlySet<string>>
}

/**
 * The frontends of ports of one protocol.
 *
 * UDP, of ports that have an endpoint: it has no end of a connection, so a flow that leads to an endpoint that is gone, or that began before there was
 * one, would go on for as long as the client sends. Those to an endpoint that serves go on, whatever policies and hints say: a change of the Service
 * cuts nobody off.
 *
 * TCP: connections end by themselves, but one that is being opened to a node that was lost is not refused, and the kernel leads each further try there,
 * for two minutes also that of the next client that gets the same port. Forgotten, the next try goes to an endpoint that is there.
 */
export function frontendsOf(ports: Iterable<ForwardedPort>, protocol: FlowProtocol): Frontends {
  const addresses = new Map<string, ReadonlySet<string>>()
  const nodePorts = new Map<number, ReadonlySet<string>>()
  for (const port of ports) {
    if (port.protocol !== protocol || (protocol === 'udp' && port.serving.length === 0)) continue
    const serving = new Set(port.serving)
    for (const address of port.addresses) addresses.set(`${address}:${port.port}`, serving)
    if (port.nodePort > 0) nodePorts.set(port.nodePort, serving)
  }
  return { addresses, nodePorts }
}

/** Whether the flow came in at one of the frontends and leads to none of its endpoints. */
export function isStaleFlow({ addresses, nodePorts }: Frontends, flow: Flow): boolean {
  const answers = `${flow.replySource}:${flow.replyPort}`
  const isStale = (serving: ReadonlySet<string> | undefined): boolean => serving !== undefined && !serving.has(answers)
  return isStale(addresses.get(`${flow.destination}:${flow.destinationPort}`)) || isStale(nodePorts.get(flow.destinationPort))
}

/** Whether an address that served before does not serve now. */
export function endpointLeft(slice: EndpointSlice | undefined, previous: EndpointSlice | undefined): boolean {
  if (previous === undefined) return false
  const serving = new Set(servingIn(slice))
  return servingIn(previous).some((address) => !serving.has(address))
}

/** What is not said of it holds (EndpointConditions): it serves where it is ready, and it is ready. */
const servingIn = (slice: EndpointSlice | undefined): readonly string[] =>
  (slice !== undefined && isForwardedSlice(slice) ? (slice.endpoints ?? []) : []).flatMap(({ addresses, conditions }) =>
    (conditions?.serving ?? conditions?.ready ?? true) ? addresses : [],
  )
