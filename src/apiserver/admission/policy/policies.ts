import type { MatchCondition, MatchResources, ParamKind, ParamRef, Variable } from '#api/admissionregistration/v1/types.ts'
import type { AnyKind, KubeObject } from '#api/kind.ts'
import type { Admission, Objects } from '../../contract.ts'
import { type Matcher, matcherOf } from './matching.ts'

/** What the two sorts of policies have in common. */
export interface PolicySpec {
  readonly paramKind?: ParamKind | undefined
  readonly matchConstraints?: MatchResources | undefined
  readonly matchConditions?: readonly MatchCondition[] | undefined
  readonly failurePolicy?: string | undefined
  readonly variables?: readonly Variable[] | undefined
}
/** What bindings of both sorts of policy have; `validationActions` only those of validating ones. */
export interface BindingSpec {
  readonly policyName?: string | undefined
  readonly paramRef?: ParamRef | undefined
  readonly matchResources?: MatchResources | undefined
  readonly validationActions?: readonly string[] | undefined
}

/** A policy with the bindings that put it in force, compiled. */
export interface Hook<Spec, Compiled> {
  readonly name: string
  readonly spec: Spec
  readonly matcher: Matcher
  readonly compiled: Compiled
  readonly bindings: readonly { readonly name: string; readonly spec: BindingSpec; readonly matcher: Matcher | undefined }[]
}

/**
 * All policies that are bound, in the order of their names. Made anew after a change only, and a policy that is still the same object is not
 * compiled again.
 */
export function createPolicies<Spec extends PolicySpec, Compiled>(
  objects: Objects,
  kinds: { readonly policy: AnyKind; readonly binding: AnyKind },
  compile: (spec: Spec) => Compiled,
): () => readonly Hook<Spec, Compiled>[] {
  const compiledOf = new WeakMap<KubeObject, Compiled>()
  let known: readonly Hook<Spec, Compiled>[] | undefined
  let isObserved = false
  const hookOf = (policy: KubeObject, bindings: readonly KubeObject[]): Hook<Spec, Compiled>[] => {
    const { name } = policy.metadata
    const own = bindings.filter((binding) => specOf<BindingSpec>(binding).policyName === name)
    if (own.length === 0) return []
    const spec = specOf<Spec>(policy)
    const compiled = compiledOf.get(policy) ?? compile(spec)
    compiledOf.set(policy, compiled)
    return [
      {
        name,
        spec,
        matcher: matcherOf(spec.matchConstraints),
        compiled,
        bindings: own.map((binding) => {
          const bindingSpec = specOf<BindingSpec>(binding)
          const { matchResources } = bindingSpec
          const matcher = matchResources === undefined ? undefined : matcherOf(matchResources)
          return { name: binding.metadata.name, spec: bindingSpec, matcher }
        }),
      },
    ]
  }
  return () => {
    if (!isObserved) {
      isObserved = true
      const forget = (): void => {
        known = undefined
      }
      objects.observe(kinds.policy, forget)
      objects.observe(kinds.binding, forget)
    }
    if (known === undefined) {
      const bindings = objects.list(kinds.binding).toSorted(byName)
      known =
        bindings.length === 0
          ? []
          : objects
              .list(kinds.policy)
              .toSorted(byName)
              .flatMap((policy) => hookOf(policy, bindings))
    }
    return known
  }
}

/** Policies and bindings are not held to policies: a broken one could never be mended. */
export const isPolicyResource = ({ attributes }: Admission): boolean =>
  attributes.group === 'admissionregistration.k8s.io' && exempt.has(attributes.resource)
const exempt: ReadonlySet<string> = new Set([
  'validatingadmissionpolicies',
  'validatingadmissionpolicybindings',
  'mutatingadmissionpolicies',
  'mutatingadmissionpolicybindings',
])

const byName = (a: KubeObject, b: KubeObject): number => (a.metadata.name < b.metadata.name ? -1 : 1)
const specOf = <Spec>(object: KubeObject): Spec => (object as KubeObject & { readonly spec: Spec }).spec
