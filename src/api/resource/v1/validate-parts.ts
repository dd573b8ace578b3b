import { validateDriverName } from '#api/core/v1/validation/volumes.ts'
import type { DeviceTaint, DeviceToleration } from '#api/resource/v1/types.ts'
import type { Cause } from '#lib/errors.ts'
import { repeats } from '#lib/repeats.ts'
import { formatIp, isMapped, parseCidr } from '#schema/ip.ts'
import type { Json } from '#schema/schema.ts'
import {
  checkCIdentifier,
  checkDns1123Label,
  checkDns1123Subdomain,
  checkLabelValue,
  checkQualifiedName,
  duplicate,
  invalid,
  invalidEach,
  notSupported,
  oneOf,
  required,
  SUBDOMAIN_LENGTH_MAX,
  tooLong,
  tooMany,
} from '#schema/validate.ts'

/** Rules that claims, classes and slices of devices share (KEP 4381). */

/** At most `max` items, each looked at; -1: as many as there are. */
export function validateSlice<T>(
  items: readonly T[] | undefined,
  max: number,
  path: string,
  validate: (item: T, path: string) => readonly Cause[],
): Cause[] {
  const count = items?.length ?? 0
  return max >= 0 && count > max ? [tooMany(path, count, max)] : (items ?? []).flatMap((item, i) => validate(item, `${path}[${i}]`))
}

/** The same, where no two items may have the same key. */
export function validateSet<T>(
  items: readonly T[] | undefined,
  max: number,
  path: string,
  keyOf: (item: T) => unknown,
  validate: (item: T, path: string) => readonly Cause[],
): Cause[] {
  const causes = validateSlice(items, max, path, validate)
  if (max >= 0 && (items?.length ?? 0) > max) return causes
  const seen = new Set<string>()
  for (const [i, item] of (items ?? []).entries()) {
    const key = keyOf(item)
    const text = JSON.stringify(key)
    if (seen.has(text)) causes.push(duplicate(`${path}[${i}]`, key))
    seen.add(text)
  }
  return causes
}

/** At most `max` entries; a key's faults are told of the whole map, a value's at its key, which is shortened where it is too long. */
export function validateMap<T>(
  map: Readonly<Record<string, T>> | undefined,
  max: number,
  keyLengthMax: number,
  path: string,
  validateKey: (key: string, path: string) => readonly Cause[],
  validate: (value: T, path: string) => readonly Cause[],
): Cause[] {
  const entries = Object.entries(map ?? {})
  if (max >= 0 && entries.length > max) return [tooMany(path, entries.length, max)]
  return entries.flatMap(([key, value]) => [...validateKey(key, path), ...validate(value, `${path}[${shortened(key, keyLengthMax)}]`)])
}

function shortened(text: string, lengthMax: number): string {
  const max = Math.max(16, lengthMax)
  if (text.length <= max) return text
  const rest = max - '...'.length
  return `${text.slice(0, Math.floor((rest + 1) / 2))}...${text.slice(text.length - Math.floor(rest / 2))}`
}

/** A name that is one label of DNS. */
export const validateLabel = (name: string, path: string): Cause[] => invalidEach(path, name, checkDns1123Label(name))

/** Subdomains with slashes between them. */
export function validatePoolName(name: string, path: string): Cause[] {
  if (name === '') return [required(path)]
  return [
    ...(Buffer.byteLength(name) > SUBDOMAIN_LENGTH_MAX ? [tooLong(path, SUBDOMAIN_LENGTH_MAX)] : []),
    ...name.split('/').flatMap((part) => invalidEach(path, part, checkDns1123Subdomain(part))),
  ]
}

/** Characters in the domain of an attribute's name. */
export const DOMAIN_LENGTH_MAX = 63
/** Characters in the part behind it. */
export const ID_LENGTH_MAX = 32

/** `name`, or `domain/name`: attributes and capacities of a device. */
export function validateAttributeName(name: string, path: string): Cause[] {
  const parts = name.split('/')
  if (parts.length === 1) return validateIdentifier(name, path)
  if (parts.length > 2) return []
  const [domain = '', id = ''] = parts
  return [
    ...(domain === '' ? [invalid(path, '', 'the domain must not be empty')] : validateDriverName(domain, path)),
    ...(id === '' ? [invalid(path, '', 'the name must not be empty')] : validateIdentifier(id, path)),
  ]
}

/** A name of an attribute together with its domain. */
export const validateFullAttributeName = (name: string, path: string): Cause[] => [
  ...validateAttributeName(name, path),
  ...(name.includes('/') ? [] : [invalid(path, name, 'a fully qualified name must be a domain and a name separated by a slash')]),
]

const validateIdentifier = (id: string, path: string): Cause[] => [
  ...(Buffer.byteLength(id) > ID_LENGTH_MAX ? [tooLong(path, ID_LENGTH_MAX)] : []),
  ...invalidEach(path, id, checkCIdentifier(id)),
]

