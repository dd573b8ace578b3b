import { createHash } from 'node:crypto'
import { type AnyKind, apiVersionOf } from '#api/kind.ts'
import { CreateOptions, DeleteOptions, Status } from '#api/meta/v1/types.ts'
import type { HttpRequest, HttpResponse } from '#lib/http.ts'
import { openapiComponents } from '#schema/openapi.ts'
import type { AnyType } from '#schema/schema.ts'
import { withRemote } from '../aggregation/remote-openapi.ts'
import type { Context } from '../context.ts'
import { parseAccept } from '../http/negotiate.ts'
import type { RequestInfo } from '../http/request-info.ts'
import { json, statusAnswer } from '../http/respond.ts'
import { routeStatus } from '../http/status.ts'
import type { VersionFacts } from '../http/version.ts'
import { definitionsOf } from './definitions.ts'
import { gnosticAccept, gnosticDocument, gnosticType } from './gnostic.ts'
import { pathsOf } from './paths.ts'

interface Document {
  readonly body: Uint8Array
  readonly hash: string
}

interface GroupVersion {
  readonly group: string
  readonly version: string
  readonly name: string
}

/** What the documents of definitions say of themselves. */
const customInfo = { title: 'Kubernetes CRD Swagger', version: 'v0.1.0' }

/** `/openapi/v3`, one document a group version, and `/openapi/v2`: made from the kinds when first asked for, and kept. */
export function serveOpenapi(
  context: Context,
  version: VersionFacts,
): (request: HttpRequest, path: string, info: RequestInfo) => HttpResponse | undefined {
  // A document is made anew once its kinds have changed; those of other group versions stay as they are.
  const documents = new Map<string, Document & { readonly kinds: readonly object[] }>()
  const documentOf = (name: string, kinds: readonly object[], make: () => Uint8Array): Document => {
    const known = documents.get(name)
    if (known !== undefined && known.kinds.length === kinds.length && known.kinds.every((kind, i) => kind === kinds[i])) return known
    const body = make()
    const document = { kinds, body, hash: createHash('sha512').update(body).digest('hex').toUpperCase() }
    documents.set(name, document)
    return document
  }
  const versionsNow = (): readonly GroupVersion[] =>
    context.kinds.groups.flatMap(({ group, versions: list }) =>
      list.map((each) => ({ group, version: each, name: documentName(group, each) })),
    )
  const info = { title: 'Kubernetes', version: version.gitVersion }
  const kindsOf = (group: string, each: string) => context.kinds.all.filter((kind) => kind.group === group && kind.version === each)
  const common = [DeleteOptions, Status, CreateOptions]
  const versionDocument = ({ group, version: each, name }: GroupVersion): Document => {
    const kinds = kindsOf(group, each)
    return documentOf(name, kinds, () => {
      const paths = Object.assign({}, ...kinds.map((kind) => pathsOf(kind, 'v3')))
      return jsonOf({
        openapi: '3.0.0',
        info: context.kinds.isCustom(group, each) ? customInfo : info,
        paths,
        components: { schemas: openapiComponents([...common, ...kinds, ...kinds.flatMap(shownTypes)]) },
      })
    })
  }
  const remote = context.aggregation.openapi
  const second = () =>
    withRemote(
      {
        swagger: '2.0',
        info,
        paths: Object.assign({}, ...context.kinds.all.map((kind) => pathsOf(kind, 'v2'))),
        definitions: definitionsOf(openapiComponents([...common, ...context.kinds.all, ...context.kinds.all.flatMap(shownTypes)], 'v2')),
      },
      remote?.documents ?? [],
    )

  /** What the document of version 2 is made of. */
  const wholeNow = (): readonly object[] => [...context.kinds.all, ...(remote?.documents ?? [])]

  return (request, path, { query }) => {
    if (!path.startsWith('/openapi/')) return undefined
    remote?.used()
    if (path === '/openapi/v2') {
      const accept = request.headers['accept']
      if (wantsGnostic(accept))
        return tagged(
          request,
          documentOf('v2 in protobuf', wholeNow(), () => gnosticDocument(second())),
          gnosticType,
        )
      return acceptsJson(accept)
        ? tagged(
            request,
            documentOf('v2', wholeNow(), () => jsonOf(second())),
          )
        : refused()
    }
    if (path === '/openapi/v3')
      return json({
        paths: {
          ...Object.fromEntries([...(remote?.versions ?? [])].map(([name, { serverRelativeURL }]) => [name, { serverRelativeURL }])),
          ...Object.fromEntries(
            versionsNow().map((each) => [each.name, { serverRelativeURL: `/openapi/v3/${each.name}?hash=${versionDocument(each).hash}` }]),
          ),
        },
      })
    if (!path.startsWith('/openapi/v3/')) return undefined
    const found = versionsNow().find(({ name }) => name === path.slice('/openapi/v3/'.length))
    if (found === undefined) return { status: 404, headers: {}, body: new Uint8Array() }
    if (!acceptsJson(request.headers['accept'])) return refused()
    const document = versionDocument(found)
    const hash = query.get('hash')
    if (hash !== null && hash !== document.hash)
      return {
        status: 301,
        headers: { location: `${path}?hash=${document.hash}`, 'content-type': 'text/plain; charset=utf-8' },
        body: new Uint8Array(),
      }
    const answer = tagged(request, document)
    // A client that names the hash may keep the answer for good.
    return hash === null ? answer : { ...answer, headers: { ...answer.headers, 'cache-control': 'public, immutable', expires: farFuture } }
  }
}

