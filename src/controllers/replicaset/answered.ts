import type { KubeObject } from '#api/kind.ts'
import { WherryError } from '#lib/errors.ts'
import type { Command } from '#loop/controller.ts'
import { isNamespaceTerminating } from '#loop/namespace-terminating.ts'
import { claimPods, type ReplicaSetView } from './plan.ts'
import { statusCommand } from './status.ts'

/** The events of pods created and deleted, and the condition that says why one could not be. */
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
  const reason = creates ? 'FailedCreate' : 'FailedDelete'
  const status = statusCommand(view, claimPods(view).claimed, {
    reason,
    message: creates ? answer.message : `unable to delete pods: ${answer.message}`,
  })
  return [
    { do: 'event', regarding, type: 'Warning', reason, message: `Error ${creates ? 'creating' : 'deleting'}: ${answer.message}` },
    ...(status === undefined ? [] : [status]),
  ]
}
