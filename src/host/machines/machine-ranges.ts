import { isIPv6 } from 'node:net'
import { networkInterfaces } from 'node:os'
import { isError, WherryError } from '#lib/errors.ts'
import { type Cidr, formatCidr, formatIp, maskCidr, parseCidr } from '#schema/ip.ts'
import { names } from '../names.ts'

/** Where further nodes of a machine have their addresses unless setting `machineCIDR` says otherwise: one range, or one of each family. */
export const defaultMachineCIDR = '10.243.0.0/24,fd00:10:243::/64'

/** One range of machines: its own address in it is the machine's, by which the others reach the world. */
export interface MachineRange {
  readonly cidr: string
  readonly prefix: number
  readonly gateway: string
  /** Undefined past the end of the range. */
  address(index: number): string | undefined
}

/** Reads the setting: a range of IPv4, and perhaps one of IPv6 after it. Throws `Invalid`, which calls it `name`. */
export function parseMachineRanges(text: string, name = 'machineCIDR'): readonly MachineRange[] {
  const parts = text.split(',').map((part) => part.trim())
  const refuse = (why: string): never => {
    throw new WherryError('Invalid', `${name} is "${text}"; ${why}`)
  }
  if (parts.length > 2) refuse('it takes a range of IPv4, and perhaps one of IPv6 after a comma')
  return parts.map((part, i) => {
    const cidr = parseCidr(part) ?? refuse(`"${part}" is no range such as 10.243.0.0/24`)
    const bits = cidr.address.length * 8
    if (bits !== (i === 0 ? 32 : 128)) refuse('it takes a range of IPv4 first, and perhaps one of IPv6 after a comma')
    if (cidr.prefix > bits - 2 || cidr.prefix < 8)
      refuse(`${part} must be from /8 to /${bits - 2}: a machine and one further node at least`)
    return machineRange(cidr)
  })
}

/** Whether `parseMachineRanges` would take it. */
export function areMachineRanges(text: string): boolean {
  try {
    return parseMachineRanges(text).length > 0
  } catch (error) {
    if (isError(error, 'Invalid')) return false
    throw error
  }
}

function machineRange(cidr: Cidr): MachineRange {
  const hostBits = cidr.address.length * 8 - cidr.prefix
  // The last of IPv4 is for all (broadcast); more than 2^31 nodes no machine has.
  const last = 2 ** Math.min(hostBits, 31) - 2
  const address = (index: number): string | undefined => (index < 1 || index > last ? undefined : formatIp(plus(maskCidr(cidr), index)))
  return { cidr: formatCidr(cidr), prefix: cidr.prefix, gateway: address(1)!, address }
}

function plus(network: Uint8Array, index: number): Uint8Array {
  const sum = Uint8Array.from(network)
  let carry = index
  for (let i = sum.length - 1; carry > 0 && i >= 0; i -= 1) {
    carry += sum[i]!
    sum[i] = carry & 0xff
    carry = Math.floor(carry / 256)
  }
  return sum
}

/** The first place that nobody has. Throws `ServiceUnavailable` when the range is full. */
export function freeIndex(ranges: readonly MachineRange[], taken: readonly number[]): number {
  for (let index = 2; ; index += 1) {
    if (taken.includes(index)) continue
    const full = ranges.find((range) => range.address(index) === undefined)
    if (full)
      throw new WherryError(
        'ServiceUnavailable',
        `all addresses of ${full.cidr} are taken; remove a node, or give a larger setting machineCIDR to a new cluster`,
      )
    return index
  }
}

/** Whether two ranges share an address. */
export function overlap(one: string, other: string): boolean {
  const [a, b] = [parseCidr(one), parseCidr(other)]
  if (!a || !b || a.address.length !== b.address.length) return false
  const prefix = Math.min(a.prefix, b.prefix)
  return formatCidr({ ...a, prefix }) === formatCidr({ ...b, prefix })
}

/**
 * Throws `Invalid` where a range is the cluster's own for something else, or `ServiceUnavailable` where the machine has it on another device:
 * packets would go astray.
 */
export function checkMachineRanges(
  ranges: readonly MachineRange[],
  cluster: { readonly podCIDR: string; readonly serviceCIDR: string },
  present = networkInterfaces(),
): void {
  for (const { cidr } of ranges) {
    for (const [name, text] of Object.entries({ podCIDR: cluster.podCIDR, serviceCIDR: cluster.serviceCIDR }))
      for (const other of text.split(',').map((part) => part.trim()))
        if (overlap(cidr, other))
          throw new WherryError('Invalid', `machineCIDR ${cidr} and ${name} ${other} share addresses; choose another one`)
    for (const [device, addresses] of Object.entries(present)) {
      if (device === names.machineBridge) continue
      const taken = addresses?.find((one) => one.cidr !== null && !isLinkLocal(one.address) && overlap(cidr, one.cidr))
      if (taken)
        throw new WherryError(
          'ServiceUnavailable',
          `${device} of this machine has ${taken.cidr}, in the range of further nodes; choose another setting machineCIDR than ${cidr}`,
        )
    }
  }
}

const isLinkLocal = (address: string): boolean => isIPv6(address) && /^fe[89ab]/i.test(address)
