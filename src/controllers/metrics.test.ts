import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createRegistry } from '#lib/metrics/registry.ts'
import type { Controller } from '#loop/controller.ts'
import { createControllerMetrics } from '#loop/controller-metrics.ts'
import { createServedKinds } from '#loop/served-kinds.ts'
import { cronJobController } from './cronjob/controller.ts'
import { deviceTaintEvictionController } from './device-taint-eviction/controller.ts'
import { endpointSliceController } from './endpointslice/controller.ts'
import { ephemeralVolumeController } from './ephemeral-volume/controller.ts'
import { horizontalPodAutoscalerController } from './horizontal-pod-autoscaler/controller.ts'
import { noMetrics } from './horizontal-pod-autoscaler/metrics-reader.ts'
import { jobController } from './job/controller.ts'
import { nodeLifecycleController } from './node-lifecycle/controller.ts'
import { podGcController } from './pod-gc/controller.ts'
import { resourceClaimController } from './resource-claim/controller.ts'
import { statefulSetController } from './statefulset/controller.ts'
import { taintEvictionController } from './taint-eviction/controller.ts'
import { ttlAfterFinishedController } from './ttl-after-finished/controller.ts'

/** As the reference's controller manager has them: stability, type, labels, first and last bucket. */
const known: Readonly<Record<string, readonly [stability: string, type: string, labels: string, buckets?: string]>> = {
  cronjob_controller_job_creation_skew_duration_seconds: ['STABLE', 'histogram', '', '1…512'],
  device_taint_eviction_controller_pod_deletion_duration_seconds: ['ALPHA', 'histogram', '', '0.005…240'],
  device_taint_eviction_controller_pod_deletions_total: ['ALPHA', 'counter', ''],
  endpoint_slice_controller_changes: ['ALPHA', 'counter', 'operation'],
  endpoint_slice_controller_desired_endpoint_slices: ['BETA', 'gauge', ''],
  endpoint_slice_controller_endpoints_added_per_sync: ['BETA', 'histogram', '', '2…32768'],
  endpoint_slice_controller_endpoints_desired: ['BETA', 'gauge', ''],
  endpoint_slice_controller_endpoints_removed_per_sync: ['BETA', 'histogram', '', '2…32768'],
  endpoint_slice_controller_endpointslices_changed_per_sync: ['ALPHA', 'histogram', 'topology,traffic_distribution', '0.005…10'],
  endpoint_slice_controller_num_endpoint_slices: ['BETA', 'gauge', ''],
  endpoint_slice_controller_services_count_by_traffic_distribution: ['BETA', 'gauge', 'traffic_distribution'],
  endpoint_slice_controller_syncs: ['ALPHA', 'counter', 'result'],
  ephemeral_volume_controller_create_failures_total: ['ALPHA', 'counter', ''],
  ephemeral_volume_controller_create_total: ['ALPHA', 'counter', ''],
  horizontal_pod_autoscaler_controller_desired_replicas: ['ALPHA', 'gauge', 'hpa_name,namespace'],
  horizontal_pod_autoscaler_controller_metric_computation_duration_seconds: [
    'BETA',
    'histogram',
    'action,error,metric_type',
    '0.001…16.384',
  ],
  horizontal_pod_autoscaler_controller_metric_computation_total: ['BETA', 'counter', 'action,error,metric_type'],
  horizontal_pod_autoscaler_controller_num_horizontal_pod_autoscalers: ['ALPHA', 'gauge', ''],
  horizontal_pod_autoscaler_controller_reconciliation_duration_seconds: ['BETA', 'histogram', 'action,error', '0.001…16.384'],
  horizontal_pod_autoscaler_controller_reconciliations_total: ['BETA', 'counter', 'action,error'],
  job_controller_job_finished_indexes_total: ['ALPHA', 'counter', 'backoffLimit,status'],
  job_controller_job_pods_creation_total: ['ALPHA', 'counter', 'reason,status'],
  job_controller_job_pods_finished_total: ['STABLE', 'counter', 'completion_mode,result'],
  job_controller_job_sync_duration_seconds: ['STABLE', 'histogram', 'action,completion_mode,result', '0.004…65.536'],
  job_controller_job_syncs_total: ['STABLE', 'counter', 'action,completion_mode,result'],
  job_controller_jobs_by_external_controller_total: ['ALPHA', 'counter', 'controller_name'],
  job_controller_jobs_finished_total: ['STABLE', 'counter', 'completion_mode,reason,result'],
  job_controller_pod_failures_handled_by_failure_policy_total: ['BETA', 'counter', 'action'],
  job_controller_terminated_pods_tracking_finalizer_total: ['BETA', 'counter', 'event'],
  node_collector_evictions_total: ['STABLE', 'counter', 'zone'],
  node_collector_unhealthy_nodes_in_zone: ['ALPHA', 'gauge', 'zone'],
  node_collector_zone_health: ['ALPHA', 'gauge', 'zone'],
  node_collector_zone_size: ['ALPHA', 'gauge', 'zone'],
  pod_gc_collector_force_delete_pod_errors_total: ['ALPHA', 'counter', 'namespace,reason'],
  pod_gc_collector_force_delete_pods_total: ['ALPHA', 'counter', 'namespace,reason'],
  resourceclaim_controller_creates_total: ['ALPHA', 'counter', 'admin_access,status'],
  resourceclaim_controller_resource_claims: ['ALPHA', 'gauge', 'admin_access,allocated,source'],
  statefulset_controller_statefulset_max_unavailable: ['ALPHA', 'gauge', 'pod_management_policy,statefulset_name,statefulset_namespace'],
  statefulset_controller_statefulset_unavailable_replicas: [
    'ALPHA',
    'gauge',
    'pod_management_policy,statefulset_name,statefulset_namespace',
  ],
  taint_eviction_controller_pod_deletion_duration_seconds: ['ALPHA', 'histogram', '', '0.005…240'],
  taint_eviction_controller_pod_deletions_total: ['ALPHA', 'counter', ''],
  ttl_after_finished_controller_job_deletion_duration_seconds: ['ALPHA', 'histogram', '', '0.1…819.2'],
}

const counting = [
  cronJobController(),
  deviceTaintEvictionController(),
  endpointSliceController(),
  ephemeralVolumeController(),
  horizontalPodAutoscalerController(createServedKinds([]), noMetrics),
  jobController(),
  nodeLifecycleController(),
  podGcController(0),
  resourceClaimController(),
  statefulSetController(new Set(['MaxUnavailableStatefulSet'])),
  taintEvictionController(),
  ttlAfterFinishedController,
] as unknown as readonly Controller<never>[]

test('the controllers’ metrics have the names, labels and buckets of the reference', () => {
  const found = counting.flatMap(({ metrics = [] }) =>
    metrics.map((metric) => {
      const labels = [...(metric.labels ?? [])].toSorted().join()
      const facts = [metric.stability, metric.type, labels]
      return [metric.name, metric.type === 'histogram' ? [...facts, `${metric.buckets[0]}…${metric.buckets.at(-1)}`] : facts] as const
    }),
  )
  assert.deepEqual(Object.fromEntries(found.toSorted()), known)
})

test('no two controllers have a metric of the same name', () => {
  const metrics = createControllerMetrics(createRegistry())
  for (const controller of counting) metrics.of(controller, {} as never)
})
