import { Pod } from '#api/core/v1/pod.ts'
import type { KubeObject } from '#api/kind.ts'
import { WherryError } from '#lib/errors.ts'
import type { Command, Single } from '#loop/controller.ts'
import { isNamespaceTerminating } from '#loop/namespace-terminating.ts'

/** What the owner of pods tells of one that it made or deleted, or could not; of anything else nothing. The words are the reference's. */
export function podEvents(regarding: KubeObject, command: Single, answer: KubeObject | WherryError): readonly Command[] {
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
