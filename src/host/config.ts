import { readFileSync } from 'node:fs'
import { isIP, isIPv6 } from 'node:net'
import { hostname, networkInterfaces } from 'node:os'
import { parse, stringify } from 'yaml'
import { kubeletConfiguration } from '#kubelet/configuration/kubelet-configuration.ts'
import { WherryError } from '#lib/errors.ts'
import { contains } from '#network/dns/client-check.ts'
import { canonicalAddress } from '#network/routes/addresses.ts'
import { type PodNetworkMode, podNetworkModes } from '#network/routes/desired-network.ts'
import { parseCidr, parseIp } from '#schema/ip.ts'
import type { RuntimeHandlers } from './containerd.ts'
import { type JoinSettings, joinSettings } from './join-settings.ts'
import { areMachineRanges, defaultMachineCIDR, parseMachineRanges } from './machines/machine-ranges.ts'
import type { PkiOptions } from './pki.ts'
import { parsePodRanges } from './pod-ranges.ts'
import { saveFile } from './save-file.ts'
import { checkServerSettings, type ServerSettings, serverSettings } from './server-settings.ts'
import { firstAddress, isV6Range, parseServiceRanges, usualDnsAddress } from './service-ranges.ts'

/** The one configuration file that server and agent read. It is written by the first `wherry up`; later ones keep what it says. */
export interface Config extends ServerSettings, NodeSettings, JoinSettings {
  readonly nodeName: string
  /** The machine's own address, or one of each family with a comma between them, the primary one first: other nodes and pods reach server and kubelet there. */
  readonly nodeAddress: string
  readonly apiPort: number
  readonly kubeletPort: number
  /** One range, or one of each family with a comma between them: see `parsePodRanges`. Each node takes a /24 of IPv4, a /64 of IPv6. */
  readonly podCIDR: string
  /** How packets get to pods of other nodes; `none`: the user brings the CNI configuration, and what it needs. */
  readonly podNetwork: PodNetworkMode
  /** One range, or two with a comma between them: see `parseServiceRanges`. */
  readonly serviceCIDR: string
  readonly nodePortRange: string
  /** Of the cluster's name server, or one of each family with a comma between them, that of `serviceCIDR`'s first range first. */
  readonly dnsAddress: string
  readonly clusterDomain: string
}

/** How this machine's node is to be, where that differs from what it would be. */
export interface NodeSettings {
  /** Labels that the Node is registered with, beside those of every node. */
  readonly nodeLabels?: Readonly<Record<string, string>>
  /** Fields of KubeletConfiguration (kubelet.config.k8s.io/v1beta1): see `kubeletConfiguration`. */
  readonly kubelet?: Readonly<Record<string, unknown>>
  /** CredentialProviderConfig, a file or a folder of files, and where the programs that it names are. The reference's flags of these names. */
  readonly imageCredentialProviderConfig?: string
  readonly imageCredentialProviderBinDir?: string
  /** Where the runtime looks for network configurations and plug-ins that the user brings; with `podNetwork: none` only. Absent: our folder, `/usr/lib/cni`. */
  readonly cniConfigDirectory?: string
  readonly cniPluginDirectory?: string
  /** What a RuntimeClass may name as its handler beside runc and crun. */
  readonly runtimeHandlers?: RuntimeHandlers
  /** The cgroup above all those of pods. Absent: `names.cgroupRoot`. */
  readonly cgroupRoot?: string
  /** Where further nodes of this machine have their addresses: see `parseMachineRanges`. Absent: `defaultMachineCIDR`. */
  readonly machineCIDR?: string
  /** At which of the node's addresses node ports answer: ranges, or `primary`, which is `nodeAddress` (absent: that). */
  readonly nodePortAddresses?: readonly string[]
  /** Whether `spec.externalIPs` of Services count. Absent: no, since whoever may write Services could take any address with them. */
  readonly externalIPs?: boolean
  /** Where balancers ask for the health of the node's service proxy; 0: nowhere. Absent: 10256. */
  readonly serviceHealthPort?: number
  /** On which ports of the node's addresses Ingresses are served, without TLS and with it. Absent: 80 and 443. */
  readonly ingressHTTPPort?: number
  readonly ingressHTTPSPort?: number
}

