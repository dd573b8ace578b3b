import assert from 'node:assert/strict'
import { test } from 'node:test'
import { HorizontalPodAutoscaler } from '#api/autoscaling/v2/horizontal-pod-autoscaler.ts'
import { Job } from '#api/batch/v1/job.ts'
import { Node } from '#api/core/v1/node.ts'
import { Pod } from '#api/core/v1/pod.ts'
import { Service } from '#api/core/v1/service.ts'
import { EndpointSlice } from '#api/discovery/v1/endpoint-slice.ts'
import { ResourceClaim } from '#api/resource/v1/resource-claim.ts'
import { ResourceClaimTemplate } from '#api/resource/v1/resource-claim-template.ts'
import { WherryError } from '#lib/errors.ts'
import { rfc3339 } from '#lib/rfc3339.ts'
import type { Controller } from '#loop/controller.ts'
import { createServedKinds } from '#loop/served-kinds.ts'
import { endpointSliceController } from './endpointslice/controller.ts'
import { ephemeralVolumeController } from './ephemeral-volume/controller.ts'
import { horizontalPodAutoscalerController } from './horizontal-pod-autoscaler/controller.ts'
import { noMetrics } from './horizontal-pod-autoscaler/metrics-reader.ts'
import { nodeLifecycleController } from './node-lifecycle/controller.ts'
import { podGcController } from './pod-gc/controller.ts'
import { resourceClaimController } from './resource-claim/controller.ts'
import { taintEvictionController } from './taint-eviction/controller.ts'
import { namespace, pod } from './testing/objects.ts'
import { World } from './testing/world.ts'
import { ttlAfterFinishedController } from './ttl-after-finished/controller.ts'

// biome-ignore lint/suspicious/noExplicitAny: a table of controllers knows none of their views
type AnyController = Controller<any>
const now = new World().now
const refused = (command: { readonly do: string }) => (command.do === 'event' ? undefined : new WherryError('Forbidden', 'no'))

/** What a controller counts until nothing is left to do; `key`: at one look, at which everything is refused. */
function counts(
  name: string,
  controller: AnyController,
  build: (world: World) => void,
  expected: Readonly<Record<string, number>>,
  key?: string,
) {
  test(name, () => {
    const world = new World()
    build(world)
    if (key === undefined) world.settle([controller])
    else {
      world.refuse = refused
      world.pass(controller, key)
    }
    assert.deepEqual(Object.fromEntries(world.counted), expected)
  })
}

/** What a controller's gauges show. */
function shows(name: string, controller: AnyController, build: (world: World) => void, expected: Readonly<Record<string, number>>) {
  test(name, () => {
    const world = new World()
    build(world)
    const readings = (controller.metrics ?? []).flatMap((metric) =>
      metric.type === 'gauge'
        ? [...metric.read(world)].map(({ labels, value }) => [`${metric.name}{${labels.join()}}`, value] as const)
        : [],
    )
    assert.deepEqual(
      Object.fromEntries(readings.filter(([series]) => Object.keys(expected).some((one) => one.split('{')[0] === series.split('{')[0]))),
      expected,
    )
  })
}

const node = (name: string, zone: string, status: string, labels: object = {}) => ({
  metadata: { name, labels: { 'topology.kubernetes.io/zone': zone, ...labels } },
  spec: {},
  status: { conditions: [{ type: 'Ready', status }] },
})

shows(
  'zones are as large and as well as their nodes that count',
  nodeLifecycleController(),
  (world) => {
    for (const [name, zone, status] of [
      ['a', 'x', 'True'],
      ['b', 'x', 'True'],
      ['c', 'x', 'Unknown'],
      ['d', 'x', 'False'],
      ['e', 'y', 'True'],
    ] as const)
      world.put(Node, node(name, zone, status))
    world.put(Node, node('f', 'y', 'False', { 'node.kubernetes.io/exclude-disruption': '' }))
  },
  {
    'node_collector_zone_size{:x}': 4,
    'node_collector_zone_size{:y}': 1,
    'node_collector_unhealthy_nodes_in_zone{:x}': 2,
    'node_collector_unhealthy_nodes_in_zone{:y}': 0,
    'node_collector_zone_health{:x}': 50,
    'node_collector_zone_health{:y}': 100,
  },
)

