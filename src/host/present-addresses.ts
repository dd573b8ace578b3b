import { isIPv6 } from 'node:net'
import { networkInterfaces } from 'node:os'
import { type Config, nodeAddresses, ownAddress } from './config.ts'
import { names } from './names.ts'

type Interfaces = ReturnType<typeof networkInterfaces>

/** Addresses of the node that no interface has. Our own interfaces repeat them, and a loopback address is nowhere else. */
export function missingAddresses(config: Pick<Config, 'nodeAddress'>, interfaces: Interfaces = networkInterfaces()): readonly string[] {
  const ours: readonly string[] = [names.bridge, names.serviceDevice, names.vxlanDevice]
  const present = new Set(
    Object.entries(interfaces).flatMap(([device, all]) => (ours.includes(device) ? [] : (all ?? []).map(({ address }) => address))),
  )
  return nodeAddresses(config).filter((address) => !present.has(address))
}

/**
 * The configuration with the addresses that the machine has now. One that it has no more, since it moved to another network, gives way to the first
 * that it has of that family; where it has none, to nothing: it may come back.
 */
export function withPresentAddresses<C extends Pick<Config, 'nodeAddress'>>(config: C, interfaces: Interfaces = networkInterfaces()): C {
  const missing = missingAddresses(config, interfaces)
  if (missing.length === 0) return config
  const addresses = nodeAddresses(config).map((address) => {
    if (!missing.includes(address)) return address
    const found = ownAddress(isIPv6(address) ? 'IPv6' : 'IPv4', interfaces)
    return found === '127.0.0.1' || found === '::1' ? address : found
  })
  const nodeAddress = addresses.join(',')
  return nodeAddress === nodeAddresses(config).join(',') ? config : { ...config, nodeAddress }
}
