import type { KubeObject } from '#api/kind.ts'
import { WherryError } from '#lib/errors.ts'
import type { Command, Refusal } from '#loop/controller.ts'
import { isNamespaceTerminating } from '#loop/namespace-terminating.ts'
import { claimPods, type ReplicaSetView } from './plan.ts'
import { type ReplicaFailure, statusCommand } from './status.ts'

/** The events of pods created and deleted, or why they could not be. */
export function afterReplicaSetAnswer(view: ReplicaSetView, command: Command, answer: KubeObject | WherryError): readonly Command[] {
  const regarding = view.form.fromSet(view.replicaSet)
  if (command.do !== 'create' && command.do !== 'delete') return []
  const creates = command.do === 'create'
  if (!(answer instanceof WherryError)) {
    return [
      creates
        ? { do: 'event', regarding, type: 'Normal', reason: 'SuccessfulCreate', message: `Created pod: ${answer.metadata.name}` }
        : { do: 'event', regarding, type: 'Normal', reason: 'SuccessfulDelete', message: `Deleted pod: ${command.name}` },
    ]
  }
  if (isNamespaceTerminating(answer)) return []
  const [reason, failed] = creates ? ['FailedCreate', 'creating'] : ['FailedDelete', 'deleting']
  return [{ do: 'event', regarding, type: 'Warning', reason, message: `Error ${failed}: ${answer.message}` }]
}

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
