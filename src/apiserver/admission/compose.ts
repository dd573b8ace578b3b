import type { Clock } from '#lib/clock.ts'
import { WherryError } from '#lib/errors.ts'
import type { Registry } from '#lib/metrics/registry.ts'
import type { Random } from '#lib/random.ts'
import type { Tell } from '../context.ts'
import type { AdmissionPlugin, Authorizer, Internals, Objects } from '../contract.ts'
import type { Outbound } from '../outbound.ts'
import { certificateAdmission } from './certificates.ts'
import { defaultAdmission } from './defaults.ts'
import { matchConditions } from './match-conditions.ts'
import { nodeRestriction } from './node-restriction.ts'
import { optionalAdmission } from './optional/optional.ts'
import { inAdmissionOrder } from './order.ts'
import { podSecurity } from './pod-security/pod-security.ts'
import { createPodSecurityMetrics } from './pod-security/pod-security-metrics.ts'
import { createCheckMetrics } from './policy/check-metrics.ts'
import { mutatingPolicies } from './policy/mutating.ts'
import { validatingPolicies } from './policy/validating.ts'
import { resourceQuota } from './resource-quota/resource-quota.ts'
import { serviceAccountAdmission } from './service-account.ts'
import { mutatingWebhooks } from './webhook/mutating.ts'
import { validatingWebhooks } from './webhook/validating.ts'
import { createWebhookMetrics } from './webhook/webhook-metrics.ts'

export interface AdmissionOptions {
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
  /** Names of plug-ins that run beside those that are on by default. */
  readonly enabled?: readonly string[] | undefined
  /** Names of plug-ins that are not to run. */
  readonly disabled?: readonly string[] | undefined
}

/**
 * All plug-ins of a server, in the order in which they run: those that are on by default, NodeRestriction, and whatever is asked for beside
 * them. Errors: `Invalid` for a name that no plug-in has, or that is to run and not to run.
 */
export function createAdmission(options: AdmissionOptions): readonly AdmissionPlugin[] {
  const { objects, internals, authorize, outbound, clock, log, registry } = options
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
  const optional = optionalAdmission({ internals, authorize })
  const always = [
    ...defaultAdmission.filter(({ name }) => name !== 'PodSecurity'),
    podSecurity({ onEvaluation: createPodSecurityMetrics(registry) }),
    nodeRestriction(authorize),
    serviceAccountAdmission({ random: random.fork('service accounts'), clock }),
    ...certificateAdmission(authorize),
    mutatingPolicies({ objects, authorize }),
    mutatingWebhooks(webhooks),
    validatingPolicies({ objects, authorize, checks: { note: createCheckMetrics(registry), clock } }),
    validatingWebhooks(webhooks),
    resourceQuota({ internals, clock }),
    ...(options.more ?? []),
  ]
  const { enabled = [], disabled = [] } = options
  checkNames([...always, ...optional], enabled, disabled)
  const all = [...always, ...optional.filter(({ name }) => enabled.includes(name))]
  return inAdmissionOrder(all.filter(({ name }) => !disabled.includes(name)))
}

function checkNames(plugins: readonly AdmissionPlugin[], enabled: readonly string[], disabled: readonly string[]): void {
  const known = plugins.map(({ name }) => name)
  for (const name of [...enabled, ...disabled])
    if (!known.includes(name))
      throw new WherryError('Invalid', `there is no admission plug-in "${name}"; there are ${known.toSorted().join(', ')}`)
  const both = enabled.find((name) => disabled.includes(name))
  if (both !== undefined) throw new WherryError('Invalid', `the admission plug-in ${both} is to be enabled and disabled; say one of both`)
}
