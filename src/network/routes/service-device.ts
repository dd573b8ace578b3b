import type { ServiceDevice } from '../host.ts'
import { canonicalRange, hostRange, isSameFamily, isV6 } from './addresses.ts'
import { type PresentNetwork, routeTable } from './network-state.ts'

/** The interface of Services as it has to be now. */
export interface WantedServiceDevice extends ServiceDevice {
  /** Whether `ranges` are all; before that is known, no route is too much. */
  readonly hasAllRanges: boolean
}

/**
 * What is missing of the interface of Services, or too much, as lines for ip(8): without it this node's pods resolve no names, and a node without a default
 * route reaches no Service. A route under an address that the machine has lost meanwhile went with it, and waits until it is back. A range that leads elsewhere
 * already, such as that of the machine's own network, goes on doing so: ours would take its place, and cut the machine off.
 */
export function serviceDeviceLines(
  { device, addresses, ranges, sources, hasAllRanges }: WantedServiceDevice,
  { devices, routes }: Pick<PresentNetwork, 'devices' | 'routes'>,
): readonly string[] {
  const present = devices.find(({ name }) => name === device)
  const isHere = (address: string): boolean => devices.some((one) => one.addresses.some((text) => text.startsWith(`${address}/`)))
  const leads = (range: string): boolean =>
    range.endsWith('/0') || routes.some(({ destination, table }) => destination === range && table !== routeTable)
  const lines = present === undefined ? [`link add name ${device} type bridge`] : []
  for (const address of addresses.map(hostRange))
    if (!present?.addresses.includes(address)) lines.push(`address add ${address} dev ${device}${isV6(address) ? ' nodad' : ''}`)
  if (!present?.isUp) lines.push(`link set dev ${device} up`)
  const wanted = ranges.map((range) => canonicalRange(range)!)
  for (const range of wanted) {
    const source = sources.find((address) => isSameFamily(address, range) && isHere(address))
    if (source !== undefined && !leads(range)) lines.push(`route replace ${range} dev ${device} src ${source}`)
  }
  // Those that the kernel makes belong to the interface's addresses.
  for (const route of hasAllRanges ? routes : [])
    if (route.device === device && route.protocol !== 'kernel' && !wanted.includes(route.destination))
      lines.push(`route delete ${route.destination} dev ${device}`)
  return lines
}
