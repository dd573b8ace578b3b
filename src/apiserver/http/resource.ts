import { type AnyKind, allVerbs, type Subresource } from '#api/kind.ts'
import type { HttpResponse } from '#lib/http.ts'
import type { Context } from '../context.ts'
import { parseListQuery } from '../registry/list-options.ts'
import { isPatchType } from '../registry/patch.ts'
import { select } from '../registry/select.ts'
import { connect } from './connect.ts'
import { acceptable, mediaType, negotiate, objectTypes, unsupportedType, watchTypes } from './negotiate.ts'
import type { RequestInfo } from './request-info.ts'
import { absentRoute, methodNotAllowed, routeAnswer, routeNotAcceptable, text } from './respond.ts'
import { type Call, type Routed, readItem, showing } from './routed.ts'
import { showItem, showList } from './show.ts'
import { notFoundError, routeStatus, unsupportedVerb } from './status.ts'
import { serveSubresource } from './subresource.ts'
import { watch } from './watch-request.ts'
import { overWebSocket } from './watch-socket.ts'
import { create, patch, remove, removeCollection, update } from './write.ts'

/** Answers a request for a resource. Throws `WherryError` for what is refused. */
export async function serveResource(context: Context, call: Call): Promise<HttpResponse> {
  const { info, request } = call
  const kind = context.kinds.find(info.group, info.version, info.resource)
  const part = kind === undefined || info.subresource === '' ? undefined : kind.subresources?.[info.subresource]
  if ((kind === undefined || isElsewhere(kind, info)) && context.kinds.isCustom(info.group, info.version))
    return text('404 page not found\n', 404)
  const isCustom = kind?.shape.kind === 'structural'
  if (isCustom && info.subresource !== '' && part === undefined) throw notFoundError(kind, info.name)
  const accept = request.headers['accept']
  if (isCustom && part !== undefined && part.sort !== 'connect' && !(part.verbs as readonly string[]).includes(info.verb))
    throw unsupportedVerb(kind, info.verb)
  const missing = refuseRoute(kind, part, info, request.method, accept)
  if (missing !== undefined) return missing
  call.record.kind = kind
  // What the router itself refuses never comes as far as this; custom resources have no such router.
  const warnOfDeprecation = (): void => {
    if (kind?.deprecation !== undefined) call.warn(kind.deprecation)
  }
  if (isCustom) warnOfDeprecation()
  if (part?.sort === 'connect') return connect(context, { ...call, kind: kind!, representation: { encoding: 'json' } }, part)
  if (isCustom && info.verb === 'patch' && !isCustomPatch(request.headers['content-type'])) throw unsupportedType(customPatchTypes)
  if (info.verb === 'patch' && !isPatchType(request.headers['content-type']))
    return routeAnswer(accept, routeStatus(415, 'UnsupportedMediaType', '415: Unsupported Media Type'))
  const types = info.subresource === '' && (info.verb === 'list' || info.verb === 'watch') ? collectionTypes : objectTypes
  if (!isCustom && !acceptable(accept, types)) return routeNotAcceptable(accept, types)
  if (!isCustom) warnOfDeprecation()
  const isWatch = info.verb === 'watch'
  // What is only answered is shown in no table.
  const tables = part?.sort !== 'action' && kind!.verbs?.join() !== 'create' && !(part?.sort === 'part' && part.tables === false)
  // What no list can be had in, no watch can.
  if (isWatch) negotiate(accept, { tables })
  const routed: Routed = { ...call, kind: kind!, representation: negotiate(accept, { watch: isWatch, tables, plainProtobuf: !isCustom }) }
  if (part !== undefined) return serveSubresource(context, routed, part)
  switch (info.verb) {
    case 'get':
      return showItem(showing(context, routed), await readItem(context, routed), 200)
    case 'list':
      return showList(
        showing(context, routed),
        await select(context.cacher, kind!, info.namespace, parseListQuery(kind!, info.query, false)),
      )
    case 'watch':
      return overWebSocket(await watch(context, routed), request, call.caller, context.clock)
    case 'create':
      return create(context, routed)
    case 'update':
      return update(context, routed)
    case 'patch':
      return patch(context, routed)
    case 'delete':
      return remove(context, routed)
    default:
      return removeCollection(context, routed)
  }
}

