import { featureGatesProblem } from '#api/features.ts'
import { durationMs } from '#lib/duration.ts'
import { WherryError } from '#lib/errors.ts'
import { readTracing } from '#schema/read-tracing.ts'
import { readCpuOptions } from '../resources/cpu/cpu-options.ts'
import { readTopologyOptions } from '../resources/topology/topology-options.ts'
import { isMapping, type ValuesOf, valuesOf } from './setting.ts'
import { settings } from './settings.ts'
import { tlsProblem } from './tls-suites.ts'

/**
 * How this node's kubelet is set: KubeletConfiguration (kubelet.config.k8s.io/v1beta1) with its own names and forms, every field there.
 * Durations are Go's texts (`durationMs`), quantities canonical ones. It is what /configz tells.
 */
export type KubeletConfiguration = ValuesOf<typeof settings>

/** What else of the node decides, with the names that KubeletConfiguration has for it. */
export type FixedConfiguration = Partial<
  Pick<
    KubeletConfiguration,
    'podLogsDir' | 'address' | 'port' | 'authentication' | 'clusterDomain' | 'clusterDNS' | 'resolvConf' | 'containerRuntimeEndpoint'
  >
> & { readonly clientCAFile?: string }

/**
 * `section` as it stands in the configuration file, every field optional; `nameOf` says how a field is called there. Throws `Invalid`, which
 * names the field and what it has to be.
 */
export function kubeletConfiguration(
  section: unknown = {},
  fixed: FixedConfiguration = {},
  nameOf: (field: string) => string = (field) => field,
): KubeletConfiguration {
  if (!isMapping(section)) throw new WherryError('Invalid', `${nameOf('')} must be a mapping of settings of KubeletConfiguration`)
  const { apiVersion = group, kind = 'KubeletConfiguration', ...given } = section
  if (apiVersion !== group || kind !== 'KubeletConfiguration')
    throw new WherryError(
      'Invalid',
      `${nameOf('apiVersion')} must be ${group} and ${nameOf('kind')} KubeletConfiguration, or both left out`,
    )
  for (const name of Object.keys(given))
    if (!Object.hasOwn(settings, name)) throw new WherryError('Invalid', `there is no setting ${nameOf(name)} in ${group}`)
  const read = valuesOf(settings, given) as KubeletConfiguration
  for (const name of Object.keys(given) as (keyof KubeletConfiguration)[])
    if (given[name] !== undefined && read[name] === undefined)
      throw new WherryError('Invalid', `${nameOf(name)} must be ${settings[name].wanted}, not ${JSON.stringify(given[name])}`)
  const { clientCAFile, ...others } = fixed
  const configuration: KubeletConfiguration = {
    ...read,
    ...derived(read, given),
    ...others,
    authentication: { ...read.authentication, ...(clientCAFile !== undefined && { x509: { clientCAFile } }) },
  }
  for (const [name, problem] of contradictions(configuration)) if (problem) throw new WherryError('Invalid', `${nameOf(name)} ${problem}`)
  const gates = featureGatesProblem(configuration.featureGates)
  if (gates !== undefined) throw new WherryError('Invalid', `${nameOf('featureGates')} ${gates}`)
  readCpuOptions(configuration.cpuManagerPolicyOptions, nameOf)
  readTopologyOptions(configuration.topologyManagerPolicyOptions, nameOf)
  if (configuration.tracing !== undefined) readTracing(configuration.tracing, `${nameOf('tracing')}.`)
  const suites = tlsProblem(configuration)
  if (suites !== undefined) throw new WherryError('Invalid', `${nameOf('tlsCipherSuites')} ${suites}`)
  return configuration
}

/** The object that /configz shows and other tools read. Empty lists and tables are left out, as the reference leaves them out. */
export function shownConfiguration(configuration: KubeletConfiguration): object {
  const isShown = (value: unknown): boolean =>
    value !== undefined &&
    value !== '' &&
    !(Array.isArray(value) && value.length === 0) &&
    !(isMapping(value) && Object.keys(value).length === 0)
  return {
    ...Object.fromEntries(Object.entries(configuration).filter(([, value]) => isShown(value))),
    kind: 'KubeletConfiguration',
    apiVersion: group,
  }
}

const group = 'kubelet.config.k8s.io/v1beta1'

/** Defaults that hang on other settings (pkg/kubelet/apis/config/v1beta1/defaults.go, and the eviction manager's of Linux). */
function derived(read: KubeletConfiguration, given: Readonly<Record<string, unknown>>): Partial<KubeletConfiguration> {
  return {
    serializeImagePulls: read.serializeImagePulls ?? (read.maxParallelImagePulls ?? 1) < 2,
    ...(given['evictionHard'] !== undefined && {
      // Setting one threshold drops the other defaults, unless they are to be merged: that is the reference's rule.
      evictionHard: read.mergeDefaultEvictionSettings ? { ...settings.evictionHard.fallback, ...read.evictionHard } : read.evictionHard,
    }),
  }
}

