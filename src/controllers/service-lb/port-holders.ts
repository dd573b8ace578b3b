import type { Service } from '#api/core/v1/service.ts'
import { keyOf } from '../common/key.ts'
import { ingressOf, wantsBalancer } from './wants.ts'

export interface ReservedPort {
  readonly protocol: 'TCP' | 'UDP' | 'SCTP'
  readonly port: number
  /** What is served there: `the API server`. */
  readonly by: string
}

/**
 * Why the Service cannot have the nodes' addresses: all balanced Services share them, so a port is one Service's alone. Who has it keeps it;
 * among those who have not, the oldest. Undefined: it can.
 */
export function portConflict(service: Service, others: readonly Service[], reserved: readonly ReservedPort[]): string | undefined {
  for (const port of portsOf(service)) {
    const taken = reserved.find((one) => portText(one) === port)
    if (taken !== undefined) return `port ${port} of the nodes is served by ${taken.by}`
    const holder = others.find((other) => mayHold(other) && portsOf(other).includes(port) && precedes(other, service))
    if (holder !== undefined) return `port ${port} of the nodes is served by service ${keyOf(holder)}`
  }
  return undefined
}

/** Those that may get, or lose, a port when this Service changes. */
export const sharingPorts = (service: Service, all: readonly Service[]): readonly Service[] => {
  const ports = portsOf(service)
  return all.filter(
    (other) => other.metadata.uid !== service.metadata.uid && wantsBalancer(other) && portsOf(other).some((port) => ports.includes(port)),
  )
}

const portText = ({ protocol, port }: { readonly protocol: string; readonly port: number }): string => `${port}/${protocol}`
const portsOf = ({ spec }: Service): readonly string[] => (spec.ports ?? []).map(portText)

/** One that is being deleted has what it had until it is let go of, and gets nothing more. */
const mayHold = (service: Service): boolean => service.metadata.deletionTimestamp === undefined || ingressOf(service).length > 0

function precedes(a: Service, b: Service): boolean {
  if (a.metadata.uid === b.metadata.uid) return false
  const [holdsA, holdsB] = [ingressOf(a).length > 0, ingressOf(b).length > 0]
  if (holdsA !== holdsB) return holdsA
  const [bornA, bornB] = [a.metadata.creationTimestamp, b.metadata.creationTimestamp]
  return bornA === bornB ? keyOf(a) < keyOf(b) : bornA < bornB
}