shows(
  'autoscalers, and what each wants',
  horizontalPodAutoscalerController(createServedKinds([]), noMetrics) as AnyController,
  (world) => {
    for (const [name, desiredReplicas] of [
      ['a', 3],
      ['b', 0],
    ] as const)
      world.put(HorizontalPodAutoscaler, { metadata: { name, namespace }, spec: {}, status: { desiredReplicas } })
  },
  {
    'horizontal_pod_autoscaler_controller_num_horizontal_pod_autoscalers{}': 2,
    'horizontal_pod_autoscaler_controller_desired_replicas{shop,a}': 3,
    'horizontal_pod_autoscaler_controller_desired_replicas{shop,b}': 0,
  },
)

counts(
  'pods that are removed, by why',
  podGcController(1),
  (world) => {
    world.put(Node, {
      metadata: { name: 'out' },
      spec: { taints: [{ key: 'node.kubernetes.io/out-of-service', effect: 'NoExecute' }] },
      status: {},
    })
    world.put(Node, node('n', '', 'True'))
    world.put(Pod, pod('a', { phase: 'Pending', deletedAt: now }))
    world.put(Pod, pod('b', { node: 'out', deletedAt: now }))
    world.put(Pod, pod('c', { node: 'n', phase: 'Succeeded' }))
    world.put(Pod, pod('d', { node: 'n', phase: 'Failed' }))
  },
  {
    'pod_gc_collector_force_delete_pods_total{shop,unscheduled}': 1,
    'pod_gc_collector_force_delete_pods_total{shop,out-of-service}': 1,
    'pod_gc_collector_force_delete_pods_total{shop,terminated}': 1,
  },
)
counts(
  'a pod that cannot be removed',
  podGcController(0),
  (world) => world.put(Pod, pod('a', { phase: 'Failed', deletedAt: now })),
  {
    'pod_gc_collector_force_delete_pods_total{shop,unscheduled}': 1,
    'pod_gc_collector_force_delete_pod_errors_total{shop,unscheduled}': 1,
  },
  `${namespace}/a`,
)

const tainted = (world: World, tolerationSeconds?: number) => {
  world.put(Node, {
    metadata: { name: 'n' },
    spec: { taints: [{ key: 'bad', effect: 'NoExecute', timeAdded: rfc3339(now - 60_000) }] },
    status: {},
  })
  const tolerations = tolerationSeconds === undefined ? [] : [{ key: 'bad', operator: 'Exists', tolerationSeconds }]
  world.put(Pod, pod('a', { node: 'n', createdAt: now - 3600_000, spec: { tolerations } }))
}
counts('pods that a taint evicts', taintEvictionController(), (world) => tainted(world), {
  'taint_eviction_controller_pod_deletions_total{}': 1,
})

/** What one look at what is there adds to a histogram, in seconds. */
function takes(
  name: string,
  controller: AnyController,
  build: (world: World) => void,
  key: string,
  metric: string,
  expected: readonly number[],
) {
  test(name, () => {
    const world = new World()
    build(world)
    const view = controller.view(key, world, now)
    const plan = controller.plan(view)
    const measures = controller.measured!(view, plan, { isDone: true, became: () => 'done', seconds: 0 })
    assert.deepEqual(
      measures.filter((measure) => measure.metric === metric).map(({ value }) => value),
      expected,
    )
  })
}

const evictionDelay = 'taint_eviction_controller_pod_deletion_duration_seconds'
takes(
  'an eviction is as late as its toleration is over',
  taintEvictionController(),
  (world) => tainted(world, 20),
  'shop/a',
  evictionDelay,
  [40],
)
takes('one without a toleration is in time', taintEvictionController(), (world) => tainted(world), 'shop/a', evictionDelay, [0])
takes('one that is still to come is none', taintEvictionController(), (world) => tainted(world, 90), 'shop/a', evictionDelay, [])

const ended = (ttlSecondsAfterFinished: number) => (world: World) =>
  world.put(Job, {
    metadata: { name: 'j', namespace },
    spec: { ttlSecondsAfterFinished },
    status: { conditions: [{ type: 'Complete', status: 'True', lastTransitionTime: rfc3339(now - 100_000) }] },
  })
