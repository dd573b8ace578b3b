import type { Clock } from '#lib/clock.ts'
import type { Random } from '#lib/random.ts'
import type { AdmissionPlugin, Authorizer, Internals } from '../../contract.ts'
import type { Outbound } from '../../outbound.ts'
import type { PluginConfigurations } from '../configuration/plugin-configurations.ts'
import { alwaysAdmit, alwaysDeny } from './always.ts'
import { alwaysPullImages } from './always-pull-images.ts'
import { denyServiceExternalIPs } from './deny-service-external-ips.ts'
import { eventRateLimit } from './event-rate-limit.ts'
import { extendedResourceToleration } from './extended-resource-toleration.ts'
import { imagePolicyWebhook } from './image-policy-webhook.ts'
import { limitPodHardAntiAffinityTopology } from './limit-pod-hard-anti-affinity-topology.ts'
import { namespaceAutoProvision, namespaceExists } from './namespaces.ts'
import { ownerReferencesPermissionEnforcement } from './owner-references-permission-enforcement.ts'
import { podNodeSelector } from './pod-node-selector.ts'
import { podTolerationRestriction } from './pod-toleration-restriction.ts'

/** What these plug-ins work with; of configurations those that are on and can be configured. */
export interface OptionalAdmissionOptions {
  readonly internals: Internals
  readonly authorize: Authorizer
  readonly outbound: Outbound
  readonly clock: Clock
  readonly random: Random
  readonly configurations: Pick<
    PluginConfigurations,
    'EventRateLimit' | 'ImagePolicyWebhook' | 'PodNodeSelector' | 'PodTolerationRestriction'
  >
}

/** Plug-ins that are off unless turned on by name; of those that can do nothing without a configuration only the ones that have it. */
export function optionalAdmission(options: OptionalAdmissionOptions): readonly AdmissionPlugin[] {
  const { internals, authorize, configurations, ...means } = options
  const { EventRateLimit, ImagePolicyWebhook, PodNodeSelector, PodTolerationRestriction } = configurations
  return [
    alwaysAdmit,
    alwaysDeny,
    alwaysPullImages,
    denyServiceExternalIPs,
    extendedResourceToleration,
    limitPodHardAntiAffinityTopology,
    namespaceAutoProvision(internals),
    namespaceExists,
    ownerReferencesPermissionEnforcement(authorize),
    podNodeSelector(PodNodeSelector),
    podTolerationRestriction(PodTolerationRestriction),
    ...(EventRateLimit === undefined ? [] : [eventRateLimit(EventRateLimit, means.clock)]),
    ...(ImagePolicyWebhook === undefined ? [] : [imagePolicyWebhook({ ...means, ...ImagePolicyWebhook })]),
  ]
}
