import { Deployment } from '#api/apps/v1/deployment.ts'
import { ReplicaSet } from '#api/apps/v1/replica-set.ts'
import type { Pod } from '#api/core/v1/pod.ts'
import { ownerReference } from '#api/meta/v1/owner.ts'
import type { Instant } from '#lib/clock.ts'
import type { Command, Plan } from '#loop/controller.ts'
import { claim } from '../common/claim.ts'
import { conditionOf } from '../common/conditions.ts'
import { createDraft, type Draft } from './draft.ts'
import { newReplicaSet, replicaSetAnnotations, revisionOf, templateHash, templateHashLabel } from './revision.ts'
import { rollBack, rollbackRevision } from './rollback.ts'
import { newReplicas, rollRecreate, rollUpdate } from './rollout.ts'
import { cleanUp, isScaling, scaleProportionally } from './scale.ts'
import { countedStatus, hasProgressDeadline, progressDeadline, rolloutStatus, withCondition } from './status.ts'

export interface DeploymentView {
  readonly now: Instant
  readonly deployment: Deployment
  /** Those that it controls, and the namespace's sets without a controller. */
  readonly sets: readonly ReplicaSet[]
  /** Pods by the uid of their set: only read for the strategy Recreate. */
  readonly pods: ReadonlyMap<string, readonly Pod[]>
  /** Who has this name in the namespace: tells a collision of template hashes. */
  readonly setNamed: (name: string) => ReplicaSet | undefined
}

/** Moves pods from the sets of earlier templates to the set of the present one, never beyond surge and unavailability. */
export function planDeployment(view: DeploymentView): Plan {
  const { now, deployment } = view
  if (selectsEverything(deployment)) return refuseSelector(view)
  const { claimed, commands } = claim(Deployment, deployment, ReplicaSet, view.sets)
  const draft = createDraft(deployment, claimed, now)
  const back = rollbackRevision(deployment)
  const mayGoBack = deployment.metadata.deletionTimestamp === undefined && deployment.spec.paused !== true
  // What it asks for now has to be a revision first, to which it could come back.
  if (back !== undefined && mayGoBack && newReplicaSet(deployment, claimed) !== undefined)
    return { commands: [...commands, ...rollBack(draft, back)], wakeAt: Infinity }
  const goesOn = decide(view, draft)
  return {
    commands: [...commands, ...draft.commands()],
    // One millisecond later: the deadline itself is still in time.
    wakeAt: goesOn ? progressDeadline(deployment, draft.status) + 1 : Infinity,
  }
}

/** Returns whether a rollout is under way, whose deadline counts. */
function decide(view: DeploymentView, draft: Draft): boolean {
  const { deployment } = draft
  if (deployment.metadata.deletionTimestamp !== undefined) {
    adoptRevision(draft)
    count(draft)
    return false
  }
  notePause(draft)
  adoptRevision(draft)
  const isPaused = deployment.spec.paused === true
  if (isPaused || isScaling(draft)) {
    scaleProportionally(draft)
    if (isPaused) cleanUp(draft)
    count(draft)
    return !isPaused
  }
  const make = () => makeReplicaSet(view, draft)
  const proceeds = deployment.spec.strategy.type === 'Recreate' ? rollRecreate(draft, view.pods, make) : rollUpdate(draft, make)
  if (!proceeds) return false
  const before = draft.status
  count(draft)
  draft.status = rolloutStatus(deployment, before, draft.status, draft.all, draft.fresh, draft.now)
  return true
}

function count(draft: Draft): void {
  draft.status = countedStatus(draft.deployment, draft.status, draft.all, draft.fresh, draft.now)
}

/** The deadline does not run while paused. A rollout that has timed out stays so. */
function notePause(draft: Draft): void {
  const { deployment, now } = draft
  if (!hasProgressDeadline(deployment)) return
  const reason = conditionOf(draft.status.conditions, 'Progressing')?.reason
  if (reason === 'ProgressDeadlineExceeded') return
  const wasPaused = reason === 'DeploymentPaused'
  if (wasPaused === (deployment.spec.paused === true)) return
  const next = wasPaused
    ? { status: 'Unknown', reason: 'DeploymentResumed', message: 'Deployment is resumed' }
    : { status: 'Unknown', reason: 'DeploymentPaused', message: 'Deployment is paused' }
  draft.status = withCondition(draft.status, 'Progressing', now, next)
}

