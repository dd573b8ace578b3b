import type { Pod } from '#api/core/v1/pod.ts'
import type { World } from '../world/world.ts'

/** Kinds whose changes may wake waiting pods (kube-scheduler framework.EventResource; but for namespaces, which the reference does not hear). */
export type EventResource =
  | 'Pod'
  | 'Node'
  | 'Namespace'
  | 'PersistentVolume'
  | 'PersistentVolumeClaim'
  | 'storage.k8s.io/CSINode'
  | 'storage.k8s.io/CSIDriver'
  | 'storage.k8s.io/VolumeAttachment'
  | 'storage.k8s.io/CSIStorageCapacity'
  | 'storage.k8s.io/StorageClass'
  | 'resource.k8s.io/ResourceClaim'
  | 'resource.k8s.io/ResourceSlice'
  | 'resource.k8s.io/DeviceClass'

/** What happened to it. `Update` is any update; the others say what of a node or a pod is different. */
export type EventAction =
  | 'Add'
  | 'Delete'
  | 'Update'
  | 'UpdateNodeAllocatable'
  | 'UpdateNodeLabel'
  | 'UpdateNodeTaint'
  | 'UpdateNodeCondition'
  | 'UpdateNodeAnnotation'
  | 'UpdateNodeDeclaredFeature'
  | 'UpdatePodLabel'
  | 'UpdatePodScaleDown'
  | 'UpdatePodToleration'
  | 'UpdatePodSchedulingGatesEliminated'
  | 'UpdatePodGeneratedResourceClaim'

/**
 * One change of the cluster. A pod that is bound (also one that we have just decided) is an `Add`, one that ends, is unbound or deleted a
 * `Delete`. An update of several parts comes once, with all its actions.
 */
export interface ClusterEvent {
  readonly resource: EventResource
  readonly actions: readonly EventAction[]
  readonly before: unknown
  readonly after: unknown
}

/** Events that a plug-in wants to hear of; `Update` covers every kind of update. */
export interface EventPattern {
  readonly resource: EventResource
  readonly actions: readonly EventAction[]
  /** Whether this very change can help this very pod (a queueing hint, KEP-4247). Absent: it can. `pod` is the waiting one. */
  readonly helps?: (pod: Pod, event: ClusterEvent, world: World) => boolean
}
