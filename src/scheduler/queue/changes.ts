import type { Node } from '#api/core/v1/node.ts'
import type { Pod } from '#api/core/v1/pod.ts'
import { deepEqual } from '#schema/fields.ts'
import type { ClusterEvent, EventAction } from '../framework/cluster-event.ts'
import type { PodInfo } from '../world/pod-info.ts'

/** What of a node's change could make room; undefined: nothing (a heartbeat). */
export function nodeChange(before: Node | undefined, after: Node): ClusterEvent | undefined {
  if (before === undefined) return { resource: 'Node', actions: ['Add'], before, after }
  const actions: EventAction[] = []
  if (!deepEqual(before.status.allocatable, after.status.allocatable)) actions.push('UpdateNodeAllocatable')
  if (!deepEqual(before.metadata.labels, after.metadata.labels)) actions.push('UpdateNodeLabel')
  const isUncordoned = before.spec.unschedulable === true && !after.spec.unschedulable
  if (isUncordoned || !deepEqual(before.spec.taints, after.spec.taints)) actions.push('UpdateNodeTaint')
  if (!deepEqual(standings(before), standings(after))) actions.push('UpdateNodeCondition')
  if (!deepEqual(before.metadata.annotations, after.metadata.annotations)) actions.push('UpdateNodeAnnotation')
  if (!deepEqual(before.status.declaredFeatures, after.status.declaredFeatures)) actions.push('UpdateNodeDeclaredFeature')
  return actions.length === 0 ? undefined : { resource: 'Node', actions, before, after }
}

const standings = (node: Node): unknown => Object.fromEntries((node.status.conditions ?? []).map(({ type, status }) => [type, status]))

/** An update of a pod; one that changes nothing that is named is an `Update` (kube-scheduler PodSchedulingPropertiesChange). */
export function podChange(before: Pod, after: Pod, podInfo: (pod: Pod) => PodInfo): ClusterEvent {
  const actions: EventAction[] = []
  if (!deepEqual(before.metadata.labels, after.metadata.labels)) actions.push('UpdatePodLabel')
  if (asksForLess(podInfo(before), podInfo(after))) actions.push('UpdatePodScaleDown')
  if (before.spec.schedulingGates?.length && !after.spec.schedulingGates?.length) actions.push('UpdatePodSchedulingGatesEliminated')
  if (before.spec.tolerations?.length !== after.spec.tolerations?.length) actions.push('UpdatePodToleration')
  const hasOtherClaims =
    !deepEqual(before.status.resourceClaimStatuses, after.status.resourceClaimStatuses) ||
    !deepEqual(before.status.extendedResourceClaimStatus, after.status.extendedResourceClaimStatus)
  if (hasOtherClaims) actions.push('UpdatePodGeneratedResourceClaim')
  return { resource: 'Pod', actions: actions.length === 0 ? ['Update'] : actions, before, after }
}

const asksForLess = ({ shape: before }: PodInfo, { shape: after }: PodInfo): boolean =>
  before !== after &&
  before.requests.some(({ resource, amount }) => (after.requests.find((want) => want.resource === resource)?.amount ?? 0) < amount)
