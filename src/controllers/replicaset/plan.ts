import type { ReplicaSet } from '#api/apps/v1/replica-set.ts'
import { Pod } from '#api/core/v1/pod.ts'
import { isPodActive, podAvailableAt } from '#api/core/v1/pod-helpers.ts'
import { ownerReference } from '#api/meta/v1/owner.ts'
import type { Instant } from '#lib/clock.ts'
import type { Command, Plan, Single } from '#loop/controller.ts'
import { claim } from '../common/claim.ts'
import { targetOf } from '../common/commands.ts'
import { namePrefix } from '../common/name-prefix.ts'
import { inDeletionOrder } from './deletion-order.ts'
import type { ReplicaForm } from './form.ts'
import { statusCommand } from './status.ts'

/** The reference's burst limit: more than this many creations or deletions in one go would only queue up at the API server. */
export const commandsAtOnce = 500

export interface ReplicaSetView {
  readonly now: Instant
  readonly form: ReplicaForm
  readonly replicaSet: ReplicaSet
  /** Those that it controls, in whatever state, and the namespace's pods without a controller. */
  readonly pods: readonly Pod[]
  /** Pods that count as neighbours when one has to go. */
  readonly related: readonly Pod[]
  /** Creations would be refused. */
  readonly namespaceIsLeaving: boolean
}

/** Adopts and releases by selector, then creates what is missing or deletes what is too much; where nothing is, tells how it stands. */
export function planReplicaSet(view: ReplicaSetView): Plan {
  const { now, replicaSet } = view
  const { claimed, commands: claims } = claimPods(view)
  const changes = replicaSet.metadata.deletionTimestamp === undefined ? replicaCommands(view, claimed) : []
  // The pods that come or go are a reason to look again: what would be told now of their number would be told anew in a moment.
  const status = changes.length === 0 ? statusCommand(view, claimed) : undefined
  const commands: Command[] = [...claims, ...changes, ...(status === undefined ? [] : [status])]

  // Waiting alone makes a ready pod available; no event will say so.
  const dueAt = claimed.map((pod) => podAvailableAt(pod, replicaSet.spec.minReadySeconds ?? 0) ?? Infinity).filter((at) => at > now)
  return { commands, wakeAt: Math.min(...dueAt) }
}

export const claimPods = ({ form, replicaSet, pods }: ReplicaSetView) => claim(form.kind, replicaSet, Pod, pods.filter(isPodActive))

function replicaCommands({ now, form, replicaSet, related, namespaceIsLeaving }: ReplicaSetView, claimed: readonly Pod[]): Command[] {
  const { replicas } = replicaSet.spec
  const surplus = claimed.length - replicas
  if (surplus < 0 && !namespaceIsLeaving)
    return [{ do: 'together', commands: Array.from({ length: Math.min(-surplus, commandsAtOnce) }, () => createPod(form, replicaSet)) }]
  if (surplus <= 0) return []
  const deletions = inDeletionOrder(claimed, related, now)
    .slice(0, Math.min(surplus, commandsAtOnce))
    .map((pod): Single => ({ do: 'delete', ...targetOf(Pod, pod) }))
  // What refuses one creation refuses all; one pod that may not be deleted keeps no other from going.
  return [{ do: 'together', commands: deletions, ifFails: 'tryAll' }]
}

function createPod({ kind }: ReplicaForm, replicaSet: ReplicaSet): Single {
  const { metadata, spec } = replicaSet.spec.template
  const { labels, annotations, finalizers } = metadata ?? {}
  return {
    do: 'create',
    kind: Pod,
    namespace: replicaSet.metadata.namespace,
    object: {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: {
        generateName: namePrefix(replicaSet.metadata.name),
        namespace: replicaSet.metadata.namespace,
        ...(labels === undefined ? {} : { labels }),
        ...(annotations === undefined ? {} : { annotations }),
        ...(finalizers === undefined ? {} : { finalizers }),
        ownerReferences: [ownerReference(kind, replicaSet)],
      },
      spec,
    },
  }
}
