import { ObjectMeta } from '#api/meta/v1/types.ts'
import type { Cause } from '#lib/errors.ts'
import { decode } from '#schema/decode.ts'
import { deepEqual } from '#schema/fields.ts'
import { checkRules } from '#schema/structural/check-rules.ts'
import { coerceEmbedded } from '#schema/structural/metadata.ts'
import { prune } from '#schema/structural/prune.ts'
import type { Structural } from '#schema/structural/structural.ts'
import { validateValue } from '#schema/structural/validate-value.ts'
import { child, invalid, key } from '#schema/validate.ts'
import { validateEmbedded } from '../embedded.ts'

/** All defaults that are no values of their schema, or hold more than it says. */
export function validateDefaults(schema: Structural, path: string, requirePruned: boolean): Cause[] {
  return visit({ ...schema, 'x-kubernetes-embedded-resource': true }, path, { requirePruned, insideMetadata: false })
}

interface Walk {
  readonly requirePruned: boolean
  readonly insideMetadata: boolean
}

function visit(schema: Structural, path: string, walk: Walk): Cause[] {
  const isEmbedded = schema['x-kubernetes-embedded-resource'] === true
  const own = isEmbedded ? { ...walk, insideMetadata: false } : walk
  const causes = schema.default === undefined || schema.default === null ? [] : validateDefault(schema, child(path, 'default'), own)
  // Below additionalProperties there are none.
  if (schema.items !== undefined) causes.push(...visit(schema.items, child(path, 'items'), own))
  for (const [name, part] of Object.entries(schema.properties ?? {})) {
    const isMeta = isEmbedded && ['metadata', 'apiVersion', 'kind'].includes(name)
    causes.push(...visit(part, key(child(path, 'properties'), name), isMeta ? { ...own, insideMetadata: true } : own))
  }
  return causes
}

function validateDefault(schema: Structural, path: string, { requirePruned, insideMetadata }: Walk): Cause[] {
  const value = schema.default
  const isEmbedded = schema['x-kubernetes-embedded-resource'] === true
  const isRoot = isEmbedded
  const causes: Cause[] = []
  if (!insideMetadata) {
    if (requirePruned && !deepEqual(prune(schema, value, { isRoot: isEmbedded }), value))
      causes.push(invalid(path, value, 'must not have unknown fields'))
    const problem = coercionProblem(schema, value, path)
    if (problem !== undefined) return [...causes, problem]
    const embedded = validateEmbedded(schema, value, path)
    if (embedded.length > 0) return [...causes, ...embedded]
  }
  const wrong = validateValue(schema, value, path)
  return wrong.length > 0 ? [...causes, ...wrong] : [...causes, ...ruleProblems(schema, value, path, isRoot)]
}

/** A default is a value of its own: neither was it another one before, nor is there none to have been. */
function ruleProblems(schema: Structural, value: unknown, path: string, isRoot: boolean): Cause[] {
  const check = checkRules(schema, isRoot)
  if (check === undefined) return []
  const { causes } = check(value, value, path, undefined)
  return causes.length > 0 ? causes : check(value, undefined, path, undefined).causes
}

function coercionProblem(schema: Structural, value: unknown, path: string): Cause | undefined {
  let found: Cause | undefined
  coerceEmbedded(schema, value, path, {
    metadata(part, place) {
      const { errors } = decode({ shape: ObjectMeta.shape }, part)
      if (errors.length > 0) found ??= invalid(place, part, errors[0])
      return part
    },
    notText: (place, part) => void (found ??= invalid(place, part, 'must be a string')),
  })
  return found
}

/** Whether a default holds more than its schema says: older definitions could have such. */
export const hasUnprunedDefaults = (schema: Structural): boolean => {
  const own = schema.default
  if (own !== undefined && own !== null && !deepEqual(prune(schema, own, { isRoot: false }), own)) return true
  return [...Object.values(schema.properties ?? {}), ...(schema.items === undefined ? [] : [schema.items])].some(hasUnprunedDefaults)
}
