import type { JsonSchema, Structural } from '#schema/structural/structural.ts'

/**
 * How often a part of an object can be there, as far as the limits of lists and maps above it say: a rule costs that many times. `Infinity`:
 * nothing limits it. All parts share one sum.
 */
export interface RuleScope {
  readonly cardinality: number
  readonly total: TotalCost
  /** Whether a rule stands here sees the whole object: `metadata.name` and the like. */
  readonly isResource: boolean
  readonly property: (name: string, schema: JsonSchema) => RuleScope
  readonly additional: (schema: JsonSchema) => RuleScope
  readonly items: (schema: JsonSchema) => RuleScope
}

/** What all rules of a definition cost together, and the dearest of them. */
export interface TotalCost {
  sum: number
  dearest: { readonly path: string; readonly cost: number }[]
}

/** Where the cost of a whole schema's rules begins to be summed up. */
export const rootScope = (schema: Structural): RuleScope => scopeOf(schema, 1, { sum: 0, dearest: [] }, true)

function scopeOf(schema: JsonSchema, cardinality: number, total: TotalCost, isResource: boolean): RuleScope {
  const below = (part: JsonSchema): RuleScope =>
    scopeOf(part, product(cardinality, elementsMax(schema)), total, part['x-kubernetes-embedded-resource'] === true)
  return { cardinality, total, isResource, property: (_name, part) => below(part), additional: below, items: below }
}

/** Nothing, however often, is nothing. */
const product = (a: number, b: number): number => (a === 0 || b === 0 ? 0 : a * b)

/** By what factor a list or map multiplies what is in it. */
function elementsMax(schema: JsonSchema): number {
  if (schema.type === 'array') return schema.maxItems === undefined ? Number.POSITIVE_INFINITY : Math.max(0, schema.maxItems)
  if (schema.type !== 'object' || schema.additionalProperties === undefined) return 1
  return schema.maxProperties === undefined ? Number.POSITIVE_INFINITY : Math.max(0, schema.maxProperties)
}

/** Adds the cost of one rule. Those below one per cent of the limit are not worth naming. */
export function observeCost(total: TotalCost, path: string, cost: number): void {
  total.sum += cost
  if (cost < definitionCostLimit / 100) return
  total.dearest = [...total.dearest, { path, cost }].sort((a, b) => b.cost - a.cost).slice(0, 4)
}

/** What one rule, and all rules of a definition, may be estimated to cost (apiextensions-apiserver: StaticEstimatedCostLimit, …CRDCostLimit). */
export const ruleCostLimit = 10_000_000
/** What all rules of a definition may be estimated to cost together. */
export const definitionCostLimit = 100_000_000

/** `estimated rule cost exceeds budget by factor of …`. */
export function costProblem(what: string, cost: number, limit: number): string {
  const factor = cost / limit
  const shown = factor > 100 ? 'more than 100x' : factor < 1.5 ? `${factor.toFixed(6)}x` : `${factor.toFixed(1)}x`
  return `${what} exceeds budget by factor of ${shown} (try simplifying the rule, or adding maxItems, maxProperties, and maxLength where arrays, maps, and strings are declared)`
}
