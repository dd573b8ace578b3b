import type { Pod } from '#api/core/v1/pod.ts'
import { isPodTerminal } from '#api/core/v1/pod-helpers.ts'
import { addressIn, type Family, isAddress } from './family.ts'
import { addHostPort, emptyPiece, type Piece } from './piece.ts'
import type { ForwardedPort } from './stale-flows.ts'
import type { Store } from './stores.ts'

/** The host ports of a pod in one family, for as long as it has not ended. Pods of the host's network open theirs themselves. */
export function hostPortPiece(pod: Pod | undefined, family: Family): Piece {
  const ports = hostPorts(pod, family)
  if (ports.length === 0) return emptyPiece
  const elements = new Map<Store, Map<string, string>>()
  for (const port of ports) addHostPort(elements, port)
  return { ...emptyPiece, elements }
}

/** The same, for whoever looks for flows that lead elsewhere. `nodeAddresses`: where a host port without an address of its own is reached. */
export const forwardedHostPorts = (
  pod: Pod | undefined,
  family: Family,
  nodeAddresses: () => readonly string[],
): readonly ForwardedPort[] =>
  hostPorts(pod, family).map(({ protocol, hostIP, hostPort, podIP, containerPort }) => ({
    protocol: protocol.toLowerCase() as ForwardedPort['protocol'],
    port: hostPort,
    serving: [`${podIP}:${containerPort}`],
    nodePort: 0,
    addresses: hostIP === '' ? nodeAddresses().filter((address) => isAddress(family, address)) : [hostIP],
  }))

/** `hostIP` is canonical, and '' where all addresses of the node are meant. */
function hostPorts(pod: Pod | undefined, family: Family) {
  if (pod === undefined || !hasHostPorts(pod) || isPodTerminal(pod)) return []
  const podIP = podIPsOf(pod).find((address) => isAddress(family, address))
  if (podIP === undefined) return []
  return portsOf(pod).flatMap(({ hostPort = 0, hostIP: written = '', protocol, containerPort }) => {
    // An unspecified address of either family means all addresses of both, as the reference's runtimes take it.
    const isAny = written === '' || written === '0.0.0.0' || written === '::'
    const hostIP = isAny ? '' : addressIn(family, written)
    return hostPort === 0 || hostIP === undefined ? [] : [{ protocol, hostIP, hostPort, podIP, containerPort }]
  })
}

/** Whether the pod asks for any; cheap, since every change of every pod is asked. */
export const hasHostPorts = (pod: Pod): boolean => !pod.spec.hostNetwork && portsOf(pod).some(({ hostPort }) => (hostPort ?? 0) > 0)

function podIPsOf({ status }: Pod): readonly string[] {
  const all = (status?.podIPs ?? []).map(({ ip }) => ip)
  return all.length > 0 ? all : status?.podIP ? [status.podIP] : []
}

/** Containers that go on beside the pod's, too: a sidecar may have a host port. */
const portsOf = ({ spec }: Pod) =>
  [...spec.containers, ...(spec.initContainers ?? []).filter(({ restartPolicy }) => restartPolicy === 'Always')].flatMap(
    ({ ports }) => ports ?? [],
  )
