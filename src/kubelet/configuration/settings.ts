import { isIP } from 'node:net'
import { isSwitches } from '#api/features.ts'
import {
  boolean,
  constant,
  duration,
  group,
  integer,
  isMapping,
  list,
  oneOf,
  optional,
  readDuration,
  readQuantity,
  type Setting,
  setting,
  table,
  text,
  texts,
} from './setting.ts'
import { tlsSuites, tlsVersions } from './tls-suites.ts'

/** Signals that an eviction threshold may be set for (pkg/kubelet/eviction/api). */
const signals = [
  'memory.available',
  'allocatableMemory.available',
  'nodefs.available',
  'nodefs.inodesFree',
  'imagefs.available',
  'imagefs.inodesFree',
  'containerfs.available',
  'containerfs.inodesFree',
  'pid.available',
]
const amountBySignal = table('quantities or percentages by signal, such as memory.available: 100Mi', (value, name) =>
  signals.includes(name) && typeof value === 'string' ? (/^(100|\d{1,2})(\.\d+)?%$/.test(value) ? value : readQuantity(value)) : undefined,
)
const reserved = (what: string) =>
  table(`quantities of cpu, memory, ephemeral-storage or pid, kept back for ${what}`, (value, name) =>
    ['cpu', 'memory', 'ephemeral-storage', 'pid'].includes(name) ? readQuantity(value) : undefined,
  )
const cpuSet = /^(\d+(-\d+)?(,\d+(-\d+)?)*)?$/
const wholePath = (value: string): boolean => value === '' || value.startsWith('/')

/**
 * Every field of KubeletConfiguration (kubelet.config.k8s.io/v1beta1) with the reference's default, in the reference's order. What is
 * `constant` cannot be set to anything else here; what `fixed` is given elsewhere in the configuration file.
 */
