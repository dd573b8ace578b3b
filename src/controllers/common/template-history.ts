import { ControllerRevision } from '#api/apps/v1/controller-revision.ts'
import { defaultPodTemplate } from '#api/core/v1/pod-defaults.ts'
import { PodTemplateSpec } from '#api/core/v1/types.ts'
import { type AnyKind, apiVersionOf, type KubeObject, type NamespacedMeta } from '#api/kind.ts'
import { controllerOf, ownerReference } from '#api/meta/v1/owner.ts'
import { matchesLabelSelector } from '#api/meta/v1/selector.ts'
import type { LabelSelector } from '#api/meta/v1/types.ts'
import { same } from '#api/strategy.ts'
import { WherryError } from '#lib/errors.ts'
import type { Command } from '#loop/controller.ts'
import { withDefaults } from '#schema/defaults.ts'
import { applyStrategicPatch } from '#schema/patch/strategic.ts'
import { targetOf } from './commands.ts'
import { canonical } from './equal.ts'
import { safeHash } from './safe-hash.ts'

/** Names the template that an object comes from: on revisions their hash, on pods what their controller finds them by. */
export const revisionLabel = 'controller-revision-hash'

/** The same on the revisions of StatefulSets, whose pods name the revision itself. */
export const hashLabel = 'controller.kubernetes.io/hash'

/** A StatefulSet or DaemonSet, as far as its history is concerned. */
interface Owner extends KubeObject {
  readonly metadata: NamespacedMeta
  readonly spec: { readonly selector: LabelSelector; readonly template: PodTemplateSpec }
  readonly status: { readonly collisionCount?: number | undefined }
}

/** The ControllerRevisions of a StatefulSet or DaemonSet. */
export interface TemplateHistory {
  /** Those it controls or adopts, oldest first: by revision, then creation time, then name. As they are before `commands`. */
  readonly revisions: readonly ControllerRevision[]
  /**
   * Of the present template: found (its number raised where it is not the newest), or to be made by `commands`; then it has no uid yet.
   * One of the same name and content is taken as found, whoever controls it.
   */
  readonly update: ControllerRevision
  /** Adopt, raise or create, in order. None for an owner that is being deleted. */
  readonly commands: readonly Command[]
  /** Given where names were taken by other content: the owner's `status.collisionCount` has to become this. */
  readonly collisionCount?: number
}

/**
 * What a revision keeps of its owner: a strategic merge patch that brings the template back, whole. Its keys are sorted, as the reference
 * writes them: `kubectl rollout undo` and conformance tests compare the bytes with those of the present template.
 */
export const templateData = ({ spec }: { readonly spec: { readonly template: PodTemplateSpec } }): object =>
  sortedKeys({ spec: { template: { ...spec.template, $patch: 'replace' } } }) as object

function sortedKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sortedKeys)
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value).toSorted(([a], [b]) => compare(a, b))
  return Object.fromEntries(entries.map(([key, item]) => [key, sortedKeys(item)]))
}

/**
 * Which revision the present template is, after the reference's rules: the newest if it says the same, else one of the same content, raised
 * to be the newest, else a new one. `candidates` are those that the owner controls and the namespace's orphans, `named` finds any other that
 * has taken a name in the namespace.
 */
export function templateHistory(
  owner: { readonly kind: AnyKind; readonly object: Owner; readonly label: typeof revisionLabel | typeof hashLabel },
  data: object,
  candidates: readonly ControllerRevision[],
  named: (name: string) => ControllerRevision | undefined,
): TemplateHistory {
  const { kind, object } = owner
  const isLeaving = object.metadata.deletionTimestamp !== undefined
  const { revisions, orphans } = own(object, candidates)
  const commands: Command[] = adoptions(kind, object, orphans)
  const newest = revisions.at(-1)
  const revision = (newest?.revision ?? 0) + 1
  const make = (collisions: number | undefined) => newRevision(owner, data, revision, collisions)
  const text = canonical(data)
  const equal = revisions.findLast((one) => canonical(one.data) === text)

  if (newest !== undefined && (equal === newest || (equal === undefined && restores(object, newest))))
    return { revisions, update: newest, commands }
  if (equal !== undefined) {
    if (!isLeaving) commands.push({ do: 'patch', ...targetOf(ControllerRevision, equal), body: { revision } })
    return { revisions, update: { ...equal, revision }, commands }
  }

  let { collisionCount } = object.status
  let made = make(collisionCount)
  for (let taken = named(made.metadata.name); taken !== undefined; taken = named(made.metadata.name)) {
    if (canonical(taken.data) === text) return withCollisions({ revisions, update: taken, commands }, object, collisionCount)
    collisionCount = (collisionCount ?? 0) + 1
    made = make(collisionCount)
  }
  if (!isLeaving) commands.push(creation(made))
  return withCollisions({ revisions, update: made, commands }, object, collisionCount)
}