/** The name of a group version's document: `apis/apps/v1`. */
export const documentName = (group: string, version: string): string => (group === '' ? `api/${version}` : `apis/${group}/${version}`)

export const groupVersionKind = (kind: { readonly group: string; readonly version: string; readonly kind: string }): object => ({
  group: kind.group,
  version: kind.version,
  kind: kind.kind,
})

/** `apps/v1` as the end of an operation's id: `AppsV1`. */
export const idOf = (kind: { readonly group: string; readonly version: string }): string =>
  (kind.group === '' ? `core/${kind.version}` : apiVersionOf(kind).replace(/\.(?:k8s\.io|authorization\.k8s\.io|apiserver\.k8s\.io)/, ''))
    .split(/[./]/)
    .map((word) => word[0]!.toUpperCase() + word.slice(1))
    .join('')

/** Types that only parts of a kind's objects are shown as, or take. */
const shownTypes = (kind: AnyKind): AnyType[] =>
  Object.values(kind.subresources ?? {}).flatMap((part) => ('type' in part && part.type !== undefined ? [part.type] : []))

function tagged(request: HttpRequest, { body, hash }: Document, type = 'application/json'): HttpResponse {
  const headers = { 'content-type': type, etag: `"${hash}"`, vary: 'Accept', 'cache-control': 'no-cache, private' }
  if (request.headers['if-none-match'] === `"${hash}"`) return { status: 304, headers, body: new Uint8Array() }
  return { status: 200, headers, body }
}

const jsonOf = (document: object): Uint8Array => Buffer.from(JSON.stringify(document))

/** Whether the client likes protobuf better than JSON, or takes nothing else. */
function wantsGnostic(accept: string | undefined): boolean {
  const first = parseAccept(accept ?? '').find(({ type }) => type === gnosticAccept || type === 'application/json' || type === '*/*')
  return first?.type === gnosticAccept
}

function acceptsJson(accept: string | undefined): boolean {
  if (accept === undefined || accept.trim() === '') return true
  return parseAccept(accept).some(({ type }) => type === '*/*' || type === 'application/*' || type === 'application/json')
}

const refused = (): HttpResponse => statusAnswer(routeStatus(406, 'NotAcceptable', 'OpenAPI is served as application/json only'))
const farFuture = 'Fri, 31 Dec 2100 00:00:00 GMT'
