import { type AnyKind, apiVersionOf } from '#api/kind.ts'
import type { WherryError } from '#lib/errors.ts'
import { decode } from '#schema/decode.ts'
import { inDocumentOrder } from '#schema/duplicates.ts'
import { getPath, isObject } from '#schema/fields.ts'
import { quote } from '#schema/go-text.ts'
import { type JsonLimits, parseJson } from '#schema/json.ts'
import type { AnyType } from '#schema/schema.ts'
import { invalid } from '#schema/validate.ts'
import { jsonProblem } from './json-problem.ts'
import { bodyEncoding } from './negotiate.ts'
import { isProtobufBody, protobufPrefixBytes, readProtobufBody } from './protobuf-body.ts'
import { sortKeys } from './sort-keys.ts'
import { badRequest, internalError, invalidError } from './status.ts'
import { yamlOf } from './yaml-body.ts'

/** What is done about fields that a body has and its type has not: refused, told as warnings, passed over (KEP-2885). */
export type FieldValidation = 'Strict' | 'Warn' | 'Ignore'

/** What a body has to be. */
export interface Wanted {
  readonly type: AnyType
  readonly group: string
  readonly version: string
  readonly kind: string
  /** Other versions of the same fields, by their whole names. */
  readonly alsoRead?: readonly string[]
}

/** A body that could be read. */
export interface ReadBody {
  /** Of the wanted type, apiVersion and kind filled in. */
  readonly object: Record<string, unknown>
  /** To be shown as Warning headers. */
  readonly warnings: readonly string[]
}

/** How strictly a body is read, and what else it might have been meant to be. */
export interface BodyOptions {
  readonly validation: FieldValidation
  /** Whether any kind goes by this name, for the wording of the refusal. */
  readonly isKnown: (apiVersion: string, kind: string, group: string) => boolean
  /** The type of a served kind by its name. */
  readonly typeNamed?: (apiVersion: string, kind: string) => AnyType | undefined
}

/** The same for a value that is made already, such as a patch's result. `duplicates`: keys that it was given twice. */
export interface ShapeOptions extends BodyOptions {
  readonly duplicates: readonly string[]
  /** Whether the order of keys in the value is that in which unknown ones are told; otherwise they are sorted. */
  readonly isOrdered?: boolean
  /** The error for what does not fit. */
  readonly refuse: (why: string) => WherryError
}

/** A kind as the type that its own body has to be of. */
export const wantedOf = (kind: AnyKind): Wanted => ({ type: kind, group: kind.group, version: kind.version, kind: kind.kind })

/**
 * Reads an object out of a request's body. Throws `BadRequest` with the reference's words: what is no JSON, what is another kind, what does
 * not fit its type and, with `Strict`, fields that are unknown or given twice.
 */
export function readObject(body: Uint8Array, contentType: string | undefined, wanted: Wanted, options: BodyOptions): ReadBody {
  const unrecognized = (why: string): WherryError =>
    badRequest(`the object provided is unrecognized (must be of type ${wanted.kind}): ${why} (${summaryOf(body)})`)
  const parsed = parse(body, contentType, wanted, unrecognized)
  if (isCustom(wanted)) refuseOtherVersion(parsed.value, wanted, unrecognized, body)
  return shape(parsed.value, parsed.duplicates, wanted, options, unrecognized, undefined, parsed.text)
}

/** The same for a value that is already at hand: a patch's result, whose mistakes are told as the patch's. */
export function shapeObject(value: unknown, wanted: Wanted, options: ShapeOptions): ReadBody {
  if (isCustom(wanted) && !identityOf(value, options.refuse).kind)
    throw options.refuse(`Object 'Kind' is missing in '${JSON.stringify(sortKeys(value))}'`)
  if (isCustom(wanted) && !identityOf(value, options.refuse).apiVersion)
    throw internalError(`Object 'apiVersion' is missing in 'object has no apiVersion field'`)
  return shape(value, options.duplicates, wanted, options, options.refuse, options.refuse, undefined, options.isOrdered)
}