/** Deletes the oldest that nothing uses, beyond the limit. A negative limit keeps all. */
export function surplusRevisions(revisions: readonly ControllerRevision[], inUse: ReadonlySet<string>, limit: number): readonly Command[] {
  const unused = revisions.filter(({ metadata }) => !inUse.has(metadata.name))
  if (limit < 0 || unused.length <= limit) return []
  return unused.slice(0, unused.length - limit).map((one) => ({ do: 'delete', ...targetOf(ControllerRevision, one) }))
}

/**
 * The owner as it was with this revision's template (strategic merge of `data`), with what later versions of the API fill in.
 * Throws a `WherryError` where the revision's data cannot be merged.
 */
export function withRevision<T extends { readonly spec: { readonly template: PodTemplateSpec } }>(
  owner: T,
  revision: ControllerRevision,
): T {
  const patch = (revision.data as { readonly spec?: { readonly template?: object } } | null | undefined)?.spec?.template
  if (patch === undefined) return owner
  const template = withDefaults(PodTemplateSpec, applyStrategicPatch(PodTemplateSpec, owner.spec.template, patch) as PodTemplateSpec)
  return { ...owner, spec: { ...owner.spec, template: defaultPodTemplate(template) } }
}

function own(owner: Owner, candidates: readonly ControllerRevision[]) {
  const orphans: ControllerRevision[] = []
  const revisions = candidates.filter((revision) => {
    const { metadata } = revision
    if (!matchesLabelSelector(owner.spec.selector, metadata.labels)) return false
    const controller = controllerOf(revision)
    if (controller !== undefined) return controller.uid === owner.metadata.uid
    // Neither takes an owner that goes anything, nor is a revision taken that goes.
    if (owner.metadata.deletionTimestamp !== undefined || metadata.deletionTimestamp !== undefined) return false
    if (metadata.namespace !== owner.metadata.namespace) return false
    orphans.push(revision)
    return true
  })
  return { revisions: revisions.toSorted(byAge), orphans }
}

function byAge(a: ControllerRevision, b: ControllerRevision): number {
  const made = compare(a.metadata.creationTimestamp, b.metadata.creationTimestamp)
  return a.revision - b.revision || made || compare(a.metadata.name, b.metadata.name)
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

/** An owner that somebody began to delete must not take revisions back that its deletion orphaned: so it is looked at past the cache. */
function adoptions(kind: AnyKind, owner: Owner, orphans: readonly ControllerRevision[]): Command[] {
  if (orphans.length === 0) return []
  return [
    { do: 'confirmUnchanged', kind, object: owner },
    ...orphans.map((orphan): Command => {
      const others = (orphan.metadata.ownerReferences ?? []).filter(({ uid }) => uid !== owner.metadata.uid)
      return {
        do: 'patch',
        ...targetOf(ControllerRevision, orphan),
        resourceVersion: orphan.metadata.resourceVersion,
        body: { metadata: { ownerReferences: [...others, ownerReference(kind, owner)] } },
      }
    }),
  ]
}

/** Whether going back to the revision would change nothing: it may have been written before a field that now has a default. */
function restores(owner: Owner, revision: ControllerRevision): boolean {
  try {
    return canonical(withRevision(owner, revision).spec.template) === canonical(owner.spec.template)
  } catch (error) {
    // Data that cannot be merged restores nothing; a revision of the present template takes its place.
    if (error instanceof WherryError) return false
    throw error
  }
}

function newRevision(
  { kind, object: owner, label }: Parameters<typeof templateHistory>[0],
  data: object,
  revision: number,
  collisionCount: number | undefined,
): ControllerRevision {
  const hash = safeHash(canonical(data) + ((collisionCount ?? 0) === 0 ? '' : `/${collisionCount}`))
  const { name, namespace, annotations } = owner.metadata
  return {
    apiVersion: apiVersionOf(ControllerRevision),
    kind: ControllerRevision.kind,
    metadata: {
      // A name has at most 253 characters, of which the hash may take thirty.
      name: `${name.slice(0, 223)}-${hash}`,
      namespace,
      labels: { ...owner.spec.template.metadata?.labels, [label]: hash },
      ...(annotations === undefined ? {} : { annotations }),
      ownerReferences: [ownerReference(kind, owner)],
      uid: '',
      resourceVersion: '',
      creationTimestamp: '',
    },
    data: data as ControllerRevision['data'],
    revision,
  }
}

function creation(made: ControllerRevision): Command {
  const { uid: _uid, resourceVersion: _version, creationTimestamp: _time, ...metadata } = made.metadata
  return { do: 'create', kind: ControllerRevision, namespace: metadata.namespace, object: { ...made, metadata } }
}

const withCollisions = (history: TemplateHistory, owner: Owner, collisionCount: number | undefined): TemplateHistory =>
  collisionCount === undefined || same(collisionCount, owner.status.collisionCount) ? history : { ...history, collisionCount }
