import { Namespace } from '#api/core/v1/namespace.ts'
import type { AnyKind, KubeObject } from '#api/kind.ts'
import { WherryError } from '#lib/errors.ts'
import type { Cache, Controller, Source } from '#loop/controller.ts'
import type { ServedKinds } from '#loop/served-kinds.ts'
import { type NamespaceView, planNamespace } from './plan.ts'

/**
 * Empties namespaces that are being deleted. `served`: every kind that is stored and can be deleted, as they are held in memory; `all`: those
 * that the API server serves at the moment.
 */
export function namespaceController(served: ServedKinds, all: () => readonly AnyKind[] = () => served.all): Controller<NamespaceView> {
  /** Why deletions were refused when they were last tried, by namespace and kind. */
  const refused = new Map<string, Map<AnyKind, string>>()
  return {
    name: 'namespace-controller',
    sources: [{ kind: Namespace }, ...namespaced(served.all).map(sourceOf)],
    sourceOf: (kind) => (kind.scope === 'Namespaced' ? sourceOf(kind) : undefined),
    view: (name, cache, now) => {
      const namespace = cache.get(Namespace, name)
      if (namespace?.metadata.deletionTimestamp === undefined) {
        refused.delete(name)
        return undefined
      }
      const content = namespaced(served.all)
        .map((kind) => ({ kind, objects: cache.list(kind, name) as readonly KubeObject[] }))
        .filter(({ objects }) => objects.length > 0)
      const still = [...(refused.get(name) ?? [])].filter(([kind]) => content.some((one) => one.kind === kind))
      return { now, namespace, content, kinds: oneVersionEach(namespaced(all())), refused: new Map(still) }
    },
    plan: planNamespace,
    answered({ namespace }, command, answer) {
      if (command.do !== 'delete') return []
      const { name } = namespace.metadata
      const ofNamespace = refused.get(name) ?? new Map<AnyKind, string>()
      if (answer instanceof WherryError) refused.set(name, ofNamespace.set(command.kind, answer.message))
      else ofNamespace.delete(command.kind)
      return []
    },
  }
}

/** The same objects, whatever the version. */
const oneVersionEach = (kinds: readonly AnyKind[]): readonly AnyKind[] => [
  ...new Map(kinds.map((kind) => [`${kind.group}/${kind.plural}`, kind])).values(),
]

const namespaced = (kinds: readonly AnyKind[]): readonly AnyKind[] => kinds.filter(({ scope }) => scope === 'Namespaced')

const sourceOf = (kind: AnyKind): Source => ({
  kind,
  keys: ({ metadata: { namespace = '' } }: KubeObject, cache: Cache) =>
    cache.get(Namespace, namespace)?.metadata.deletionTimestamp === undefined ? [] : [namespace],
})
