import type { CustomResourceDefinitionCondition as Condition } from './types.ts'

/** Names of the conditions of a definition (API docs, CustomResourceDefinitionConditionType). */
export type ConditionType =
  | 'Established'
  | 'NamesAccepted'
  | 'NonStructuralSchema'
  | 'Terminating'
  | 'KubernetesAPIApprovalPolicyConformant'

/** What is said about one of them; the moment of its last change comes with the setting. */
export interface NewCondition {
  readonly type: ConditionType
  readonly status: 'True' | 'False' | 'Unknown'
  readonly reason: string
  readonly message: string
}

interface HasConditions {
  readonly status: { readonly conditions: readonly Condition[] | null }
}

/** The finalizer by which instances are deleted before their definition. */
export const cleanupFinalizer = 'customresourcecleanup.apiextensions.k8s.io'

/** The condition of a type, if the definition has one. */
export const findCondition = ({ status }: HasConditions, type: ConditionType): Condition | undefined =>
  (status.conditions ?? []).find((condition) => condition.type === type)

/** Whether the condition stands; one that is unknown or missing does not. */
export const isTrue = (object: HasConditions, type: ConditionType): boolean => findCondition(object, type)?.status === 'True'

/** The conditions with one replaced or added at the end. `now` counts where its status changes. */
export function withCondition(conditions: readonly Condition[] | null, next: NewCondition, now: string): Condition[] {
  const all = conditions ?? []
  const before = all.find(({ type }) => type === next.type)
  const isSame = before !== undefined && before.status === next.status && before.lastTransitionTime !== null
  const made: Condition = { ...before, ...next, lastTransitionTime: isSame ? before.lastTransitionTime : now }
  return before === undefined ? [...all, made] : all.map((condition) => (condition === before ? made : condition))
}