function shape(
  value: unknown,
  duplicates: readonly string[],
  wanted: Wanted,
  options: BodyOptions,
  unrecognized: (why: string) => WherryError,
  refuse?: (why: string) => WherryError,
  text?: () => string,
  isOrdered = false,
): ReadBody {
  const given = identityOf(value, unrecognized)
  const ownVersion = apiVersionOf(wanted)
  const apiVersion = isWantedVersion(given.apiVersion, wanted) ? ownVersion : given.apiVersion
  const kind = given.kind || wanted.kind
  const refused = (why: string): WherryError => refuse?.(why) ?? unfit(wanted, kind, apiVersion, why)
  if (isCustom(wanted)) refuseOther(given, value, wanted)
  else if (apiVersion !== ownVersion || kind !== wanted.kind) {
    // What calls itself something else is read as that first.
    const isKnown = options.isKnown(apiVersion, kind, wanted.group)
    const other = isKnown ? options.typeNamed?.(apiVersion, kind) : undefined
    const misread = other === undefined ? undefined : decode(other, value ?? {}, { strict: false }).errors[0]
    throw refused(misread ?? misfit(apiVersion, kind, wanted, isKnown))
  }
  const decoded = decode(wanted.type, value ?? {}, { strict: options.validation !== 'Ignore' })
  if (decoded.errors.length > 0) throw refused(decoded.errors[0]!)
  const unknown = refuse === undefined || isOrdered ? decoded.unknown : decoded.unknown.toSorted()
  const isMixed = text !== undefined && duplicates.length > 0 && unknown.length > 0
  const all = isMixed ? inDocumentOrder(text(), unknown) : [...duplicates, ...unknown]
  const problems = options.validation === 'Ignore' ? [] : all
  if (problems.length > 0 && options.validation === 'Strict')
    throw refused(`strict decoding error: ${(isMixed ? all : [...strictTexts(duplicates), ...unknown]).join(', ')}`)
  const { apiVersion: _apiVersion, kind: _kind, ...rest } = decoded.value as Record<string, unknown>
  return { object: withForgottenOwners({ apiVersion, kind, ...rest }, value), warnings: problems }
}

/** One that is not named is the wanted one. */
const isWantedVersion = (apiVersion: string, wanted: Wanted): boolean =>
  apiVersion === '' || apiVersion === apiVersionOf(wanted) || wanted.alsoRead?.includes(apiVersion) === true

const isCustom = ({ type }: Wanted): boolean => type.shape.kind === 'structural'

/** Custom resources have no types to be told apart by: they have to say what they are. */
function refuseOtherVersion(value: unknown, wanted: Wanted, unrecognized: (why: string) => WherryError, body: Uint8Array): void {
  const { apiVersion, kind } = identityOf(value, unrecognized)
  if (kind === '') throw unrecognized(`Object 'Kind' is missing in '${Buffer.from(body).toString()}'`)
  const expected = apiVersionOf(wanted)
  if (apiVersion !== expected)
    throw badRequest(`the API version in the data (${apiVersion}) does not match the expected API version (${expected})`)
}

/** What calls itself something else is a custom resource all the same, and is refused as an invalid one. */
function refuseOther({ apiVersion, kind }: Identity, value: unknown, wanted: Wanted): void {
  const expected = apiVersionOf(wanted)
  const causes = [
    ...(kind === wanted.kind ? [] : [invalid('kind', kind, `must be ${wanted.kind}`)]),
    ...(apiVersion === expected ? [] : [invalid('apiVersion', apiVersion, `must be ${expected}`)]),
  ]
  if (causes.length === 0) return
  const name = getPath(value, ['metadata', 'name'])
  const group = apiVersion.includes('/') ? apiVersion.slice(0, apiVersion.indexOf('/')) : ''
  throw invalidError({ group, kind }, typeof name === 'string' ? name : '', causes)
}

const unfit = (wanted: Wanted, kind: string, apiVersion: string, why: string): WherryError =>
  badRequest(`${kind} in version ${quote(apiVersion.slice(apiVersion.indexOf('/') + 1))} cannot be handled as a ${wanted.kind}: ${why}`)

/** An empty metadata.managedFields is the wish to forget all owners, which a decoded object would not show. */
function withForgottenOwners(object: Record<string, unknown>, value: unknown): Record<string, unknown> {
  const given = getPath(value, ['metadata', 'managedFields'])
  if (!Array.isArray(given) || given.length > 0) return object
  return { ...object, metadata: { ...(object['metadata'] as object), managedFields: [] } }
}

/** Keys given twice in YAML, which are told by line, are one error of its parser. */
function strictTexts(duplicates: readonly string[]): readonly string[] {
  if (!duplicates[0]?.startsWith('line ')) return duplicates
  return [`yaml: unmarshal errors:\n${duplicates.map((text) => `  ${text}`).join('\n')}`]
}

interface Parsed {
  readonly value: unknown
  readonly duplicates: readonly string[]
  /** Of JSON: what was read, to look up where something stands. */
  readonly text?: () => string
}