/** Finds the set of the present template and makes its revision the highest: going back to an older set is a new revision of it. */
function adoptRevision(draft: Draft): void {
  const { deployment, now } = draft
  draft.find(newReplicaSet(deployment, draft.all))
  const { fresh } = draft
  if (fresh === undefined) return
  const annotations = replicaSetAnnotations(deployment, fresh, nextRevision(draft))
  draft.change(fresh, { annotations, minReadySeconds: deployment.spec.minReadySeconds })
  draft.revision = revisionOf(draft.fresh!)
  if (hasProgressDeadline(deployment) && conditionOf(draft.status.conditions, 'Progressing') === undefined) {
    const message = `Found new replica set "${fresh.metadata.name}"`
    draft.status = withCondition(draft.status, 'Progressing', now, { status: 'True', reason: 'FoundNewReplicaSet', message })
  }
}

const nameMax = 253

const nextRevision = (draft: Draft): number => Math.max(0, ...draft.old.map(revisionOf)) + 1

/** Adds the set of the present template, or returns false where another set has taken its name: then the next hash has to be tried. */
function makeReplicaSet(view: DeploymentView, draft: Draft): boolean {
  const { deployment, now } = draft
  const { metadata, spec } = deployment
  const hash = templateHash(spec.template, draft.status.collisionCount)
  // As long as a name may be (RFC 1123): the hash is what tells the sets apart.
  const name = `${metadata.name.slice(0, nameMax - hash.length - 1)}-${hash}`
  if (view.setNamed(name) !== undefined) {
    draft.status = { ...draft.status, collisionCount: (draft.status.collisionCount ?? 0) + 1 }
    return false
  }
  const labels = { ...spec.template.metadata?.labels, [templateHashLabel]: hash }
  const revision = nextRevision(draft)
  const set: ReplicaSet = {
    apiVersion: 'apps/v1',
    kind: 'ReplicaSet',
    metadata: {
      name,
      namespace: metadata.namespace,
      labels,
      annotations: replicaSetAnnotations(deployment, undefined, revision),
      ownerReferences: [ownerReference(Deployment, deployment)],
      uid: '',
      resourceVersion: '',
      creationTimestamp: '',
    },
    spec: {
      replicas: 0,
      ...(spec.minReadySeconds === undefined ? {} : { minReadySeconds: spec.minReadySeconds }),
      selector: { ...spec.selector, matchLabels: { ...spec.selector.matchLabels, [templateHashLabel]: hash } },
      template: { ...spec.template, metadata: { ...spec.template.metadata, labels } },
    },
    status: { replicas: 0 },
  }
  draft.make(set)
  draft.scale(set, newReplicas(deployment, [...draft.old, set], set))
  draft.revision = revision
  if (hasProgressDeadline(deployment)) {
    const message = `Created new replica set "${name}"`
    draft.status = withCondition(draft.status, 'Progressing', now, { status: 'True', reason: 'NewReplicaSetCreated', message })
  }
  return true
}

const selectsEverything = ({ spec }: Deployment): boolean =>
  Object.keys(spec.selector.matchLabels ?? {}).length === 0 && (spec.selector.matchExpressions ?? []).length === 0

function refuseSelector({ deployment, now }: DeploymentView): Plan {
  if ((deployment.status.observedGeneration ?? 0) >= (deployment.metadata.generation ?? 0)) return { commands: [], wakeAt: Infinity }
  const draft = createDraft(deployment, [], now)
  draft.status = { ...deployment.status, observedGeneration: deployment.metadata.generation }
  const message = 'This deployment is selecting all pods. A non-empty selector is required.'
  const event: Command = { do: 'event', regarding: deployment, type: 'Warning', reason: 'SelectingAll', message }
  return { commands: [event, ...draft.commands()], wakeAt: Infinity }
}
