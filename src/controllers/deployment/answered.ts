import type { KubeObject } from '#api/kind.ts'
import { WherryError } from '#lib/errors.ts'
import type { Command } from '#loop/controller.ts'
import { isNamespaceTerminating } from '#loop/namespace-terminating.ts'
import { createDraft } from './draft.ts'
import type { DeploymentView } from './plan.ts'
import { hasProgressDeadline, withCondition } from './status.ts'

/** Why the new set could not be made. A taken name is no failure: the next pass sees who has it. */
export function afterDeploymentAnswer(view: DeploymentView, command: Command, answer: KubeObject | WherryError): readonly Command[] {
  if (command.do !== 'create' || !(answer instanceof WherryError)) return []
  if (answer.code === 'AlreadyExists' || isNamespaceTerminating(answer)) return []
  const { deployment, now } = view
  const { name } = (command.object as { readonly metadata: { readonly name: string } }).metadata
  const reason = 'ReplicaSetCreateError'
  const message = `Failed to create new replica set "${name}": ${answer.message}`
  const event: Command = { do: 'event', regarding: deployment, type: 'Warning', reason, message }
  if (!hasProgressDeadline(deployment)) return [event]
  const draft = createDraft(deployment, [], now)
  draft.status = withCondition(draft.status, 'Progressing', now, { status: 'False', reason, message })
  const status = draft.statusCommand()
  return status === undefined ? [event] : [event, status]
}
