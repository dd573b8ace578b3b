import assert from 'node:assert/strict'
import { test } from 'node:test'
import { PodCertificateRequest } from '#api/certificates/v1beta1/pod-certificate-request.ts'
import { Lease } from '#api/coordination/v1/lease.ts'
import { Node } from '#api/core/v1/node.ts'
import { PersistentVolumeClaim } from '#api/core/v1/persistent-volume-claim.ts'
import { Pod } from '#api/core/v1/pod.ts'
import { ServiceAccount } from '#api/core/v1/service-account.ts'
import type { AnyKind } from '#api/kind.ts'
import { kinds } from '#api/kinds.ts'
import { isError } from '#lib/errors.ts'
import { decode } from '#schema/decode.ts'
import { asking, memoryObjects } from '../authorization/testing/memory-objects.ts'
import type { Admission } from '../contract.ts'
import { nodeRestriction } from './node-restriction.ts'
import { forbiddenLabels } from './node-restriction-labels.ts'

const objects = memoryObjects()
objects.put(Node, { metadata: { name: 'n' }, spec: {} })
const pod = (name: string, spec: object = {}) => objects.put(Pod, { metadata: { name, namespace: 'd' }, spec: { nodeName: 'n', ...spec } })
pod('own', {
  volumes: [{ name: 't', projected: { sources: [{ serviceAccountToken: { audience: 'vault' } }, { serviceAccountToken: {} }] } }],
})
pod('foreign', { nodeName: 'x' })

interface Write {
  readonly kind: AnyKind
  readonly operation?: Admission['operation']
  readonly subresource?: string
  readonly name?: string
  readonly namespace?: string
  readonly object?: object
  readonly previous?: object
  readonly user?: string
  readonly rights?: boolean
}

async function check(write: Write, refusal?: string): Promise<void> {
  const { kind, operation = 'CREATE', subresource = '', name = '', object, previous, user = 'system:node:n', rights = false } = write
  const namespace = write.namespace ?? (kind.scope === 'Namespaced' ? 'd' : '')
  const attributes = asking(
    { name: user, groups: ['system:nodes'] },
    { group: kind.group, resource: kind.plural, subresource, namespace, name },
  )
  const admission = { attributes, operation, kind, object, previous, objects } as unknown as Admission
  const run = nodeRestriction(async () => ({ allowed: rights, reason: '' })).admit!(admission)
  if (refusal === undefined) assert.equal(await run, object)
  else await assert.rejects(run, (error) => isError(error, 'Forbidden', 'NotFound') && error.message === refusal, refusal)
}

test('its own Node, without labels or taints of its choice', async () => {
  const node = (labels: object = {}, spec: object = {}, meta: object = {}) => ({ metadata: { name: 'n', labels, ...meta }, spec })
  const update = (next: object, previous: object = node()) =>
    ({ kind: Node, operation: 'UPDATE', name: 'n', object: next, previous }) as const
  await check({ kind: Node, object: node({ 'kubernetes.io/hostname': 'h', 'example.com/x': 'y' }) })
  await check({ kind: Node, object: { metadata: { name: 'z' } } }, 'nodes "z" is forbidden: node "n" is not allowed to modify node "z"')
  await check(
    { kind: Node, object: node({ 'node-restriction.kubernetes.io/x': 'y' }) },
    'nodes "n" is forbidden: node "n" is not allowed to set the following labels: node-restriction.kubernetes.io/x',
  )
  await check(update(node({ 'example.com/ok': 'x' })))
  await check(
    update(node({ 'node-role.kubernetes.io/master': '' })),
    'nodes "n" is forbidden: is not allowed to modify labels: node-role.kubernetes.io/master',
  )
  await check(
    update(node(), node({ 'a.node-restriction.kubernetes.io/x': '' })),
    'nodes "n" is forbidden: is not allowed to modify labels: a.node-restriction.kubernetes.io/x',
  )
  await check(update(node({}, { taints: [{ key: 'a' }] })), 'nodes "n" is forbidden: node "n" is not allowed to modify taints')
  await check(
    update(node({}, {}, { ownerReferences: [{ name: 'a' }] })),
    'nodes "n" is forbidden: node "n" is not allowed to modify ownerReferences',
  )
  await check({ ...update(node()), subresource: 'status' })
  await check({ ...update(node({}, { taints: [] })), subresource: 'status' })
  await check({ ...update(node()), user: 'system:node:other' }, 'nodes "n" is forbidden: node "other" is not allowed to modify node "n"')
  await check({ ...update(node()), user: 'system:node:' }, 'nodes "n" is forbidden: could not determine node from user "system:node:"')
  await check({ ...update(node({}, { taints: [{}] })), user: 'kubernetes-admin' })
})

