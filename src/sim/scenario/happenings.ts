import { Event } from '#api/core/v1/event.ts'
import { Node } from '#api/core/v1/node.ts'
import { Pod } from '#api/core/v1/pod.ts'
import { isPodTerminal, podCondition } from '#api/core/v1/pod-helpers.ts'
import type { KubeObject } from '#api/kind.ts'
import { prefixOf } from '#apiserver/registry/keys.ts'
import type { Writer } from '../invariants/invariant.ts'
import type { Change } from '../world.ts'
import { isOfWorkload, type Workload, workloadTitle } from './workloads.ts'

/** One thing that happened, to something that people know by its name. */
export interface Happening {
  /** `deployment shop/web`, `node node-1`, `fault`. */
  readonly subject: string
  readonly what: What
  /** The object itself, where it is not the subject: a pod's name. */
  readonly object?: string
  /** A node, a reason, a message. */
  readonly detail?: string
}

/** The closed list of what is told. */
export type What =
  | 'applied'
  | 'fault'
  | 'created'
  | 'scheduled'
  | 'unschedulable'
  | 'waiting'
  | 'crashed'
  | 'completed'
  | 'failed'
  | 'evicted'
  | 'deleted'
  | 'gone'
  | 'ready'
  | 'scaled'
  | 'condition'
  | 'warning'
  | 'node'

/** What a commit means to people; most mean nothing. `workloadOf`: whose part an object is. */
export function happeningsOf(
  changes: readonly Change[],
  who: Writer,
  workloadOf: (object: KubeObject) => Workload | undefined,
): readonly Happening[] {
  return changes.flatMap((change): readonly Happening[] => {
    const { key, before, after } = change
    const object = (after ?? before)!
    if (object.metadata === undefined || object.kind === undefined) return []
    if (key.startsWith(podPrefix)) return podHappenings(before as Pod | undefined, after as Pod | undefined, who, workloadOf(object))
    if (key.startsWith(nodePrefix)) return nodeHappenings(before as Node | undefined, after as Node | undefined)
    if (key.startsWith(eventPrefix)) return []
    const workload = isOfWorkload(key) ? workloadOf(object) : undefined
    return workload === undefined ? otherHappenings(change) : workloadHappenings(change, who, workload)
  })
}

const [podPrefix, nodePrefix, eventPrefix] = [prefixOf(Pod), prefixOf(Node), prefixOf(Event)]

function podHappenings(before: Pod | undefined, after: Pod | undefined, who: Writer, workload: Workload | undefined): readonly Happening[] {
  const pod = (after ?? before)!
  const { name } = pod.metadata
  const subject = workload === undefined ? `pod ${pod.metadata.namespace}/${name}` : workloadTitle(workload)
  const told: Happening[] = []
  const tell = (what: What, detail?: string) => told.push({ subject, what, object: name, ...(detail !== undefined && { detail }) })
  if (after === undefined) {
    // One that nobody had asked to go, or that had been waited for.
    if (before!.metadata.deletionTimestamp === undefined) tell(isPodTerminal(before!) ? 'gone' : 'deleted', who.name)
    return told
  }
  if (before === undefined) tell('created')
  if (after.spec.nodeName && after.spec.nodeName !== before?.spec.nodeName) tell('scheduled', after.spec.nodeName)
  const obstacle = obstacleOf(after)
  if (obstacle !== undefined && obstacle !== (before && obstacleOf(before))) tell('unschedulable', obstacle)
  containerHappenings(before, after, tell)
  if (after.status.phase !== before?.status.phase) {
    if (after.status.phase === 'Succeeded') tell('completed')
    if (after.status.phase === 'Failed' && after.metadata.deletionTimestamp === undefined)
      tell('failed', [after.status.reason, after.status.message].filter(Boolean).join(': ') || 'a container ended with an error')
  }
  if (after.metadata.deletionTimestamp !== undefined && before?.metadata.deletionTimestamp === undefined) {
    const disrupted = podCondition(after, 'DisruptionTarget')
    if (disrupted?.status === 'True') tell('evicted', `${after.spec.nodeName || 'no node'}: ${disrupted.reason}`)
    else tell('deleted', who.name)
  }
  return told
}

/** Why the scheduler finds no node; that neither claims nor pods could make room is left out. */
export function obstacleOf(pod: Pod): string | undefined {
  const scheduled = podCondition(pod, 'PodScheduled')
  return scheduled?.status === 'False'
    ? (scheduled.message ?? scheduled.reason ?? '').replace(/\.? (?:no new claims to deallocate, )?preemption: .*$/, '')
    : undefined
}

function containerHappenings(before: Pod | undefined, after: Pod, tell: (what: What, detail: string) => void): void {
  const statusesOf = (pod: Pod | undefined) => [...(pod?.status.initContainerStatuses ?? []), ...(pod?.status.containerStatuses ?? [])]
  const known = new Map(statusesOf(before).map((status) => [status.name, status]))
  for (const { name, state, lastState } of statusesOf(after)) {
    const previous = known.get(name)
    const waiting = state?.waiting
    if (waiting?.reason && !starting.has(waiting.reason) && waiting.reason !== previous?.state?.waiting?.reason)
      if (waiting.reason !== 'CrashLoopBackOff')
        // Its back-off follows from the crash, which is told of.
        tell('waiting', [waiting.reason, waiting.message].filter(Boolean).join(': '))
    const ended = state?.terminated ?? (state?.running || state?.waiting ? lastState?.terminated : undefined)
    const endedBefore = previous?.state?.terminated ?? previous?.lastState?.terminated
    if (ended === undefined || ended.containerID === endedBefore?.containerID || after.metadata.deletionTimestamp !== undefined) continue
    if (ended.exitCode !== 0 || after.spec.restartPolicy === 'Always')
      if (!after.spec.initContainers?.some((init) => init.name === name) || ended.exitCode !== 0)
        tell('crashed', `container ${name} ended with code ${ended.exitCode}`)
  }
}

