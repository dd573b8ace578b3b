import type { AdmissionPlugin, Authorizer, Internals } from '../../contract.ts'
import { alwaysAdmit, alwaysDeny } from './always.ts'
import { alwaysPullImages } from './always-pull-images.ts'
import { denyServiceExternalIPs } from './deny-service-external-ips.ts'
import { extendedResourceToleration } from './extended-resource-toleration.ts'
import { limitPodHardAntiAffinityTopology } from './limit-pod-hard-anti-affinity-topology.ts'
import { namespaceAutoProvision, namespaceExists } from './namespaces.ts'
import { ownerReferencesPermissionEnforcement } from './owner-references-permission-enforcement.ts'
import { podNodeSelector } from './pod-node-selector.ts'
import { podTolerationRestriction } from './pod-toleration-restriction.ts'

/** Plug-ins that are off unless turned on by name, and need no configuration of their own. */
export const optionalAdmission = (options: {
  readonly internals: Internals
  readonly authorize: Authorizer
}): readonly AdmissionPlugin[] => [
  alwaysAdmit,
  alwaysDeny,
  alwaysPullImages,
  denyServiceExternalIPs,
  extendedResourceToleration,
  limitPodHardAntiAffinityTopology,
  namespaceAutoProvision(options.internals),
  namespaceExists,
  ownerReferencesPermissionEnforcement(options.authorize),
  podNodeSelector(),
  podTolerationRestriction(),
]
