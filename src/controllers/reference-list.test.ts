import assert from 'node:assert/strict'
import { test } from 'node:test'
import { noFeatures } from '#api/features.ts'
import type { AnyKind } from '#api/kind.ts'
import { kinds } from '#api/kinds.ts'
import { optionalKinds, servedKinds } from '#api/served-kinds.ts'
import { makeCertificate } from '#host/pki/certificate.ts'
import { createServedKinds } from '#loop/served-kinds.ts'
import { controllers, isCollectable } from './mod.ts'

/**
 * What the reference's controller manager v1.36.3 can run (its `names`), and who does that here; for those that are absent, why; for those that
 * run only where a kind is turned on, which. What is here and not there is a part of the reference's API server.
 */
const reference: Readonly<
  Record<string, { readonly here: string | readonly string[]; readonly where?: string } | { readonly absent: string }>
> = {
  'serviceaccount-token-controller': { here: 'tokens-controller' },
  'endpoints-controller': { here: 'endpoint-controller' },
  'endpointslice-controller': { here: 'endpointslice-controller' },
  'endpointslice-mirroring-controller': { here: 'endpointslicemirroring-controller' },
  'replicationcontroller-controller': { here: 'replication-controller' },
  'pod-garbage-collector-controller': { here: 'pod-garbage-collector' },
  'resourcequota-controller': { here: 'resourcequota-controller' },
  'namespace-controller': { here: 'namespace-controller' },
  'serviceaccount-controller': { here: 'service-account-controller' },
  'garbage-collector-controller': { here: 'generic-garbage-collector' },
  'daemonset-controller': { here: 'daemonset-controller' },
  'job-controller': { here: 'job-controller' },
  'podgroup-protection-controller': { absent: 'GenericWorkload is alpha and off; PodGroups are not served' },
  'deployment-controller': { here: 'deployment-controller' },
  'replicaset-controller': { here: 'replicaset-controller' },
  'horizontal-pod-autoscaler-controller': { here: 'horizontal-pod-autoscaler' },
  'disruption-controller': { here: 'disruption-controller' },
  'statefulset-controller': { here: 'statefulset-controller' },
  'cronjob-controller': { here: 'cronjob-controller' },
  'certificatesigningrequest-signing-controller': { here: 'certificate-signer' },
  'certificatesigningrequest-approving-controller': { here: 'certificate-approver' },
  'certificatesigningrequest-cleaner-controller': { here: 'certificate-cleaner' },
  'podcertificaterequest-cleaner-controller': { where: 'PodCertificateRequest', here: 'podcertificaterequestcleaner' },
  'ttl-controller': { here: 'ttl-controller' },
  // Off by default there, and on in every cluster that machines can join by a token; here machines can always join so.
  'bootstrap-signer-controller': { here: 'bootstrap-signer' },
  'token-cleaner-controller': { here: 'token-cleaner' },
  'node-ipam-controller': { here: 'node-ipam-controller' },
  'node-lifecycle-controller': { here: 'node-controller' },
  'taint-eviction-controller': { here: 'taint-eviction-controller' },
  'device-taint-eviction-controller': { here: 'device-taint-eviction-controller' },
  // A cloud's load balancer there, the nodes' own addresses here.
  'service-lb-controller': { here: 'service-controller' },
  'node-route-controller': { absent: 'routes between nodes are the network of each node here, not a cloud’s' },
  'cloud-node-lifecycle-controller': { absent: 'no cloud says which machines are gone' },
  'persistentvolume-binder-controller': { here: 'persistentvolume-controller' },
  'persistentvolume-attach-detach-controller': { here: 'attachdetach-controller' },
  'persistentvolume-expander-controller': { here: 'volume_expand' },
  'clusterrole-aggregation-controller': { here: 'clusterrole-aggregation-controller' },
  'persistentvolumeclaim-protection-controller': { here: 'pvc-protection-controller' },
  'persistentvolume-protection-controller': { here: 'pv-protection-controller' },
  'volumeattributesclass-protection-controller': { here: 'volumeattributesclass-protection-controller' },
  'ttl-after-finished-controller': { here: 'ttl-after-finished-controller' },
  'root-ca-certificate-publisher-controller': { here: 'root-ca-cert-publisher' },
  'kube-apiserver-serving-clustertrustbundle-publisher-controller': {
    where: 'ClusterTrustBundle',
    here: 'kube-apiserver-serving-clustertrustbundle-publisher',
  },
  'ephemeral-volume-controller': { here: 'ephemeral_volume' },
  'storageversion-garbage-collector-controller': { absent: 'StorageVersionAPI is alpha and off; StorageVersions are not served' },
  'resourceclaim-controller': { here: 'resource-claim-controller' },
  'resourcepoolstatusrequest-controller': { absent: 'DRAResourcePoolStatus is alpha and off; the kind is not served' },
  'legacy-serviceaccount-token-cleaner-controller': { here: 'legacy-service-account-token-cleaner' },
  'validatingadmissionpolicy-status-controller': { here: 'validatingadmissionpolicy-status-controller' },
  'service-cidr-controller': { here: 'service-cidrs-controller' },
  'storage-version-migrator-controller': {
    where: 'StorageVersionMigration',
    here: ['storage-version-migrator-controller', 'migration-runner-controller'],
  },
  'selinux-warning-controller': { absent: 'off by default' },
}

/** Parts of the reference's API server. */
const apiServersOwn = [
  'ipallocator-repair-controller',
  'kubernetes-service-cidr-controller',
  'kubernetes-service-controller',
  'legacy-token-tracking-controller',
]

/** Kinds of absent controllers: whoever serves them has to run what belongs to them. */
const unserved = ['PodGroup', 'ResourcePoolStatusRequest', 'StorageVersion']

const namesWith = (served: readonly AnyKind[]) =>
  controllers({
    served: createServedKinds(served.filter(isCollectable)),
    kinds: served,
    rootCa: 'PEM',
    serviceCIDRs: ['10.96.0.0/16'],
    apiServer: { addresses: ['192.0.2.7'], port: 6443, clusterIp: '10.96.0.1' },
    signingAuthority: makeCertificate({ commonName: 'ca', usage: 'ca', notBefore: 0, notAfter: 4e12 }),
  }).map(({ name }) => name)

test('every controller that the reference runs by default runs here, and no other', () => {
  const here = Object.values(reference).flatMap((one) => ('here' in one && one.where === undefined ? [one.here].flat() : []))
  assert.deepEqual(namesWith(servedKinds(noFeatures)).toSorted(), [...here, ...apiServersOwn].toSorted())
})

test('those of kinds that are turned on run with them', () => {
  const here = Object.values(reference).flatMap((one) => ('here' in one ? [one.here].flat() : []))
  assert.deepEqual(namesWith([...kinds, ...optionalKinds]).toSorted(), [...here, ...apiServersOwn].toSorted())
})

test('what is absent has nothing to do', () => {
  const served = kinds.map(({ kind }) => kind as string)
  for (const kind of unserved) assert.equal(served.includes(kind), false, `${kind} is served`)
})
