import type { AggregationRule, PolicyRule, RoleRef, Subject } from '#api/rbac/v1/types.ts'
import { same } from '#api/strategy.ts'
import { uncovered } from './rule.ts'

/** With the value `false`, an object of the bootstrap is left as it is; with `true` it is put right at every start. */
const autoupdateAnnotation = 'rbac.authorization.kubernetes.io/autoupdate'

interface Meta {
  readonly labels?: Readonly<Record<string, string>> | undefined
  readonly annotations?: Readonly<Record<string, string>> | undefined
}

/** A Role or a ClusterRole, as far as it is reconciled. */
export interface RoleLike {
  readonly metadata: Meta
  readonly rules?: readonly PolicyRule[] | null | undefined
  readonly aggregationRule?: AggregationRule | undefined
}

/** A RoleBinding or a ClusterRoleBinding, as far as it is reconciled. */
export interface BindingLike {
  readonly metadata: Meta
  readonly roleRef: RoleRef
  readonly subjects?: readonly Subject[] | undefined
}

/**
 * A present role of the bootstrap with what it lacks of the wanted one: rules that it does not cover, selectors, labels, annotations. What an
 * administrator added stays. Undefined: nothing is to be done, or they asked for that by the annotation.
 */
export function reconciledRole<R extends RoleLike>(present: R, wanted: RoleLike): R | undefined {
  if (isProtected(present)) return undefined
  const missing = uncovered(present.rules ?? [], wanted.rules ?? [])
  const selectors = present.aggregationRule?.clusterRoleSelectors ?? []
  const missingSelectors = (wanted.aggregationRule?.clusterRoleSelectors ?? []).filter(
    (selector) => !selectors.some((own) => same(own, selector)),
  )
  const metadata = mergedMeta(present.metadata, wanted.metadata)
  const keepsAggregation = (wanted.aggregationRule === undefined) === (present.aggregationRule === undefined)
  if (metadata === present.metadata && missing.length === 0 && missingSelectors.length === 0 && keepsAggregation) return undefined
  const { aggregationRule: _aggregation, ...rest } = present
  return {
    ...rest,
    metadata,
    ...(missing.length > 0 && { rules: [...(present.rules ?? []), ...missing] }),
    ...(wanted.aggregationRule !== undefined && { aggregationRule: { clusterRoleSelectors: [...selectors, ...missingSelectors] } }),
  } as unknown as R
}

/**
 * The same for a binding: subjects that it lacks are added. A binding to another role is a different one (its role cannot be changed) and has
 * to be made anew: `recreate`.
 */
export function reconciledBinding<B extends BindingLike>(present: B, wanted: BindingLike): B | 'recreate' | undefined {
  if (isProtected(present)) return undefined
  if (!same(present.roleRef, wanted.roleRef)) return 'recreate'
  const own = present.subjects ?? []
  const missing = (wanted.subjects ?? []).filter((subject) => !own.some((other) => same(bare(other), bare(subject))))
  const metadata = mergedMeta(present.metadata, wanted.metadata)
  if (metadata === present.metadata && missing.length === 0) return undefined
  return { ...present, metadata, ...(missing.length > 0 && { subjects: [...own, ...missing] }) }
}

const isProtected = ({ metadata }: { readonly metadata: Meta }): boolean => metadata.annotations?.[autoupdateAnnotation] === 'false'

/** An absent part and an empty one are the same. */
const bare = ({ kind, apiGroup, name, namespace }: Subject) => ({ kind, apiGroup: apiGroup || '', name, namespace: namespace || '' })

/** What is there wins over what is wanted; the same object when nothing is added. */
function mergedMeta<M extends Meta>(present: M, wanted: Meta): M {
  const labels = { ...wanted.labels, ...present.labels }
  const annotations = { ...wanted.annotations, ...present.annotations }
  if (same(labels, present.labels ?? {}) && same(annotations, present.annotations ?? {})) return present
  return { ...present, labels, annotations }
}