/** The settings that have a value in any case. */
export function defaultConfig(): Omit<Config, keyof ServerSettings | keyof NodeSettings | keyof JoinSettings> {
  return {
    nodeName: hostname()
      .toLowerCase()
      .replace(/[^a-z0-9.-]/g, '-'),
    nodeAddress: ownAddress(),
    apiPort: 6443,
    kubeletPort: 10250,
    podCIDR: '10.244.0.0/16',
    podNetwork: 'vxlan',
    serviceCIDR: '10.96.0.0/12',
    nodePortRange: '30000-32767',
    dnsAddress: '10.96.0.10',
    clusterDomain: 'cluster.local',
  }
}

/** Ranges of service addresses, that of services that ask for no family first. */
export const serviceRanges = ({ serviceCIDR }: Pick<Config, 'serviceCIDR'>): readonly string[] =>
  parseServiceRanges(serviceCIDR, 'serviceCIDR')

/** This node's own addresses, the primary one first. */
export const nodeAddresses = ({ nodeAddress }: Pick<Config, 'nodeAddress'>): readonly string[] =>
  nodeAddress.split(',').map((address) => canonicalAddress(address.trim()))

/** Where the cluster's name server answers, the primary address first. */
export const dnsAddresses = ({ dnsAddress }: Pick<Config, 'dnsAddress'>): readonly string[] =>
  dnsAddress.split(',').map((address) => canonicalAddress(address.trim()))

/** Ranges of pods, that of the primary family first. */
export const podRanges = ({ podCIDR }: Pick<Config, 'podCIDR'>): readonly string[] => parsePodRanges(podCIDR, 'podCIDR')

/** The first address of the first of them: the API server's own Service has it, and its certificate names it. */
export const serviceAddress = (config: Pick<Config, 'serviceCIDR'>): string => firstAddress(serviceRanges(config)[0]!)

/** Whom this machine's certificates name: what `ensurePki` is to be called with. */
export const pkiSubjects = (config: Config): Omit<PkiOptions, 'directory'> => ({
  nodeName: config.nodeName,
  serverNames: config.serverNames ?? [],
  // Further nodes of this machine reach it by the first address of their range.
  serverAddresses: [
    ...nodeAddresses(config),
    ...parseMachineRanges(config.machineCIDR ?? defaultMachineCIDR).map(({ gateway }) => gateway),
  ],
  nodeAddresses: nodeAddresses(config),
  serviceAddress: serviceAddress(config),
  clusterDomain: config.clusterDomain,
})

/** The file's settings over the defaults. No file: undefined. A file that is not YAML, or has an unknown setting, is an error that names it. */
export function readConfig(file: string): Config | undefined {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw new WherryError('InternalError', `cannot read ${file}: ${(cause as Error).message}`, { cause })
  }
  let settings: unknown
  try {
    settings = parse(text, { maxAliasCount: 0 })
  } catch (cause) {
    throw new WherryError('Invalid', `${file} is not YAML: ${(cause as Error).message}`, { cause })
  }
  if (typeof settings !== 'object' || settings === null || Array.isArray(settings))
    throw new WherryError('Invalid', `${file} must hold settings, one a line, such as "apiPort: 6443"`)
  return checkConfig(settings, file)
}

/** Settings over the defaults, each checked as if it stood in `file`: an error names both. */
export function checkConfig(settings: object, file: string): Config {
  const defaults = defaultConfig()
  for (const [name, value] of Object.entries(settings)) {
    if (!settingNames().includes(name))
      throw new WherryError('Invalid', `${file}: there is no setting "${name}"; known are ${settingNames().join(', ')}`)
    const wanted = wantedOf(name, value)
    if (wanted !== undefined) throw new WherryError('Invalid', `${file}: ${name} must be ${wanted}, not ${JSON.stringify(value)}`)
  }
  const given: Config = { ...defaults, ...settings }
  const config: Config = 'dnsAddress' in settings ? given : { ...given, dnsAddress: serviceRanges(given).map(usualDnsAddress).join(',') }
  for (const name of ['cniConfigDirectory', 'cniPluginDirectory'] as const)
    if (config[name] !== undefined && config.podNetwork !== 'none')
      throw new WherryError(
        'Invalid',
        `${file}: ${name} is for a network that you bring; set "podNetwork: none" beside it, or take it away`,
      )
  checkFamilies(config, (name) => `${file}: ${name}`)
  checkDnsAddress(config, (name) => `${file}: ${name}`)
  const [providers, programs] = ['imageCredentialProviderConfig', 'imageCredentialProviderBinDir'] as const
  if ((config[providers] === undefined) !== (config[programs] === undefined))
    throw new WherryError(
      'Invalid',
      `${file}: ${providers} and ${programs} need each other: name the file and the folder of its programs, or neither`,
    )
  checkServerSettings(config, (name) => `${file}: ${name}`)
  kubeletConfiguration(config.kubelet, {}, (field) => `${file}: kubelet${field && `.${field}`}`)
  return config
}