/** An identifier in its usual form: RFC 4122. */
export function validateUid(uid: string, path: string): Cause[] {
  const bare =
    /^urn:uuid:/i.test(uid) && uid.length === 45 ? uid.slice(9) : /^\{.*\}$/.test(uid) && uid.length === 38 ? uid.slice(1, -1) : uid
  if (![32, 36, 38, 45].includes(uid.length)) return [invalid(path, uid, `error validating uid: invalid UUID length: ${uid.length}`)]
  if (!/^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$|^[0-9a-f]{32}$/i.test(bare))
    return [invalid(path, uid, 'error validating uid: invalid UUID format')]
  return uid.length === 36 && uid === uid.toLowerCase()
    ? []
    : [
        invalid(
          path,
          uid,
          'uid must be in RFC 4122 normalized form, `xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx` with lowercase hexadecimal characters',
        ),
      ]
}

/** A JSON object that nobody but a driver reads. */
export function validateOpaque(value: Json | undefined, sizeMaxBytes: number, path: string): Cause[] {
  if (value === undefined || value === null) return [required(path)]
  if (Buffer.byteLength(JSON.stringify(value)) > sizeMaxBytes) return [tooLong(path, sizeMaxBytes)]
  return typeof value === 'object' && !Array.isArray(value) ? [] : [invalid(path, '<value omitted>', 'must be a valid JSON object')]
}

/** Conditions that hold a binding up need such that end it, and the other way round. */
export function validateBindingConditions(
  { bindingConditions: wanted = [], bindingFailureConditions: failing = [] }: BindingConditions,
  path: string,
): Cause[] {
  const [at, failingAt] = [`${path}.bindingConditions`, `${path}.bindingFailureConditions`]
  const checkName = (name: string, where: string): Cause[] => invalidEach(where, name, checkQualifiedName(name))
  const repeated = (list: readonly string[], where: string): Cause[] =>
    repeats(list).flatMap((isRepeated, i) => (isRepeated ? [duplicate(`${where}[${i}]`, list[i])] : []))
  return [
    ...validateSlice(wanted, CONDITIONS_MAX, at, checkName),
    ...validateSlice(failing, CONDITIONS_MAX, failingAt, checkName),
    ...repeated(wanted, at),
    ...repeated(failing, failingAt),
    ...failing.flatMap((name, i) =>
      wanted.includes(name)
        ? [invalid(`${failingAt}[${i}]`, name, 'bindingFailureConditions must not overlap with bindingConditions')]
        : [],
    ),
    ...(wanted.length === 0 && failing.length > 0
      ? [invalid(at, null, 'bindingConditions are required to use bindingFailureConditions')]
      : []),
    ...(failing.length === 0 && wanted.length > 0
      ? [invalid(failingAt, null, 'bindingFailureConditions are required to use bindingConditions')]
      : []),
  ]
}

interface BindingConditions {
  readonly bindingConditions?: readonly string[] | undefined
  readonly bindingFailureConditions?: readonly string[] | undefined
}
const CONDITIONS_MAX = 4

const taintEffects = ['NoExecute', 'NoSchedule', 'None']

/** What is wrong with a taint of a device; `path` is where it stands. */
export function validateTaint({ key, value = '', effect }: DeviceTaint, path: string): Cause[] {
  return [
    ...invalidEach(`${path}.key`, key, checkQualifiedName(key)),
    ...(value === '' ? [] : invalidEach(`${path}.value`, value, checkLabelValue(value))),
    ...((effect as string) === '' ? [required(`${path}.effect`)] : oneOf(`${path}.effect`, effect, taintEffects)),
  ]
}

/** What is wrong with a toleration of one. */
export function validateToleration({ key = '', operator, value = '', effect }: DeviceToleration, path: string): Cause[] {
  const causes = key === '' ? [] : invalidEach(`${path}.key`, key, checkQualifiedName(key))
  if (operator === 'Exists') {
    if (value !== '') causes.push(invalid(`${path}.value`, value, 'must be empty for operator `Exists`'))
  } else if (operator === 'Equal') causes.push(...invalidEach(`${path}.value`, value, checkLabelValue(value)))
  else causes.push(notSupported(`${path}.operator`, operator, ['Equal', 'Exists']))
  return effect ? [...causes, ...oneOf(`${path}.effect`, effect, taintEffects)] : causes
}

/** An address and its network's prefix, in the one form that they have: `10.9.8.7/24`. */
export function validateInterfaceAddress(text: string, path: string): Cause[] {
  const cidr = parseCidr(text)
  if (cidr === undefined) return [invalid(path, text, 'must be a valid address in CIDR form, (e.g. 10.9.8.7/24 or 2001:db8::1/64)')]
  const prefix = isMapped(cidr.address) && cidr.prefix > 32 ? cidr.prefix - 96 : cidr.prefix
  const canonical = `${formatIp(cidr.address)}/${prefix}`
  return text === canonical ? [] : [invalid(path, text, `must be in canonical form (${JSON.stringify(canonical)})`)]
}
