import type { Pod } from '#api/core/v1/pod.ts'
import { isPodActive, isPodReady } from '#api/core/v1/pod-helpers.ts'
import type { KubeObject } from '#api/kind.ts'
import type { Reason } from '../explanation.ts'
import type { View } from '../view.ts'
import { count } from '../words.ts'
import { lastEvent } from './events.ts'
import { refusalReason } from './not-made.ts'
import { badness, podReasons } from './pod.ts'
import { conditionNamed, type Standing, standingOf } from './standing.ts'
import { terminatingReasons } from './terminating.ts'

/** What is missing to a workload's wish, and through the pods that are worst off, why. Undefined for what makes no pods. */
export function workloadReasons(object: KubeObject, view: View, about: string): readonly Reason[] | undefined {
  const standing = standingOf(view.target, object)
  if (standing === undefined) return undefined
  if (object.metadata.deletionTimestamp !== undefined) return terminatingReasons(object, view, about)
  const halted: Reason[] = standing.halted === undefined ? [] : [{ ...standing.halted, about }]
  if (standing.isDone) return []
  const reasons = [...ended(object, about), ...halted, ...notMade(object, standing, view, about), ...podsOf(view), ...stuck(object, about)]
  if (reasons.length > 0 || standing.problem === undefined) return reasons
  return [{ code: 'starting', about, message: standing.problem }]
}

/** Pods that nobody has made, in the words of who refused. */
function notMade(object: KubeObject, { wish, halted }: Standing, view: View, about: string): readonly Reason[] {
  // A CronJob wishes for no pods at this moment, and a halted workload for none at all.
  if (wish === undefined || halted?.code === 'suspended') return []
  const missing = wish - view.pods.filter(isPodActive).length
  if (missing <= 0) return []
  const lead = `${missing} of ${count(wish, 'pod')} ${missing === 1 ? 'is' : 'are'} not there`
  const makers = [object, ...view.children]
  const refusal =
    makers.map((maker) => conditionNamed(maker, 'ReplicaFailure')).find((condition) => condition?.status === 'True')?.message ??
    makers
      .map((maker) => lastEvent(view, maker, ['FailedCreate']))
      .filter((event) => event !== undefined)
      .at(-1)?.message
  if (refusal !== undefined) {
    const reason = refusalReason(refusal, about)
    return [{ ...reason, message: `${lead}: ${reason.message}` }]
  }
  return [{ code: 'not-made', about, message: `${lead}${orderly(object, view)}` }]
}

/** A StatefulSet makes the next only when the one before is ready. */
function orderly(object: KubeObject, view: View): string {
  const { podManagementPolicy } = (object as { readonly spec?: { readonly podManagementPolicy?: string } }).spec ?? {}
  if (podManagementPolicy !== 'OrderedReady') return ' yet'
  const waitsFor = view.pods.find((pod) => isPodActive(pod) && !isPodReady(pod))
  return waitsFor === undefined ? ' yet' : `: the next is made when ${waitsFor.metadata.name} is ready`
}

/** Of each sort of trouble the pod that is worst off, and how many are like it. */
function podsOf(view: View): readonly Reason[] {
  const sorts = new Map<string, { readonly reasons: readonly Reason[]; count: number }>()
  for (const pod of [...view.pods].sort((a, b) => badness(a) - badness(b) || a.metadata.name.localeCompare(b.metadata.name))) {
    if (isReplaced(pod)) continue
    const reasons = podReasons(pod, view)
    const [first] = reasons
    if (first === undefined) continue
    const sort = `${first.code} ${first.message.replaceAll(pod.metadata.name, '').replaceAll(/\d+/g, '')}`
    const known = sorts.get(sort)
    if (known === undefined) sorts.set(sort, { reasons, count: 1 })
    else known.count += 1
  }
  return [...sorts.values()]
    .slice(0, sortsMax)
    .flatMap(({ reasons: [first, ...rest], count: alike }) => [
      alike === 1 ? first! : { ...first!, about: `${first!.about} and ${alike - 1} more` },
      ...rest,
    ])
}

/** More kinds of trouble than these have one cause that stands before them. */
const sortsMax = 4

/** One that failed or goes stands for itself no more: another is made in its place. */
const isReplaced = (pod: Pod): boolean => pod.status.phase === 'Succeeded'

function stuck(object: KubeObject, about: string): readonly Reason[] {
  const progress = conditionNamed(object, 'Progressing')
  if (progress?.reason !== 'ProgressDeadlineExceeded') return []
  return [
    {
      code: 'rollout-stuck',
      about,
      message: 'its rollout has made no progress for too long',
      details: [progress.message ?? ''].filter(Boolean),
    },
  ]
}

/** A Job that is over without success. */
function ended(object: KubeObject, about: string): readonly Reason[] {
  const failed = conditionNamed(object, 'Failed') ?? conditionNamed(object, 'FailureTarget')
  if (failed?.status !== 'True') return []
  return [
    { code: 'failed', about, message: `it failed: ${failed.reason ?? 'nobody says why'}`, details: [failed.message ?? ''].filter(Boolean) },
  ]
}
