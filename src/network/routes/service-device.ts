import type { ServiceDevice } from '../host.ts'
import { canonicalRange, hostRange, isSameFamily, isV6 } from './addresses.ts'
import type { PresentNetwork } from './network-state.ts'

/**
 * What is missing of the interface of Services, as lines for ip(8): without it this node's pods resolve no names, and a node without a default route reaches
 * no Service. A route under an address that the machine has lost meanwhile went with it, and waits until it is back.
 */
export function serviceDeviceLines(
  { device, addresses, ranges, sources }: ServiceDevice,
  { devices, routes }: Pick<PresentNetwork, 'devices' | 'routes'>,
): readonly string[] {
  const present = devices.find(({ name }) => name === device)
  const isHere = (address: string): boolean => devices.some((one) => one.addresses.some((text) => text.startsWith(`${address}/`)))
  const lines = present === undefined ? [`link add name ${device} type bridge`] : []
  for (const address of addresses.map(hostRange))
    if (!present?.addresses.includes(address)) lines.push(`address add ${address} dev ${device}${isV6(address) ? ' nodad' : ''}`)
  if (!present?.isUp) lines.push(`link set dev ${device} up`)
  for (const range of ranges) {
    const source = sources.find((address) => isSameFamily(address, range) && isHere(address))
    const isThere = routes.some((route) => route.device === device && route.destination === canonicalRange(range))
    if (source !== undefined && !isThere) lines.push(`route replace ${range} dev ${device} src ${source}`)
  }
  return lines
}
