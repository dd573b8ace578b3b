import { createHash } from 'node:crypto'
import type { HttpRequest, HttpResponse } from '#lib/http.ts'
import { withRemote } from '../aggregation/merge-openapi.ts'
import type { Context } from '../context.ts'
import { parseAccept } from '../http/negotiate.ts'
import type { RequestInfo } from '../http/request-info.ts'
import { json } from '../http/respond.ts'
import type { ApiServerOptions } from '../server.ts'
import { rootDocument, versionDocument, type Whole, wholeDocument } from './document.ts'
import { gnosticAccept, gnosticDocument, gnosticType } from './gnostic.ts'
import { gnosticThird, gnosticThirdAccept, gnosticThirdType } from './gnostic-third.ts'
import { type RootDocument, rootDocuments } from './root-documents.ts'

interface Document {
  readonly body: Uint8Array
  readonly hash: string
  /** When it was made, as an HTTP date. */
  readonly madeAt: string
}

/** `/openapi/v3`, one document a group version, and `/openapi/v2`: made from the kinds when first asked for, and kept. */
export function serveOpenapi(
  context: Context,
  options: Pick<ApiServerOptions, 'version' | 'responders'>,
): (request: HttpRequest, path: string, info: RequestInfo) => HttpResponse | undefined {
  const { kinds, aggregation, clock } = context
  const remote = aggregation.openapi
  const release = /^v?(\d+\.\d+)/.exec(options.version.gitVersion)?.[1] ?? ''
  // A document is made anew once what it is made of has changed; the others stay as they are.
  const documents = new Map<string, Document & { readonly from: readonly unknown[] }>()
  function documentOf(name: string, from: readonly unknown[], make: () => Uint8Array): Document {
    const known = documents.get(name)
    if (known !== undefined && known.from.length === from.length && known.from.every((one, i) => one === from[i])) return known
    const body = make()
    const document = { from, body, hash: createHash('sha512').update(body).digest('hex').toUpperCase(), madeAt: httpDate(clock.now()) }
    documents.set(name, document)
    return document
  }

  const builtInGroups = kinds.groups.map(({ group }) => group)
  const roots = new Map(rootDocuments(builtInGroups, Object.keys(options.responders ?? {})).map((root) => [root.name, root]))
  const rootDocumentOf = (root: RootDocument): Document => documentOf(root.name, [], () => jsonOf(rootDocument(root, release)))
  const versionDocumentOf = ({ group, version, name }: GroupVersion): Document => {
    const own = kinds.all.filter((kind) => kind.group === group && kind.version === version)
    return documentOf(name, own, () => jsonOf(versionDocument(own, kinds.all, release)))
  }
  const versionsNow = (): readonly GroupVersion[] =>
    kinds.groups.flatMap(({ group, versions }) => versions.map((version) => ({ group, version, name: documentName(group, version) })))
  /** The part that only a new release changes, kept apart from that of definitions. */
  let builtIn: Whole | undefined
  function wholeNow(): Whole {
    builtIn ??= wholeDocument(
      kinds.all.filter(({ shape }) => shape.kind !== 'structural'),
      [...roots.values()],
      release,
    )
    const custom = kinds.all.filter(({ shape }) => shape.kind === 'structural')
    if (custom.length === 0) return builtIn
    const { paths, definitions } = wholeDocument(custom, [], release)
    return { ...builtIn, paths: { ...builtIn.paths, ...paths }, definitions: { ...definitions, ...builtIn.definitions } }
  }
  const secondOf = (name: string, encode: (document: Readonly<Record<string, unknown>>) => Uint8Array): Document => {
    const others = remote?.documents ?? []
    return documentOf(name, [...kinds.all, ...others], () => encode(withRemote(wholeNow(), others)))
  }

  function second(request: HttpRequest): HttpResponse {
    const accept = request.headers['accept']
    if (prefers(gnosticTypes, accept)) return tagged(request, secondOf('v2 in protobuf', gnosticDocument), secondVary, gnosticType)
    return acceptsJson(accept) ? tagged(request, secondOf('v2', jsonOf), secondVary) : refused(secondVary)
  }

  function index(): HttpResponse {
    const entry = (name: string, { hash }: Document) => [name, { serverRelativeURL: `/openapi/v3/${name}?hash=${hash}` }] as const
    const paths = Object.fromEntries([
      ...[...(remote?.versions ?? [])].map(([name, { serverRelativeURL }]) => [name, { serverRelativeURL }] as const),
      ...[...roots.values()].map((root) => entry(root.name, rootDocumentOf(root))),
      ...versionsNow().map((each) => entry(each.name, versionDocumentOf(each))),
    ])
    const { headers, ...answer } = json({ paths })
    const ranges = { 'accept-ranges': 'bytes', 'last-modified': httpDate(clock.now()) }
    // Without a type of its own the reference guesses one.
    return { ...answer, headers: { ...headers, ...ranges, 'content-type': 'text/plain; charset=utf-8' } }
  }

  function third(request: HttpRequest, name: string, hash: string | null): HttpResponse {
    const root = roots.get(name)
    const version = versionsNow().find((each) => each.name === name)
    if (root === undefined && version === undefined) return empty(404)
    const inProtobuf = prefers(gnosticThirdTypes, request.headers['accept'])
    if (!inProtobuf && !acceptsJson(request.headers['accept'])) return refused('Accept')
    const document = root === undefined ? versionDocumentOf(version!) : rootDocumentOf(root)
    const answer = inProtobuf ? tagged(request, thirdInProtobuf(document), 'Accept', gnosticThirdType) : tagged(request, document, 'Accept')
    if (hash === null || hash === '') return answer
    if (hash !== document.hash) {
      const { etag, vary } = answer.headers
      return empty(301, {
        etag: etag!,
        vary: vary!,
        'content-type': 'application/json',
        location: `/openapi/v3/${name}?hash=${document.hash}`,
      })
    }
    // A client that names the hash may keep the answer for good.
    return { ...answer, headers: { ...answer.headers, 'cache-control': 'public, immutable', expires: httpDate(clock.now() + yearMs) } }
  }

  return (request, path, { query }) => {
    if (!path.startsWith('/openapi/')) return undefined
    remote?.used()
    if (path === '/openapi/v2') return second(request)
    if (path === '/openapi/v3') return index()
    return path.startsWith('/openapi/v3/') ? third(request, path.slice('/openapi/v3/'.length), query.get('hash')) : undefined
  }
}