const jobDelay = 'ttl_after_finished_controller_job_deletion_duration_seconds'
takes('a job is deleted as late as its time is over', ttlAfterFinishedController, ended(70), 'shop/j', jobDelay, [30])
takes('one that has time left is not', ttlAfterFinishedController, ended(170), 'shop/j', jobDelay, [])

const withVolume = (world: World) =>
  world.put(Pod, pod('p', { spec: { volumes: [{ name: 'v', ephemeral: { volumeClaimTemplate: { metadata: {}, spec: {} } } }] } }))
counts('claims of ephemeral volumes', ephemeralVolumeController(), withVolume, { 'ephemeral_volume_controller_create_total{}': 1 })
counts(
  'one that is refused',
  ephemeralVolumeController(),
  withVolume,
  { 'ephemeral_volume_controller_create_total{}': 1, 'ephemeral_volume_controller_create_failures_total{}': 1 },
  'shop/p',
)

const withClaims = (world: World) => {
  for (const [name, adminAccess] of [
    ['usual', undefined],
    ['admin', true],
  ] as const)
    world.put(ResourceClaimTemplate, {
      metadata: { name, namespace },
      spec: { spec: { devices: { requests: [{ name: 'r', exactly: { deviceClassName: 'c', ...(adminAccess && { adminAccess }) } }] } } },
    })
  const resourceClaims = ['usual', 'admin'].map((name) => ({ name, resourceClaimTemplateName: name }))
  world.put(Pod, pod('p', { phase: 'Pending', spec: { resourceClaims } }))
}
counts('claims of devices', resourceClaimController(), withClaims, {
  'resourceclaim_controller_creates_total{success,false}': 1,
  'resourceclaim_controller_creates_total{success,true}': 1,
})
shows(
  'claims that there are',
  resourceClaimController(),
  (world) => {
    const claim = (name: string, annotations: object, status: object) =>
      world.put(ResourceClaim, { metadata: { name, namespace, annotations }, spec: {}, status })
    claim('a', {}, {})
    claim('b', { 'resource.kubernetes.io/pod-claim-name': 'x' }, { allocation: {} })
    claim('c', { 'resource.kubernetes.io/pod-claim-name': 'y' }, { allocation: {} })
    claim('d', { 'resource.kubernetes.io/extended-resource-claim': 'true' }, {})
  },
  {
    'resourceclaim_controller_resource_claims{false,false,}': 1,
    'resourceclaim_controller_resource_claims{true,false,resource_claim_template}': 2,
    'resourceclaim_controller_resource_claims{false,false,extended_resource}': 1,
  },
)

const served = (world: World) => {
  world.put(Node, node('n', '', 'True'))
  world.put(Service, {
    metadata: { name: 's', namespace },
    spec: { selector: { app: 'web' }, clusterIP: '10.0.0.1', ipFamilies: ['IPv4'], ports: [{ port: 80, protocol: 'TCP', targetPort: 80 }] },
  })
  world.put(Pod, pod('p', { node: 'n', ip: '10.1.0.1', readyAt: now }))
}
test('slices are counted as they are written, and looks as they end', () => {
  const world = new World()
  served(world)
  const look = () => world.pass(endpointSliceController(), 'shop/s')
  look()
  world.put(Pod, pod('q', { node: 'n', ip: '10.1.0.2', readyAt: now }))
  look()
  world.put(Pod, pod('r', { node: 'n', ip: '10.1.0.3', readyAt: now }))
  world.refuse = refused
  look()
  world.refuse = () => new WherryError('Conflict', 'old')
  look()
  assert.equal(world.list(EndpointSlice).length, 1)
  assert.deepEqual(Object.fromEntries(world.counted), {
    'endpoint_slice_controller_syncs{success}': 2,
    'endpoint_slice_controller_changes{create}': 1,
    'endpoint_slice_controller_changes{update}': 1,
    'endpoint_slice_controller_syncs{error}': 1,
    'endpoint_slice_controller_syncs{stale}': 1,
  })
})
