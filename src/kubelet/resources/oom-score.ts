import type { Pod } from '#api/core/v1/pod.ts'
import { amountOf, sumContainers } from '#api/core/v1/resources.ts'
import { quantityToInteger } from '#lib/quantity.ts'
import { type AnyContainer, initContainers, isSidecar, regularContainers } from '../pod/containers.ts'
import { qosClass } from '../pod/qos.ts'

/**
 * `oom_score_adj` of a container's processes: who dies first when the node's memory runs out (Kubernetes documentation, "Node out of memory
 * behavior"). BestEffort goes before Burstable, and of those goes first who asked for little of the node's memory; a sidecar never before the
 * containers that it serves (KEP-753). What a pod asks for as a whole and gives to no container counts for each in equal parts (KEP-2837).
 */
export function oomScoreAdjust(pod: Pod, container: AnyContainer, nodeMemoryBytes: number): number {
  if (isNodeCritical(pod)) return LAST_TO_DIE
  const qos = qosClass(pod)
  if (qos === 'Guaranteed') return LAST_TO_DIE
  if (qos === 'BestEffort') return FIRST_TO_DIE

  const shared = sharedBytes(pod)
  const scoreOf = (bytes: number) => 1000 - Math.trunc((1000 * (bytes + shared)) / nodeMemoryBytes)
  let score = scoreOf(requestBytes(container))
  const isInit = initContainers(pod).some(({ name }) => name === container.name)
  if (isInit && isSidecar(container, 'init')) score = Math.min(score, scoreOf(Math.min(...regularContainers(pod).map(requestBytes))))
  // Between the two classes on either side of it.
  return score < 1000 + LAST_TO_DIE ? 1000 + LAST_TO_DIE : score === FIRST_TO_DIE ? FIRST_TO_DIE - 1 : score
}

const LAST_TO_DIE = -997
const FIRST_TO_DIE = 1000

const requestBytes = ({ resources }: AnyContainer): number => quantityToInteger(resources?.requests?.['memory'] ?? '0')

/** The class by its name alone is not enough: a pod may only name it with the priority that goes with it. */
function isNodeCritical(pod: Pod): boolean {
  return pod.spec.priorityClassName === 'system-node-critical' && (isOfNode(pod) || (pod.spec.priority ?? 0) >= SYSTEM_CRITICAL_PRIORITY)
}

/** A static pod, or its mirror. */
const isOfNode = ({ metadata: { annotations = {} } }: Pod): boolean =>
  annotations['kubernetes.io/config.mirror'] !== undefined || (annotations['kubernetes.io/config.source'] ?? 'api') !== 'api'

const SYSTEM_CRITICAL_PRIORITY = 2_000_000_000

/** Each container's part of what the pod asks for beyond its containers. */
function sharedBytes(pod: Pod): number {
  const total = quantityToInteger(pod.spec.resources?.requests?.['memory'] ?? '0')
  if (total === 0) return 0
  const asked = amountOf('memory', sumContainers(pod.spec, 'requests')['memory'] ?? '0')
  return Math.trunc((total - asked) / (regularContainers(pod).length + initContainers(pod).length))
}