export const settings = {
  enableServer: constant(true, 'the API server reaches pods through it'),
  staticPodPath: text('', 'the whole path of a folder', wholePath),
  staticPodURL: constant('', 'no manifests are fetched over HTTP'),
  staticPodURLHeader: constant<Readonly<Record<string, readonly string[]>>>({}, 'no manifests are fetched over HTTP'),
  podLogsDir: fixed('/var/log/pods'),
  syncFrequency: constant('1m0s', 'pods are looked at when something happened'),
  fileCheckFrequency: constant('20s', 'manifests are read when the folder changes'),
  httpCheckFrequency: constant('20s', 'no manifests are fetched over HTTP'),
  address: fixed('0.0.0.0'),
  port: fixed(10250),
  readOnlyPort: constant(0, 'nobody is shown anything without a name'),
  tlsCertFile: constant('', 'the node has certificates of its own'),
  tlsPrivateKeyFile: constant('', 'the node has certificates of its own'),
  tlsCipherSuites: texts([], `a list of ${tlsSuites.join(', ')}`, (value) => tlsSuites.includes(value)),
  tlsCurvePreferences: constant<readonly number[]>([], 'curves are the choice of the TLS library'),
  tlsMinVersion: oneOf('', ...tlsVersions),
  rotateCertificates: boolean(true),
  serverTLSBootstrap: boolean(false),
  authentication: group({
    x509: fixed<{ readonly clientCAFile?: string }>({}),
    webhook: group({ enabled: constant(true, 'tokens are the API server’s to judge'), cacheTTL: duration('2m0s') }),
    anonymous: group({ enabled: constant(false, 'nobody without a name is let in') }),
  }),
  authorization: group({
    mode: constant('Webhook', 'who may what is the API server’s to judge'),
    webhook: group({ cacheAuthorizedTTL: duration('5m0s'), cacheUnauthorizedTTL: duration('30s') }),
  }),
  registryPullQPS: integer(5),
  registryBurst: integer(10),
  imagePullCredentialsVerificationPolicy: oneOf(
    'NeverVerifyPreloadedImages',
    'NeverVerify',
    'NeverVerifyAllowlistedImages',
    'AlwaysVerify',
  ),
  preloadedImagesVerificationAllowlist: texts(),
  eventRecordQPS: integer(50),
  eventBurst: integer(100),
  enableDebuggingHandlers: boolean(true),
  enableContentionProfiling: constant(false, 'nothing here blocks on a lock'),
  healthzPort: integer(0, 0, 65_535),
  healthzBindAddress: text('127.0.0.1', 'an IP address', (value) => isIP(value) !== 0),
  oomScoreAdj: constant(-999, 'the agent has the reference’s own'),
  clusterDomain: fixed(''),
  clusterDNS: fixed<readonly string[]>([]),
  streamingConnectionIdleTimeout: duration('4h0m0s'),
  nodeStatusUpdateFrequency: constant('10s', 'the node is looked at when something happened'),
  nodeStatusReportFrequency: duration('5m0s', '1s'),
  nodeLeaseDurationSeconds: integer(40, 1),
  imageMinimumGCAge: duration('2m0s'),
  imageMaximumGCAge: duration('0s'),
  imageGCHighThresholdPercent: integer(85, 0, 100),
  imageGCLowThresholdPercent: integer(80, 0, 100),
  volumeStatsAggPeriod: duration('1m0s'),
  kubeletCgroups: constant('', 'the agent stays where it was started'),
  systemCgroups: constant('', 'what else runs on the machine stays where it is'),
  cgroupRoot: fixed(''),
  cgroupsPerQOS: constant(true, 'every pod has a group of its own'),
  cgroupDriver: oneOf('cgroupfs', 'systemd'),
  cpuManagerPolicy: oneOf('none', 'static'),
  singleProcessOOMKill: optional(boolean(false)),
  cpuManagerPolicyOptions: table('"true" or "false" by option', (value) => (typeof value === 'string' ? value : undefined)),
  cpuManagerReconcilePeriod: constant('10s', 'CPUs are given when something happened'),
  memoryManagerPolicy: oneOf('None', 'Static'),
  topologyManagerPolicy: oneOf('none', 'best-effort', 'restricted', 'single-numa-node'),
  topologyManagerScope: oneOf('container', 'pod'),
  topologyManagerPolicyOptions: table('"true", "false" or a number by option', (value) => (typeof value === 'string' ? value : undefined)),
  qosReserved: constant<Readonly<Record<string, string>>>({}, 'QOSReserved is off by default'),
  runtimeRequestTimeout: duration('2m0s', '1s'),
  hairpinMode: constant('promiscuous-bridge', 'the pod network sees to it itself'),
  maxPods: integer(110),
  podCIDR: constant('', 'the node’s addresses for pods are given by the cluster'),
  podPidsLimit: integer(-1, -1),
  resolvConf: fixed('/etc/resolv.conf'),
  runOnce: constant(false, 'an agent that ends leaves nobody to look after its pods'),
  cpuCFSQuota: boolean(true),
  cpuCFSQuotaPeriod: duration('100ms', '1ms'),
  nodeStatusMaxImages: integer(50, -1),
  maxOpenFiles: constant(1_000_000, 'the machine says how many there may be'),
  contentType: constant('application/json', 'that is what is spoken with the API server'),
  kubeAPIQPS: constant(50, 'the API server says itself how much it takes'),
  kubeAPIBurst: constant(100, 'the API server says itself how much it takes'),
  serializeImagePulls: optional(boolean(true)),
  maxParallelImagePulls: optional(integer(1, 1)),
  kernelMemcgNotification: constant(false, 'memory is looked at as often as it has to be'),
  evictionHard: { ...amountBySignal, fallback: defaultEvictionHard() },
  evictionSoft: amountBySignal,
  evictionSoftGracePeriod: table('durations by signal', (value, name) => (signals.includes(name) ? readDuration(value) : undefined)),
  evictionPressureTransitionPeriod: duration('5m0s'),
  evictionMaxPodGracePeriod: integer(0),
  evictionMinimumReclaim: amountBySignal,
  mergeDefaultEvictionSettings: boolean(false),
  podsPerCore: integer(0),
  enableControllerAttachDetach: constant(true, 'volumes are attached by the controller'),
  protectKernelDefaults: constant(false, 'the agent sets what it needs'),
  makeIPTablesUtilChains: constant(true, 'iptables are not used'),
  iptablesMasqueradeBit: constant(14, 'iptables are not used'),
  iptablesDropBit: constant(15, 'iptables are not used'),
  featureGates: setting<Readonly<Record<string, boolean>>>({}, 'a mapping of feature gates to true or false', (value) =>
    isSwitches(value) ? value : undefined,
  ),
  // The reference refuses to run on a machine with swap; here pods without a swap policy simply get none.
  failSwapOn: constant(false, 'a node with swap runs pods as well'),
  memorySwap: group({ swapBehavior: oneOf('', 'NoSwap', 'LimitedSwap') }),
  containerLogMaxSize: { ...text('10Mi', 'a quantity such as 10Mi, above 0'), read: readPositive },
  containerLogMaxFiles: integer(5, 2),
  containerLogMaxWorkers: constant(1, 'logs are rotated one after another'),
  containerLogMonitorInterval: duration('10s', '3s'),
  configMapAndSecretChangeDetectionStrategy: constant('Watch', 'they are watched'),
  systemReserved: reserved('the machine'),
  kubeReserved: reserved('the agent and the runtime'),
  reservedSystemCPUs: text('', 'CPUs such as 0-1,4', (value) => cpuSet.test(value)),
  systemReservedCgroup: text('', 'the whole path of a control group', wholePath),
  kubeReservedCgroup: text('', 'the whole path of a control group', wholePath),
  enforceNodeAllocatable: texts(
    ['pods'],
    'a list of none, pods, system-reserved, system-reserved-compressible, kube-reserved, kube-reserved-compressible',
    (value) =>
      ['none', 'pods', 'system-reserved', 'system-reserved-compressible', 'kube-reserved', 'kube-reserved-compressible'].includes(value),
  ),
  allowedUnsafeSysctls: texts([], 'a list of sysctls such as net.core.somaxconn or net.*', (value) =>
    /^[a-z0-9]([-_a-z0-9]*[a-z0-9])?([./][a-z0-9]([-_a-z0-9]*[a-z0-9])?)*([./]\*)?$/.test(value),
  ),
  volumePluginDir: constant('/usr/libexec/kubernetes/kubelet-plugins/volume/exec/', 'FlexVolume is not served'),
  providerID: text(''),
  showHiddenMetricsForVersion: constant('', 'no metrics are hidden'),
  enableSystemLogHandler: boolean(true),
  enableSystemLogQuery: boolean(false),
  shutdownGracePeriod: duration('0s'),
  shutdownGracePeriodCriticalPods: duration('0s'),
  shutdownGracePeriodByPodPriority: list('a list of priority and shutdownGracePeriodSeconds', ({ priority, shutdownGracePeriodSeconds }) =>
    Number.isInteger(priority) && Number.isInteger(shutdownGracePeriodSeconds) && (shutdownGracePeriodSeconds as number) >= 0
      ? { priority: priority as number, shutdownGracePeriodSeconds: shutdownGracePeriodSeconds as number }
      : undefined,
  ),
  crashLoopBackOff: group({ maxContainerRestartPeriod: { ...duration('5m0s', '1s') } }),
  reservedMemory: list('a list of numaNode and limits', ({ numaNode, limits }) => {
    if (!Number.isInteger(numaNode) || (numaNode as number) < 0 || !isMapping(limits)) return undefined
    const amounts = Object.entries(limits).map(([name, amount]) => [name, readQuantity(amount)] as const)
    if (amounts.some(([name, amount]) => amount === undefined || (name !== 'memory' && !name.startsWith('hugepages-')))) return undefined
    return { numaNode: numaNode as number, limits: Object.fromEntries(amounts) as Readonly<Record<string, string>> }
  }),
  logging: setting<object>({}, '{}, since the agent’s log has a form of its own', (value) => (isLogAsEver(value) ? {} : undefined)),
  tracing: optional(
    setting<Tracing>({}, 'a mapping of endpoint (a text) and samplingRatePerMillion (a whole number)', (value) =>
      isTracing(value) ? value : undefined,
    ),
  ),
  enableProfilingHandler: constant(true, 'there is none to turn off'),
  enableDebugFlagsHandler: constant(true, 'there is none to turn off'),
  // The reference's default is false: unconfined containers are an invitation.
  seccompDefault: constant(true, 'a container without a wish has the runtime’s profile'),
  memoryThrottlingFactor: constant(0.9, 'MemoryQoS is off by default'),
  memoryReservationPolicy: constant('None', 'MemoryQoS is off by default'),
  registerWithTaints: list('a list of taints with key, value and effect', ({ key, value, effect }) =>
    typeof key === 'string' && (value === undefined || typeof value === 'string') && isEffect(effect)
      ? { key, ...(value !== undefined && { value }), effect }
      : undefined,
  ),
  registerNode: constant(true, 'a node that is none runs nothing'),
  localStorageCapacityIsolation: boolean(true),
  imageServiceEndpoint: fixed(''),
  containerRuntimeEndpoint: orEmpty(fixed('unix:///run/containerd/containerd.sock')),
  // The reference's default is true; here both versions are served.
  failCgroupV1: boolean(false),
  userNamespaces: optional(
    group({
      idsPerPod: setting(65_536, 'a multiple of 65536, below 2^32', (value) =>
        Number.isSafeInteger(value) && (value as number) >= 65_536 && (value as number) % 65_536 === 0 && (value as number) < 2 ** 32
          ? (value as number)
          : undefined,
      ),
    }),
  ),
} as const

