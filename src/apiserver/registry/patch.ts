import type { WherryError } from '#lib/errors.ts'
import { clone, isObject } from '#schema/fields.ts'
import { goJson, goValue } from '#schema/go-text.ts'
import { applyJsonPatch } from '#schema/patch/json-patch.ts'
import { keptDuplicates } from '#schema/patch/kept-duplicates.ts'
import { applyMergePatch } from '#schema/patch/merge-patch.ts'
import { obeyStrategicPatch } from '#schema/patch/strategic.ts'
import { mergedOrder, patchedOrder } from '#schema/patch/touched-order.ts'
import type { AnyType } from '#schema/schema.ts'
import { invalid } from '#schema/validate.ts'
import { parseJsonBody } from '../http/body.ts'
import { mediaType } from '../http/negotiate.ts'
import { badRequest, invalidError } from '../http/status.ts'

/** A patch that was read, whatever its type; not that of an apply. */
export interface Patch {
  /** The present document with the patch applied; throws what is wrong with the patch. */
  apply(type: AnyType, document: unknown): unknown
  /** Keys that the patch gives twice; once it has been applied, with those that its result still has so. */
  readonly duplicates: readonly string[]
  /** What a refusal of the result shows. */
  readonly shown: (result: unknown) => string
  /** The result in the order of keys that its decoder meets. Absent: it has none. */
  readonly ordered?: (result: unknown) => unknown
  /** The words for what does not fit its type; absent: the decoder's. */
  readonly explain?: (why: string) => string
}

const patchTypes = ['application/json-patch+json', 'application/merge-patch+json', 'application/strategic-merge-patch+json']

/** Whether the router takes such a body for a patch at all. */
export const isPatchType = (contentType: string | undefined): boolean =>
  patchTypes.includes(mediaType(contentType)) || isApplyType(contentType)
/** A server-side apply. CBOR, its other encoding, is off by default. */
export const isApplyType = (contentType: string | undefined): boolean => mediaType(contentType) === 'application/apply-patch+yaml'

/** Reads a patch. Throws `BadRequest` with the reference's words. */
export function readPatch(body: Uint8Array, contentType: string | undefined): Patch {
  const type = mediaType(contentType)
  const isStrategic = type === 'application/strategic-merge-patch+json'
  const undecodable = (why: string) => badRequest(isStrategic ? why : `error decoding patch: ${why}`)
  const { value, duplicates } = parseJsonBody(body, undecodable, { exact: true })
  if (type === 'application/json-patch+json') {
    const text = Buffer.from(body).toString()
    if (value !== null && !Array.isArray(value))
      throw badRequest(`error decoding patch: json: cannot unmarshal ${goKind(value)} into Go value of type []handlers.jsonPatchOp`)
    const own = duplicates.map((text) => `json patch ${text}`)
    let kept: readonly string[] = []
    return {
      get duplicates() {
        return [...own, ...kept]
      },
      apply(_shape, document) {
        const result = applyJsonPatch(document, value ?? [], text)
        if (duplicates.length > 0) kept = keptDuplicates(duplicates, value ?? [], result)
        return result
      },
      ordered: (result) => patchedOrder(result, value ?? []),
      shown: (result) => goJson(patchedOrder(result, value ?? [])),
    }
  }
  if (value === null && type === 'application/merge-patch+json') throw badRequest('Invalid JSON Patch')
  if (!isObject(value ?? {})) throw undecodable(`json: cannot unmarshal ${goKind(value)} into Go value of type map[string]interface {}`)
  if (type === 'application/merge-patch+json') {
    const shown = (result: unknown): string => goJson(mergedOrder(result, value))
    return { duplicates, shown, apply: (_shape, document) => applyMergePatch(document, value) }
  }
  // What is left of the patch once its directives are obeyed.
  let left: unknown = value ?? {}
  return {
    duplicates,
    shown: () => goValue(left),
    explain: conversionProblem,
    apply(shape, document) {
      left = clone(value ?? {})
      // The result is taken for an object of the present one's kind, whatever it says.
      return { ...(obeyStrategicPatch(shape, document, left) as object), ...identityOf(document) }
    },
  }
}

/** The refusal of a patch whose result is no object of its kind. */
export const badPatchResult = (result: unknown, { shown, explain }: Patch, why: string): WherryError =>
  invalidError({ group: '', kind: '' }, '', [invalid('patch', shown(result), explain?.(why) ?? why)])

const goKind = (value: unknown): string =>
  Array.isArray(value) ? 'array' : isObject(value) ? 'object' : typeof value === 'boolean' ? 'bool' : typeof value

const identityOf = (document: unknown): object => {
  const { apiVersion, kind } = document as { readonly apiVersion?: unknown; readonly kind?: unknown }
  return { apiVersion, kind }
}

/** A strategic patch's result is no text that is decoded, but a tree that is converted: what does not fit is told in other words. */
export function conversionProblem(why: string): string {
  const number = /^json: cannot unmarshal number \S+\.\S* into .* of type (u?int\d*)$/.exec(why)
  if (number !== null) return `cannot convert float64 to ${number[1]}`
  const found = /^json: cannot unmarshal (\w+) into Go (?:struct field \S+|value) of type (.+)$/.exec(why)
  if (found === null) return why
  const [, from = '', to = ''] = found
  const kind = { number: 'int64', array: 'slice', object: 'map' }[from] ?? from
  if (to.startsWith('map[')) return `cannot restore map from ${kind}`
  if (to.startsWith('[]')) return `cannot restore slice from ${kind}`
  // Only structures have names with a package.
  return to.includes('.') ? `cannot restore struct from: ${kind}` : `unrecognized type: ${to}`
}
