import type { ReplicaSet } from '#api/apps/v1/replica-set.ts'
import type { ReplicaSetStatus } from '#api/apps/v1/types.ts'
import type { Pod } from '#api/core/v1/pod.ts'
import { isPodAvailable, isPodReady, isPodTerminal } from '#api/core/v1/pod-helpers.ts'
import { isControlledBy } from '#api/meta/v1/owner.ts'
import { matches, matchesLabelSelector, selectorOfLabels } from '#api/meta/v1/selector.ts'
import type { Instant } from '#lib/clock.ts'
import { rfc3339 } from '#lib/rfc3339.ts'
import type { Command } from '#loop/controller.ts'
import { conditionOf, withoutCondition } from '../common/conditions.ts'
import { countOf } from '../common/equal.ts'
import { mergePatch } from '../common/merge-patch.ts'
import type { ReplicaForm } from './form.ts'

export interface ReplicaFailure {
  readonly reason: 'FailedCreate' | 'FailedDelete'
  readonly message: string
}

interface StatusView {
  readonly now: Instant
  readonly form: ReplicaForm
  readonly replicaSet: ReplicaSet
  readonly pods: readonly Pod[]
}

/** The write that brings status in line with the pods; `failure` says why the last command could not be done. Undefined: it is right already. */
export function statusCommand(view: StatusView, claimed: readonly Pod[], failure?: ReplicaFailure): Command | undefined {
  const status = nextStatus(view, claimed, failure)
  const { form, replicaSet } = view
  const object = form.fromSet({ ...replicaSet, status })
  if (mergePatch(statusIn(form.fromSet(replicaSet)), statusIn(object)) === undefined) return undefined
  return { do: 'update', kind: form.kind, object, subresource: 'status' }
}

const statusIn = (object: object): object => ('status' in object ? (object.status as object) : {})

function nextStatus({ now, replicaSet, pods }: StatusView, claimed: readonly Pod[], failure: ReplicaFailure | undefined): ReplicaSetStatus {
  const { spec, status, metadata } = replicaSet
  const template = selectorOfLabels(spec.template.metadata?.labels)
  const ready = claimed.filter(isPodReady)
  const terminating = pods.filter(
    (pod) =>
      pod.metadata.deletionTimestamp !== undefined &&
      !isPodTerminal(pod) &&
      isControlledBy(pod, replicaSet) &&
      matchesLabelSelector(spec.selector, pod.metadata.labels),
  )
  return {
    replicas: claimed.length,
    fullyLabeledReplicas: countOf(claimed.filter((pod) => matches(template, pod.metadata.labels)).length),
    readyReplicas: countOf(ready.length),
    availableReplicas: countOf(claimed.filter((pod) => isPodAvailable(pod, spec.minReadySeconds ?? 0, now)).length),
    terminatingReplicas: terminating.length,
    observedGeneration: metadata.generation,
    conditions: conditionsAfter(status.conditions, failure, now),
  }
}

type Conditions = ReplicaSetStatus['conditions']

/** A failure that is known already keeps its first message: the same refusal at every try must not write every time. */
function conditionsAfter(conditions: Conditions, failure: ReplicaFailure | undefined, now: Instant): Conditions {
  const others = withoutCondition(conditions, 'ReplicaFailure')
  if (failure === undefined) return others
  const present = conditionOf(conditions, 'ReplicaFailure')
  return [...others, present ?? { type: 'ReplicaFailure', status: 'True', lastTransitionTime: rfc3339(now), ...failure }]
}
