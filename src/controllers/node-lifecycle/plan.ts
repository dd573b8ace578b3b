import { Node } from '#api/core/v1/node.ts'
import { Pod } from '#api/core/v1/pod.ts'
import type { NodeCondition } from '#api/core/v1/types.ts'
import type { KubeObject } from '#api/kind.ts'
import { same } from '#api/strategy.ts'
import type { Instant } from '#lib/clock.ts'
import { rfc3339 } from '#lib/rfc3339.ts'
import type { Command, Plan } from '#loop/controller.ts'
import { patchSeen, targetOf } from '../common/commands.ts'
import { conditionOf } from '../common/conditions.ts'
import { conditionTaints } from './taints.ts'

export interface NodeView {
  readonly about: 'node'
  readonly now: Instant
  readonly node: Node
  /** Last sign of life. */
  readonly seenAt: Instant
  /** How long it may be silent. */
  readonly graceMs: number
  readonly isNew: boolean
  readonly pods: readonly Pod[]
}

/** A node that was known here, and is not there any more. */
export interface GoneNodeView {
  readonly about: 'gone'
  readonly name: string
  readonly uid: string
}

export function planGoneNode({ name, uid }: GoneNodeView): Plan {
  const node = { apiVersion: 'v1', kind: 'Node', metadata: { name, uid, resourceVersion: '', creationTimestamp: '' } }
  return { commands: [nodeEvent(node, 'RemovingNode', `Node ${name} event: Removing Node ${name} from Controller`)], wakeAt: Infinity }
}

/** One node: whether it still speaks, the taints that its conditions ask for, and the pods of one that does not. */
export function planNode(view: NodeView): Plan {
  const { now, node, seenAt, graceMs, isNew, pods } = view
  const commands: Command[] = []
  if (isNew)
    commands.push(
      nodeEvent(node, 'RegisteredNode', `Node ${node.metadata.name} event: Registered Node ${node.metadata.name} in Controller`),
    )
  const isSilent = now > seenAt + graceMs
  const ready = conditionOf(node.status.conditions, 'Ready')
  const silenced = isSilent && ready?.status !== 'Unknown' ? silence(node, now) : undefined
  if (silenced !== undefined) {
    commands.push(patchSeen(Node, node, { status: { conditions: silenced } }, 'status'))
    if (ready?.status === 'True') commands.push(nodeEvent(node, 'NodeNotReady', `Node ${node.metadata.name} status is now: NodeNotReady`))
    // The taints follow from the new conditions, at the look that this write brings.
    return { commands, wakeAt: Infinity }
  }
  if (ready?.status === 'Unknown') commands.push(...pods.flatMap((pod) => markNotReady(pod, now)))
  const main = { ...changeOf(labelsOf(node), 'metadata'), ...changeOf(conditionTaints(node, now), 'spec') }
  if (Object.keys(main).length > 0) commands.push(patchSeen(Node, node, main))
  return { commands, wakeAt: isSilent ? Infinity : seenAt + graceMs + 1 }
}

const changeOf = (change: object | undefined, key: string): object => (change === undefined ? {} : { [key]: change })

/** What nobody confirms any more is unknown; what the node never said, too. */
function silence(node: Node, now: Instant): NodeCondition[] {
  const conditions = [...(node.status.conditions ?? [])]
  for (const type of ['Ready', 'MemoryPressure', 'DiskPressure', 'PIDPressure']) {
    const at = conditions.findIndex((condition) => condition.type === type)
    const present = conditions[at]
    if (present === undefined) {
      conditions.push({
        type,
        status: 'Unknown',
        reason: 'NodeStatusNeverUpdated',
        message: 'Kubelet never posted node status.',
        lastHeartbeatTime: node.metadata.creationTimestamp,
        lastTransitionTime: rfc3339(now),
      })
    } else if (present.status !== 'Unknown') {
      const said = { reason: 'NodeStatusUnknown', message: 'Kubelet stopped posting node status.' }
      conditions[at] = { ...present, status: 'Unknown', ...said, lastTransitionTime: rfc3339(now) }
    }
  }
  return conditions
}

/** Nobody can tell whether it still serves: it shall get no more requests. */
function markNotReady(pod: Pod, now: Instant): Command[] {
  const ready = conditionOf(pod.status.conditions, 'Ready')
  if (ready === undefined || ready.status === 'False') return []
  const conditions = pod.status.conditions!.map((one) =>
    one === ready ? { ...one, status: 'False', lastTransitionTime: rfc3339(now) } : one,
  )
  return [
    {
      do: 'patch',
      ...targetOf(Pod, pod),
      resourceVersion: pod.metadata.resourceVersion,
      subresource: 'status',
      body: { status: { conditions } },
    },
    { do: 'event', regarding: pod, type: 'Warning', reason: 'NodeNotReady', message: 'Node is not ready' },
  ]
}

const aliases = { 'kubernetes.io/os': 'beta.kubernetes.io/os', 'kubernetes.io/arch': 'beta.kubernetes.io/arch' }

/** Old selectors still name the labels' former keys. */
function labelsOf({ metadata: { labels = {} } }: Node): object | undefined {
  const wanted = Object.entries(aliases).flatMap(([key, alias]) => (labels[key] === undefined ? [] : [[alias, labels[key]] as const]))
  const changed = wanted.filter(([alias, value]) => !same(labels[alias], value))
  return changed.length === 0 ? undefined : { labels: Object.fromEntries(changed) }
}

const nodeEvent = (node: KubeObject, reason: string, message: string): Command => ({
  do: 'event',
  regarding: node,
  type: 'Normal',
  reason,
  message,
})
