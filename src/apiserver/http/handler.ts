import { durationMs } from '#lib/duration.ts'
import { WherryError } from '#lib/errors.ts'
import type { HttpRequest, HttpResponse } from '#lib/http.ts'
import type { Registration } from '../aggregation/registrations.ts'
import { anonymous } from '../authentication/authenticate.ts'
import { impersonate } from '../authentication/impersonation.ts'
import { refusal as refusalOf } from '../authorization/forbidden.ts'
import type { Context } from '../context.ts'
import type { ApiHandler, UserInfo } from '../contract.ts'
import { createRequestRecord, type RequestRecord } from '../request-record.ts'
import type { ApiServerOptions } from '../server.ts'
import { type Life, lifeOf } from './life.ts'
import { longRunning } from './long-running.ts'
import { negotiate, type Representation } from './negotiate.ts'
import { absentVersion, serveNonResource } from './non-resource.ts'
import { prettyAnswer } from './pretty.ts'
import { attributesOf, parseRequest, type RequestInfo } from './request-info.ts'
import { serveResource } from './resource.ts'
import { compressed, errorAnswer, warningHeaders } from './respond.ts'
import { abandonBody } from './send-body.ts'
import { badRequest } from './status.ts'

/**
 * The request path: authentication → audit → impersonation → fairness → authorization → what is asked. Every refusal becomes a Status.
 * What is done around it (metrics, audit, a seat, a trace) ends when the answer's last byte is made.
 */
export function createHandler(context: Context, options: ApiServerOptions): ApiHandler {
  const nonResource = serveNonResource(context, options)
  const ids = context.random.fork('requests')
  const { clock } = context
  const step = context.metrics.admission.step(clock)
  return async (request, caller) => {
    const info = parseRequest(request.method, request.path)
    const record = createRequestRecord({
      id: request.headers['audit-id'] || ids.uuid(),
      receivedMs: clock.now(),
      startedMs: clock.monotonicMs(),
      request,
      caller,
      info,
    })
    record.step = step
    const life = lifeOf(context, record)
    const run = (): Promise<HttpResponse> => answer(context, options, nonResource, life, record)
    const made = await (context.tracer === undefined ? run() : context.tracer.trace(record, run, ({ status }) => status))
    const headers: Record<string, string | readonly string[]> = { 'audit-id': record.id, ...made.headers, ...life.headers }
    if (record.warnings.length > 0) headers['warning'] = warningHeaders(record.warnings)
    const shown = record.relayed ? { ...made, headers } : prettyAnswer({ ...made, headers }, request, info)
    // What a node, a pod or another server sends as it comes must not wait in a compressor.
    const isOwn = !record.relayed && !asItIs.test(info.path) && info.subresource === '' && (info.verb === 'get' || info.verb === 'list')
    const ended = life.answered(shown)
    return isOwn ? compressed(ended, request.headers['accept-encoding']) : ended
  }
}

/** The answer, whatever happens on the way to it. */
async function answer(
  context: Context,
  options: ApiServerOptions,
  nonResource: ReturnType<typeof serveNonResource>,
  life: Life,
  record: RequestRecord,
): Promise<HttpResponse> {
  const { request, info } = record
  try {
    const serving = serve(context, options, nonResource, life, record)
    return info.query.has('timeout') && !longRunning(info) ? await withinTimeout(context, life, info, serving) : await serving
  } catch (error) {
    // An answer of 500 that was chosen is the client's mistake, as the reference sees such; its text may show what the client sent.
    if (!(error instanceof WherryError) || (error.code === 'InternalError' && error.details.status === undefined))
      context.log('a request failed', { method: request.method, path: info.path, error })
    if (!(error instanceof WherryError)) life.panicked(error)
    return refused(error, representationOf(request, info))
  }
}

/** One refusal may be too long to be told: whatever it takes, an exchange has an answer, and its end. */
function refused(error: unknown, representation: Representation): HttpResponse {
  try {
    return errorAnswer(error, representation)
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause
    const code = error instanceof WherryError ? error.code : 'InternalError'
    return errorAnswer(new WherryError(code, 'there is more wrong than fits into an answer'), representation)
  }
}

async function serve(
  context: Context,
  options: ApiServerOptions,
  nonResource: ReturnType<typeof serveNonResource>,
  life: Life,
  record: RequestRecord,
): Promise<HttpResponse> {
  const { request, caller, info, warn, trace } = record
  if (request.body !== undefined && request.body.byteLength > bodyBytes)
    throw new WherryError('RequestEntityTooLarge', `Request entity too large: limit is ${bodyBytes}`)
  checkTimeout(info)
  const openTo = options.allowAnonymous ? openAnyway : openPaths
  const open = !info.isResource && openTo.test(info.path) && request.method === 'GET'
  const authenticated = trace?.span('authentication')
  const own = await authenticate(context, options, life, record, open)
  authenticated?.()
  life.begun()
  const user = await impersonate(request, attributesOf(info, own), context.authorize)
  if (user !== own) record.impersonated = user
  const refusal = await life.seated(user)
  if (refusal !== undefined) return refusal
  // Who has a name is asked for rights here as well.
  if (!open || user.name !== anonymous.name) {
    const authorized = trace?.span('authorization')
    const forbidden = await authorize(context, record, user)
    authorized?.()
    if (forbidden !== undefined) return forbidden
  }
  const elsewhere = context.aggregation.find(info.path)
  if (elsewhere !== undefined) return relay(context, elsewhere, record, user)
  if (!info.isResource) {
    life.routed()
    return nonResource(request, info)
  }
  if (!context.kinds.hasVersion(info.group, info.version)) return absentVersion(context, info.group, request.headers['accept'])
  const ahead = context.readAhead(request)
  if (ahead !== undefined) await ahead
  return serveResource(context, { request, caller, info, user, warn, record })
}

