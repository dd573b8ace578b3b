import { Deployment } from '#api/apps/v1/deployment.ts'
import { ReplicaSet } from '#api/apps/v1/replica-set.ts'
import type { DeploymentStatus } from '#api/apps/v1/types.ts'
import type { Instant } from '#lib/clock.ts'
import type { Command } from '#loop/controller.ts'
import { patchSeen, targetOf } from '../common/commands.ts'
import { mergePatch } from '../common/merge-patch.ts'
import { fenceposts } from './percent.ts'
import { byCreation, desiredAnnotation, maxAnnotation, revisionAnnotation } from './revision.ts'

/**
 * What a plan has decided so far: the sets as they will be, so that each step counts with the ones before it. The commands are drawn from
 * the difference at the end: one write a set, however many steps changed it. It lives for one plan.
 */
export interface Draft {
  readonly deployment: Deployment
  readonly now: Instant
  status: DeploymentStatus
  revision: number | undefined
  /** The set of the present template, found or made. */
  readonly fresh: ReplicaSet | undefined
  /** Sets of earlier templates, oldest first. */
  readonly old: readonly ReplicaSet[]
  readonly all: readonly ReplicaSet[]
  /** Says which of the sets runs the present template. */
  find(fresh: ReplicaSet | undefined): void
  /** Adds the set of the present template. */
  make(set: ReplicaSet): void
  remove(set: ReplicaSet): void
  /** Returns whether the size changes. The annotations follow along, also where the size is right already. */
  scale(set: ReplicaSet, replicas: number): boolean
  change(set: ReplicaSet, next: SetChange): void
  commands(): readonly Command[]
  /** Status and revision in one write: the status path takes annotations along, and leaves the generation as it is. */
  statusCommand(): Command | undefined
}

interface SetChange {
  readonly annotations?: Record<string, string>
  readonly replicas?: number
  readonly minReadySeconds?: number | undefined
}

export function createDraft(deployment: Deployment, sets: readonly ReplicaSet[], now: Instant): Draft {
  const after = new Map(sets.map((set) => [set.metadata.uid, set]))
  const removed: ReplicaSet[] = []
  let freshUid: string | undefined
  let made: ReplicaSet | undefined

  const draft: Draft = {
    deployment,
    now,
    status: deployment.status,
    revision: undefined,
    get fresh() {
      return made ?? (freshUid === undefined ? undefined : after.get(freshUid))
    },
    get old() {
      return [...after.values()].filter((set) => set.metadata.uid !== freshUid).toSorted(byCreation)
    },
    get all() {
      return made === undefined ? [...after.values()] : [...after.values(), made]
    },
    find(fresh) {
      freshUid = fresh?.metadata.uid
    },
    make(set) {
      made = set
    },
    remove(set) {
      removed.push(set)
    },
    scale(set, replicas) {
      const annotations = {
        ...set.metadata.annotations,
        [desiredAnnotation]: String(deployment.spec.replicas),
        [maxAnnotation]: String(deployment.spec.replicas + fenceposts(deployment).maxSurge),
      }
      draft.change(set, { annotations, replicas })
      return set.spec.replicas !== replicas
    },
    change(set, { annotations, ...spec }) {
      const metadata = annotations === undefined ? set.metadata : { ...set.metadata, annotations }
      const changed: ReplicaSet = { ...set, metadata, spec: { ...set.spec, ...spec } }
      if (set === made) made = changed
      else after.set(set.metadata.uid, changed)
    },
    commands() {
      const resized = sets.map((set) => ({ set, next: after.get(set.metadata.uid)! })).filter(({ set, next }) => set !== next)
      // Sizes go down before they go up, so that no crash in between leaves more pods than the surge allows.
      const growth = ({ set, next }: (typeof resized)[number]) => next.spec.replicas - set.spec.replicas
      const status = draft.statusCommand()
      return [
        ...resized.toSorted((a, b) => growth(a) - growth(b)).flatMap(({ set, next }) => writeSet(deployment, set, next)),
        ...(made === undefined ? [] : createSet(deployment, made)),
        ...removed.map((set): Command => ({ do: 'delete', ...targetOf(ReplicaSet, set) })),
        ...(status === undefined ? [] : [status]),
      ]
    },
    statusCommand() {
      const { annotations } = deployment.metadata
      const revision = draft.revision === undefined ? annotations?.[revisionAnnotation] : String(draft.revision)
      if (annotations?.[revisionAnnotation] === revision && mergePatch(deployment.status, draft.status) === undefined) return undefined
      const marked = revision === undefined ? {} : { annotations: { ...annotations, [revisionAnnotation]: revision } }
      const object: Deployment = { ...deployment, metadata: { ...deployment.metadata, ...marked }, status: draft.status }
      return { do: 'update', kind: Deployment, object, subresource: 'status' }
    },
  }
  return draft
}

function createSet(deployment: Deployment, set: ReplicaSet): Command[] {
  const create: Command = { do: 'create', kind: ReplicaSet, namespace: deployment.metadata.namespace, object: withoutServerFields(set) }
  return set.spec.replicas > 0 ? [create, scaled(deployment, set, 0, set.spec.replicas)] : [create]
}

function writeSet(deployment: Deployment, set: ReplicaSet, next: ReplicaSet): Command[] {
  const annotations = mergePatch(set.metadata.annotations, next.metadata.annotations ?? {})
  const spec = mergePatch(set.spec, next.spec)
  if (annotations === undefined && spec === undefined) return []
  const body = { ...(annotations === undefined ? {} : { metadata: { annotations } }), ...(spec === undefined ? {} : { spec }) }
  const write = patchSeen(ReplicaSet, set, body)
  const { replicas } = next.spec
  return set.spec.replicas === replicas ? [write] : [write, scaled(deployment, set, set.spec.replicas, replicas)]
}

const scaled = (regarding: Deployment, set: ReplicaSet, from: number, to: number): Command => ({
  do: 'event',
  regarding,
  type: 'Normal',
  reason: 'ScalingReplicaSet',
  message: `Scaled ${from < to ? 'up' : 'down'} replica set ${set.metadata.name} from ${from} to ${to}`,
})

function withoutServerFields({ status: _status, metadata, ...rest }: ReplicaSet): object {
  const { uid: _uid, resourceVersion: _version, creationTimestamp: _created, ...own } = metadata
  return { ...rest, metadata: own }
}