/** Given elsewhere in the file, or by how the node is laid out: `fixed` of `kubeletConfiguration`. */
function fixed<T>(fallback: T) {
  return constant(fallback, 'the node’s own settings and layout decide it')
}

/** Tools write out an empty text where nothing is said. */
function orEmpty(inner: Setting<string>): Setting<string> {
  return { ...inner, read: (value) => (value === '' ? inner.fallback : inner.read(value)) }
}

/** A LoggingConfiguration in which nothing is asked for: tools write it out. */
function isLogAsEver(value: unknown): boolean {
  if (!isMapping(value)) return false
  const { format = 'text', flushFrequency = 0, verbosity = 0, vmodule = [], options = {} } = value
  const isPlain = (format === '' || format === 'text') && verbosity === 0 && Array.isArray(vmodule) && vmodule.length === 0
  const isUsual = [0, 5_000_000_000, '0s', '5s'].includes(flushFrequency as number | string)
  const streams = isMapping(options) ? Object.values(options) : [undefined]
  const isUnsplit = streams.every(
    (one) => isMapping(one) && [undefined, '0', 0].includes(one['infoBufferSize'] as string) && one['splitStream'] !== true,
  )
  return isPlain && isUsual && isUnsplit
}

/** A TracingConfiguration; what its fields may be is judged with the whole. */
interface Tracing {
  readonly endpoint?: string
  readonly samplingRatePerMillion?: number
}

function isTracing(value: unknown): value is Tracing {
  if (!isMapping(value)) return false
  const { endpoint = '', samplingRatePerMillion = 0, ...others } = value
  return typeof endpoint === 'string' && Number.isInteger(samplingRatePerMillion) && Object.keys(others).length === 0
}

function defaultEvictionHard(): Readonly<Record<string, string>> {
  return {
    'imagefs.available': '15%',
    'imagefs.inodesFree': '5%',
    'memory.available': '100Mi',
    'nodefs.available': '10%',
    'nodefs.inodesFree': '5%',
  }
}

function readPositive(value: unknown): string | undefined {
  const amount = readQuantity(value)
  return amount === undefined || /^[0-]/.test(amount) ? undefined : amount
}

const isEffect = (value: unknown): value is 'NoSchedule' | 'PreferNoSchedule' | 'NoExecute' =>
  ['NoSchedule', 'PreferNoSchedule', 'NoExecute'].includes(value as string)
