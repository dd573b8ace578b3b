import type { Pod } from '#api/core/v1/pod.ts'
import { toleratedBy } from '#api/core/v1/taints.ts'
import type { Admission } from '../interfaces.ts'
import { isCriticalPod } from '../pod/admission/preemption.ts'
import { qosClass } from '../pod/qos.ts'
import type { NodePressure } from './signals.ts'

/**
 * Whether a node under these pressures takes a pod: always one that the node needs, never another, but for memory alone, which only keeps out
 * best-effort pods that do not tolerate it.
 */
export function admitUnderPressure(pod: Pod, pressures: readonly NodePressure[]): Admission {
  if (pressures.length === 0 || isCriticalPod(pod)) return { admitted: true }
  if (pressures.length === 1 && pressures[0] === 'MemoryPressure') {
    if (qosClass(pod) !== 'BestEffort' || toleratedBy(memoryPressureTaint, pod.spec.tolerations)) return { admitted: true }
  }
  return { admitted: false, reason: 'Evicted', message: `The node had condition: [${pressures.join(' ')}]. ` }
}

const memoryPressureTaint = { key: 'node.kubernetes.io/memory-pressure', effect: 'NoSchedule' } as const
