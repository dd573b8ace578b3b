import type { ResourceQuota } from '#api/core/v1/resource-quota.ts'
import type { Resources } from '#api/core/v1/resources.ts'
import type { KubeObject } from '#api/kind.ts'
import { type QuotaEvaluator, type ScopeSelector, scopesOf } from '#api/quota/quota.ts'
import type { LimitedResource } from './configuration.ts'

/** What an object would use though it may only under a quota, and no quota is there for it. `isPlain`: the reference's answer is no refusal. */
export interface Uncovered {
  readonly refused: string
  readonly isPlain?: true
}

/**
 * Looks for a quota over each thing that is limited to those who have one: `covered` are the names that the quotas about this object have.
 * Undefined where all is well. Pure.
 */
export function uncovered(
  limited: readonly LimitedResource[],
  quotas: readonly ResourceQuota[],
  { evaluator, object, usage }: { readonly evaluator: QuotaEvaluator; readonly object: KubeObject; readonly usage: Resources },
  covered: ReadonlySet<string>,
): Uncovered | undefined {
  const texts = limited.filter((one) => keyOf(one) === evaluator.resource).flatMap(({ matchContains = [] }) => matchContains)
  const names = Object.keys(usage).filter(
    (name) => usage[name]!.nano > 0n && !covered.has(name) && texts.some((text) => name.includes(text)),
  )
  if (names.length > 0) return { refused: `insufficient quota to consume: ${names.sort().join(',')}` }
  const isIn = (scope: ScopeSelector): boolean => evaluator.isIn?.(scope, object) ?? false
  const wanted = limited.flatMap(({ matchScopes = [] }) => matchScopes as readonly ScopeSelector[]).filter(isIn)
  if (wanted.length === 0) return undefined
  const present = new Set(quotas.flatMap((quota) => scopesOf(quota).filter(isIn)).map(({ scopeName }) => scopeName))
  const missing = wanted.filter(({ scopeName }) => !present.has(scopeName))
  if (missing.length === 0) return undefined
  const shown = missing.map(({ scopeName, operator, values = [] }) => `{${scopeName} ${operator} [${values.join(' ')}]}`)
  return { refused: `insufficient quota to match these scopes: [${shown.join(' ')}]`, isPlain: true }
}

const keyOf = ({ apiGroup = '', resource }: LimitedResource): string => (apiGroup === '' ? resource : `${resource}.${apiGroup}`)
