import { Pod } from '#api/core/v1/pod.ts'
import type { AnyKind, KubeObject } from '#api/kind.ts'
import { matches, selectorOf } from '#api/meta/v1/selector.ts'
import type { OwnerReference } from '#api/meta/v1/types.ts'
import { PodDisruptionBudget } from '#api/policy/v1/pod-disruption-budget.ts'
import type { Cache, Controller, Source } from '#loop/controller.ts'
import { perKinds, type ServedKinds } from '#loop/served-kinds.ts'
import { keyOf, splitKey } from '../common/key.ts'
import { scaleViewOf } from '../common/scale-view.ts'
import { type DisruptionView, disruptionStaleAt, planDisruption } from './plan.ts'
import { scaleOf } from './scale-of.ts'
import { needsScale } from './status.ts'

/** Says how many pods of a PodDisruptionBudget may go. `served`: kinds that may control pods; those with a `scale` say of how many. */
export function disruptionController(served: ServedKinds): Controller<DisruptionView> {
  const byReference = perKinds(served, (all) => new Map(all.map((kind) => [`${kind.group}/${kind.kind}`, kind])))
  const kindOf = ({ apiVersion, kind }: OwnerReference) => byReference().get(`${groupOf(apiVersion)}/${kind}`)
  return {
    name: 'disruption-controller',
    eventSource: 'controllermanager',
    sources: [
      { kind: PodDisruptionBudget },
      {
        kind: Pod,
        keys: (pod: Pod, cache: Cache, previous: Pod | undefined) => [
          ...budgetsOf(pod, cache).map(keyOf),
          ...(previous === undefined || previous === pod ? [] : budgetsOf(previous, cache).map(keyOf)),
          ...(disruptionStaleAt(pod) === undefined ? [] : [`${podPrefix}${keyOf(pod)}`]),
        ],
      },
      ...served.all.filter(hasScale).map(scaleSource),
    ],
    sourceOf: (kind) => (hasScale(kind) ? scaleSource(kind) : undefined),
    view: (key, cache, now) => {
      if (key.startsWith(podPrefix)) {
        const { namespace, name } = splitKey(key.slice(podPrefix.length))
        const pod = cache.get(Pod, name, namespace)
        return pod === undefined ? undefined : { about: 'pod', now, pod }
      }
      const { namespace, name } = splitKey(key)
      const budget = cache.get(PodDisruptionBudget, name, namespace)
      if (budget === undefined) return undefined
      const selector = selectorOf(budget.spec.selector)
      const others = cache
        .list(PodDisruptionBudget, namespace)
        .filter((other) => other.metadata.name !== name)
        .map(({ metadata, spec }) => ({ name: metadata.name, selector: selectorOf(spec.selector) }))
      return {
        about: 'budget',
        now,
        budget,
        pods: cache.list(Pod, namespace).filter(({ metadata }) => matches(selector, metadata.labels)),
        scaleOf: (pod) => scaleOf(pod, kindOf, cache),
        othersOf: ({ metadata }) => others.filter((other) => matches(other.selector, metadata.labels)).map((other) => other.name),
      }
    },
    plan: planDisruption,
  }
}

/** No budget's key: names have no blank. */
const podPrefix = 'pod '

const budgetsOf = ({ metadata }: Pod, cache: Cache): readonly PodDisruptionBudget[] =>
  cache.list(PodDisruptionBudget, metadata.namespace).filter(({ spec }) => matches(selectorOf(spec.selector), metadata.labels))

const hasScale = (kind: AnyKind): boolean => kind.scope === 'Namespaced' && scaleViewOf(kind) !== undefined

/** A scale that changed while no pod did: one that cannot grow for want of quota is expected to be as large all the same. */
const scaleSource = (kind: AnyKind): Source => ({
  kind,
  keys(owner: KubeObject, cache: Cache, previous: KubeObject | undefined) {
    // Most namespaces have no such budget, and each change of a status comes by here.
    const budgets = cache.list(PodDisruptionBudget, owner.metadata.namespace).filter(needsScale)
    if (budgets.length === 0) return []
    const isSame = previous !== undefined && previous !== owner && replicasOf(kind, owner) === replicasOf(kind, previous)
    return isSame ? [] : budgets.map(keyOf)
  },
})

function replicasOf(kind: AnyKind, owner: KubeObject): number | undefined {
  const view = scaleViewOf(kind)
  return (view?.show(owner as never) as { readonly spec?: { readonly replicas?: number } } | undefined)?.spec?.replicas
}

const groupOf = (apiVersion: string): string => (apiVersion.includes('/') ? apiVersion.slice(0, apiVersion.indexOf('/')) : '')
