import { type Config, nodeAddresses } from '#host/config.ts'
import { type Machine, machineCgroupRoot } from '#host/machines/machine.ts'
import { defaultMachineCIDR, type MachineRange, parseMachineRanges } from '#host/machines/machine-ranges.ts'
import { WherryError } from '#lib/errors.ts'

/** Fields of KubeletConfiguration that are one node's alone. */
const ownFields: readonly string[] = ['staticPodPath', 'staticPodURL', 'staticPodURLHeader', 'providerID', 'podCIDR']

/**
 * What a further node is told about the machine that it shares with the first, as this one was told. It is written down when the node joins;
 * later on the two files are independent.
 */
export function settingsOfFurther(first: Config, name: string): Partial<Config> {
  const { kubelet, kubeletPort, runtimeHandlers, imageCredentialProviderConfig, imageCredentialProviderBinDir } = first
  const shared = kubelet && Object.fromEntries(Object.entries(kubelet).filter(([field]) => !ownFields.includes(field)))
  return {
    kubeletPort,
    cgroupRoot: machineCgroupRoot(name),
    ...(shared && { kubelet: shared }),
    ...(runtimeHandlers && { runtimeHandlers }),
    ...(imageCredentialProviderConfig !== undefined && { imageCredentialProviderConfig }),
    ...(imageCredentialProviderBinDir !== undefined && { imageCredentialProviderBinDir }),
  }
}

/** The families that the first node has, so that all are of one sort: see setting `nodeAddress`. */
export function addressSetting(first: Config, addresses: Machine['addresses']): string {
  const families = nodeAddresses(first).map((address) => address.includes(':'))
  const wanted = families.flatMap((isV6) => addresses.find((address) => address.includes(':') === isV6) ?? [])
  if (wanted.length < families.length)
    throw new WherryError(
      'Invalid',
      `the node of this machine has the addresses ${first.nodeAddress}, and setting machineCIDR gives further ones only ${addresses.join(' and ')}; it needs a range of each family`,
    )
  return wanted.join(',')
}

/**
 * Where further nodes reach the server of this machine: at the machine's address on their own bridge, which its certificate names, and which stays
 * when the machine moves to another network. Throws `ServiceUnavailable` where the first node's address is one that no other node reaches.
 */
export function serverForFurther(first: Config): string {
  const [address = ''] = nodeAddresses(first)
  if (/^127\.|^::1$/.test(address))
    throw new WherryError(
      'ServiceUnavailable',
      `the node of this machine has the address ${address}, where no other node reaches it; "wherry down", then "wherry up --node-address ADDRESS"`,
    )
  const [{ gateway }] = parseMachineRanges(first.machineCIDR ?? defaultMachineCIDR) as [MachineRange]
  return `https://${gateway}:${first.apiPort}`
}
