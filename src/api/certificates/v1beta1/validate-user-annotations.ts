import type { Cause } from '#lib/errors.ts'
import { checkQualifiedName, invalid, invalidEach, required, tooLong } from '#schema/validate.ts'

const ANNOTATIONS_SIZE_MAX_BYTES = 256 * 1024

/** What a pod's author tells a signer: keys with a domain, in any case, and as much as metadata may have of annotations. */
export function validateUserAnnotations(annotations: Readonly<Record<string, string>> | undefined, path: string): Cause[] {
  const entries = Object.entries(annotations ?? {})
  const sizeBytes = entries.reduce((sum, [key, value]) => sum + Buffer.byteLength(key) + Buffer.byteLength(value), 0)
  return [
    ...entries.flatMap(([key]) => validateKey(key.toLowerCase(), path)),
    ...(sizeBytes > ANNOTATIONS_SIZE_MAX_BYTES ? [tooLong(path, ANNOTATIONS_SIZE_MAX_BYTES)] : []),
  ]
}

function validateKey(key: string, path: string): Cause[] {
  if (key === '') return [required(path)]
  const problems = checkQualifiedName(key)
  if (problems.length > 0) return invalidEach(path, key, problems)
  return key.includes('/') ? [] : [invalid(path, key, 'must be a domain-prefixed key (such as "acme.io/foo")')]
}
