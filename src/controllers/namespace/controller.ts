import { Namespace } from '#api/core/v1/namespace.ts'
import type { AnyKind, KubeObject } from '#api/kind.ts'
import type { Cache, Controller } from '#loop/controller.ts'
import { afterNamespaceAnswer, type NamespaceView, planNamespace } from './plan.ts'

/** Empties namespaces that are being deleted. `kinds`: every namespaced kind that is stored and can be deleted. */
export const namespaceController = (kinds: readonly AnyKind[]): Controller<NamespaceView> => ({
  name: 'namespace-controller',
  sources: [
    { kind: Namespace },
    ...kinds.map((kind) => ({
      kind,
      keys: ({ metadata: { namespace = '' } }: KubeObject, cache: Cache) =>
        cache.get(Namespace, namespace)?.metadata.deletionTimestamp === undefined ? [] : [namespace],
    })),
  ],
  view: (name, cache, now) => {
    const namespace = cache.get(Namespace, name)
    if (namespace?.metadata.deletionTimestamp === undefined) return undefined
    const content = kinds.map((kind) => ({ kind, objects: cache.list(kind, name) as readonly KubeObject[] }))
    return { now, namespace, content: content.filter(({ objects }) => objects.length > 0) }
  },
  plan: planNamespace,
  answered: afterNamespaceAnswer,
})
