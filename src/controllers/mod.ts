/** Every controller, in no order that matters: they meet only in API objects. */

import { ClusterTrustBundle } from '#api/certificates/v1beta1/cluster-trust-bundle.ts'
import { PodCertificateRequest } from '#api/certificates/v1beta1/pod-certificate-request.ts'
import type { Features } from '#api/features.ts'
import type { AnyKind } from '#api/kind.ts'
import { StorageVersionMigration } from '#api/storagemigration/v1beta1/storage-version-migration.ts'
import type { Controller } from '#loop/controller.ts'
import type { ServedKinds } from '#loop/served-kinds.ts'
import { attachDetachController } from './attach-detach/controller.ts'
import { bootstrapSignerController } from './bootstrap-signer/controller.ts'
import { certificateApproverController } from './certificate-approver/controller.ts'
import type { ServingApproval } from './certificate-approver/serving.ts'
import { certificateCleanerController } from './certificate-cleaner/controller.ts'
import { certificateSignerController } from './certificate-signer/controller.ts'
import type { SigningAuthority } from './certificate-signer/sign-certificate.ts'
import { clusterTrustBundlePublisher } from './cluster-trust-bundle-publisher/controller.ts'
import { clusterRoleAggregationController } from './clusterrole-aggregation/controller.ts'
import { cronJobController } from './cronjob/controller.ts'
import { daemonSetController } from './daemonset/controller.ts'
import { defaultServiceCidrController } from './default-service-cidr/controller.ts'
import { deploymentController } from './deployment/controller.ts'
import { deviceTaintEvictionController } from './device-taint-eviction/controller.ts'
import { disruptionController } from './disruption/controller.ts'
import { endpointsController } from './endpoints/controller.ts'
import { endpointSliceController } from './endpointslice/controller.ts'
import { endpointSliceMirroringController } from './endpointslice-mirroring/controller.ts'
import { ephemeralVolumeController } from './ephemeral-volume/controller.ts'
import { garbageCollector } from './garbage-collector/controller.ts'
import { horizontalPodAutoscalerController } from './horizontal-pod-autoscaler/controller.ts'
import { type MetricsReader, noMetrics } from './horizontal-pod-autoscaler/metrics-reader.ts'
import { ipAddressRepairController } from './ip-address-repair/controller.ts'
import { jobController } from './job/controller.ts'
import { kubernetesServiceController } from './kubernetes-service/controller.ts'
import type { ApiServerAddress } from './kubernetes-service/plan.ts'
import { legacyServiceAccountTokenCleanerController } from './legacy-service-account-token-cleaner/controller.ts'
import { legacyTokenTrackingController } from './legacy-token-tracking/controller.ts'
import { localProvisionerController } from './local-provisioner/controller.ts'
import { namespaceController } from './namespace/controller.ts'
import { nodeIpamController } from './node-ipam/controller.ts'
import type { AddressPlan } from './node-ipam/plan.ts'
import { type NodeLifecycleConfig, nodeLifecycleController } from './node-lifecycle/controller.ts'
import { persistentVolumeBinder } from './persistent-volume-binder/controller.ts'
import { persistentVolumeExpander } from './persistent-volume-expander/controller.ts'
import { podCertificateRequestCleaner } from './pod-certificate-request-cleaner/controller.ts'
import { podGcController } from './pod-gc/controller.ts'
import { pvProtectionController } from './pv-protection/controller.ts'
import { pvcProtectionController } from './pvc-protection/controller.ts'
import { replicaSetController, replicationControllerController } from './replicaset/controller.ts'
import { resourceClaimController } from './resource-claim/controller.ts'
import { resourceQuotaController } from './resource-quota/controller.ts'
import { rootCaController } from './root-ca/controller.ts'
import { serviceAccountController } from './service-account/controller.ts'
import { serviceAccountTokenController } from './service-account-token/controller.ts'
import type { IssueToken } from './service-account-token/plan.ts'
import { serviceCidrsController } from './service-cidrs/controller.ts'
import { serviceBalancerController } from './service-lb/controller.ts'
import { statefulSetController } from './statefulset/controller.ts'
import { storageVersionMigrator } from './storage-version-migrator/controller.ts'
import { migrationRunner } from './storage-version-migrator/migration-runner.ts'
import { taintEvictionController } from './taint-eviction/controller.ts'
import { tokenCleanerController } from './token-cleaner/controller.ts'
import { ttlController } from './ttl/controller.ts'
import { ttlAfterFinishedController } from './ttl-after-finished/controller.ts'
import { validatingAdmissionPolicyStatusController } from './validating-admission-policy-status/controller.ts'
import { attributesClassProtectionController } from './volumeattributesclass-protection/controller.ts'

export { heldKinds } from './common/indexes.ts'

export interface ControllersConfig {
  /** Feature gates that are on beside the defaults; absent: none. */
  readonly features?: Features
  /** The collectable ones of all kinds that the API server serves: they are collected and, with their namespace, removed. */
  readonly served: ServedKinds
  /** All kinds that the API server serves at the moment of reading. */
  readonly kinds: readonly AnyKind[]
  /** PEM of the CA that signed the API server's certificate. */
  readonly rootCa: string
  /** Makes tokens for Secrets that ask for one. Absent: they stay empty. */
  readonly issueToken?: IssueToken | undefined
  /** What signs certificates that are asked for by the API. Absent: nobody signs them. */
  readonly signingAuthority?: SigningAuthority | undefined
  /** What no node's certificate may name. Absent: a person approves the certificates of kubelets' ports. */
  readonly servingApproval?: ServingApproval | undefined
  /** Where the API servers listen. */
  readonly apiServer: ApiServerAddress
  /** Ranges of service addresses that the API servers were given. Absent: nobody keeps a ServiceCIDR of them. */
  readonly serviceCIDRs?: readonly string[]
  /** Absent: 10.244.0.0/16 in networks of /24. */
  readonly podNetwork?: AddressPlan
  readonly nodeLifecycle?: NodeLifecycleConfig
  /** How long a service-account token in a Secret may be unused before it is marked, and marked before it is deleted; absent: a year, as in the reference. */
  readonly legacyTokenUnusedMs?: number
  /** What pods and others use and do, for autoscalers. Absent: nobody measures it. */
  readonly metrics?: MetricsReader
  /** Ended pods that may stay; absent: 12,500, as in the reference. */
  readonly terminatedPodThreshold?: number
  /** Offers the storage class `local`: directories of the node that a claim's first pod runs on. Absent: no class is there from the start. */
  readonly localVolumes?: boolean
}

