import { WherryError } from '#lib/errors.ts'

/** How an answer is written. */
export interface Representation {
  readonly encoding: 'json' | 'yaml' | 'protobuf'
  /** Absent: the object as it is. */
  readonly as?: 'Table' | 'PartialObjectMetadata' | 'PartialObjectMetadataList' | 'APIGroupDiscoveryList'
  /** Version of `as`. */
  readonly version?: string
}

/** The media type of protobuf bodies (API concepts, "Kubernetes Protobuf encoding"). */
export const protobufType = 'application/vnd.kubernetes.protobuf'
/** Media types that an API object comes in. */
export const objectTypes = ['application/json', 'application/yaml', protobufType]
/** The same for the events of a watch. */
export const watchTypes = ['application/json;stream=watch', `${protobufType};stream=watch`]

/** Whether the router has a representation at all, parameters aside. `*` only stands for everything, not for subtypes, as with the reference. */
export function acceptable(accept: string | undefined, types: readonly string[]): boolean {
  if (accept === undefined || accept.trim() === '') return true
  return parseAccept(accept).some(({ type }) => type === '*/*' || types.some((own) => isOf(own, type)))
}

const isOf = (own: string, type: string): boolean => own.startsWith(type) && (own.length === type.length || own[type.length] === ';')

/** The best representation that client and server share; throws `NotAcceptable` with the list of what there is. */
export function negotiate(
  accept: string | undefined,
  options: { readonly watch?: boolean; readonly transforms?: boolean; readonly tables?: boolean; readonly plainProtobuf?: boolean } = {},
): Representation {
  if (accept === undefined || accept.trim() === '') return { encoding: 'json' }
  for (const { type, parameters } of parseAccept(accept)) {
    const encoding = encodings[type]
    if (encoding === undefined || (options.watch && encoding === 'yaml')) continue
    const as = parameters.get('as')
    // What has no protobuf of its own may still be shown as something that has.
    if (as === undefined && encoding === 'protobuf' && options.plainProtobuf === false) continue
    if (as === undefined) return { encoding }
    if (options.transforms === false || parameters.get('g') !== 'meta.k8s.io') continue
    const version = parameters.get('v') ?? ''
    if ((version !== 'v1' && version !== 'v1beta1') || !transforms.has(as)) continue
    // A table's cells are of any sort, which protobuf cannot say.
    if (as === 'Table' && (encoding === 'protobuf' || options.tables === false)) continue
    return { encoding, as: as as 'Table', version }
  }
  throw notAcceptable(options.watch ? watchTypes : objectTypes)
}

/** The refusal (406) of a client that takes none of these. */
export const notAcceptable = (types: readonly string[]): WherryError =>
  new WherryError('NotAcceptable', `only the following media types are accepted: ${types.join(', ')}`)

/** The refusal (415) of a body that is in none of these. */
export const unsupportedType = (types: readonly string[] = objectTypes): WherryError =>
  new WherryError(
    'UnsupportedMediaType',
    `the body of the request was in an unknown format - accepted media types include: ${types.join(', ')}`,
  )

/** The encoding of a body; none given means JSON. */
export function bodyEncoding(contentType: string | undefined): 'json' | 'yaml' | 'protobuf' {
  const type = mediaType(contentType)
  if (type === '' || type === 'application/json') return 'json'
  if (type === 'application/yaml') return 'yaml'
  if (type === protobufType) return 'protobuf'
  throw unsupportedType()
}

/** Type and subtype of a Content-Type header, in lower case; '' when there is none, `?` when it cannot be read. */
export function mediaType(contentType: string | undefined): string {
  if (contentType === undefined || contentType.trim() === '') return ''
  const found = /^\s*([\w!#$&^.+-]+\/[\w!#$&^.+*-]+)\s*(;.*)?$/.exec(contentType)
  return found === null ? '?' : found[1]!.toLowerCase()
}

/** One part of an Accept header; its parameters as they were given, `q` among them, which `quality` is the number of. */
export interface AcceptClause {
  readonly type: string
  readonly parameters: ReadonlyMap<string, string>
  readonly quality: number
}

/** Clauses of an Accept header, best first; equal ones in the order given. A client sends the same with every request, so what was read is kept. */
export function parseAccept(accept: string): readonly AcceptClause[] {
  const known = parsed.get(accept)
  if (known !== undefined) return known
  const clauses = readAccept(accept)
  if (accept.length > keptLength) return clauses
  if (parsed.size >= keptMax) parsed.clear()
  parsed.set(accept, clauses)
  return clauses
}

const parsed = new Map<string, readonly AcceptClause[]>()
// Clients of one sort send one of a dozen; whoever makes up others has them read anew.
const keptMax = 100
const keptLength = 512

function readAccept(accept: string): readonly AcceptClause[] {
  return accept
    .split(',')
    .slice(0, maximumClauses)
    .map((clause) => {
      const [type = '', ...rest] = clause.split(';').map((part) => part.trim())
      const parameters = new Map(
        rest.map((part) => {
          const equals = part.indexOf('=')
          return equals < 0 ? ([part, ''] as const) : ([part.slice(0, equals).trim(), part.slice(equals + 1).trim()] as const)
        }),
      )
      const quality = parameters.has('q') ? Number(parameters.get('q')) : 1
      return { type: type === '*' ? '*/*' : type, parameters, quality: Number.isNaN(quality) ? 1 : quality }
    })
    .sort((a, b) => b.quality - a.quality)
}

const encodings: Readonly<Record<string, Representation['encoding']>> = {
  [protobufType]: 'protobuf',
  '*/*': 'json',
  'application/*': 'json',
  'application/json': 'json',
  'application/yaml': 'yaml',
}
const transforms = new Set(['Table', 'PartialObjectMetadata', 'PartialObjectMetadataList'])
// A header can be 64 KiB; nobody means more than a handful of clauses.
const maximumClauses = 32