/** Somebody else's answer. One that lasts gives its seat back and is over when its last byte is. */
async function relay(context: Context, registration: Registration, record: RequestRecord, user: UserInfo): Promise<HttpResponse> {
  record.relayed = true
  const { request, caller, info } = record
  const answer = await context.aggregation.relay(registration, { request, caller, user, auditId: record.id })
  if (info.verb !== 'watch' || answer.body instanceof Uint8Array) return answer
  record.lasts = true
  return { ...answer, body: untilOver(answer.body, record) }
}

async function* untilOver(body: AsyncIterable<Uint8Array>, record: RequestRecord): AsyncGenerator<Uint8Array> {
  try {
    for await (const piece of body) {
      record.sentBytes += piece.byteLength
      yield piece
    }
  } finally {
    record.over()
  }
}

async function authenticate(
  context: Context,
  options: ApiServerOptions,
  life: Life,
  record: RequestRecord,
  open: boolean,
): Promise<UserInfo> {
  const { request, caller } = record
  const { clock, metrics } = context
  const startedMs = clock.monotonicMs()
  const seconds = (): number => (clock.monotonicMs() - startedMs) / 1000
  try {
    const user = caller.user ?? (await context.authenticate(request, caller, record))
    if (user === undefined && !open && !options.allowAnonymous) throw new WherryError('Unauthorized', 'Unauthorized')
    record.user = user ?? anonymous
    if (caller.user === undefined) metrics.access.authenticated('success', seconds(), record.user.name)
    return record.user
  } catch (error) {
    metrics.access.authenticated(error instanceof WherryError ? 'failure' : 'error', seconds(), '')
    // Who could not prove who they are is kept as well.
    life.begun()
    throw error
  }
}

async function authorize(context: Context, record: RequestRecord, user: UserInfo): Promise<HttpResponse | undefined> {
  const { clock, metrics } = context
  const attributes = attributesOf(record.info, user)
  record.attributes = attributes
  const startedMs = clock.monotonicMs()
  const decision = await context.authorize(attributes)
  metrics.access.authorized(decision.allowed ? 'allowed' : 'denied', (clock.monotonicMs() - startedMs) / 1000)
  if (context.audit !== undefined) {
    record.annotate('authorization.k8s.io/decision', decision.allowed ? 'allow' : 'forbid')
    record.annotate('authorization.k8s.io/reason', decision.reason)
  }
  if (decision.allowed) return undefined
  const refusal = errorAnswer(refusalOf(attributes, decision), representationOf(record.request, record.info))
  // Its text holds what the client sent: a browser must not take it for a page.
  return { ...refusal, headers: { ...refusal.headers, 'x-content-type-options': 'nosniff' } }
}

/** `?timeout=5s` makes the answer's deadline earlier, never later, than the server's own. */
function checkTimeout(info: RequestInfo): void {
  const given = info.query.get('timeout')
  if (given === null || given === '' || longRunning(info)) return
  try {
    durationMs(given)
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    throw badRequest(`invalid timeout specified in the request URL - ${error.message}`)
  }
}

async function withinTimeout(context: Context, life: Life, info: RequestInfo, serving: Promise<HttpResponse>): Promise<HttpResponse> {
  const given = info.query.get('timeout') ?? ''
  let ms = 0
  try {
    ms = durationMs(given || '0s')
  } catch {
    // The request itself says what is wrong with it.
  }
  if (ms <= 0 || ms >= requestMs) return serving
  let forget = (): void => {}
  const late = new Promise<'late'>((resolve) => {
    forget = context.clock.schedule(context.clock.now() + ms, () => resolve('late'))
  })
  try {
    const first = await Promise.race([serving, late])
    if (first !== 'late') return first
    // Its work goes on, as far as it cannot be stopped; what comes of it has nobody to go to.
    serving.then(
      ({ body }) => abandonBody(body),
      (error: unknown) => context.log('a request failed after its time was over', { path: info.path, error }),
    )
    life.timedOut()
    throw new WherryError('Timeout', 'Timeout: request did not complete within the allotted timeout', {})
  } finally {
    forget()
  }
}

/** Errors come as the objects would; where that cannot be told, as JSON. */
function representationOf(request: HttpRequest, info: RequestInfo): Representation {
  try {
    const { encoding, as } = negotiate(info.isResource ? request.headers['accept'] : undefined)
    // Who asked for another form of the object is told in JSON that there is none.
    return { encoding: as === undefined ? encoding : 'json' }
  } catch {
    return { encoding: 'json' }
  }
}

/** The reference does not compress these. */
const asItIs = /^\/openapi\/v3(?:\/|$)/
/** Whether the server lives, and which API it speaks, may be asked by anybody: load balancers and clients before they log in. */
const openPaths = /^\/(?:healthz|livez|readyz|version)(?:\/|$)/
/** Where requests without credentials have rights of their own, these say what lies below. */
const openAnyway = /^\/(?:healthz|livez|readyz|version)\/?$/
const bodyBytes = 3 * 1024 * 1024
/** The reference's --request-timeout; the listener holds everything to it. */
export const requestMs = 60_000