export function controllers(config: ControllersConfig): readonly Controller<unknown>[] {
  // The list knows none of their views: each is only ever handed back to the controller that made it.
  return [
    // First to see a change of a pod: traffic waits for it, and for none of the others.
    endpointSliceController(),
    replicaSetController,
    replicationControllerController,
    deploymentController,
    statefulSetController(config.features),
    daemonSetController(),
    jobController(),
    cronJobController(),
    horizontalPodAutoscalerController(config.served, config.metrics ?? noMetrics),
    ttlAfterFinishedController,
    endpointsController(),
    endpointSliceMirroringController,
    garbageCollector(config.served),
    namespaceController(config.served, () => config.kinds.filter(isCollectable)),
    resourceQuotaController(config.served),
    serviceAccountController,
    legacyTokenTrackingController,
    legacyServiceAccountTokenCleanerController(config.legacyTokenUnusedMs ?? 365 * 86_400_000),
    serviceAccountTokenController(config.issueToken && { issue: config.issueToken, rootCa: config.rootCa }),
    rootCaController(config.rootCa),
    nodeLifecycleController(config.nodeLifecycle),
    taintEvictionController(),
    nodeIpamController(config.podNetwork ?? [{ clusterCidr: '10.244.0.0/16', nodeBits: 24 }]),
    podGcController(config.terminatedPodThreshold ?? 12_500),
    clusterRoleAggregationController,
    certificateApproverController(config.servingApproval),
    ...(config.signingAuthority === undefined ? [] : [certificateSignerController(config.signingAuthority)]),
    certificateCleanerController,
    kubernetesServiceController(config.apiServer),
    ipAddressRepairController,
    ...(config.serviceCIDRs === undefined ? [] : [defaultServiceCidrController(config.serviceCIDRs)]),
    serviceCidrsController,
    validatingAdmissionPolicyStatusController(() => config.kinds),
    disruptionController(config.served),
    serviceBalancerController([
      { protocol: 'TCP', port: config.apiServer.port, by: 'the API server' },
      { protocol: 'TCP', port: 10_250, by: 'the kubelet' },
    ]),
    bootstrapSignerController,
    tokenCleanerController,
    ttlController,
    resourceClaimController(),
    deviceTaintEvictionController(),
    persistentVolumeBinder(),
    pvProtectionController,
    pvcProtectionController,
    attributesClassProtectionController,
    persistentVolumeExpander(),
    ephemeralVolumeController(),
    attachDetachController(),
    // Kinds that only a configuration turns on.
    ...(config.kinds.includes(ClusterTrustBundle) ? [clusterTrustBundlePublisher(config.rootCa)] : []),
    ...(config.kinds.includes(PodCertificateRequest) ? [podCertificateRequestCleaner] : []),
    ...(config.kinds.includes(StorageVersionMigration) ? [migrationRunner, storageVersionMigrator(() => config.kinds)] : []),
    ...(config.localVolumes ? [localProvisionerController()] : []),
  ] as unknown as readonly Controller<unknown>[]
}

/**
 * Whom a controller acts as: the user whose bootstrap roles cover what it does. Most have a service account of their own; some share one, and
 * two do what in the reference the control plane's own processes do.
 */
export const userOf = (controller: string): string => users[controller] ?? `system:serviceaccount:kube-system:${controller}`

const users: Readonly<Record<string, string>> = {
  'certificate-approver': 'system:serviceaccount:kube-system:certificate-controller',
  'certificate-signer': 'system:serviceaccount:kube-system:certificate-controller',
  'certificate-cleaner': 'system:serviceaccount:kube-system:certificate-controller',
  'daemonset-controller': 'system:serviceaccount:kube-system:daemon-set-controller',
  ephemeral_volume: 'system:serviceaccount:kube-system:ephemeral-volume-controller',
  'node-ipam-controller': 'system:serviceaccount:kube-system:node-controller',
  'persistentvolume-controller': 'system:serviceaccount:kube-system:persistent-volume-binder',
  'taint-eviction-controller': 'system:serviceaccount:kube-system:node-controller',
  'tokens-controller': 'system:kube-controller-manager',
  volume_expand: 'system:serviceaccount:kube-system:expand-controller',
  'migration-runner-controller': 'system:serviceaccount:kube-system:storage-version-migrator-controller',
  'kubernetes-service-controller': 'system:apiserver',
  'kubernetes-service-cidr-controller': 'system:apiserver',
  'ipallocator-repair-controller': 'system:apiserver',
  'legacy-token-tracking-controller': 'system:apiserver',
  'local-provisioner': 'system:apiserver',
}

/** Stored, as itself and not as another kind's words, and deletable. Absent verbs mean all. */
export const isCollectable = ({ verbs, storedAs }: AnyKind): boolean =>
  storedAs === undefined && (verbs === undefined || (['list', 'watch', 'delete'] as const).every((verb) => verbs.includes(verb)))