/** Addresses of nodes, pods and services go together: what one family has for its first address all have, and none has a family that nodes have not. */
function checkFamilies(config: Config, nameOf: (setting: string) => string): void {
  const services = parseServiceRanges(config.serviceCIDR, nameOf('serviceCIDR'))
  const pods = parsePodRanges(config.podCIDR, nameOf('podCIDR'))
  const addresses = nodeAddresses(config)
  const wrong = addresses.find((address) => isIP(address) === 0)
  if (wrong !== undefined || addresses.length > 2 || (addresses.length === 2 && isIPv6(addresses[0]!) === isIPv6(addresses[1]!)))
    throw new WherryError(
      'Invalid',
      `${nameOf('nodeAddress')} is "${config.nodeAddress}"; it takes one address, or two with a comma between them: one of IPv4, and one of IPv6`,
    )
  const refuse = (setting: string, range: string, why: string): never => {
    throw new WherryError(
      'Invalid',
      `${nameOf(setting)} ${why} ${range}, and nodeAddress is ${config.nodeAddress}; both must be of one family`,
    )
  }
  for (const [setting, ranges] of [
    ['serviceCIDR', services],
    ['podCIDR', pods],
  ] as const) {
    if (isV6Range(ranges[0]!) !== isIPv6(addresses[0]!)) refuse(setting, ranges[0]!, 'begins with')
  }
  // A node without an address of a family has nothing to send its pods' packets of that family from.
  const lacking = pods.find((range) => !addresses.some((address) => isIPv6(address) === isV6Range(range)))
  if (lacking !== undefined)
    throw new WherryError(
      'Invalid',
      `${nameOf('podCIDR')} has ${lacking}, and nodeAddress is ${config.nodeAddress}; add an address of that family to nodeAddress, or take the range away`,
    )
}

/** Each address of the name server is one of the Services', and of another family. */
function checkDnsAddress(config: Config, nameOf: (setting: string) => string): void {
  const addresses = dnsAddresses(config)
  const ranges = serviceRanges(config).map((range) => parseCidr(range)!)
  const refuse = (why: string): never => {
    throw new WherryError('Invalid', `${nameOf('dnsAddress')} is "${config.dnsAddress}"; ${why}`)
  }
  if (addresses.length > 2 || (addresses.length === 2 && isIPv6(addresses[0]!) === isIPv6(addresses[1]!)))
    refuse('it takes one address, or two with a comma between them: one of IPv4, and one of IPv6')
  for (const address of addresses) {
    const bytes = parseIp(address) ?? refuse(`"${address}" is no IP address`)
    if (!ranges.some((range) => contains(range, bytes))) refuse(`${address} is in no range of serviceCIDR, ${config.serviceCIDR}`)
  }
}

/** Every setting that a file may hold. */
export const settingNames = (): readonly string[] => [
  ...Object.keys(defaultConfig()),
  ...Object.keys(nodeSettings),
  ...Object.keys(serverSettings),
  ...Object.keys(joinSettings),
]

