import assert from 'node:assert/strict'
import { test } from 'node:test'
import { LimitRange } from '#api/core/v1/limit-range.ts'
import { Node } from '#api/core/v1/node.ts'
import { PersistentVolumeClaim } from '#api/core/v1/persistent-volume-claim.ts'
import { Pod } from '#api/core/v1/pod.ts'
import type { AnyKind } from '#api/kind.ts'
import { memoryObjects } from '../authorization/testing/memory-objects.ts'
import type { AdmissionPlugin, Objects } from '../contract.ts'
import { certificateAdmission } from './certificates.ts'
import { defaultStorageClass } from './default-classes.ts'
import { limitRanger } from './limit-ranger.ts'
import { persistentVolumeClaimResize } from './persistent-volume-claim-resize.ts'
import { nodeDeclaredFeatureValidator, podResizeValidator } from './pod-resize-validator.ts'
import { podTopologyLabels } from './pod-topology-labels.ts'
import { priority } from './priority.ts'
import { runtimeClass } from './runtime-class.ts'
import { storageObjectInUseProtection } from './storage-object-in-use-protection.ts'
import { type AskedOptions, askedOf, assertForbidden, runPlugin } from './testing.ts'

const pod = (spec: object = {}, metadata: object = {}) => ({ metadata, spec: { containers: [{ name: 'c' }], ...spec } })
const sized = (requests: object, limits: object = {}) => pod({ containers: [{ name: 'c', resources: { requests, limits } }] })
const claim = (storage: string, spec: object = {}, status: object = {}) => ({
  metadata: {},
  spec: { resources: { requests: { storage } }, ...spec },
  status,
})

/** Objects whose kinds the server may not know: found by their resource. */
function objectsWith(others: Readonly<Record<string, readonly object[]>> = {}): ReturnType<typeof memoryObjects> {
  const objects = memoryObjects()
  const kinds = new Map(Object.keys(others).map((resource) => [resource, { plural: resource, scope: 'Cluster' } as unknown as AnyKind]))
  for (const [resource, list] of Object.entries(others)) for (const one of list) objects.put(kinds.get(resource)!, one)
  return { ...objects, kindOf: (group, resource) => kinds.get(resource) ?? objects.kindOf(group, resource) }
}

interface Case {
  readonly plugin: AdmissionPlugin
  readonly objects?: Objects
  readonly kind?: AnyKind
  readonly object: object
  readonly options?: AskedOptions
}

function checkRefused(name: string, { plugin, objects = memoryObjects(), kind = Pod, object, options }: Case, why: string): void {
  test(name, () => assertForbidden(runPlugin(plugin, askedOf(objects, kind, object, options)), why))
}

function checkAdmitted(
  name: string,
  { plugin, objects = memoryObjects(), kind = Pod, object, options }: Case,
  look: (object: never) => unknown,
  want: unknown,
): void {
  test(name, async () => {
    const admitted = await runPlugin(plugin, askedOf(objects, kind, object, options))
    assert.deepEqual(look(admitted as never), want)
  })
}

// --- LimitRanger -------------------------------------------------------------------------------------------------------------------

const ranges = (...limits: readonly object[]): Objects => {
  const objects = memoryObjects()
  objects.put(LimitRange, { metadata: { name: 'l', namespace: 'd' }, spec: { limits } })
  return objects
}
const defaults = ranges({ type: 'Container', default: { cpu: '1' }, defaultRequest: { cpu: '500m', memory: '1Gi' } })
const resourcesOf = ({ spec }: Pod) => spec.containers[0]!.resources
checkAdmitted('limits are filled in', { plugin: limitRanger, objects: defaults, object: pod() }, resourcesOf, {
  requests: { cpu: '500m', memory: '1Gi' },
  limits: { cpu: '1' },
})
checkAdmitted(
  'what a container says stays',
  { plugin: limitRanger, objects: defaults, object: sized({ cpu: '2' }, { cpu: '3' }) },
  resourcesOf,
  {
    requests: { cpu: '2', memory: '1Gi' },
    limits: { cpu: '3' },
  },
)
checkAdmitted(
  'what was filled in is told',
  { plugin: limitRanger, objects: defaults, object: pod() },
  ({ metadata }: Pod) => metadata.annotations,
  { 'kubernetes.io/limit-ranger': 'LimitRanger plugin set: cpu, memory request for container c; cpu limit for container c' },
)
checkAdmitted(
  'an update is not looked at',
  { plugin: limitRanger, objects: defaults, object: pod(), options: { operation: 'UPDATE', previous: pod() } },
  resourcesOf,
  undefined,
)
const bounded = ranges({ type: 'Container', min: { cpu: '100m' }, max: { cpu: '1' }, maxLimitRequestRatio: { cpu: '2' } })
checkRefused(
  'too little, without a limit',
  { plugin: limitRanger, objects: bounded, object: sized({ cpu: '50m' }) },
  '[minimum cpu usage per Container is 100m, but request is 50m, maximum cpu usage per Container is 1.  No limit is specified, cpu max limit to request ratio per Container is 2, but no limit is specified or limit is 0]',
)
checkRefused(
  'too much, too far from the request',
  { plugin: limitRanger, objects: bounded, object: sized({ cpu: '200m' }, { cpu: '1500m' }) },
  '[maximum cpu usage per Container is 1, but limit is 1500m, cpu max limit to request ratio per Container is 2, but provided ratio is 7.500000]',
)
checkRefused(
  'a pod whose containers together are too much',
  {
    plugin: limitRanger,
    objects: ranges({ type: 'Pod', max: { cpu: '1' } }),
    object: pod({ containers: [1, 2].map((n) => ({ name: `c${n}`, resources: { limits: { cpu: '600m' } } })) }),
  },
  'maximum cpu usage per Pod is 1, but limit is 1200m',
)
checkRefused(
  'a claim that is too small',
  {
    plugin: limitRanger,
    objects: ranges({ type: 'PersistentVolumeClaim', min: { storage: '1Gi' } }),
    kind: PersistentVolumeClaim,
    object: claim('500Mi'),
  },
  'minimum storage usage per PersistentVolumeClaim is 1Gi, but request is 500Mi',
)

