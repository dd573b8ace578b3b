import { PersistentVolumeClaim } from '#api/core/v1/persistent-volume-claim.ts'
import { Pod } from '#api/core/v1/pod.ts'
import type { KubeObject } from '#api/kind.ts'
import { WherryError } from '#lib/errors.ts'
import type { Command, Single } from '#loop/controller.ts'
import { isNamespaceTerminating } from '#loop/namespace-terminating.ts'
import { isWanted, partsOf, podNameOf } from './identity.ts'
import type { StatefulSetView } from './rollout.ts'

type Answer = KubeObject | WherryError

/** The events of pods and claims that were made, changed or removed, or could not be. */
export function afterStatefulSetAnswer(view: StatefulSetView, command: Single, answer: Answer): readonly Command[] {
  if (command.do !== 'create' && command.do !== 'update' && command.do !== 'delete') return []
  if (answer instanceof WherryError && (answer.code === 'AlreadyExists' || isNamespaceTerminating(answer))) return []
  const name = command.do === 'delete' ? command.name : (command.object as KubeObject).metadata.name
  if (command.kind === Pod) return [podEvent(view, command.do, name, answer)]
  if (command.kind !== PersistentVolumeClaim || command.do === 'delete') return []
  return command.do === 'create' ? claimCreated(view, name, answer) : claimUpdated(view, name, answer)
}

type Verb = 'create' | 'update' | 'delete'

function podEvent({ set }: StatefulSetView, verb: Verb, pod: string, answer: Answer | string): Command {
  const subject = `${title(verb)} Pod ${pod} in StatefulSet ${set.metadata.name}`
  const problem = typeof answer === 'string' ? answer : answer instanceof WherryError ? answer.message : undefined
  return problem === undefined
    ? { do: 'event', regarding: set, type: 'Normal', reason: `Successful${title(verb)}`, message: `${subject} successful` }
    : { do: 'event', regarding: set, type: 'Warning', reason: `Failed${title(verb)}`, message: `${subject} failed error: ${problem}` }
}

/** A claim that cannot be made is a pod that cannot be made, unless the pod is there and only lost its claim. */
function claimCreated(view: StatefulSetView, claim: string, answer: Answer): Command[] {
  const { set } = view
  const regarding = set
  const pod = podOfClaim(view, claim)
  if (!(answer instanceof WherryError)) {
    const message = `Create Claim ${claim} Pod ${pod} in StatefulSet ${set.metadata.name} success`
    return [{ do: 'event', regarding, type: 'Normal', reason: 'SuccessfulCreate', message }]
  }
  const message = `Create Claim ${claim} for Pod ${pod} in StatefulSet ${set.metadata.name} failed error: ${answer.message}`
  const event: Command = { do: 'event', regarding, type: 'Warning', reason: 'FailedCreate', message }
  const isPodThere = view.pods.some(({ metadata }) => metadata.name === pod)
  return isPodThere ? [event] : [event, podEvent(view, 'create', pod, `failed to create PVC ${claim}: ${answer.message}`)]
}

function claimUpdated(view: StatefulSetView, claim: string, answer: Answer): Command[] {
  if (!(answer instanceof WherryError) || !isWanted(view.set, partsOf(claim)!.ordinal)) return []
  const problem = `could not update claim ${claim} for delete policy ownerRefs: ${answer.message}`
  return [podEvent(view, 'update', podOfClaim(view, claim), problem)]
}

const podOfClaim = ({ set }: StatefulSetView, claim: string): string => podNameOf(set, partsOf(claim)!.ordinal)

const title = (verb: Verb) => (verb === 'create' ? 'Create' : verb === 'update' ? 'Update' : 'Delete')