test('requests for certificates of its own pods, in the name of their accounts', async () => {
  const known = memoryObjects([...kinds, PodCertificateRequest])
  const put = (kind: AnyKind, name: string, more: object = {}, metadata: object = {}) =>
    known.put(kind, { metadata: { name, uid: `${name}-uid`, ...(kind === Node ? {} : { namespace: 'd' }), ...metadata }, ...more })
  for (const name of ['n', 'm']) put(Node, name)
  for (const name of ['sa', 'sb']) put(ServiceAccount, name)
  put(Pod, 'p', { spec: { nodeName: 'n', serviceAccountName: 'sa' } })
  put(Pod, 'q', { spec: { nodeName: 'm', serviceAccountName: 'sa' } })
  put(Pod, 'mirror', { spec: { nodeName: 'n' } }, { annotations: { 'kubernetes.io/config.mirror': 'x' } })
  const own = { podName: 'p', podUID: 'p-uid', serviceAccountName: 'sa', serviceAccountUID: 'sa-uid', nodeName: 'n', nodeUID: 'n-uid' }
  const about = 'PodCertificateRequest for pod "d/p"'
  for (const [spec, refusal, isFailure = false] of [
    [{}],
    [{ nodeName: 'm' }, 'PodCertificateRequest.Spec.NodeName="m", which is not the requesting node "n"'],
    [{ nodeUID: 'x' }, `${about} names node UID "x", inconsistent with the running node ("n-uid")`, true],
    [{ podName: 'none' }, 'while retrieving pod "d/none" named in the PodCertificateRequest: pod "none" not found', true],
    [{ podUID: 'x' }, `${about} contains pod UID ("x") which differs from running pod "p-uid"`, true],
    [{ podName: 'q', podUID: 'q-uid' }, 'pod "d/q" is not running on node "n" named in the PodCertificateRequest'],
    [{ podName: 'mirror', podUID: 'mirror-uid' }, 'pod "d/mirror" is a mirror pod'],
    [{ serviceAccountName: 'sb' }, `${about} contains serviceAccountName ("sb") that differs from running pod ("sa")`],
    [{ serviceAccountUID: 'x' }, `${about} names service account UID "x", which differs from the running service account ("sa-uid")`, true],
  ] as const) {
    const object = { metadata: { name: 'r', namespace: 'd' }, spec: { ...own, ...spec } }
    const { group, plural: resource } = PodCertificateRequest
    const attributes = asking(
      { name: 'system:node:n', groups: ['system:nodes'] },
      { group, resource, subresource: '', namespace: 'd', name: '' },
    )
    const admission = { attributes, operation: 'CREATE', kind: PodCertificateRequest, object, objects: known } as unknown as Admission
    const run = nodeRestriction(async () => ({ allowed: true, reason: '' })).admit!(admission)
    if (refusal === undefined) assert.equal(await run, object)
    else {
      const message = isFailure ? refusal : `podcertificaterequests.certificates.k8s.io "r" is forbidden: ${refusal}`
      await assert.rejects(run, (error) => isError(error, isFailure ? 'InternalError' : 'Forbidden') && error.message === message, message)
    }
  }
})

test('labels', () => {
  assert.deepEqual(
    forbiddenLabels(
      {
        'kubernetes.io/os': 'linux',
        'topology.kubernetes.io/zone': 'a',
        'kubelet.kubernetes.io/x': '',
        'node.kubernetes.io/x': '',
        plain: '',
      },
      {},
    ),
    [],
  )
  assert.deepEqual(forbiddenLabels({ 'k8s.io/x': '', 'x.k8s.io/y': '', 'kubernetes.io/z': '' }, {}), [
    'k8s.io/x',
    'kubernetes.io/z',
    'x.k8s.io/y',
  ])
  assert.deepEqual(forbiddenLabels({}, { 'k8s.io/x': '' }), ['k8s.io/x'])
  assert.deepEqual(forbiddenLabels({ 'evilk8s.io/x': '' }, {}), [])
})