// --- classes -----------------------------------------------------------------------------------------------------------------------

const classes = objectsWith({
  priorityclasses: [
    { metadata: { name: 'high' }, value: 1000, preemptionPolicy: 'Never' },
    { metadata: { name: 'usual' }, value: 5, globalDefault: true },
  ],
  runtimeclasses: [
    {
      metadata: { name: 'r' },
      handler: 'h',
      overhead: { podFixed: { cpu: '100m' } },
      scheduling: { nodeSelector: { a: 'b' }, tolerations: [{ key: 'k', operator: 'Exists' }] },
    },
  ],
  storageclasses: [
    {
      metadata: {
        name: 'old',
        creationTimestamp: '2026-01-01T00:00:00Z',
        annotations: { 'storageclass.kubernetes.io/is-default-class': 'true' },
      },
    },
    {
      metadata: {
        name: 'new',
        creationTimestamp: '2026-02-01T00:00:00Z',
        annotations: { 'storageclass.kubernetes.io/is-default-class': 'true' },
      },
      allowVolumeExpansion: true,
    },
    { metadata: { name: 'fixed', creationTimestamp: '2026-03-01T00:00:00Z' } },
  ],
})
const priorityOf = ({ spec }: Pod) => [spec.priorityClassName, spec.priority, spec.preemptionPolicy]
checkAdmitted('a priority class', { plugin: priority, objects: classes, object: pod({ priorityClassName: 'high' }) }, priorityOf, [
  'high',
  1000,
  'Never',
])
checkAdmitted('the default priority', { plugin: priority, objects: classes, object: pod() }, priorityOf, [
  'usual',
  5,
  'PreemptLowerPriority',
])
checkRefused(
  'no such class',
  { plugin: priority, objects: classes, object: pod({ priorityClassName: 'x' }) },
  'no PriorityClass with name x was found',
)
checkRefused(
  'a second default',
  {
    plugin: priority,
    objects: classes,
    kind: {
      group: 'scheduling.k8s.io',
      version: 'v1',
      kind: 'PriorityClass',
      plural: 'priorityclasses',
      scope: 'Cluster',
    } as unknown as AnyKind,
    object: { metadata: { name: 'another' }, globalDefault: true, value: 1 },
  },
  'PriorityClass usual is already marked as default. Only one default can exist',
)
checkAdmitted(
  "a runtime's overhead and nodes",
  {
    plugin: runtimeClass,
    objects: classes,
    object: pod({ runtimeClassName: 'r', tolerations: [{ key: 'k', operator: 'Exists', effect: 'NoExecute' }] }),
  },
  ({ spec }: Pod) => [spec.overhead, spec.nodeSelector, spec.tolerations],
  [{ cpu: '100m' }, { a: 'b' }, [{ key: 'k', operator: 'Exists' }]],
)
checkRefused(
  'overhead without a runtime',
  { plugin: runtimeClass, objects: classes, object: pod({ overhead: { cpu: '1' } }) },
  'pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead',
)
checkRefused(
  'other nodes than the runtime',
  { plugin: runtimeClass, objects: classes, object: pod({ runtimeClassName: 'r', nodeSelector: { a: 'c' } }) },
  'conflict: runtimeClass.scheduling.nodeSelector[a] = b; pod.spec.nodeSelector[a] = c',
)
const classNameOf = ({ spec }: PersistentVolumeClaim) => spec.storageClassName
checkAdmitted(
  'the newest default storage class',
  { plugin: defaultStorageClass, objects: classes, kind: PersistentVolumeClaim, object: claim('1Gi') },
  classNameOf,
  'new',
)
checkAdmitted(
  'no storage class is a choice',
  { plugin: defaultStorageClass, objects: classes, kind: PersistentVolumeClaim, object: claim('1Gi', { storageClassName: '' }) },
  classNameOf,
  '',
)
checkAdmitted(
  'a claim is held',
  { plugin: storageObjectInUseProtection, kind: PersistentVolumeClaim, object: claim('1Gi') },
  ({ metadata }: PersistentVolumeClaim) => metadata.finalizers,
  ['kubernetes.io/pvc-protection'],
)
const growing = (storageClassName: string, phase: string): Case => ({
  plugin: persistentVolumeClaimResize,
  objects: classes,
  kind: PersistentVolumeClaim,
  object: claim('2Gi', { storageClassName }),
  options: { operation: 'UPDATE', previous: claim('1Gi', { storageClassName }, { phase }) },
})
checkRefused('an unbound claim cannot grow', growing('new', 'Pending'), 'Only bound persistent volume claims can be expanded')
checkRefused(
  'nor one whose class does not let it',
  growing('fixed', 'Bound'),
  'only dynamically provisioned pvc can be resized and the storageclass that provisions the pvc must support resize',
)
checkAdmitted('another can', growing('new', 'Bound'), () => true, true)