const starting: ReadonlySet<string> = new Set(['ContainerCreating', 'PodInitializing', 'ErrImagePull'])

function nodeHappenings(before: Node | undefined, after: Node | undefined): readonly Happening[] {
  const node = (after ?? before)!
  const tell = (detail: string): Happening => ({ subject: `node ${node.metadata.name}`, what: 'node', detail })
  if (after === undefined) return [tell('is gone')]
  if (before === undefined) return [tell('joined')]
  const told: Happening[] = []
  const readyOf = ({ status }: Node) => status.conditions?.find(({ type }) => type === 'Ready')
  const [was, is] = [readyOf(before), readyOf(after)]
  if (is !== undefined && is.status !== was?.status) told.push(tell(is.status === 'True' ? 'is ready' : `is not ready (${is.reason})`))
  if (!!after.spec.unschedulable !== !!before.spec.unschedulable)
    told.push(tell(after.spec.unschedulable ? 'takes no new pods' : 'takes pods again'))
  return told
}

function workloadHappenings({ before, after }: Change, who: Writer, workload: Workload): readonly Happening[] {
  const subject = workloadTitle(workload)
  const object = (after ?? before)!
  const isItself = object.kind === workload.kind && object.metadata.name === workload.name
  if (!isItself)
    return object.kind === 'Job' && before === undefined
      ? [{ subject, what: 'created', object: `job ${object.metadata.name}`, detail: 'job' }]
      : []
  if (after === undefined) return [{ subject, what: 'deleted', detail: who.name }]
  const replicas = (one: KubeObject | undefined) => (one as { readonly spec?: { readonly replicas?: number } } | undefined)?.spec?.replicas
  const scaled: readonly Happening[] =
    before !== undefined && replicas(before) !== replicas(after)
      ? [{ subject, what: 'scaled', detail: `scaled from ${replicas(before) ?? 1} to ${replicas(after) ?? 1} by ${who.name}` }]
      : []
  return [...scaled, ...conditionHappenings(subject, before, after).filter(({ detail = '' }) => tellingConditions.test(detail))]
}

/** Beside what its number of ready pods and its warnings tell. */
const tellingConditions =
  /^(?:Progressing is False|Complete is True|Failed is True|Suspended|ScalingLimited is True|ScalingActive is False)/

/** Claims, Services, custom resources: what their conditions and phases say. */
function otherHappenings({ before, after }: Change): readonly Happening[] {
  if (after === undefined || quiet.has(after.kind)) return []
  const { namespace, name } = after.metadata
  const subject = `${after.kind.toLowerCase()} ${namespace ? `${namespace}/` : ''}${name}`
  const phaseOf = (one: KubeObject | undefined) => (one as { readonly status?: { readonly phase?: unknown } } | undefined)?.status?.phase
  const phase = phaseOf(after)
  const phases: readonly Happening[] =
    typeof phase === 'string' && phase !== phaseOf(before) && phase !== 'Active' ? [{ subject, what: 'condition', detail: phase }] : []
  return [...phases, ...conditionHappenings(subject, before, after)]
}

/** Their conditions are of use to programs only. */
const quiet: ReadonlySet<string> = new Set([
  'CustomResourceDefinition',
  'APIService',
  'FlowSchema',
  'PriorityLevelConfiguration',
  'PodDisruptionBudget',
  'Namespace',
  'PersistentVolume',
])

function conditionHappenings(subject: string, before: KubeObject | undefined, after: KubeObject): readonly Happening[] {
  const known = new Map(conditionsOf(before).map((condition) => [condition.type, condition.status]))
  return conditionsOf(after)
    .filter(
      ({ type, status }) => status !== undefined && status !== known.get(type) && !(usual.has(`${type}=${status}`) && !known.has(type)),
    )
    .map(({ type, status, reason, message }) => ({
      subject,
      what: 'condition',
      detail: `${type} is ${status}${reason ? ` (${reason}${status === 'False' && message ? `: ${message}` : ''})` : ''}`,
    }))
}

/** What is said of everything that has just begun. */
const usual: ReadonlySet<string> = new Set([
  'Progressing=True',
  'Available=False',
  'AbleToScale=True',
  'ScalingActive=True',
  'ScalingLimited=False',
])

const conditionsOf = (object: KubeObject | undefined): readonly Condition[] => {
  const { conditions } = (object as { readonly status?: { readonly conditions?: unknown } } | undefined)?.status ?? {}
  return Array.isArray(conditions) ? (conditions as Condition[]).filter((one) => typeof one === 'object' && one !== null) : []
}

interface Condition {
  readonly type: string
  readonly status?: string
  readonly reason?: string
  readonly message?: string
}
