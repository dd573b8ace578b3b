import type { KubeObject } from '#api/kind.ts'
import type { WherryError } from '#lib/errors.ts'
import type { Command, Refusal, Single } from '#loop/controller.ts'
import { podEvents } from '../common/pod-events.ts'
import { claimPods, type ReplicaSetView } from './plan.ts'
import { type ReplicaFailure, statusCommand } from './status.ts'

/** The events of pods created and deleted, or why they could not be. */
export const afterReplicaSetAnswer = (view: ReplicaSetView, command: Single, answer: KubeObject | WherryError): readonly Command[] =>
  podEvents(view.form.fromSet(view.replicaSet), command, answer)

/** However many pods could not be made or deleted: one write of the condition, which tells the first reason. */
export function afterReplicaSetFailures(view: ReplicaSetView, [first]: readonly Refusal[]): readonly Command[] {
  const failure = first && failureOf(first)
  if (failure === undefined) return []
  const status = statusCommand(view, claimPods(view).claimed, failure)
  return status === undefined ? [] : [status]
}

function failureOf({ command, error }: Refusal): ReplicaFailure | undefined {
  const problem = error instanceof Error ? error.message : String(error)
  if (command.do === 'create') return { reason: 'FailedCreate', message: problem }
  // What could not be adopted or released says nothing of the number of pods.
  return command.do === 'delete' ? { reason: 'FailedDelete', message: `unable to delete pods: ${problem}` } : undefined
}
