import { podLimits, podRequests, type Resources, resourceListOf } from '#api/core/v1/resources.ts'
import type { PodCondition, PodStatus } from '#api/core/v1/types.ts'
import { rfc3339 } from '#lib/rfc3339.ts'
import { podCgroupResources } from '../cgroups/pod-resources.ts'
import { withResources } from '../resources/allocated-resources.ts'
import type { ResizeCondition } from '../resources/resizes.ts'
import type { PodView } from './view.ts'

/** What the status says of a resize: it was asked for and waits, or it was granted and is not carried out yet. */
export function resizeConditions({ resize }: PodView, { phase }: PodStatus): PodCondition[] {
  // What is over is not resized any more.
  if (phase === 'Succeeded' || phase === 'Failed') return []
  const made = (type: string, condition: ResizeCondition | undefined): PodCondition[] => {
    if (condition === undefined) return []
    const { since, ...rest } = condition
    return [{ type, status: 'True', ...rest, lastProbeTime: null, lastTransitionTime: rfc3339(since) }]
  }
  return [...made('PodResizePending', resize?.pending), ...made('PodResizeInProgress', resize?.inProgress)]
}

/**
 * What the pod as a whole was given, and what it has (KEP-5419). Before it runs that is what it will have; from then on it is what its group is
 * limited to, so that a resource shows a limit only where the group has one.
 */
export function podResourcesStatus(view: PodView): Pick<PodStatus, 'resources' | 'allocatedResources'> {
  const { pod, group } = view
  const given = podRequests(pod.spec)
  const allocatedResources = resourceListOf(given)
  const show = (requests: Resources, limits: Resources) => ({
    ...(pod.spec.resources?.claims && { claims: pod.spec.resources.claims }),
    ...(Object.keys(requests).length > 0 && { requests: resourceListOf(requests) }),
    ...(Object.keys(limits).length > 0 && { limits: resourceListOf(limits) }),
  })
  const status = { ...(Object.keys(allocatedResources).length > 0 && { allocatedResources }) }
  if (pod.status?.phase !== 'Running') return { ...status, resources: show(given, podLimits(pod.spec)) }

  const actual = group === undefined ? pod : withResources(pod, group)
  const limited = podCgroupResources(actual)
  const [requests, limits] = [podRequests(actual.spec), podLimits(actual.spec)]
  const only = (all: Resources, isShown: (name: string) => boolean): Resources =>
    Object.fromEntries(Object.entries(all).filter(([name]) => isShown(name)))
  const whole = pod.spec.resources
  return {
    ...status,
    resources: show(
      only(requests, (name) => name === 'cpu' || name === 'memory' || whole?.requests?.[name] !== undefined),
      only(
        limits,
        (name) =>
          (name === 'cpu' && limited.cpuQuota !== undefined) ||
          (name === 'memory' && limited.memoryBytes !== undefined) ||
          whole?.limits?.[name] !== undefined,
      ),
    ),
  }
}
