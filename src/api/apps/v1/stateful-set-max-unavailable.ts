import type { RollingUpdateStatefulSetStrategy, StatefulSetSpec } from '#api/apps/v1/types.ts'
import type { FeatureGate, Features } from '#api/features.ts'

type Set = { readonly spec: StatefulSetSpec }

const gate: FeatureGate = 'MaxUnavailableStatefulSet'

/** Where the gate is on, a rolling update that has limits at all has this one too (KEP-961). */
export function defaultMaxUnavailable<S extends Set>(set: S, features: Features): S {
  const { type, rollingUpdate } = set.spec?.updateStrategy ?? {}
  if (!features.has(gate) || type !== 'RollingUpdate' || rollingUpdate === undefined) return set
  return rollingUpdate.maxUnavailable === undefined ? withLimits(set, { ...rollingUpdate, maxUnavailable: 1 }) : set
}

/** Where it is off, the field goes, but for a set that has it from a time when it was on. */
export function dropMaxUnavailable<S extends Set>(next: S, previous: S | undefined, features: Features): S {
  if (features.has(gate) || maxUnavailableOf(next) === undefined || maxUnavailableOf(previous) !== undefined) return next
  const { maxUnavailable: _, ...rollingUpdate } = next.spec.updateStrategy.rollingUpdate!
  return withLimits(next, rollingUpdate)
}

const maxUnavailableOf = (set: Partial<Set> | undefined) => set?.spec?.updateStrategy?.rollingUpdate?.maxUnavailable

const withLimits = <S extends Set>(set: S, rollingUpdate: RollingUpdateStatefulSetStrategy): S => ({
  ...set,
  spec: { ...set.spec, updateStrategy: { ...set.spec.updateStrategy, rollingUpdate } },
})
