import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { hasCorpus, type Outcome, replay } from './replay.ts'

const corpus = process.env.WHERRY_CORPUS ?? fileURLToPath(new URL('../../../../shared/differential', import.meta.url))
const skip = hasCorpus(corpus) ? false : 'the recorded answers of the reference server are not beside this repository'

/**
 * Least share of recorded writes that get the same causes from us. What is missing to 1 is named: answers that admission or a generated
 * name changed cannot be had without a server.
 */
const leastShares: Readonly<Record<string, number>> = {
  'rbac.authorization.k8s.io/v1/ClusterRole': 1,
  'rbac.authorization.k8s.io/v1/ClusterRoleBinding': 1,
  'rbac.authorization.k8s.io/v1/Role': 1,
  'rbac.authorization.k8s.io/v1/RoleBinding': 1,
  'v1/ConfigMap': 0.99,
  'v1/Secret': 1,
  'v1/ServiceAccount': 1,
  'v1/Namespace': 0.95,
  'v1/Node': 1,
  'v1/Pod': 0.995,
  'v1/PodTemplate': 1,
  'v1/ReplicationController': 0.99,
  'apps/v1/Deployment': 0.975,
  'apps/v1/ReplicaSet': 0.99,
  'apps/v1/StatefulSet': 0.99,
  'apps/v1/DaemonSet': 0.99,
  'apps/v1/ControllerRevision': 0.99,
  'batch/v1/CronJob': 0.99,
  'autoscaling/v1/HorizontalPodAutoscaler': 0.99,
  'autoscaling/v2/HorizontalPodAutoscaler': 0.99,
  'policy/v1/PodDisruptionBudget': 0.99,
  'scheduling.k8s.io/v1/PriorityClass': 0.99,
  'v1/Service': 0.98,
  'v1/Endpoints': 1,
  'discovery.k8s.io/v1/EndpointSlice': 1,
  'v1/Event': 0.99,
  'events.k8s.io/v1/Event': 1,
  'coordination.k8s.io/v1/Lease': 1,
  'v1/LimitRange': 0.98,
  'v1/ResourceQuota': 1,
  'v1/PersistentVolume': 0.965,
  'v1/PersistentVolumeClaim': 0.98,
  'admissionregistration.k8s.io/v1/MutatingAdmissionPolicy': 0.98,
  'admissionregistration.k8s.io/v1/MutatingAdmissionPolicyBinding': 1,
  'admissionregistration.k8s.io/v1/MutatingWebhookConfiguration': 0.99,
  'admissionregistration.k8s.io/v1/ValidatingAdmissionPolicy': 0.98,
  'admissionregistration.k8s.io/v1/ValidatingAdmissionPolicyBinding': 1,
  'admissionregistration.k8s.io/v1/ValidatingWebhookConfiguration': 0.99,
  'apiregistration.k8s.io/v1/APIService': 1,
  'certificates.k8s.io/v1/CertificateSigningRequest': 1,
  'flowcontrol.apiserver.k8s.io/v1/FlowSchema': 1,
  'flowcontrol.apiserver.k8s.io/v1/PriorityLevelConfiguration': 1,
  'networking.k8s.io/v1/Ingress': 1,
  'networking.k8s.io/v1/IngressClass': 1,
  'networking.k8s.io/v1/IPAddress': 0.97,
  'networking.k8s.io/v1/NetworkPolicy': 1,
  'networking.k8s.io/v1/ServiceCIDR': 1,
  'node.k8s.io/v1/RuntimeClass': 1,
  'resource.k8s.io/v1/DeviceClass': 0.88,
  'resource.k8s.io/v1/ResourceClaim': 0.96,
  'resource.k8s.io/v1/ResourceClaimTemplate': 0.95,
  'resource.k8s.io/v1/ResourceSlice': 1,
  'storage.k8s.io/v1/CSIDriver': 1,
  'storage.k8s.io/v1/CSINode': 1,
  'storage.k8s.io/v1/CSIStorageCapacity': 1,
  'storage.k8s.io/v1/StorageClass': 1,
  'storage.k8s.io/v1/VolumeAttachment': 1,
  'storage.k8s.io/v1/VolumeAttributesClass': 1,
}

test('writes are refused for the reasons of the reference', { skip }, () => {
  const byKind = Map.groupBy(replay(corpus, 'validation'), ({ kind }) => kind)
  for (const [kind, least] of Object.entries(leastShares)) check(kind, least, byKind.get(kind) ?? [])
})

test('complete and minimal objects are taken', { skip }, () => {
  const refused = replay(corpus, 'defaults').filter(({ extra }) => extra.length > 0)
  assert.deepEqual(
    refused.map(({ id, step, extra }) => `${id} ${step}: ${extra[0]}`),
    [],
  )
})

function check(kind: string, least: number, outcomes: readonly Outcome[]): void {
  assert.ok(outcomes.length > 0, `no recorded write of ${kind}`)
  const differing = outcomes.filter(({ missing, extra }) => missing.length + extra.length > 0)
  const share = 1 - differing.length / outcomes.length
  const shown = differing.slice(0, 5).map(({ id, step, missing, extra }) => `${id} ${step}\n  - ${missing[0]}\n  + ${extra[0]}`)
  assert.ok(share >= least, `${kind}: ${share.toFixed(3)} of ${outcomes.length} agree, ${least} wanted\n${shown.join('\n')}`)
}
