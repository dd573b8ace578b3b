import type { Pod } from '#api/core/v1/pod.ts'
import { isPodTerminal } from '#api/core/v1/pod-helpers.ts'
import { addressIn, type Family, isAddress } from './family.ts'
import { addHostPort, emptyPiece, type Piece } from './piece.ts'
import type { Store } from './stores.ts'

/** The host ports of a pod in one family, for as long as it has not ended. Pods of the host's network open theirs themselves. */
export function hostPortPiece(pod: Pod | undefined, family: Family): Piece {
  if (pod === undefined || !hasHostPorts(pod) || isPodTerminal(pod)) return emptyPiece
  const podIP = podIPsOf(pod).find((address) => isAddress(family, address))
  if (podIP === undefined) return emptyPiece
  const elements = new Map<Store, Map<string, string>>()
  for (const { hostPort = 0, hostIP = '', protocol, containerPort } of portsOf(pod)) {
    if (hostPort === 0) continue
    // An unspecified address of either family means all addresses of both, as the reference's runtimes take it.
    const isAny = hostIP === '' || hostIP === '0.0.0.0' || hostIP === '::'
    const address = isAny ? '' : addressIn(family, hostIP)
    if (address !== undefined) addHostPort(elements, { protocol, hostIP: address, hostPort, podIP, containerPort })
  }
  return { ...emptyPiece, elements }
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
