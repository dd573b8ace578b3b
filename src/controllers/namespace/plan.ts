import { Namespace } from '#api/core/v1/namespace.ts'
import { Pod } from '#api/core/v1/pod.ts'
import type { NamespaceCondition } from '#api/core/v1/types.ts'
import type { AnyKind, KubeObject } from '#api/kind.ts'
import type { Instant } from '#lib/clock.ts'
import { type Command, type Plan, type Single, settled } from '#loop/controller.ts'
import { targetOf } from '../common/commands.ts'
import { changedCondition, conditionOf } from '../common/conditions.ts'

const finalizer = 'kubernetes'
/** A large namespace goes in parts: each part's deletions bring the next. */
const deletionsAtOnce = 500

export interface NamespaceView {
  readonly now: Instant
  readonly namespace: Namespace
  /** What is in it, by kind; kinds without any are left out. */
  readonly content: readonly { readonly kind: AnyKind; readonly objects: readonly KubeObject[] }[]
  /** Every kind that could be in it. */
  readonly kinds: readonly AnyKind[]
  /** Why deletions were refused when they were last tried, by kind. */
  readonly refused: ReadonlyMap<AnyKind, string>
}

/** Empties a namespace that is being deleted, pods first (KEP-5080), says what is still there, and lets it go when nothing is. */
export function planNamespace(view: NamespaceView): Plan {
  const { namespace, content } = view
  if (namespace.metadata.deletionTimestamp === undefined) return settled
  if (!(namespace.spec.finalizers ?? []).includes(finalizer)) return settled
  const pods = content.filter(({ kind }) => isPodKind(kind))
  const turn = pods.length > 0 ? pods : content
  // A kind whose deletion is refused comes last, so that it does not keep the others.
  const deletions = turn
    .toSorted((a, b) => Number(view.refused.has(a.kind)) - Number(view.refused.has(b.kind)))
    .flatMap(({ kind, objects }) => deletionsOf(kind, objects))
    .slice(0, deletionsAtOnce)
  const isGoing = deletions.length > 0
  // While there is more to delete only what was refused is told.
  const status =
    isGoing && view.refused.size === 0 ? undefined : statusCommand(view, { ...(isGoing ? {} : conditionsOf(turn)), ...refusals(view) })
  if (isGoing) return { commands: [...(status === undefined ? [] : [status]), ...byKind(deletions)], wakeAt: Infinity }
  if (status !== undefined) return { commands: [status], wakeAt: Infinity }
  if (content.length > 0) return settled
  const finalizers = (namespace.spec.finalizers ?? []).filter((one) => one !== finalizer)
  const object = { ...namespace, spec: { ...namespace.spec, finalizers } } as Namespace
  // What came just before the end may not be seen yet, and would be left behind for good.
  const confirmations = view.kinds.map(
    (kind): Single => ({ do: 'confirmNone', kind, namespace: namespace.metadata.name, isMeant: () => true }),
  )
  return {
    commands: [
      { do: 'together', commands: confirmations },
      { do: 'update', kind: Namespace, object, subresource: 'finalize' },
    ],
    wakeAt: Infinity,
  }
}

type Deletion = Extract<Single, { readonly do: 'delete' }>

const deletionsOf = (kind: AnyKind, objects: readonly KubeObject[]): Deletion[] =>
  objects
    .filter(({ metadata }) => metadata.deletionTimestamp === undefined)
    .map((object) => ({ do: 'delete', ...targetOf(kind, object), propagationPolicy: 'Background' }))

const byKind = (deletions: readonly Deletion[]): Command[] =>
  [...Map.groupBy(deletions, ({ kind }) => kind).values()].map((commands) => ({ do: 'together', commands }))

/** What was refused shows in the conditions, each kind's first refusal once. */
function refusals({ refused }: NamespaceView): Findings {
  if (refused.size === 0) return {}
  const messages = [...refused.values()].toSorted().join(', ')
  return {
    NamespaceDeletionContentFailure: [
      'ContentDeletionFailed',
      `Failed to delete all resource types, ${refused.size} remaining: ${messages}`,
    ],
  }
}

const isPodKind = ({ group, plural }: AnyKind): boolean => group === Pod.group && plural === Pod.plural

/** Reason and message of what is wrong, by condition type. */
type Findings = Readonly<Partial<Record<keyof typeof fine, readonly [reason: string, message: string]>>>

/** In the reference's order, with what each says when all is well. */
const fine = {
  NamespaceDeletionDiscoveryFailure: ['ResourcesDiscovered', 'All resources successfully discovered'],
  NamespaceDeletionGroupVersionParsingFailure: ['ParsedGroupVersions', 'All legacy kube types successfully parsed'],
  NamespaceDeletionContentFailure: ['ContentDeleted', 'All content successfully deleted, may be waiting on finalization'],
  NamespaceContentRemaining: ['ContentRemoved', 'All content successfully removed'],
  NamespaceFinalizersRemaining: ['ContentHasNoFinalizers', 'All content-preserving finalizers finished'],
} as const

function conditionsOf(content: NamespaceView['content']): Findings {
  if (content.length === 0) return {}
  const remaining = content.map(({ kind, objects }) => `${kind.plural}.${kind.group} has ${objects.length} resource instances`).toSorted()
  const held = Map.groupBy(
    content.flatMap(({ objects }) => objects.flatMap(({ metadata }) => metadata.finalizers ?? [])),
    (name) => name,
  )
  const byFinalizer = [...held].map(([name, { length }]) => `${name} in ${length} resource instances`).toSorted()
  return {
    NamespaceContentRemaining: ['SomeResourcesRemain', `Some resources are remaining: ${remaining.join(', ')}`],
    ...(byFinalizer.length === 0
      ? {}
      : {
          NamespaceFinalizersRemaining: [
            'SomeFinalizersRemain',
            `Some content in the namespace has finalizers remaining: ${byFinalizer.join(', ')}`,
          ] as const,
        }),
  }
}

function statusCommand({ now, namespace }: NamespaceView, findings: Findings): Command | undefined {
  const present = namespace.status.conditions ?? []
  const types = Object.keys(fine) as (keyof typeof fine)[]
  let changed = namespace.status.phase !== 'Terminating'
  const conditions = types.map((type): NamespaceCondition => {
    const [reason, message] = findings[type] ?? fine[type]
    const before = conditionOf(present, type)
    const next = changedCondition(before, { type, status: findings[type] === undefined ? 'False' : 'True', reason, message }, now)
    if (next !== undefined) changed = true
    return (next ?? before) as NamespaceCondition
  })
  if (!changed) return undefined
  const others = present.filter(({ type }) => !(type in fine))
  const object: Namespace = { ...namespace, status: { phase: 'Terminating', conditions: [...others, ...conditions] } }
  return { do: 'update', kind: Namespace, object, subresource: 'status' }
}