// --- nodes -------------------------------------------------------------------------------------------------------------------------

const nodes = memoryObjects()
nodes.put(Node, {
  metadata: { name: 'n', labels: { 'topology.kubernetes.io/zone': 'z', other: 'x' } },
  status: { allocatable: { cpu: '2', memory: '1Gi' } },
})
checkAdmitted(
  "a pod learns its node's zone",
  { plugin: podTopologyLabels, objects: nodes, object: pod({ nodeName: 'n' }, { labels: { own: 'y' } }) },
  ({ metadata }: Pod) => metadata.labels,
  { own: 'y', 'topology.kubernetes.io/zone': 'z' },
)
checkAdmitted(
  'and by its binding',
  {
    plugin: podTopologyLabels,
    objects: nodes,
    object: { metadata: {}, target: { kind: 'Node', name: 'n' } },
    options: { subresource: 'binding' },
  },
  ({ metadata }: Pod) => metadata.labels,
  { 'topology.kubernetes.io/zone': 'z' },
)
const resized = (spec: object, before: object = {}): Pick<Case, 'object' | 'objects' | 'options'> => ({
  objects: nodes,
  object: pod({ nodeName: 'n', ...spec }, { generation: 2 }),
  options: { operation: 'UPDATE', subresource: 'resize', previous: pod({ nodeName: 'n', ...before }, { generation: 1 }) },
})
checkRefused(
  'no pod grows past its node',
  { plugin: podResizeValidator, ...resized({ containers: [{ name: 'c', resources: { requests: { cpu: '3', memory: '2Gi' } } }] }) },
  "node didn't have enough allocatable resources: cpu, requested: 3000, allocatable: 2000; memory, requested: 2147483648, allocatable: 1073741824",
)
checkRefused(
  'a node that cannot resize pods as a whole',
  { plugin: nodeDeclaredFeatureValidator, ...resized({ resources: { requests: { cpu: '1' } } }) },
  'pod update requires features InPlacePodLevelResourcesVerticalScaling which are not available on node "n"',
)

// --- certificates ------------------------------------------------------------------------------------------------------------------

const requests = {
  group: 'certificates.k8s.io',
  version: 'v1',
  plural: 'certificatesigningrequests',
  kind: 'CertificateSigningRequest',
  scope: 'Cluster',
}
const request = (status: object = {}) => ({ metadata: { name: 'p' }, spec: { signerName: 'example.com/s', request: '' }, status })
const byName = (name: string): AdmissionPlugin => {
  const all = certificateAdmission(async ({ verb, name: signer }) => ({
    allowed: verb === 'sign' && signer === 'example.com/*',
    reason: '',
  }))
  return all.find((plugin) => plugin.name === name)!
}
const onRequest = (plugin: string, subresource: string, status: object): Case => ({
  plugin: byName(plugin),
  kind: requests as unknown as AnyKind,
  object: request(status),
  options: { operation: 'UPDATE', subresource, previous: request() },
})
checkRefused(
  'who may not approve',
  onRequest('CertificateApproval', 'approval', {}),
  'user not permitted to approve requests with signerName "example.com/s"',
)
checkAdmitted('who may sign for the whole domain', onRequest('CertificateSigning', 'status', { certificate: 'x' }), () => true, true)
