import { WherryError } from '#lib/errors.ts'
import type { HttpRequest, HttpResponse } from '#lib/http.ts'
import { anonymous } from '../authentication/authenticate.ts'
import { impersonate } from '../authentication/impersonation.ts'
import { refusal } from '../authorization/forbidden.ts'
import type { Context } from '../context.ts'
import type { ApiHandler, UserInfo } from '../contract.ts'
import { createRequestRecord, type RequestRecord } from '../request-record.ts'
import type { ApiServerOptions } from '../server.ts'
import { negotiate, type Representation } from './negotiate.ts'
import { serveNonResource } from './non-resource.ts'
import { prettyAnswer } from './pretty.ts'
import { attributesOf, parseRequest, type RequestInfo } from './request-info.ts'
import { serveResource } from './resource.ts'
import { compressed, errorAnswer, text, warningHeaders } from './respond.ts'

/** The request path: authentication → impersonation → authorization → what is asked. Every refusal becomes a Status. */
export function createHandler(context: Context, options: ApiServerOptions): ApiHandler {
  const nonResource = serveNonResource(context, options)
  const ids = context.random.fork('requests')
  return async (request, caller) => {
    const startedMs = context.clock.monotonicMs()
    const info = parseRequest(request.method, request.path)
    const record = createRequestRecord({
      id: request.headers['audit-id'] || ids.uuid(),
      receivedMs: context.clock.now(),
      startedMs,
      request,
      caller,
      info,
    })
    const isMutating = request.method !== 'GET' && request.method !== 'HEAD'
    context.metrics.inflight(1, isMutating)
    let answer: HttpResponse
    try {
      answer = await serve(context, options, nonResource, record)
    } catch (error) {
      if (!(error instanceof WherryError) || error.code === 'InternalError')
        context.log('a request failed', { method: request.method, path: info.path, error })
      answer = errorAnswer(error, representationOf(request, info))
    } finally {
      context.metrics.inflight(-1, isMutating)
    }
    context.metrics.request(labelsOf(info), answer.status, (context.clock.monotonicMs() - startedMs) / 1000)
    const { warnings } = record
    const extra = { 'audit-id': record.id, ...(warnings.length > 0 && { warning: warningHeaders(warnings) }) }
    answer = { ...answer, headers: { ...answer.headers, ...extra } }
    answer = prettyAnswer(answer, request, info)
    // What a node or a pod sends as it comes must not wait in a compressor.
    const isOwn = info.subresource === '' && (info.verb === 'get' || info.verb === 'list')
    return isOwn ? compressed(answer, request.headers['accept-encoding']) : answer
  }
}

async function serve(
  context: Context,
  options: ApiServerOptions,
  nonResource: ReturnType<typeof serveNonResource>,
  record: RequestRecord,
): Promise<HttpResponse> {
  const { request, caller, info, warn } = record
  if (request.body !== undefined && request.body.byteLength > bodyBytes)
    throw new WherryError('RequestEntityTooLarge', `Request entity too large: limit is ${bodyBytes}`)
  const open = !info.isResource && openPaths.test(info.path) && (request.method === 'GET' || request.method === 'HEAD')
  const user = await userOf(context, options, record, open)
  if (!open) {
    const attributes = attributesOf(info, user)
    record.attributes = attributes
    const decision = await context.authorize(attributes)
    if (!decision.allowed) throw refusal(attributes, decision)
  }
  if (!info.isResource) return nonResource(request, info)
  if (!context.kinds.hasVersion(info.group, info.version)) return text('404 page not found\n', 404)
  return serveResource(context, { request, caller, info, user, warn, record })
}

async function userOf(context: Context, options: ApiServerOptions, record: RequestRecord, open: boolean): Promise<UserInfo> {
  const { request, caller, info } = record
  const user = caller.user ?? (await context.authenticate(request, caller, record))
  if (user === undefined) {
    if (!open && !options.allowAnonymous) throw new WherryError('Unauthorized', 'Unauthorized')
    record.user = anonymous
    return anonymous
  }
  record.user = user
  const acting = await impersonate(request, attributesOf(info, user), context.authorize)
  if (acting !== user) record.impersonated = acting
  return acting
}

/** Errors come as the objects would; where that cannot be told, as JSON. */
function representationOf(request: HttpRequest, info: RequestInfo): Representation {
  try {
    const { encoding } = negotiate(info.isResource ? request.headers['accept'] : undefined)
    return { encoding }
  } catch {
    return { encoding: 'json' }
  }
}

const labelsOf = (info: RequestInfo) => ({
  verb: info.isResource ? info.verb.toUpperCase() : 'GET',
  group: info.group,
  version: info.version,
  // What nobody serves would let strangers fill the memory with labels.
  resource: info.isResource && info.resource.length < 64 ? info.resource : '',
  subresource: info.subresource.length < 64 ? info.subresource : '',
  scope: !info.isResource ? '' : info.name !== '' ? 'resource' : info.namespace !== '' ? 'namespace' : 'cluster',
})

/** Whether the server lives, and which API it speaks, may be asked by anybody: load balancers and clients before they log in. */
const openPaths = /^\/(?:healthz|livez|readyz|version)(?:\/|$)/
const bodyBytes = 3 * 1024 * 1024