test('pods: mirrors of its own', async () => {
  const mirror = (spec: object = {}, meta: object = {}) => ({
    metadata: {
      name: 'm',
      annotations: { 'kubernetes.io/config.mirror': 'x' },
      ownerReferences: [{ apiVersion: 'v1', kind: 'Node', name: 'n', uid: 'uid-n', controller: true }],
      ...meta,
    },
    spec: { nodeName: 'n', containers: [], ...spec },
  })
  const no = (why: string) => `pods "m" is forbidden: ${why}`
  await check({ kind: Pod, object: mirror() })
  await check({
    kind: Pod,
    object: mirror({
      volumes: [
        { name: 'a', hostPath: {} },
        { name: 'b', projected: { sources: [{ downwardAPI: {} }] } },
      ],
    }),
  })
  await check(
    { kind: Pod, object: mirror({}, { annotations: {} }) },
    no('pod does not have "kubernetes.io/config.mirror" annotation, node "n" can only create mirror pods'),
  )
  await check({ kind: Pod, object: mirror({ nodeName: 'x' }) }, no('node "n" can only create pods with spec.nodeName set to itself'))
  await check(
    { kind: Pod, object: mirror({}, { ownerReferences: [] }) },
    no('node "n" can only create pods with an owner reference set to itself'),
  )
  await check(
    { kind: Pod, object: mirror({}, { ownerReferences: [{ apiVersion: 'v1', kind: 'Node', name: 'n', uid: 'old', controller: true }] }) },
    no('node n UID mismatch: expected old got uid-n'),
  )
  for (const [volume, what] of [
    [{ secret: { secretName: 's' } }, 'secrets'],
    [{ persistentVolumeClaim: { claimName: 's' } }, 'persistentvolumeclaims'],
    [{ csi: { driver: 'x' } }, 'csidrivers (via CSI volumes)'],
    [{ projected: { sources: [{ serviceAccountToken: {} }] } }, 'serviceaccounts (via projected volumes)'],
    [{ somethingNew: {} }, 'unknown volume source'],
  ] as const)
    await check(
      { kind: Pod, object: mirror({ volumes: [{ name: 'v', ...volume }] }) },
      no(`node "n" can not create pods that reference ${what}`),
    )
  await check(
    { kind: Pod, object: mirror({ serviceAccountName: 'admin' }) },
    no('node "n" can not create pods that reference serviceaccounts'),
  )
  await check({ kind: Pod, operation: 'DELETE', name: 'own' })
  await check(
    { kind: Pod, operation: 'DELETE', name: 'foreign' },
    'pods "foreign" is forbidden: node "n" can only delete pods with spec.nodeName set to itself',
  )
  await check({ kind: Pod, operation: 'DELETE', name: 'none' }, 'pod "none" not found')
  await check(
    { kind: Pod, operation: 'UPDATE', name: 'own', object: pod('own2') },
    'pods "own" is forbidden: unexpected operation "UPDATE", node "n" can only create and delete mirror pods',
  )
  await check(
    { kind: Pod, subresource: 'exec', name: 'own', object: {} },
    `pods "own" is forbidden: unexpected pod subresource "exec", only 'status' and 'eviction' are allowed`,
  )
  await check(
    { kind: Pod, subresource: 'eviction', name: 'foreign', object: {} },
    'pods "foreign" is forbidden: node n can only evict pods with spec.nodeName set to itself',
  )
})

test('status of its own pods', async () => {
  const status = (previous: object, object: object = previous) =>
    ({ kind: Pod, operation: 'UPDATE', subresource: 'status', name: 'p', object, previous }) as const
  const of = (nodeName: string, labels = {}) => ({ metadata: { name: 'p', labels }, spec: { nodeName }, status: {} })
  await check(status(of('n')))
  await check(status(of('x')), 'pods "p" is forbidden: node "n" can only update pod status for pods with spec.nodeName set to itself')
  await check(status(of('n'), of('n', { a: 'b' })), 'pods "p" is forbidden: node "n" cannot update labels through pod status')
})

