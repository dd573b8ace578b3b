import { Pod } from '#api/core/v1/pod.ts'
import type { KubeObject } from '#api/kind.ts'
import { WherryError } from '#lib/errors.ts'
import type { Command, Single } from '#loop/controller.ts'
import { isNamespaceTerminating } from '#loop/namespace-terminating.ts'
import type { DaemonSetView } from './plan.ts'

/** The events of pods created and deleted, or why they could not be. */
export function afterDaemonSetAnswer(
  { daemonSet: regarding }: DaemonSetView,
  command: Single,
  answer: KubeObject | WherryError,
): readonly Command[] {
  if ((command.do !== 'create' && command.do !== 'delete') || command.kind !== Pod) return []
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