/** What cannot go together (pkg/kubelet/apis/config/validation), by the field that is named. */
function contradictions(given: KubeletConfiguration): readonly (readonly [name: string, problem: string | false])[] {
  const enforced = given.enforceNodeAllocatable
  const ms = (name: 'imageMinimumGCAge' | 'imageMaximumGCAge' | 'shutdownGracePeriod' | 'shutdownGracePeriodCriticalPods') =>
    durationMs(given[name])
  const isBetween = (value: number) => value > 0 && value < 1_000
  const missing = (soft: string) => given.evictionSoftGracePeriod[soft] === undefined
  return [
    [
      'imageGCLowThresholdPercent',
      given.imageGCLowThresholdPercent >= given.imageGCHighThresholdPercent &&
        `${given.imageGCLowThresholdPercent} must be less than imageGCHighThresholdPercent ${given.imageGCHighThresholdPercent}`,
    ],
    [
      'cpuCFSQuotaPeriod',
      durationMs(given.cpuCFSQuotaPeriod) > 1_000 && `${given.cpuCFSQuotaPeriod} must be between 1ms and 1s, inclusive`,
    ],
    [
      'imageMaximumGCAge',
      ms('imageMaximumGCAge') > 0 &&
        ms('imageMaximumGCAge') <= ms('imageMinimumGCAge') &&
        `${given.imageMaximumGCAge} must be greater than imageMinimumGCAge ${given.imageMinimumGCAge}`,
    ],
    [
      'maxParallelImagePulls',
      given.serializeImagePulls === true &&
        (given.maxParallelImagePulls ?? 1) > 1 &&
        'cannot be larger than 1 unless serializeImagePulls is set to false',
    ],
    [
      'shutdownGracePeriodCriticalPods',
      ms('shutdownGracePeriodCriticalPods') > ms('shutdownGracePeriod') &&
        `${given.shutdownGracePeriodCriticalPods} must be <= shutdownGracePeriod ${given.shutdownGracePeriod}`,
    ],
    [
      'shutdownGracePeriod',
      isBetween(ms('shutdownGracePeriod')) && `${given.shutdownGracePeriod} must be either zero or otherwise >= 1 sec`,
    ],
    [
      'shutdownGracePeriodCriticalPods',
      isBetween(ms('shutdownGracePeriodCriticalPods')) &&
        `${given.shutdownGracePeriodCriticalPods} must be either zero or otherwise >= 1 sec`,
    ],
    [
      'shutdownGracePeriodByPodPriority',
      given.shutdownGracePeriodByPodPriority.length > 0 &&
        (ms('shutdownGracePeriod') > 0 || ms('shutdownGracePeriodCriticalPods') > 0) &&
        'cannot be specified together with shutdownGracePeriod',
    ],
    [
      'crashLoopBackOff',
      durationMs(given.crashLoopBackOff.maxContainerRestartPeriod) > 300_000 &&
        '.maxContainerRestartPeriod must be set between 1s and 300s',
    ],
    [
      'evictionSoftGracePeriod',
      Object.keys(given.evictionSoft).some(missing) &&
        `must have a grace period for the soft eviction threshold ${Object.keys(given.evictionSoft).find(missing)}`,
    ],
    [
      'enforceNodeAllocatable',
      enforced.includes('none') && enforced.length > 1 && 'may not contain additional enforcements when "none" is specified',
    ],
    ['enforceNodeAllocatable', new Set(enforced).size < enforced.length && 'names an enforcement twice'],
    ...(['system', 'kube'] as const).flatMap((whose) => {
      const [whole, part] = [`${whose}-reserved`, `${whose}-reserved-compressible`]
      return [
        ['enforceNodeAllocatable', enforced.includes(whole) && enforced.includes(part) && `cannot have both ${whole} and ${part}`] as const,
        [
          `${whose}ReservedCgroup`,
          (enforced.includes(whole) || enforced.includes(part)) &&
            given[`${whose}ReservedCgroup`] === '' &&
            `must be specified when ${whole} or ${part} is included in enforceNodeAllocatable`,
        ] as const,
      ]
    }),
    [
      'reservedSystemCPUs',
      given.reservedSystemCPUs !== '' &&
        (given.systemReservedCgroup !== '' || given.kubeReservedCgroup !== '') &&
        'cannot be used with systemReservedCgroup or kubeReservedCgroup',
    ],
    [
      'preloadedImagesVerificationAllowlist',
      given.preloadedImagesVerificationAllowlist.length > 0 &&
        given.imagePullCredentialsVerificationPolicy !== 'NeverVerifyAllowlistedImages' &&
        'can only be set where imagePullCredentialsVerificationPolicy is NeverVerifyAllowlistedImages',
    ],
    ['enableSystemLogHandler', given.enableSystemLogQuery && !given.enableSystemLogHandler && 'is required for enableSystemLogQuery'],
  ]
}
