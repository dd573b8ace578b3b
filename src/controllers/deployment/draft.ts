import { Deployment } from '#api/apps/v1/deployment.ts'
import { ReplicaSet } from '#api/apps/v1/replica-set.ts'
import type { DeploymentStatus } from '#api/apps/v1/types.ts'
import type { KubeObject } from '#api/kind.ts'
import type { Instant } from '#lib/clock.ts'
import type { Command } from '#loop/controller.ts'
import { equal } from '../common/equal.ts'
import { mergePatch } from '../common/merge-patch.ts'
import { fenceposts } from './percent.ts'
import { byCreation, desiredAnnotation, maxAnnotation, revisionAnnotation } from './revision.ts'

/**
 * What a plan has decided so far: the sets as they will be, so that each step counts with the ones before it. The commands are drawn from
 * the difference at the end: one write a set, however many steps changed it.
 */
export class Draft {
  readonly deployment: Deployment
  readonly now: Instant
  status: DeploymentStatus
  revision: number | undefined
  private readonly before: readonly ReplicaSet[]
  private readonly after: Map<string, ReplicaSet>
  private freshUid: string | undefined
  private made: ReplicaSet | undefined
  private readonly removed: ReplicaSet[] = []

  constructor(deployment: Deployment, sets: readonly ReplicaSet[], now: Instant) {
    this.deployment = deployment
    this.now = now
    this.status = deployment.status
    this.before = sets
    this.after = new Map(sets.map((set) => [set.metadata.uid, set]))
  }

  /** The set of the present template, found or made. */
  get fresh(): ReplicaSet | undefined {
    return this.made ?? (this.freshUid === undefined ? undefined : this.after.get(this.freshUid))
  }

  set fresh(set: ReplicaSet | undefined) {
    this.freshUid = set?.metadata.uid
  }

  /** Sets of earlier templates, oldest first. */
  get old(): readonly ReplicaSet[] {
    return [...this.after.values()].filter((set) => set.metadata.uid !== this.freshUid).toSorted(byCreation)
  }

  get all(): readonly ReplicaSet[] {
    return this.made === undefined ? [...this.after.values()] : [...this.after.values(), this.made]
  }

  make(set: ReplicaSet): void {
    this.made = set
  }

  remove(set: ReplicaSet): void {
    this.removed.push(set)
  }

  /** Returns whether the size changes. The annotations follow along, also where the size is right already. */
  scale(set: ReplicaSet, replicas: number): boolean {
    const { spec } = this.deployment
    const annotations = {
      ...set.metadata.annotations,
      [desiredAnnotation]: String(spec.replicas),
      [maxAnnotation]: String(spec.replicas + fenceposts(this.deployment).maxSurge),
    }
    this.change(set, { annotations, replicas })
    return set.spec.replicas !== replicas
  }

  change(set: ReplicaSet, next: { annotations?: Record<string, string>; replicas?: number; minReadySeconds?: number | undefined }): void {
    const { annotations, ...spec } = next
    const changed: ReplicaSet = {
      ...set,
      metadata: annotations === undefined ? set.metadata : { ...set.metadata, annotations },
      spec: { ...set.spec, ...spec },
    }
    if (set === this.made) this.made = changed
    else this.after.set(set.metadata.uid, changed)
  }

  /** Sizes go down before they go up, so that no crash in between leaves more pods than the surge allows. */
  commands(): Command[] {
    const { deployment } = this
    const resized = this.before.map((set) => ({ set, next: this.after.get(set.metadata.uid)! })).filter(({ set, next }) => set !== next)
    const shrinkingFirst = resized.toSorted(
      (a, b) => a.next.spec.replicas - a.set.spec.replicas - (b.next.spec.replicas - b.set.spec.replicas),
    )
    const commands = shrinkingFirst.flatMap(({ set, next }) => this.writeSet(set, next))
    if (this.made !== undefined) {
      commands.push({ do: 'create', kind: ReplicaSet, namespace: deployment.metadata.namespace, object: withoutServerFields(this.made) })
      if (this.made.spec.replicas > 0) commands.push(this.scaled(this.made, 0, this.made.spec.replicas))
    }
    for (const { metadata } of this.removed) {
      commands.push({ do: 'delete', kind: ReplicaSet, name: metadata.name, namespace: metadata.namespace, uid: metadata.uid })
    }
    const status = this.statusCommand()
    return status === undefined ? commands : [...commands, status]
  }

  /** Status and revision in one write: the status path takes annotations along, and leaves the generation as it is. */
  statusCommand(): Command | undefined {
    const { deployment, status } = this
    const { annotations } = deployment.metadata
    const revision = this.revision === undefined ? annotations?.[revisionAnnotation] : String(this.revision)
    const same = annotations?.[revisionAnnotation] === revision && mergePatch(deployment.status, status) === undefined
    if (same) return undefined
    const marked = revision === undefined ? {} : { annotations: { ...annotations, [revisionAnnotation]: revision } }
    const object: Deployment = { ...deployment, metadata: { ...deployment.metadata, ...marked }, status }
    return { do: 'update', kind: Deployment, object, subresource: 'status' }
  }

  private writeSet(set: ReplicaSet, next: ReplicaSet): Command[] {
    const annotations = mergePatch(set.metadata.annotations, next.metadata.annotations ?? {})
    const spec = mergePatch(set.spec, next.spec)
    if (annotations === undefined && spec === undefined) return []
    const { name, namespace, uid, resourceVersion } = set.metadata
    const body = { ...(annotations === undefined ? {} : { metadata: { annotations } }), ...(spec === undefined ? {} : { spec }) }
    const write: Command = { do: 'patch', kind: ReplicaSet, name, namespace, uid, resourceVersion, body }
    return equal(set.spec.replicas, next.spec.replicas) ? [write] : [write, this.scaled(set, set.spec.replicas, next.spec.replicas)]
  }

  private scaled(set: ReplicaSet, from: number, to: number): Command {
    return {
      do: 'event',
      regarding: this.deployment as KubeObject,
      type: 'Normal',
      reason: 'ScalingReplicaSet',
      message: `Scaled ${from < to ? 'up' : 'down'} replica set ${set.metadata.name} from ${from} to ${to}`,
    }
  }
}

function withoutServerFields({ status: _status, metadata, ...rest }: ReplicaSet): object {
  const { uid: _uid, resourceVersion: _version, creationTimestamp: _created, ...own } = metadata
  return { ...rest, metadata: own }
}
