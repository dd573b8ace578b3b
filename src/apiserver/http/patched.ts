import type { KubeObject } from '#api/kind.ts'
import { isObject } from '#schema/fields.ts'
import { parseExact } from '#schema/json.ts'
import type { Context } from '../context.ts'
import { badPatchResult, type Patch } from '../registry/patch.ts'
import { type FieldValidation, shapeObject, type Wanted } from './body.ts'
import { withoutRepeatedOwners } from './owner-references.ts'
import { matchName, matchNamespace, type Routed, typeNamed } from './routed.ts'
import { sortKeys } from './sort-keys.ts'

/** The patch's result as an object of its type; the client's mistakes are told like those of a body. */
export function patched(
  context: Context,
  call: Routed,
  wanted: Wanted,
  change: Patch,
  present: Uint8Array,
  validation: FieldValidation,
): KubeObject {
  const isCustom = wanted.type.shape.kind === 'structural'
  const document = parseExact(Buffer.from(present).toString())
  const applied = change.apply(wanted.type, document)
  const changed = isCustom ? applied : (change.ordered?.(applied) ?? applied)
  // Of a part only the part is taken: what the object is stays, whatever the patch says.
  const result = isCustom && call.info.subresource !== '' && isObject(changed) ? { ...changed, ...identityOf(document) } : changed
  const { object, warnings } = shapeObject(result, wanted, {
    validation,
    isKnown: context.kinds.isKnown,
    typeNamed: typeNamed(context),
    duplicates: change.duplicates,
    isOrdered: !isCustom && change.ordered !== undefined,
    refuse: (why) => badPatchResult(isCustom ? sortKeys(result) : inDeclaredOrder(result), change, why),
  })
  for (const warning of warnings) call.warn(warning)
  const found = withoutRepeatedOwners(object as unknown as KubeObject, call.warn)
  matchNamespace(call, found)
  matchName(call, found)
  return found
}

const identityOf = (document: unknown): object => {
  const { apiVersion, kind } = document as KubeObject
  return { apiVersion, kind }
}

/** The stored bytes get their version put in front; who is shown them expects it in its place. */
function inDeclaredOrder(document: unknown): unknown {
  const { metadata } = isObject(document) ? document : {}
  if (!isObject(metadata) || Object.keys(metadata)[0] !== 'resourceVersion') return document
  const { resourceVersion, ...others } = metadata
  const before = Object.entries(others).filter(([name]) => beforeVersion.has(name))
  return { ...(document as object), metadata: { ...Object.fromEntries(before), resourceVersion, ...others } }
}

const beforeVersion: ReadonlySet<string> = new Set(['name', 'generateName', 'namespace', 'selfLink', 'uid'])
