import type { AdmissionPlugin } from '../contract.ts'

/**
 * The one place that says in which order plug-ins run: the reference's, default plug-ins and NodeRestriction. Each plug-in's mutating and
 * validating parts keep their place in both rounds.
 */
export const admissionOrder: readonly string[] = [
  'NamespaceLifecycle',
  'LimitRanger',
  'ServiceAccount',
  'NodeRestriction',
  'TaintNodesByCondition',
  'PodSecurity',
  'Priority',
  'DefaultTolerationSeconds',
  'DefaultStorageClass',
  'StorageObjectInUseProtection',
  'PersistentVolumeClaimResize',
  'RuntimeClass',
  'CertificateApproval',
  'CertificateSigning',
  'CertificateSubjectRestriction',
  'DefaultIngressClass',
  'PodTopologyLabels',
  'MutatingAdmissionPolicy',
  'MutatingAdmissionWebhook',
  'ValidatingAdmissionPolicy',
  'ValidatingAdmissionWebhook',
  'ResourceQuota',
]

/** Plug-ins in their order. Throws a `TypeError` for one without a place, since its effect would hang on chance. */
export function inAdmissionOrder(plugins: readonly AdmissionPlugin[]): readonly AdmissionPlugin[] {
  for (const { name } of plugins)
    if (!admissionOrder.includes(name)) throw new TypeError(`admission plug-in ${name} has no place in the order`)
  return plugins.toSorted((a, b) => admissionOrder.indexOf(a.name) - admissionOrder.indexOf(b.name))
}
