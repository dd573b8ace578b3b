import { Namespace } from '#api/core/v1/namespace.ts'
import type { AnyKind, KubeObject } from '#api/kind.ts'
import type { Cache, Controller, Source } from '#loop/controller.ts'
import type { ServedKinds } from '#loop/served-kinds.ts'
import { afterNamespaceAnswer, type NamespaceView, planNamespace } from './plan.ts'

/** Empties namespaces that are being deleted. `served`: every kind that is stored and can be deleted. */
export const namespaceController = (served: ServedKinds): Controller<NamespaceView> => ({
  name: 'namespace-controller',
  sources: [{ kind: Namespace }, ...namespaced(served.all).map(sourceOf)],
  sourceOf: (kind) => (kind.scope === 'Namespaced' ? sourceOf(kind) : undefined),
  view: (name, cache, now) => {
    const namespace = cache.get(Namespace, name)
    if (namespace?.metadata.deletionTimestamp === undefined) return undefined
    const content = namespaced(served.all).map((kind) => ({ kind, objects: cache.list(kind, name) as readonly KubeObject[] }))
    return { now, namespace, content: content.filter(({ objects }) => objects.length > 0) }
  },
  plan: planNamespace,
  answered: afterNamespaceAnswer,
})

const namespaced = (kinds: readonly AnyKind[]): readonly AnyKind[] => kinds.filter(({ scope }) => scope === 'Namespaced')

const sourceOf = (kind: AnyKind): Source => ({
  kind,
  keys: ({ metadata: { namespace = '' } }: KubeObject, cache: Cache) =>
    cache.get(Namespace, namespace)?.metadata.deletionTimestamp === undefined ? [] : [namespace],
})
