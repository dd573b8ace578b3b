import type { Clock } from '#lib/clock.ts'
import { WherryError } from '#lib/errors.ts'
import type { Registry } from '#lib/metrics/registry.ts'
import type { Random } from '#lib/random.ts'
import type { Tell } from '../context.ts'
import type { AdmissionPlugin, Authorizer, Internals, Objects } from '../contract.ts'
import type { Outbound } from '../outbound.ts'
import { certificateAdmission } from './certificates.ts'
import { noConfiguration } from './configuration/admission-configuration.ts'
import { type PluginConfigurations, readPluginConfigurations } from './configuration/plugin-configurations.ts'
import type { TolerationSeconds } from './default-toleration-seconds.ts'
import { defaultAdmission } from './defaults.ts'
import { matchConditions } from './match-conditions.ts'
import { nodeRestriction } from './node-restriction.ts'
import { optionalAdmission } from './optional/optional.ts'
import { idlePlugins, inAdmissionOrder } from './order.ts'
import { type PluginSelection, selectPlugins } from './plugin-selection.ts'
import { createPodSecurityMetrics } from './pod-security/pod-security-metrics.ts'
import { createCheckMetrics, createMutationMetrics } from './policy/check-metrics.ts'
import { mutatingPolicies } from './policy/mutating.ts'
import { validatingPolicies } from './policy/validating.ts'
import { resourceQuota } from './resource-quota/resource-quota.ts'
import { serviceAccountAdmission } from './service-account.ts'
import { mutatingWebhooks } from './webhook/mutating.ts'
import { validatingWebhooks } from './webhook/validating.ts'
import { createWebhookMetrics } from './webhook/webhook-metrics.ts'

/** What plug-ins work with, and which of them run. */
export interface AdmissionOptions extends PluginSelection {
  readonly objects: Objects
  readonly internals: Internals
  readonly authorize: Authorizer
  readonly outbound: Outbound
  readonly clock: Clock
  readonly random: Random
  readonly log: Tell
  readonly registry: Registry
  /** Further plug-ins, which find their place among the others by their names. */
  readonly more?: readonly AdmissionPlugin[]
  readonly tolerationSeconds?: TolerationSeconds | undefined
  /** How the plug-ins that run are configured. Absent: as they are without a configuration. */
  readonly configurations?: PluginConfigurations | undefined
}

/**
 * All plug-ins of a server, in the order in which they run. Errors: `Invalid` for a name that no plug-in has or that is to run and not to run, and
 * for a plug-in that cannot run without a configuration.
 */
export function createAdmission(options: AdmissionOptions): readonly AdmissionPlugin[] {
  const { objects, internals, authorize, outbound, clock, log, registry } = options
  const isOn = selectPlugins(options)
  const configurations = options.configurations ?? readPluginConfigurations(isOn, noConfiguration, { readFile: noFile })
  const random = options.random.fork('admission')
  const webhooks = {
    objects,
    outbound,
    log,
    conditions: matchConditions(authorize),
    uuid: () => random.uuid(),
    now: () => clock.monotonicMs(),
    observer: createWebhookMetrics(registry),
  }
  const all = [
    ...defaultAdmission({
      podSecurity: { ...configurations.PodSecurity, onEvaluation: createPodSecurityMetrics(registry) },
      tolerationSeconds: options.tolerationSeconds,
    }),
    nodeRestriction(authorize),
    serviceAccountAdmission({ random: random.fork('service accounts'), clock }),
    ...certificateAdmission(authorize),
    mutatingPolicies({ objects, authorize, checks: { note: createMutationMetrics(registry), clock } }),
    mutatingWebhooks({ ...webhooks, credentials: configurations.MutatingAdmissionWebhook }),
    validatingPolicies({ objects, authorize, checks: { note: createCheckMetrics(registry), clock } }),
    validatingWebhooks({ ...webhooks, credentials: configurations.ValidatingAdmissionWebhook }),
    resourceQuota({ internals, clock, limited: configurations.ResourceQuota }),
    ...idlePlugins,
    ...optionalAdmission({ internals, authorize, outbound, clock, random: random.fork('image policy'), configurations }),
    ...(options.more ?? []),
  ]
  return inAdmissionOrder(all.filter(({ name }) => isOn(name)))
}

const noFile = (path: string): string => {
  throw new WherryError('Invalid', `the file ${path} cannot be read: this server has no files`)
}
