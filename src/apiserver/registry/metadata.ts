import type { AnyKind, KubeObject } from '#api/kind.ts'
import type { Cause } from '#lib/errors.ts'
import type { Random } from '#lib/random.ts'
import { deepEqual } from '#schema/fields.ts'
import { forbidden, invalid, required } from '#schema/validate.ts'

/** The name given, or one made of generateName; '' when there is neither. */
export function nameOrGenerateName(
  metadata: { readonly name?: string | undefined; readonly generateName?: string | undefined },
  random: Random,
): string {
  if (metadata.name) return metadata.name
  if (!metadata.generateName) return ''
  // Names may have 63 characters; the suffix has to fit.
  return `${metadata.generateName.slice(0, 63 - suffixLength)}${suffix(random)}`
}

/** What is wrong with an object's metadata; `previous` for an update. */
export function metadataProblems(kind: AnyKind, object: KubeObject, previous: KubeObject | undefined): readonly Cause[] {
  const { metadata } = object
  const causes: Cause[] = []
  if (!metadata.name) causes.push(required('metadata.name', 'name or generateName is required'))
  else for (const problem of kind.rules.validateName?.(metadata.name) ?? []) causes.push(invalid('metadata.name', metadata.name, problem))
  if (previous !== undefined) causes.push(...transitionProblems(object, previous))
  return causes
}

function transitionProblems({ metadata }: KubeObject, { metadata: before }: KubeObject): readonly Cause[] {
  const causes: Cause[] = []
  if (before.deletionTimestamp !== undefined) {
    const added = (metadata.finalizers ?? []).filter((finalizer) => !(before.finalizers ?? []).includes(finalizer))
    if (added.length > 0)
      causes.push(
        forbidden(
          'metadata.finalizers',
          `no new finalizers can be added if the object is being deleted, found new finalizers []string{${added.map((name) => JSON.stringify(name)).join(', ')}}`,
        ),
      )
  }
  for (const field of ['name', 'namespace', 'uid', 'creationTimestamp', 'deletionTimestamp', 'deletionGracePeriodSeconds'] as const)
    if (!deepEqual(metadata[field], before[field])) causes.push(invalid(`metadata.${field}`, metadata[field], 'field is immutable'))
  return causes
}

const suffix = (random: Random): string => Array.from({ length: suffixLength }, () => letters[random.below(letters.length)]).join('')
/** Neither vowels nor look-alikes, so that no words appear. */
const letters = 'bcdfghjklmnpqrstvwxz2456789'
const suffixLength = 5