interface GroupVersion {
  readonly group: string
  readonly version: string
  readonly name: string
}

/** The name of a group version's document: `apis/apps/v1`. */
export const documentName = (group: string, version: string): string => (group === '' ? `api/${version}` : `apis/${group}/${version}`)

function tagged(
  request: HttpRequest,
  { body, hash, madeAt }: Document,
  vary: string | readonly string[],
  type = 'application/json',
): HttpResponse {
  const headers = { etag: `"${hash}"`, vary, 'cache-control': noStore }
  if (request.headers['if-none-match'] === `"${hash}"`) return { status: 304, headers, body: new Uint8Array() }
  return { status: 200, headers: { ...headers, 'content-type': type, 'accept-ranges': 'bytes', 'last-modified': madeAt }, body }
}

const empty = (status: number, headers: HttpResponse['headers'] = {}): HttpResponse => ({
  status,
  headers: { 'cache-control': noStore, ...headers },
  body: new Uint8Array(),
})
const refused = (vary: string | readonly string[]): HttpResponse => empty(406, { vary })

const jsonOf = (document: object): Uint8Array => Buffer.from(JSON.stringify(document))
const httpDate = (ms: number): string => new Date(ms).toUTCString()

/** Whether the client likes these types, which are protobuf, better than JSON, or takes nothing else. */
function prefers(types: ReadonlySet<string>, accept: string | undefined): boolean {
  const first = parseAccept(accept ?? '').find(({ type }) => types.has(type) || type === 'application/json' || type === '*/*')
  return first !== undefined && types.has(first.type)
}

/** The same document, under the same hash, in protobuf; made when first asked for. */
function thirdInProtobuf(document: Document): Document {
  const known = inProtobuf.get(document)
  if (known !== undefined) return known
  const made = { ...document, body: gnosticThird(JSON.parse(Buffer.from(document.body).toString())) }
  inProtobuf.set(document, made)
  return made
}

const inProtobuf = new WeakMap<Document, Document>()
const gnosticThirdTypes: ReadonlySet<string> = new Set([gnosticThirdAccept, gnosticThirdType])
const gnosticTypes: ReadonlySet<string> = new Set([gnosticAccept, gnosticType])

function acceptsJson(accept: string | undefined): boolean {
  if (accept === undefined || accept.trim() === '') return true
  return parseAccept(accept).some(({ type }) => type === '*/*' || type === 'application/*' || type === 'application/json')
}

const noStore = 'no-cache, private'
const secondVary = ['Accept-Encoding', 'Accept']
const yearMs = 365 * 86_400_000
