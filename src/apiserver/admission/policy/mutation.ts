import type { KubeObject } from '#api/kind.ts'
import type { Value } from '#lib/cel/cel.ts'
import { itemsOf, type ListValue } from '#lib/cel/values.ts'
import { isError } from '#lib/errors.ts'
import { deepFreeze } from '#lib/freeze.ts'
import { checkApplied } from '#schema/apply/apply.ts'
import { MergeError } from '#schema/apply/merge-error.ts'
import { type MergeSchema, mergeSchemaOf } from '#schema/apply/merge-schema.ts'
import { mergeValues } from '#schema/apply/merge-values.ts'
import { faceOf } from '#schema/apply/value-face.ts'
import { fieldsOfPatch, jsonOf, misnamed } from '#schema/cel/patch-types.ts'
import { decode } from '#schema/decode.ts'
import { withDefaults } from '#schema/defaults.ts'
import { deepEqual } from '#schema/fields.ts'
import { applyJsonPatch } from '#schema/patch/json-patch.ts'
import type { AnyType } from '#schema/schema.ts'
import { internalError } from '../../http/status.ts'
import type { Seen } from './activation.ts'
import { patchProblem } from './patch-problem.ts'

/** A mutation that cannot be carried out: the policy's failure policy decides what becomes of the write. */
export class MutationError extends Error {}

/** The object's JSON with an apply configuration merged into it, without any owner of its fields. */
export function applyConfiguration(seen: Seen, value: Value): unknown {
  const problems = misnamed(value, 'Object')
  if (problems.length > 0) throw new MutationError(`type mismatch: ${problems.join('\n')}`)
  const applied = { ...(jsonOf(value) as object), apiVersion: seen.apiVersion, kind: seen.kind }
  const schema = mergeSchemaOf(seen.type as AnyType)
  const fits = (wrong: string, run: () => unknown): unknown => {
    try {
      return run()
    } catch (error) {
      if (error instanceof MergeError) throw new MutationError(`error applying patch: ${wrong}: ${error.message}`)
      throw error
    }
  }
  fits('failed to convert patch object to typed object', () => checkApplied(schema, applied))
  const atomics = atomicsOf(schema, applied, '')
  if (atomics.length > 0)
    throw new MutationError(
      `error applying patch: invalid ApplyConfiguration: may not mutate atomic arrays, maps or structs: ${atomics.join(', ')}`,
    )
  return fits('failed to merge patch', () => mergeValues(schema, seen.object, applied))
}

/** Parts of a value that can only be set as a whole: naming some of their fields would drop the others, so they are refused. */
function atomicsOf(schema: MergeSchema, value: unknown, path: string): readonly string[] {
  if (value === null || typeof value !== 'object') return []
  const face = faceOf(schema, value)
  if ('map' in face && !Array.isArray(value)) {
    const { map } = face
    const nested = Object.entries(value).flatMap(([key, each]) => {
      const field = map.fields.get(key)
      return field === undefined ? [] : atomicsOf(field.schema(), each, `${path}.${key}`)
    })
    return map.atomic ? [path, ...nested] : nested
  }
  if (!('list' in face) || !Array.isArray(value)) return []
  const { list } = face
  const nested = value.flatMap((each, index) => atomicsOf(list.item(), each, `${path}[${index}]`))
  return list.relation === 'atomic' ? [path, ...nested] : nested
}

/** The object's JSON with the operations of a JSON patch carried out; the same JSON where a `test` of them fails. */
export function applyPatch(seen: Seen, value: Value): unknown {
  const operations = itemsOf(value as ListValue).map(operationOf)
  try {
    return applyJsonPatch(seen.object, operations)
  } catch (error) {
    const index = failedIndex(error)
    if (index === undefined) throw error
    const problem = patchProblem(applyJsonPatch(seen.object, operations.slice(0, index)), operations[index] as PatchOperation)
    if (problem === undefined) return seen.object
    throw new MutationError(`JSON Patch: ${problem}`)
  }
}

/** Which operation failed: the refusal's cause names it. */
function failedIndex(error: unknown): number | undefined {
  if (!isError(error) || !(error.cause instanceof Error)) return undefined
  const found = /^operation (\d+) of the JSON patch/.exec(error.cause.message)
  return found === null ? undefined : Number(found[1])
}

interface PatchOperation {
  readonly op: string
  readonly path: string
  readonly from?: string
  readonly value?: unknown
}

function operationOf(item: Value): PatchOperation {
  const fields = fieldsOfPatch(item)
  const text = (name: string): string => (fields?.get(name) as string | undefined) ?? ''
  const value = fields?.get('value')
  const from = text('from')
  const operation = { op: text('op'), path: text('path'), ...(from === '' ? {} : { from }) }
  if (value === undefined) return operation
  const type = fieldsOfPatch(value) === undefined ? undefined : (value as { readonly type: { readonly name: string } }).type.name
  const problems = type === undefined ? [] : misnamed(value, type)
  if (problems.length > 0) throw new MutationError(`type mismatch: ${problems.join('\n')}`)
  try {
    return { ...operation, value: jsonOf(value) }
  } catch (error) {
    if (!(error instanceof TypeError)) throw error
    throw new MutationError(`JSONPath valueExpression evaluated to a type that could not marshal to JSON: ${error.message}`)
  }
}

/** The object that the JSON is of, defaults filled in; `undefined` where nothing has changed. */
export function objectOf(seen: Seen, json: unknown, isStrict: boolean): KubeObject | undefined {
  if (deepEqual(json, seen.object)) return undefined
  const type = seen.type as AnyType
  const { value, errors, unknown } = decode(type, json, { strict: isStrict })
  if (errors.length > 0) throw internalError(errors[0] as string)
  if (unknown.length > 0) throw internalError(`strict decoding error: ${unknown.join(', ')}`)
  return deepFreeze({ ...(withDefaults(type, value) as KubeObject), apiVersion: seen.apiVersion, kind: seen.kind })
}
