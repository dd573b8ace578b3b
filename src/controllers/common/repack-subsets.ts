import type { EndpointAddress, EndpointPort, EndpointSubset } from '#api/core/v1/types.ts'
import { canonical } from './equal.ts'

/**
 * The same addresses and ports in as few subsets as possible: ports whose addresses are all the same share one. An address that is ready in
 * one place and not in another, for the same port, is not ready. The order is always the same, so that equal sets are equal lists.
 */
export function repackSubsets(subsets: readonly EndpointSubset[]): EndpointSubset[] {
  const byPort = new Map<string, { port: EndpointPort | undefined; addresses: Map<string, { address: EndpointAddress; ready: boolean }> }>()
  for (const { addresses = [], notReadyAddresses = [], ports = [] } of subsets) {
    // A headless service may have no ports at all: its addresses stand under "none".
    for (const port of ports.length === 0 ? [undefined] : ports) {
      const key = canonical(port)
      const found = byPort.get(key) ?? { port, addresses: new Map() }
      byPort.set(key, found)
      for (const address of addresses) add(found.addresses, address, true)
      for (const address of notReadyAddresses) add(found.addresses, address, false)
    }
  }
  const byAddresses = Map.groupBy(
    byPort.values(),
    ({ port, addresses }) =>
      (port === undefined ? 'none ' : '') +
      [...addresses]
        .map(([key, { ready }]) => `${key} ${ready}`)
        .toSorted()
        .join(),
  )
  const packed = [...byAddresses.values()].map((group): EndpointSubset => {
    const all = [...group[0]!.addresses.values()]
    const ports = group.flatMap(({ port }) => (port === undefined ? [] : [port])).toSorted(byText)
    const ready = all.filter((one) => one.ready).map(({ address }) => address)
    const notReady = all.filter((one) => !one.ready).map(({ address }) => address)
    return {
      ...(ready.length > 0 ? { addresses: ready.toSorted(byAddress) } : {}),
      ...(notReady.length > 0 ? { notReadyAddresses: notReady.toSorted(byAddress) } : {}),
      ...(ports.length > 0 ? { ports } : {}),
    }
  })
  return packed.toSorted(byText)
}

function add(addresses: Map<string, { address: EndpointAddress; ready: boolean }>, address: EndpointAddress, ready: boolean): void {
  const key = `${address.ip} ${address.targetRef?.uid ?? ''}`
  const present = addresses.get(key)
  if (present === undefined || present.ready) addresses.set(key, { address: present?.address ?? address, ready })
}

const byText = (a: unknown, b: unknown): number => compare(canonical(a), canonical(b))
const byAddress = (a: EndpointAddress, b: EndpointAddress): number =>
  compare(a.ip, b.ip) || compare(a.targetRef?.uid ?? '', b.targetRef?.uid ?? '')
const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)