/** What each has to be; of `kubelet`, its fields tell more. */
const nodeSettings: Readonly<Record<keyof NodeSettings, (value: unknown) => string | undefined>> = {
  nodeLabels: (value) =>
    isMapping(value) && Object.values(value).every((label) => typeof label === 'string')
      ? undefined
      : 'a mapping of labels, such as "disk: ssd"',
  kubelet: (value) => (isMapping(value) ? undefined : 'a mapping of settings of KubeletConfiguration'),
  nodePortAddresses: (value) =>
    Array.isArray(value) &&
    value.length > 0 &&
    value.every((one) => one === 'primary' || (typeof one === 'string' && parseCidr(one) !== undefined))
      ? undefined
      : 'a list of ranges such as "[192.168.0.0/16]", or "[primary]"',
  externalIPs: (value) => (typeof value === 'boolean' ? undefined : 'true or false'),
  serviceHealthPort: (value) =>
    Number.isInteger(value) && (value as number) >= 0 && (value as number) < 65_536 ? undefined : 'a port, or 0 for none',
  ingressHTTPPort: wantsPort,
  ingressHTTPSPort: wantsPort,
  imageCredentialProviderConfig: wantsPath,
  imageCredentialProviderBinDir: wantsPath,
  cniConfigDirectory: wantsPath,
  cniPluginDirectory: wantsPath,
  cgroupRoot: (value) =>
    typeof value === 'string' && /^(\/[A-Za-z0-9.-]+)+$/.test(value) ? undefined : 'the path of a cgroup, such as "/wherry"',
  machineCIDR: (value) =>
    typeof value === 'string' && areMachineRanges(value)
      ? undefined
      : 'a range of IPv4 from /8 to /30, and perhaps one of IPv6 after a comma, such as "10.243.0.0/24,fd00:10:243::/64"',
  runtimeHandlers: (value) =>
    isMapping(value) && Object.entries(value).every(([name, handler]) => isHandlerName(name) && isHandler(handler))
      ? undefined
      : 'a mapping of handlers (names such as gvisor, other than runc and crun) with program (an absolute path) and perhaps runtimeType, such as "io.containerd.runc.v2"',
}

/** As the API has it for a RuntimeClass: a DNS label. */
const isHandlerName = (name: string): boolean => /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/.test(name) && name !== 'runc' && name !== 'crun'

function isHandler(value: unknown): boolean {
  if (!isMapping(value)) return false
  const { program, runtimeType = 'io.containerd.runc.v2', ...others } = value as Record<string, unknown>
  const isType = typeof runtimeType === 'string' && /^[a-z0-9]+(\.[a-z0-9-]+)+\.v\d+$/.test(runtimeType)
  return wantsPath(program) === undefined && isType && Object.keys(others).length === 0
}

function wantsPort(value: unknown): string | undefined {
  return Number.isInteger(value) && (value as number) > 0 && (value as number) < 65_536 ? undefined : 'a port, from 1 to 65535'
}

function wantsPath(value: unknown): string | undefined {
  return typeof value === 'string' && value.startsWith('/') ? undefined : 'an absolute path'
}

const isMapping = (value: unknown): value is object => typeof value === 'object' && value !== null && !Array.isArray(value)

function wantedOf(name: string, value: unknown): string | undefined {
  if (Object.hasOwn(nodeSettings, name)) return nodeSettings[name as keyof NodeSettings](value)
  if (Object.hasOwn(joinSettings, name)) return joinSettings[name as keyof JoinSettings](value)
  if (Object.hasOwn(serverSettings, name)) return serverSettings[name as keyof ServerSettings](value)
  if (name === 'podNetwork')
    return podNetworkModes.includes(value as PodNetworkMode) ? undefined : podNetworkModes.join(', ').replace(/, (\w+)$/, ' or $1')
  const wanted = typeof defaultConfig()[name as keyof ReturnType<typeof defaultConfig>]
  return typeof value === wanted ? undefined : `a ${wanted}`
}

/** Writes the file whole or not at all, for its owner alone; makes its folder where that is missing. */
export const writeConfig = (file: string, config: Config): void => saveFile(file, stringify(config))

/** The machine's first address of the family that is not loopback, link-local or of a bridge that pods hang on; loopback where it has none. */
export function ownAddress(wanted: 'IPv4' | 'IPv6' = 'IPv4', interfaces = networkInterfaces()): string {
  for (const [name, addresses] of Object.entries(interfaces)) {
    if (/^(lo|veth|cni|wherry|docker|br-)/.test(name)) continue
    for (const { family, internal, address } of addresses ?? [])
      if (family === wanted && !internal && !/^(169\.254\.|fe80:)/.test(address)) return address
  }
  return wanted === 'IPv4' ? '127.0.0.1' : '::1'
}
