import type { NodeCondition } from '#api/core/v1/types.ts'
import { rfc3339 } from '#lib/rfc3339.ts'
import type { NodeFactsView } from './node-object.ts'

type Verdict = Pick<NodeCondition, 'type' | 'status' | 'reason' | 'message'>

/**
 * The node's conditions: those of others as they are, then what parts of the agent say, `Ready` last as the reference has it. What a part
 * says goes before what the machine's figures say; a part that says that the node is not ready adds its reason to the others.
 */
export function nodeConditions(view: NodeFactsView, previous: readonly NodeCondition[]): NodeCondition[] {
  const said = view.said.flatMap((one) => one.conditions ?? [])
  const unready = said.filter(({ type, status }) => type === 'Ready' && status !== 'True').map(({ message }) => message)
  const reasons = [view.notReady, ...unready].filter((reason) => reason !== '')
  const byType = new Map<string, Verdict>()
  for (const one of [...pressures(view), ...said]) if (one.type !== 'Ready') byType.set(one.type, one)
  const made = [
    ...byType.values(),
    reasons.length === 0
      ? verdict('Ready', 'True', 'KubeletReady', 'kubelet is posting ready status')
      : verdict('Ready', 'False', 'KubeletNotReady', reasons.length === 1 ? reasons[0]! : `[${reasons.join(', ')}]`),
  ]
  const own = new Set(made.map(({ type }) => type))
  const time = rfc3339(view.now)
  return [
    ...previous.filter(({ type }) => !own.has(type)),
    ...made.map((one): NodeCondition => {
      const former = previous.find(({ type, status }) => type === one.type && status === one.status)
      return { ...one, lastHeartbeatTime: time, lastTransitionTime: former?.lastTransitionTime ?? time }
    }),
  ]
}

/** The event that tells of a condition's change: its reason, which its message repeats (pkg/kubelet/nodestatus). */
export function conditionEvents(previous: readonly NodeCondition[], now: readonly NodeCondition[]): readonly string[] {
  return now.flatMap(({ type, status }) => {
    const former = previous.find((one) => one.type === type)
    // What a node is like when it registers is told too, except whether it is ready.
    if (former?.status === status || (type === 'Ready' && former === undefined)) return []
    const reason = eventReasons[type]?.[status === 'True' ? 0 : 1]
    return reason === undefined ? [] : [reason]
  })
}

const eventReasons: Readonly<Record<string, readonly [whenTrue: string, otherwise: string]>> = {
  MemoryPressure: ['NodeHasInsufficientMemory', 'NodeHasSufficientMemory'],
  DiskPressure: ['NodeHasDiskPressure', 'NodeHasNoDiskPressure'],
  PIDPressure: ['NodeHasInsufficientPID', 'NodeHasSufficientPID'],
  Ready: ['NodeReady', 'NodeNotReady'],
}

/** The reference's hard eviction thresholds, judged by the machine's figures alone: where nothing watches them closer. */
function pressures({ machine }: NodeFactsView): Verdict[] {
  const { storage } = machine
  const isMemoryShort = machine.memoryAvailableBytes < EVICTION_MEMORY_BYTES
  const isDiskShort =
    storage.availableBytes < storage.capacityBytes * EVICTION_DISK_SHARE ||
    (storage.inodes > 0 && storage.inodesFree < storage.inodes * EVICTION_INODES_SHARE)
  const isPidShort = machine.processCount > machine.processLimit * (1 - EVICTION_PROCESS_SHARE)
  return [
    isMemoryShort
      ? verdict('MemoryPressure', 'True', 'KubeletHasInsufficientMemory', 'kubelet has insufficient memory available')
      : verdict('MemoryPressure', 'False', 'KubeletHasSufficientMemory', 'kubelet has sufficient memory available'),
    isDiskShort
      ? verdict('DiskPressure', 'True', 'KubeletHasDiskPressure', 'kubelet has disk pressure')
      : verdict('DiskPressure', 'False', 'KubeletHasNoDiskPressure', 'kubelet has no disk pressure'),
    isPidShort
      ? verdict('PIDPressure', 'True', 'KubeletHasInsufficientPID', 'kubelet has insufficient PID available')
      : verdict('PIDPressure', 'False', 'KubeletHasSufficientPID', 'kubelet has sufficient PID available'),
  ]
}

const EVICTION_MEMORY_BYTES = 100 * 1024 * 1024
const EVICTION_DISK_SHARE = 0.1
const EVICTION_INODES_SHARE = 0.05
/** Processes of a hundred that are left free. */
const EVICTION_PROCESS_SHARE = 0.01

const verdict = (type: string, status: 'True' | 'False', reason: string, message: string): Verdict => ({ type, status, reason, message })
