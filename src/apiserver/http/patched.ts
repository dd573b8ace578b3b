import type { KubeObject } from '#api/kind.ts'
import type { Context } from '../context.ts'
import { badPatchResult, type Patch } from '../registry/patch.ts'
import { type FieldValidation, shapeObject, type Wanted } from './body.ts'
import { withoutRepeatedOwners } from './owner-references.ts'
import { matchName, matchNamespace, type Routed, typeNamed } from './routed.ts'

/** The patch's result as an object of its type; the client's mistakes are told like those of a body. */
export function patched(
  context: Context,
  call: Routed,
  wanted: Wanted,
  change: Patch,
  present: Uint8Array,
  validation: FieldValidation,
): KubeObject {
  const document: unknown = JSON.parse(Buffer.from(present).toString())
  const result = change.apply(wanted.type, document)
  const { object, warnings } = shapeObject(result, wanted, {
    validation,
    isKnown: context.kinds.isKnown,
    typeNamed: typeNamed(context),
    duplicates: change.duplicates,
    refuse: (why) => badPatchResult(result, change, why),
  })
  for (const warning of warnings) call.warn(warning)
  const found = withoutRepeatedOwners(object as unknown as KubeObject, call.warn)
  matchNamespace(call, found)
  matchName(call, found)
  return found
}
