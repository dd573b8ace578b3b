import type { ResourceQuota } from '#api/core/v1/resource-quota.ts'
import type { Resources } from '#api/core/v1/resources.ts'
import type { KubeObject } from '#api/kind.ts'
import { addQuantity, compareQuantity, parseQuantity, quantityOf, subQuantity } from '#lib/quantity.ts'

/** Quotas count resources of Kubernetes' own domain by its rules, others by theirs. */
export { isNative as isNativeResource } from '#api/core/v1/validation/resources.ts'

/** How objects of one resource count against quotas. Pure: what it has to know of others is in the context. */
export interface QuotaEvaluator {
  /** `pods`, `deployments.apps`. */
  readonly resource: string
  /** Those of the names in a quota that this resource uses. */
  readonly matching: (names: readonly string[], context: QuotaContext) => readonly string[]
  /** What an object uses. */
  readonly usage: (object: KubeObject, context: QuotaContext) => Resources
  /** Whether a write can change what is used. */
  readonly handles: (write: QuotaWrite) => boolean
  /** What the object has to say and does not, where a quota is about these names. */
  readonly missing?: (names: readonly string[], object: KubeObject) => string | undefined
  /** Whether the object is in a scope. Absent: it is in none. */
  readonly isIn?: (scope: ScopeSelector, object: KubeObject) => boolean
}

/** A write that may change what is used. */
export interface QuotaWrite {
  readonly operation: 'CREATE' | 'UPDATE'
  readonly subresource: string
  readonly object: KubeObject
  readonly previous: KubeObject | undefined
}

/** One requirement of a quota's scope (core/v1 ScopedResourceSelectorRequirement). */
export interface ScopeSelector {
  readonly scopeName: string
  readonly operator: string
  readonly values?: readonly string[]
}

/** What counting may know beside the object. */
export interface QuotaContext {
  /** Milliseconds since the epoch. */
  readonly now: number
  readonly pod: (namespace: string, name: string) => KubeObject | undefined
  readonly resourceClaims: (namespace: string) => readonly KubeObject[]
  readonly deviceClasses: () => readonly KubeObject[]
}

/** Both forms of a quota's scopes in one; all of them have to hold. */
export const scopesOf = ({ spec }: ResourceQuota): readonly ScopeSelector[] => [
  ...(spec.scopes ?? []).map((scopeName) => ({ scopeName, operator: 'Exists' })),
  ...((spec.scopeSelector?.matchExpressions ?? []) as readonly ScopeSelector[]),
]

/** Whether the quota is about such an object: one of its names and all of its scopes. */
export function appliesTo(quota: ResourceQuota, evaluator: QuotaEvaluator, object: KubeObject, context: QuotaContext): boolean {
  const names = Object.keys(quota.status?.hard ?? {})
  return evaluator.matching(names, context).length > 0 && scopesOf(quota).every((scope) => evaluator.isIn?.(scope, object) ?? false)
}

/** Whether one of the values (none: absent) is what the scope wants. */
export function selects({ operator, values = [] }: ScopeSelector, present: readonly string[]): boolean {
  if (operator === 'Exists') return present.length > 0
  if (operator === 'DoesNotExist') return present.length === 0
  if (operator === 'In') return present.some((value) => values.includes(value))
  return operator === 'NotIn' && (present.length === 0 || present.some((value) => !values.includes(value)))
}

/** `count/pods`, `count/deployments.apps`. */
export const countName = (resource: string): string => `count/${resource}`

/** What an object counts for. */
export const one = quantityOf(1)

/** Amounts out of their texts; a text that is no quantity is a RangeError. */
export const parseResources = (list: Readonly<Record<string, string>> | undefined): Resources =>
  Object.fromEntries(Object.entries(list ?? {}).map(([name, text]) => [name, parseQuantity(text)]))

/** The sum, name by name. */
export function addResources(a: Resources, b: Resources): Resources {
  const sum = { ...a }
  for (const [name, quantity] of Object.entries(b)) sum[name] = sum[name] === undefined ? quantity : addQuantity(sum[name], quantity)
  return sum
}

/** `a - b`, never below nothing. */
export function growth(a: Resources, b: Resources): Resources {
  const grown: Resources = {}
  for (const [name, quantity] of Object.entries(a)) {
    const difference = b[name] === undefined ? quantity : subQuantity(quantity, b[name])
    grown[name] = difference.nano > 0n ? difference : quantityOf(0)
  }
  return grown
}

/** The most of each name. */
export const maxResources = (lists: readonly Resources[]): Resources => {
  const most: Resources = {}
  for (const list of lists)
    for (const [name, quantity] of Object.entries(list))
      if (most[name] === undefined || compareQuantity(quantity, most[name]) > 0) most[name] = quantity
  return most
}

/** Of the amounts those with such names. */
export const mask = (resources: Resources, names: readonly string[]): Resources =>
  Object.fromEntries(Object.entries(resources).filter(([name]) => names.includes(name)))
