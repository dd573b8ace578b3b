import { isAbsolute } from 'node:path'
import { featureGatesProblem, isSwitches, type RuntimeConfig, runtimeConfigProblem } from '#api/features.ts'
import { durationMs } from '#lib/duration.ts'
import { WherryError } from '#lib/errors.ts'

/** What an API server may be told about who may ask, what is refused, and what is kept of requests. Absent means off, unless it says otherwise. */
export interface ServerSettings {
  /** What requests without credentials may try: everything that authorization lets `system:anonymous` do, health and version only, nothing. Absent: health. */
  readonly anonymous?: 'all' | 'health' | 'none'
  /** Whole path of an AuthenticationConfiguration (apiserver.config.k8s.io/v1); taken up again when the file changes, as is the next. */
  readonly authenticationConfig?: string
  /** Whole path of an AuthorizationConfiguration. Absent: Node and RBAC. */
  readonly authorizationConfig?: string
  /** Whole path of a kubeconfig: which webhook knows further tokens. */
  readonly tokenWebhookConfig?: string
  /** Names of admission plug-ins that run beside those that are on by default. */
  readonly enableAdmissionPlugins?: readonly string[]
  /** Names of admission plug-ins that are not to run. */
  readonly disableAdmissionPlugins?: readonly string[]
  /** Whole path of an AdmissionConfiguration (apiserver.config.k8s.io/v1): how plug-ins are configured. */
  readonly admissionControlConfigFile?: string
  /** How long pods stay on a node that is not ready, or not to be reached, unless they say it themselves. Absent: 300. */
  readonly defaultNotReadyTolerationSeconds?: number
  readonly defaultUnreachableTolerationSeconds?: number
  /** How long a node may be silent before it counts as lost, such as `50s`, the default; kube-controller-manager's flag of this name. */
  readonly nodeMonitorGracePeriod?: string
  /** Whole path of a Policy (audit.k8s.io/v1); wants one of the next, or both. */
  readonly auditPolicy?: string
  /** Whole path of the file that events are appended to. */
  readonly auditLog?: string
  /** Full logs are moved aside: how long and how many of them stay, and what is full. Absent, or 0: any age; absent: ten; absent: 100. */
  readonly auditLogMaxAgeDays?: number
  readonly auditLogMaxBackups?: number
  readonly auditLogMaxSizeMB?: number
  /** Whole path of a kubeconfig: which webhook is sent the events. */
  readonly auditWebhookConfig?: string
  /** Whole path of a TracingConfiguration (apiserver.config.k8s.io/v1). */
  readonly tracingConfig?: string
  /** Whole path of a KubeSchedulerConfiguration (kubescheduler.config.k8s.io/v1). Absent: as v1.36 has it. */
  readonly schedulerConfig?: string
  /** Whether there is a StorageClass `local`: directories of the node that a claim's first pod runs on. Absent: no. */
  readonly localVolumes?: boolean
  /** Whether the server makes the definitions of the Gateway API where they are missing. Absent: in a cluster yes, for a server that stands alone no. */
  readonly gatewayAPI?: boolean
  /** Feature gates that are to be on, or off, by their names. Absent: as v1.36 has them. */
  readonly featureGates?: Readonly<Record<string, boolean>>
  /** API versions, or resources of them, that are served beside the defaults: `certificates.k8s.io/v1beta1: true`. */
  readonly runtimeConfig?: RuntimeConfig
}

/** Every such setting, and what is wrong with a value of it: what it has to be, or undefined. */
export const serverSettings: Readonly<Record<keyof ServerSettings, (value: unknown) => string | undefined>> = {
  anonymous: (value) => (['all', 'health', 'none'].includes(value as string) ? undefined : 'all, health or none'),
  authenticationConfig: wholePath,
  authorizationConfig: wholePath,
  tokenWebhookConfig: wholePath,
  enableAdmissionPlugins: names,
  disableAdmissionPlugins: names,
  admissionControlConfigFile: wholePath,
  defaultNotReadyTolerationSeconds: wholeNumber(0),
  defaultUnreachableTolerationSeconds: wholeNumber(0),
  nodeMonitorGracePeriod: aSecondOrMore,
  auditPolicy: wholePath,
  auditLog: wholePath,
  auditLogMaxAgeDays: wholeNumber(0),
  auditLogMaxBackups: wholeNumber(0),
  auditLogMaxSizeMB: wholeNumber(1),
  auditWebhookConfig: wholePath,
  tracingConfig: wholePath,
  schedulerConfig: wholePath,
  localVolumes: onOrOff,
  gatewayAPI: onOrOff,
  featureGates: switches('ClusterTrustBundle'),
  runtimeConfig: switches('certificates.k8s.io/v1beta1'),
}

function onOrOff(value: unknown): string | undefined {
  return typeof value === 'boolean' ? undefined : 'true or false'
}

/** Refuses settings that make no sense together. `Invalid` names them as `nameOf` says they are called where they were given. */
export function checkServerSettings(settings: ServerSettings, nameOf: (setting: keyof ServerSettings) => string = (name) => name): void {
  const { auditPolicy, auditLog, auditWebhookConfig, featureGates = {}, runtimeConfig = {} } = settings
  for (const [setting, problem] of [
    ['featureGates', featureGatesProblem(featureGates)],
    ['runtimeConfig', runtimeConfigProblem(runtimeConfig)],
  ] as const)
    if (problem !== undefined) throw new WherryError('Invalid', `${nameOf(setting)} ${problem}`)
  const places = `${nameOf('auditLog')} or ${nameOf('auditWebhookConfig')}`
  if (auditPolicy !== undefined && auditLog === undefined && auditWebhookConfig === undefined)
    throw new WherryError('Invalid', `${nameOf('auditPolicy')} says which events are kept; ${places} has to say where`)
  if (auditPolicy === undefined && (auditLog !== undefined || auditWebhookConfig !== undefined))
    throw new WherryError('Invalid', `${places} says where events are kept; ${nameOf('auditPolicy')} has to say which`)
}

function wholePath(value: unknown): string | undefined {
  return typeof value === 'string' && isAbsolute(value) ? undefined : 'the whole path of a file, beginning with /'
}

function names(value: unknown): string | undefined {
  return Array.isArray(value) && value.every((name) => typeof name === 'string') ? undefined : 'a list of names, such as [AlwaysPullImages]'
}

function switches(name: string): (value: unknown) => string | undefined {
  return (value) => (isSwitches(value) ? undefined : `a mapping of names to true or false, such as "${name}: true"`)
}

function aSecondOrMore(value: unknown): string | undefined {
  return typeof value === 'string' && msOf(value) >= 1000 ? undefined : 'a duration of at least 1s, such as 50s or 1m30s'
}

/** NaN for a text that is no duration. */
function msOf(text: string): number {
  try {
    return durationMs(text)
  } catch {
    // Said by whoever asks, with what it should be.
    return Number.NaN
  }
}

function wholeNumber(least: number): (value: unknown) => string | undefined {
  return (value) => (Number.isSafeInteger(value) && (value as number) >= least ? undefined : `a whole number from ${least} on`)
}
