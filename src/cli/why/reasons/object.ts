import type { Node } from '#api/core/v1/node.ts'
import type { PersistentVolumeClaim } from '#api/core/v1/persistent-volume-claim.ts'
import type { Pod } from '#api/core/v1/pod.ts'
import { isPodReady } from '#api/core/v1/pod-helpers.ts'
import type { KubeObject } from '#api/kind.ts'
import type { PodDisruptionBudget } from '#api/policy/v1/pod-disruption-budget.ts'
import type { Reason } from '../explanation.ts'
import type { View } from '../view.ts'
import { claimReasons } from './claim.ts'
import { budgetReasons } from './eviction.ts'
import { podReasons } from './pod.ts'
import { type Condition, conditionNamed, standingOf } from './standing.ts'
import { terminatingReasons } from './terminating.ts'
import { workloadReasons } from './workload.ts'

/** Why the target is not as wished, whatever its kind. */
export function reasonsOf(object: KubeObject, view: View, about: string): readonly Reason[] {
  switch (`${view.target.group}/${view.target.resource}`) {
    case '/pods':
      return podReasons(object as Pod, view)
    case '/persistentvolumeclaims':
      return claimReasons(object as PersistentVolumeClaim, view, about)
    case 'policy/poddisruptionbudgets':
      return budgetReasons(object as PodDisruptionBudget, about)
    case '/nodes':
      return [...cordoned(object as Node, about), ...plainReasons(object, view, about)]
    default:
      return workloadReasons(object, view, about) ?? plainReasons(object, view, about)
  }
}

/** How it stands, in a few words. */
export function stateOf(object: KubeObject, view: View): string {
  const leaving = object.metadata.deletionTimestamp === undefined ? '' : ', being deleted'
  if (`${view.target.group}/${view.target.resource}` === '/pods') {
    const pod = object as Pod
    const place = pod.spec.nodeName ? ` on ${pod.spec.nodeName}` : ', on no node yet'
    const ready = pod.status.phase === 'Running' ? (isPodReady(pod) ? ', ready' : ', not ready') : ''
    return `${pod.status.phase ?? 'Pending'}${place}${ready}${leaving}`
  }
  const standing = standingOf(view.target, object)
  if (standing !== undefined) return `${standing.state}${leaving}`
  const ready = conditionNamed(object, 'Ready') ?? conditionNamed(object, 'Available')
  const { phase } = (object as { readonly status?: { readonly phase?: unknown } }).status ?? {}
  if (typeof phase === 'string') return `${phase}${leaving}`
  if (ready !== undefined) return `${ready.status === 'True' ? ready.type : `not ${ready.type}`}${leaving}`
  return `there${leaving}`
}

const cordoned = ({ spec }: Node, about: string): readonly Reason[] =>
  spec.unschedulable === true
    ? [{ code: 'condition', about, message: 'it is cordoned: no new pods come to it', advice: 'kubectl uncordon' }]
    : []

/** Of a kind that nobody here knows: its conditions by convention (API conventions, "Typical status properties"), its finalizers, its warnings. */
function plainReasons(object: KubeObject, view: View, about: string): readonly Reason[] {
  if (object.metadata.deletionTimestamp !== undefined) return terminatingReasons(object, view, about)
  const { conditions = [] } = (object as { readonly status?: { readonly conditions?: readonly Condition[] } }).status ?? {}
  const isUnready = conditions.some(({ type, status }) => type === 'Ready' && status !== 'True')
  const bad = conditions
    .filter(isBad)
    // Who says nothing of itself says nothing of its parts.
    .filter(({ type, status }) => !isUnready || status !== 'Unknown' || type === 'Ready')
    .map(
      ({ type, status, reason, message }): Reason => ({
        code: 'condition',
        about,
        message: `its condition ${type} is ${status}${reason ? ` (${reason})` : ''}`,
        ...(message && { details: [message] }),
      }),
    )
  if (conditions.some(({ type, status }) => (type === 'Ready' || type === 'Available') && status === 'True')) return bad
  const warning = view.events.findLast(
    ({ type, involvedObject }) =>
      type === 'Warning' &&
      (involvedObject.uid ? involvedObject.uid === object.metadata.uid : involvedObject.name === object.metadata.name),
  )
  return warning === undefined
    ? bad
    : [...bad, { code: 'event', about, message: `the latest warning about it: ${warning.reason ?? ''}`, details: [warning.message ?? ''] }]
}

/** Some conditions say what should be, others what should not. */
const isBad = ({ type, status }: Condition): boolean =>
  status === 'Unknown' || (status === 'False' && wished.test(type)) || (status === 'True' && unwished.test(type))

const wished =
  /^(Ready|Available|Healthy|Synced|Established|NamesAccepted|Accepted|Programmed|Reconciled|Initialized|AbleToScale|ScalingActive)$/
const unwished = /(Failed|Failure|Stalled|Degraded|Pressure|Unavailable|Problem|Error|NonStructuralSchema)$/