function parse(body: Uint8Array, contentType: string | undefined, wanted: Wanted, unrecognized: (why: string) => WherryError): Parsed {
  const encoding = bodyEncoding(contentType)
  const unparsable = (why: string): WherryError => unrecognized(`couldn't get version/kind; json parse error: ${why}`)
  if (encoding === 'json') {
    const parsed = parseJsonBody(body, unparsable, isCustom(wanted) ? { exact: true } : { raw: true })
    // Definitions are checked by the reference as a whole, once they are read.
    return isCustom(wanted) ? parsed : { ...parsed, text: () => Buffer.from(body).toString() }
  }
  if (encoding === 'protobuf') return parseProtobufBody(body, wanted, unrecognized)
  return parseYamlBody(body, unrecognized)
}

/** JSON, or the error that `refuse` makes of what Go would say about it. */
export function parseJsonBody(body: Uint8Array, refuse: (why: string) => WherryError, limits: JsonLimits = {}): Parsed {
  // V8 would skip a byte order mark; Go does not.
  if (body[0] === 0xef) throw refuse(jsonProblem(body))
  try {
    return parseJson(body, limits)
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
    throw refuse(error.message === 'exceeded max depth' ? error.message : jsonProblem(body))
  }
}

function parseProtobufBody(body: Uint8Array, wanted: Wanted, unrecognized: (why: string) => WherryError): Parsed {
  if (body.byteLength === 0) throw unrecognized('empty data')
  if (!isProtobufBody(body)) throw unrecognized('provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]')
  if (body.byteLength === protobufPrefixBytes) throw unrecognized('empty body')
  const ownVersion = apiVersionOf(wanted)
  try {
    const value = readProtobufBody(
      body,
      (apiVersion, kind) => (isWantedVersion(apiVersion, wanted) && (kind || wanted.kind) === wanted.kind ? wanted.type : undefined),
      (why) => unfit(wanted, wanted.kind, ownVersion, why),
    )
    return { value, duplicates: [] }
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
    throw unrecognized(error.message)
  }
}

function parseYamlBody(body: Uint8Array, unrecognized: (why: string) => WherryError): Parsed {
  try {
    const { value, duplicates } = yamlOf(body)
    return { value: sortKeys(value), duplicates }
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
    throw unrecognized(error.message)
  }
}

interface Identity {
  readonly apiVersion: string
  readonly kind: string
}

function identityOf(value: unknown, unrecognized: (why: string) => WherryError): Identity {
  const unreadable = (why: string): WherryError =>
    unrecognized(`couldn't get version/kind; json parse error: json: cannot unmarshal ${why}`)
  if (value === null) return { apiVersion: '', kind: '' }
  if (!isObject(value)) throw unreadable(`${goKind(value)} into Go value of type ${identityType}`)
  const found = { apiVersion: '', kind: '' }
  for (const [key, part] of Object.entries(value)) {
    // Go's decoder takes any case here, and of several the last.
    const name =
      key === 'apiVersion' || key === 'kind'
        ? key
        : key.toLowerCase() === 'kind'
          ? 'kind'
          : key.toLowerCase() === 'apiversion'
            ? 'apiVersion'
            : undefined
    if (name === undefined || part === null) continue
    if (typeof part !== 'string') throw unreadable(`${goKind(part)} into Go struct field .${name} of type string`)
    found[name] = part
  }
  if (found.apiVersion.split('/').length > 2) throw unrecognized(`unexpected GroupVersion string: ${found.apiVersion}`)
  return found
}

function misfit(apiVersion: string, kind: string, wanted: Wanted, isKnown: boolean): string {
  if (!isKnown) return `no kind ${quote(kind)} is registered for version ${quote(apiVersion)} in scheme "pkg/runtime/scheme.go:111"`
  const version = apiVersion.slice(apiVersion.indexOf('/') + 1)
  return `converting (${version}.${kind}) to (${goPackage(wanted.group)}.${wanted.kind}): unknown conversion`
}

/** The package in which the reference keeps its internal types of a group. */
export const goPackage = (group: string): string => (group === '' || group === 'events.k8s.io' ? 'core' : group.split('.')[0]!)

/** The beginning of a body for an error message: text where it looks like JSON, else hexadecimal. */
function summaryOf(body: Uint8Array): string {
  if (body.byteLength === 0) return '<empty>'
  const cut = body.byteLength > summaryBytes
  const part = Buffer.from(body.subarray(0, summaryBytes))
  return `${body[0] === 0x7b ? part.toString() : part.toString('hex')}${cut ? ' ...' : ''}`
}

const goKind = (value: unknown): string =>
  Array.isArray(value) ? 'array' : value === null ? 'null' : typeof value === 'boolean' ? 'bool' : typeof value
const identityType = 'struct { APIVersion string "json:\\"apiVersion,omitempty\\""; Kind string "json:\\"kind,omitempty\\"" }'
const summaryBytes = 30
