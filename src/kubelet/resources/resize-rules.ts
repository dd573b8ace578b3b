import type { Node } from '#api/core/v1/node.ts'
import type { Pod } from '#api/core/v1/pod.ts'
import { compareQuantity } from '#lib/quantity.ts'
import type { PodAdmitter } from '../interfaces.ts'
import { refusalByNode, refusalOf, shortages } from '../pod/admission/node-rules.ts'
import { qosClass } from '../pod/qos.ts'
import type { NodeResources } from './node-resources.ts'
import { maySwap } from './swap.ts'

/** Why a resize cannot be: never on this node, or not while others hold what it takes. */
export interface ResizeRefusal {
  readonly reason: 'Infeasible' | 'Deferred'
  readonly message: string
  /** Of the metric `kubelet_pod_infeasible_resizes_total`. */
  readonly cause?: string
}

/** What a resize is measured against. */
export interface ResizeRoom {
  readonly node: NodeResources
  readonly allocatable: Readonly<Record<string, string>>
  /** The pods that hold something here, as they were allocated. */
  readonly others: readonly Pod[]
  /** As it is known to this node. Absent: its labels and taints are not looked at. */
  readonly object?: Node | undefined
  /** Absent: nobody else is asked. */
  readonly admitters?: readonly PodAdmitter[]
}

/**
 * Whether this node gives a pod what it wants now, instead of what it was given before (KEP-1287). Undefined: it does. Who decides whether a pod
 * is taken at all has a say in this as well: a node that runs out of disk gives nobody more of its memory.
 */
export function refusalOfResize(wanted: Pod, allocated: Pod, room: ResizeRoom): ResizeRefusal | undefined {
  const { node, allocatable, object, admitters = [] } = room
  if (swapsMemoryThatChanges(wanted, allocated, node))
    return { reason: 'Infeasible', message: 'In-place resize of containers with swap is not supported.', cause: 'swap_limitation' }
  if (qosClass(wanted) === 'Guaranteed') {
    if (node.config?.cpuManagerPolicy === 'static' && isChanged(wanted, allocated, 'cpu'))
      return pinned('CPU Manager policy "static"', 'guaranteed_pod_cpu_manager_static_policy')
    if (node.config?.memoryManagerPolicy === 'Static' && isChanged(wanted, allocated, 'memory'))
      return pinned('Memory Manager policy "Static"', 'guaranteed_pod_memory_manager_static_policy')
  }
  const others = room.others.filter(({ metadata }) => metadata.uid !== wanted.metadata.uid)
  const [short] = shortages(wanted, { allocatable, others })
  const message =
    refusalByAdmitter(wanted, admitters, 'first') ??
    (short && refusalOf(short).message) ??
    (object && refusalByNode(wanted, { node: object, allocatable, others })?.message) ??
    refusalByAdmitter(wanted, admitters, 'last')
  return message === undefined ? undefined : { reason: 'Deferred', message }
}

function refusalByAdmitter(wanted: Pod, admitters: readonly PodAdmitter[], place: PodAdmitter['place']): string | undefined {
  for (const admitter of admitters) {
    const answer = admitter.place === place ? admitter.admitResize?.(wanted) : undefined
    if (answer?.admitted === false) return answer.message
  }
  return undefined
}

const pinned = (policy: string, cause: string): ResizeRefusal => ({
  reason: 'Infeasible',
  message: `Resize is infeasible for Guaranteed Pods alongside ${policy}`,
  cause,
})

const containersOf = ({ spec }: Pod) => [...(spec.initContainers ?? []), ...spec.containers]

/** Pairs of what a container wants and what it has. */
function pairs(wanted: Pod, allocated: Pod) {
  const before = new Map(containersOf(allocated).map((one) => [one.name, one]))
  return containersOf(wanted).flatMap((after) => {
    const former = before.get(after.name)
    return former === undefined ? [] : [{ after, former }]
  })
}

const isChanged = (wanted: Pod, allocated: Pod, name: 'cpu' | 'memory'): boolean =>
  pairs(wanted, allocated).some(
    ({ after, former }) => compareQuantity(after.resources?.requests?.[name] ?? '0', former.resources?.requests?.[name] ?? '0') !== 0,
  )

/** A container's share of swap hangs on its request of memory, and no runtime changes it while the container runs. */
function swapsMemoryThatChanges(wanted: Pod, allocated: Pod, node: NodeResources): boolean {
  return pairs(wanted, allocated).some(({ after, former }) => {
    const isSame = compareQuantity(after.resources?.requests?.['memory'] ?? '0', former.resources?.requests?.['memory'] ?? '0') === 0
    const restarts = former.resizePolicy?.find(({ resourceName }) => resourceName === 'memory')?.restartPolicy === 'RestartContainer'
    return !isSame && !restarts && (maySwap(wanted, after, node) || maySwap(allocated, former, node))
  })
}
