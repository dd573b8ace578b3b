import type { KubeObject } from '#api/kind.ts'
import { WherryError } from '#lib/errors.ts'
import type { Command } from '#loop/controller.ts'
import { isNamespaceTerminating } from '#loop/namespace-terminating.ts'
import type { ForsakenView } from './forsaken.ts'
import type { JobView } from './view.ts'

/** The events of pods that were made and deleted, or could not be. */
export function afterJobAnswer(view: JobView | ForsakenView, command: Command, answer: KubeObject | WherryError): readonly Command[] {
  if (view.about !== 'job' || (command.do !== 'create' && command.do !== 'delete')) return []
  const [done, doing] = command.do === 'create' ? ['Create', 'creating'] : ['Delete', 'deleting']
  const regarding = view.job
  if (answer instanceof WherryError) {
    if (isNamespaceTerminating(answer)) return []
    return [{ do: 'event', regarding, type: 'Warning', reason: `Failed${done}`, message: `Error ${doing}: ${answer.message}` }]
  }
  const message = command.do === 'create' ? `Created pod: ${answer.metadata.name}` : `Deleted pod: ${command.name}`
  return [{ do: 'event', regarding, type: 'Normal', reason: `Successful${done}`, message }]
}