/** Custom resources are routed by what they are: what is asked for in the wrong scope is nothing at all. */
const isElsewhere = (kind: AnyKind, info: RequestInfo): boolean =>
  kind.scope === 'Cluster' ? info.isWithinNamespace : info.namespace === '' && info.verb !== 'list' && info.verb !== 'watch'

const collectionTypes = [...objectTypes, ...watchTypes]
const customPatchTypes = ['application/json-patch+json', 'application/merge-patch+json', 'application/apply-patch+yaml']
/** A strategic patch goes by the types of Go, which custom resources do not have. */
const isCustomPatch = (contentType: string | undefined): boolean =>
  isPatchType(contentType) && mediaType(contentType) !== 'application/strategic-merge-patch+json'

/** What the router says before anything is read: unknown paths and methods. */
function refuseRoute(
  kind: AnyKind | undefined,
  part: Subresource | undefined,
  info: RequestInfo,
  method: string,
  accept: string | undefined,
): HttpResponse | undefined {
  const absent = () => absentRoute(accept)
  const isPassedOn = part?.sort === 'connect' && part.verbs.includes('delete')
  // Objects have no heads; what passes every verb on passes on the methods that are none as well.
  if (method === 'HEAD' && !isPassedOn) return methodNotAllowed(accept)
  if (kind === undefined || (info.subresource !== '' && part === undefined)) return absent()
  if (info.rest.length > 0 && part?.sort !== 'connect') return absent()
  if (kind.scope === 'Cluster' && info.isWithinNamespace) return absent()
  const everywhere = kind.scope === 'Namespaced' && info.namespace === ''
  if (part !== undefined) {
    if (everywhere || info.verb === 'watch') return absent()
    if (method === 'OPTIONS' && isPassedOn) return undefined
    return (part.verbs as readonly string[]).includes(info.verb) ? undefined : methodNotAllowed(accept)
  }
  const isCollection = lastSegment(info.path) === info.resource && info.rest.length === 0 && !isItem(kind, info)
  if (everywhere && !isCollection) return absent()
  // What can only be created has no place of its own.
  if (kind.verbs?.length === 1 && kind.verbs[0] === 'create' && !isCollection) return absent()
  if (everywhere && info.verb !== 'list' && info.verb !== 'watch') return methodNotAllowed(accept)
  // The old path of a watch makes one of whatever method, and of custom resources that is true.
  if (info.verb === 'watch' && oldWatchPath.test(info.path) && kind.shape.kind !== 'structural') {
    if (kind.verbs?.includes('watch') === false) return absent()
    if (method !== 'GET') return methodNotAllowed(accept)
  }
  // A custom resource is made by whatever path: only its body tells its name.
  if (info.verb === 'create' && !isCollection && kind.shape.kind !== 'structural') return methodNotAllowed(accept)
  if ((info.verb === 'update' || info.verb === 'patch') && isCollection) return methodNotAllowed(accept)
  return (kind.verbs ?? allVerbs).includes(info.verb as never) ? undefined : methodNotAllowed(accept)
}

function lastSegment(path: string): string {
  let end = path.length
  while (path[end - 1] === '/') end -= 1
  return path.slice(path.lastIndexOf('/', end - 1) + 1, end)
}

const oldWatchPath = /^\/(api\/[^/]+|apis\/[^/]+\/[^/]+)\/watch\//

/** An object may be called like its resource: `/api/v1/namespaces/a/pods/pods`. */
function isItem(kind: AnyKind, info: RequestInfo): boolean {
  const segments = info.path.split('/').filter((segment) => segment !== '')
  const base = (info.group === '' ? 2 : 3) + (segments[info.group === '' ? 2 : 3] === 'watch' ? 1 : 0)
  const place = kind.scope === 'Namespaced' && info.namespace !== '' ? base + 2 : base
  return segments.length > place + 1
}
