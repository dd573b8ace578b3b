import type { AdmissionPlugin } from '../contract.ts'

/**
 * The one place that says in which order plug-ins run, both those that change an object and, once it is whole, those that only look: the
 * reference's, default plug-ins and all others. Webhooks come after whatever the server decides itself, quota after all who may refuse.
 */
export const admissionOrder: readonly string[] = [
  'AlwaysAdmit',
  'NamespaceAutoProvision',
  'NamespaceLifecycle',
  'NamespaceExists',
  'LimitPodHardAntiAffinityTopology',
  'LimitRanger',
  'ServiceAccount',
  'NodeRestriction',
  'TaintNodesByCondition',
  'AlwaysPullImages',
  'ImagePolicyWebhook',
  'PodSecurity',
  'PodNodeSelector',
  'Priority',
  'DefaultTolerationSeconds',
  'PodTolerationRestriction',
  'EventRateLimit',
  'ExtendedResourceToleration',
  'DefaultStorageClass',
  'StorageObjectInUseProtection',
  'PodGroupProtection',
  'OwnerReferencesPermissionEnforcement',
  'PersistentVolumeClaimResize',
  'RuntimeClass',
  'CertificateApproval',
  'CertificateSigning',
  'ClusterTrustBundleAttest',
  'CertificateSubjectRestriction',
  'DefaultIngressClass',
  'DenyServiceExternalIPs',
  'PodTopologyLabels',
  'PodGroupWorkloadExists',
  'NodeDeclaredFeatureValidator',
  'JobValidation',
  'PodResizeValidator',
  'MutatingAdmissionPolicy',
  'MutatingAdmissionWebhook',
  'ValidatingAdmissionPolicy',
  'ValidatingAdmissionWebhook',
  'ResourceQuota',
  'AlwaysDeny',
]

/**
 * Those that run only where they are asked for. They are the reference's, but for NodeRestriction: without it the nodes that we let join could
 * write each other's objects, and nobody would leave it out.
 */
export const offByDefault: ReadonlySet<string> = new Set([
  'AlwaysAdmit',
  'AlwaysDeny',
  'AlwaysPullImages',
  'DenyServiceExternalIPs',
  'EventRateLimit',
  'ExtendedResourceToleration',
  'ImagePolicyWebhook',
  'LimitPodHardAntiAffinityTopology',
  'NamespaceAutoProvision',
  'NamespaceExists',
  'OwnerReferencesPermissionEnforcement',
  'PodNodeSelector',
  'PodTolerationRestriction',
])

/**
 * Plug-ins of the reference that can be named here as there, and have nothing to do: each waits for an API (PodGroup, Workload) that v1.36
 * serves to nobody who did not turn its alpha feature on.
 */
export const idlePlugins: readonly AdmissionPlugin[] = ['PodGroupProtection', 'PodGroupWorkloadExists', 'JobValidation'].map((name) => ({
  name,
}))

/** Plug-ins in their order. Throws a `TypeError` for one without a place, since its effect would hang on chance. */
export function inAdmissionOrder(plugins: readonly AdmissionPlugin[]): readonly AdmissionPlugin[] {
  for (const { name } of plugins)
    if (!admissionOrder.includes(name)) throw new TypeError(`admission plug-in ${name} has no place in the order`)
  return plugins.toSorted((a, b) => admissionOrder.indexOf(a.name) - admissionOrder.indexOf(b.name))
}