test('leases and claims', async () => {
  await check({ kind: Lease, namespace: 'kube-node-lease', object: { metadata: { name: 'n' } } })
  const no = (name: string, why: string) => `leases.coordination.k8s.io "${name}" is forbidden: ${why}`
  await check(
    { kind: Lease, namespace: 'kube-node-lease', object: { metadata: { name: 'x' } } },
    no('x', 'can only access node lease with the same name as the requesting node'),
  )
  await check(
    { kind: Lease, namespace: 'd', object: { metadata: { name: 'n' } } },
    no('n', 'can only access leases in the "kube-node-lease" system namespace'),
  )
  const fixed = {
    metadata: {
      name: 'rg-c',
      namespace: 'default',
      uid: 'u',
      creationTimestamp: '2026-11-21T17:24:22Z',
      annotations: { n: '<a>' },
      finalizers: ['a.b/c', 'kubernetes.io/pvc-protection'],
    },
    spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } }, volumeMode: 'Filesystem' },
  }
  const claim = (labels: object | undefined, status: object) => ({
    ...fixed,
    metadata: { ...fixed.metadata, ...(labels && { labels }) },
    status: { accessModes: ['ReadWriteOnce'], ...status },
  })
  const update = (object: object) =>
    ({
      kind: PersistentVolumeClaim,
      operation: 'UPDATE',
      subresource: 'status',
      name: 'rg-c',
      object,
      previous: claim({ z: 'a' }, { phase: 'Bound' }),
    }) as const
  const refused = (diff: string) =>
    `persistentvolumeclaims "rg-c" is forbidden: node "n" is not allowed to update fields other than status.quantity and status.conditions: ${diff}`
  await check(update(claim({ z: 'a' }, { phase: 'Bound', capacity: { storage: '2Gi' }, conditions: [] })))
  // As a client sends it when the last condition goes, which decoding makes a note of.
  const decoded = decode(PersistentVolumeClaim, claim({ z: 'a' }, { phase: 'Bound', conditions: [] })).value as object
  await check(update(decoded))
  // What the reference answers to the same.
  await check(
    update(claim({ a: 'b', z: 'a' }, { phase: 'Lost', capacity: { storage: '2Gi' } })),
    refused(`@@ -4,6 +4,7 @@
  "uid": "u",
  "creationTimestamp": "2026-11-21T17:24:22Z",
  "labels": {
+  "a": "b",
   "z": "a"
  },
  "annotations": {
@@ -32,7 +33,7 @@
   "VolumeAttributesClassName": null
  },
  "Status": {
-  "Phase": "Bound",
+  "Phase": "Lost",
   "AccessModes": [
    "ReadWriteOnce"
   ],
`),
  )
  await check(
    update(
      claim(undefined, {
        phase: 'Bound',
        modifyVolumeStatus: { status: 'Pending', targetVolumeAttributesClassName: 'x' },
        currentVolumeAttributesClassName: 'y',
      }),
    ),
    refused(`@@ -3,9 +3,6 @@
  "namespace": "default",
  "uid": "u",
  "creationTimestamp": "2026-11-21T17:24:22Z",
- "labels": {
-  "z": "a"
- },
  "annotations": {
   "n": "\\u003ca\\u003e"
  },
@@ -40,7 +37,10 @@
   "Conditions": null,
   "AllocatedResources": null,
   "AllocatedResourceStatuses": null,
-  "CurrentVolumeAttributesClassName": null,
-  "ModifyVolumeStatus": null
+  "CurrentVolumeAttributesClassName": "y",
+  "ModifyVolumeStatus": {
+   "TargetVolumeAttributesClassName": "x",
+   "Status": "Pending"
+  }
  }
 }
`),
  )
})

test('tokens of its own pods, for audiences that they name', async () => {
  const ask = (spec: object, rights = false) =>
    ({ kind: ServiceAccount, subresource: 'token', name: 'default', object: { metadata: {}, spec }, rights }) as const
  const ref = (name: string, uid = `uid-${name}`) => ({ boundObjectRef: { apiVersion: 'v1', kind: 'Pod', name, uid } })
  const no = (why: string) => `serviceaccounts "default" is forbidden: ${why}`
  await check(ask(ref('own')))
  await check(ask({ ...ref('own'), audiences: ['vault'] }))
  await check(
    ask({ ...ref('own'), audiences: ['bank'] }),
    no('audience "bank" not found in pod spec volume, system:node:n is not authorized to request tokens for this audience'),
  )
  await check(ask({ ...ref('own'), audiences: ['bank'] }, true))
  await check(ask({ ...ref('own'), audiences: ['vault', 'bank'] }), no('node may only request 0 or 1 audiences'))
  await check(ask({}), no('node requested token not bound to a pod'))
  await check(
    ask({ boundObjectRef: { apiVersion: 'v1', kind: 'Node', name: 'n', uid: 'uid-n' } }),
    no('node requested token not bound to a pod'),
  )
  await check(ask(ref('own', '')), no('node requested token with a pod binding without a uid'))
  await check(ask(ref('foreign')), no('node requested token bound to a pod scheduled on a different node'))
  await check(ask(ref('none')), 'pod "none" not found')
})
