import type { Cause } from '#lib/errors.ts'
import { checkQualifiedName, invalid, invalidEach, required, tooLong } from '#schema/validate.ts'

/** What is wrong with the name of the driver that a class is of. */
export const validateProvisioner = (name: string, path: string): Cause[] =>
  name === '' ? [required(path)] : invalidEach(path, name.toLowerCase(), checkQualifiedName(name.toLowerCase()))

/** What is wrong with what a class tells its driver. */
export function validateParameters(parameters: Readonly<Record<string, string>> | undefined, path: string): Cause[] {
  const entries = Object.entries(parameters ?? {})
  if (entries.length > COUNT_MAX) return [tooLong(path, COUNT_MAX)]
  const causes = entries.flatMap(([key]) => (key === '' ? [invalid(path, key, 'field can not be empty.')] : []))
  return sizeBytesOf(parameters) > SIZE_MAX_BYTES ? [...causes, tooLong(path, SIZE_MAX_BYTES)] : causes
}

/** Keys and values together. */
export const sizeBytesOf = (map: Readonly<Record<string, string>> | undefined): number =>
  Object.entries(map ?? {}).reduce((sum, [key, value]) => sum + Buffer.byteLength(key) + Buffer.byteLength(value), 0)

const COUNT_MAX = 512
/** As much as all annotations of an object may be. */
export const SIZE_MAX_BYTES = 256 * 1024
