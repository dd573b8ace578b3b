import { type AnyKind, allVerbs, apiVersionOf, type KubeObject, type Subresource } from '#api/kind.ts'
import { WherryError } from '#lib/errors.ts'
import type { HttpRequest, HttpResponse } from '#lib/http.ts'
import { admissionRun } from '../admission/chain.ts'
import { getItem } from '../cacher/index.ts'
import { type Item, itemAs, objectOf } from '../cacher/item.ts'
import { openWatch } from '../cacher/watch.ts'
import type { Context, Write } from '../context.ts'
import type { Caller, SubresourceCall, UserInfo } from '../contract.ts'
import { createObject } from '../registry/create.ts'
import { deleteObject } from '../registry/delete.ts'
import { keyOf } from '../registry/keys.ts'
import { parseListQuery, parseRevision } from '../registry/list-options.ts'
import { badPatchResult, isPatchType, type Patch, readPatch } from '../registry/patch.ts'
import { applyDefaults, shownBytes, timestampOf } from '../registry/prepare.ts'
import { notTooNew, select } from '../registry/select.ts'
import { updateObject } from '../registry/update.ts'
import { readObject, shapeObject, type Wanted, wantedOf } from './body.ts'
import { parseDeleteOptions } from './delete-options.ts'
import { framesOf } from './frames.ts'
import { acceptable, negotiate, objectTypes, type Representation, watchTypes } from './negotiate.ts'
import { attributesOf, type RequestInfo } from './request-info.ts'
import { json, jsonBytes, type Showing, showItem, showList, statusAnswer } from './respond.ts'
import { badRequest, conflict, invalidError, notFoundError, routeStatus } from './status.ts'
import type { IncludeObject } from './table.ts'
import { parseWriteOptions } from './write-options.ts'

/** A request for a resource, past authentication and authorization. */
export interface Call {
  readonly request: HttpRequest
  readonly caller: Caller
  readonly info: RequestInfo
  readonly user: UserInfo
  readonly warn: (message: string) => void
}

interface Routed extends Call {
  readonly kind: AnyKind
  readonly representation: Representation
}

/** Answers a request for a resource. Throws `WherryError` for what is refused. */
export async function serveResource(context: Context, call: Call): Promise<HttpResponse> {
  const { info, request } = call
  const kind = context.kinds.find(info.group, info.version, info.resource)
  const part = kind === undefined || info.subresource === '' ? undefined : kind.subresources?.[info.subresource]
  const missing = request.method === 'HEAD' ? notAllowed() : refuseRoute(kind, part, info)
  if (missing !== undefined) return missing
  const accept = request.headers['accept']
  if (kind?.deprecation !== undefined) call.warn(kind.deprecation)
  if (part?.sort === 'connect') return connect(context, { ...call, kind: kind!, representation: { encoding: 'json' } }, part)
  if (info.verb === 'patch' && !isPatchType(request.headers['content-type']))
    return statusAnswer(routeStatus(415, 'UnsupportedMediaType', '415: Unsupported Media Type'))
  const types = info.subresource === '' && (info.verb === 'list' || info.verb === 'watch') ? [...objectTypes, ...watchTypes] : objectTypes
  if (!acceptable(accept, types))
    return statusAnswer(routeStatus(406, 'NotAcceptable', `406: Not Acceptable\n\nAvailable representations: ${types.join(', ')}`))
  const isWatch = info.verb === 'watch'
  const routed: Routed = { ...call, kind: kind!, representation: negotiate(accept, { watch: isWatch }) }
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
      return watch(context, routed)
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

const notAllowed = () =>
  statusAnswer(routeStatus(405, 'MethodNotAllowed', 'the server does not allow this method on the requested resource'))

/** What the router says before anything is read: unknown paths and methods. */
function refuseRoute(kind: AnyKind | undefined, part: Subresource | undefined, info: RequestInfo): HttpResponse | undefined {
  const absent = () => statusAnswer(routeStatus(404, 'NotFound', 'the server could not find the requested resource'))
  if (kind === undefined || (info.subresource !== '' && part === undefined)) return absent()
  if (info.rest.length > 0 && part?.sort !== 'connect') return absent()
  if (kind.scope === 'Cluster' && info.isWithinNamespace) return absent()
  const everywhere = kind.scope === 'Namespaced' && info.namespace === ''
  if (part !== undefined) {
    if (everywhere) return absent()
    return (part.verbs as readonly string[]).includes(info.verb) ? undefined : notAllowed()
  }
  const isCollection =
    info.path
      .split('/')
      .filter((segment) => segment !== '')
      .at(-1) === info.resource &&
    info.rest.length === 0 &&
    !isItem(kind, info)
  if (everywhere && !isCollection) return absent()
  if (everywhere && info.verb !== 'list' && info.verb !== 'watch') return notAllowed()
  if (info.verb === 'create' && !isCollection) return notAllowed()
  if ((info.verb === 'update' || info.verb === 'patch') && isCollection) return notAllowed()
  return (kind.verbs ?? allVerbs).includes(info.verb as never) ? undefined : notAllowed()
}

/** An object may be called like its resource: `/api/v1/namespaces/a/pods/pods`. */
function isItem(kind: AnyKind, info: RequestInfo): boolean {
  const segments = info.path.split('/').filter((segment) => segment !== '')
  const base = (info.group === '' ? 2 : 3) + (segments[info.group === '' ? 2 : 3] === 'watch' ? 1 : 0)
  const place = kind.scope === 'Namespaced' && info.namespace !== '' ? base + 2 : base
  return segments.length > place + 1
}

const showing = (context: Context, { kind, representation, info }: Routed): Showing => ({
  kind,
  representation,
  include: includeOf(info.query),
  now: context.clock.now(),
})

function includeOf(query: URLSearchParams): IncludeObject {
  const include = query.get('includeObject') ?? ''
  if (include === '') return 'Metadata'
  if (include === 'None' || include === 'Metadata' || include === 'Object') return include
  throw badRequest(
    `Unable to convert to Table as requested: includeObject: Invalid value: ${JSON.stringify(include)}: must be 'Metadata', 'Object', 'None', or empty`,
  )
}

async function readItem(context: Context, { kind, info }: Routed): Promise<Item> {
  const revision = parseRevision(info.query.get('resourceVersion') ?? '')
  if (revision === undefined) await context.cacher.fresh()
  else if (revision > 0) await notTooNew(context.cacher, revision)
  const item = getItem(context.cacher.of(kind).index, keyOf(kind, info.namespace, info.name))
  if (item === undefined) throw notFoundError(kind, info.name)
  return itemAs(kind, item)
}

async function watch(context: Context, call: Routed): Promise<HttpResponse> {
  const { kind, info } = call
  const query = parseListQuery(kind, info.query, true)
  const after = parseRevision(query.resourceVersion)
  if (after === undefined || query.sendInitialEvents === true) await context.cacher.fresh()
  if (after !== undefined && after > 0 && query.sendInitialEvents === true) await notTooNew(context.cacher, after)
  // A name in the path is the old form of a field selector.
  const fields =
    info.name !== '' && !info.query.has('fieldSelector')
      ? [...query.fields, { field: 'metadata.name', operator: '=' as const, value: info.name }]
      : query.fields
  const timeoutMs = (query.timeoutSeconds ?? 0) > 0 ? query.timeoutSeconds! * 1000 : watchMs * (1 + context.watchJitter.next())
  const ended = context.metrics.watchStarted({ group: kind.group, version: kind.version, resource: kind.plural })
  const body = openWatch({
    cacher: context.cacher,
    kind,
    namespace: info.namespace,
    query: { ...query, fields },
    frames: framesOf(kind, call.representation, includeOf(info.query), context.clock),
    clock: context.clock,
    onBookmark: context.onBookmark,
    onEnd: ended,
    timeoutMs,
    ...(call.request.signal !== undefined && { signal: call.request.signal }),
  })
  return { status: 200, headers: { 'cache-control': 'no-cache, private', 'content-type': 'application/json' }, body }
}

function writeOf(
  { kind, info, user, warn }: Routed,
  options: { readonly dryRun: boolean; readonly options: Readonly<Record<string, unknown>> },
): Write {
  return {
    kind,
    namespace: kind.scope === 'Namespaced' ? info.namespace : '',
    name: info.name,
    subresource: info.subresource,
    user,
    dryRun: options.dryRun,
    verb: info.verb,
    options: options.options,
    warn,
  }
}

async function create(context: Context, call: Routed): Promise<HttpResponse> {
  const { kind, info } = call
  const options = parseWriteOptions('CreateOptions', info.query)
  const body = readBodyObject(context, call, wantedOf(kind), options.fieldValidation)
  matchNamespace(call, body)
  const write = writeOf(call, options)
  const handler = context.handlers[`${kind.group}/${kind.plural}`]
  // A kind that can only be created is answered, not stored.
  if (kind.verbs?.length === 1 && handler !== undefined) return answerCreate(context, call, write, body, handler)
  return showItem(showing(context, call), await createObject(context, write, body), 201)
}

async function answerCreate(
  context: Context,
  call: Routed,
  write: Write,
  body: KubeObject,
  handler: Context['handlers'][string],
): Promise<HttpResponse> {
  const { kind } = call
  const object = applyDefaults(kind, body)
  const causes =
    kind.rules.validate?.(object, {
      now: '',
      user: { name: call.user.name, groups: call.user.groups },
      subresource: '',
      dryRun: write.dryRun,
    }) ?? []
  if (causes.length > 0) throw invalidError(kind, object.metadata?.name ?? '', causes)
  const run = admissionRun(context.admission, context.objects, write, 'CREATE')
  const admitted = (await run.admit(object, undefined)) ?? object
  await run.validate(admitted, undefined)
  return finish(await handler(subresourceCall(context, call, () => admitted, admitted, write.dryRun)), 201, call, kind)
}

async function update(context: Context, call: Routed): Promise<HttpResponse> {
  const { kind, info } = call
  const options = parseWriteOptions('UpdateOptions', info.query)
  const body = readBodyObject(context, call, wantedOf(kind), options.fieldValidation)
  matchNamespace(call, body)
  matchName(call, body)
  const write = writeOf(call, options)
  try {
    const item = await updateObject(context, write, { change: () => body, whole: true, checkUid: true })
    return showItem(showing(context, call), item, 200)
  } catch (error) {
    if (!(error instanceof WherryError) || error.code !== 'NotFound' || !kind.rules.createOnUpdate || error.details.name !== info.name)
      throw error
    if (body.metadata.uid)
      throw conflict(kind, info.name, `Precondition failed: UID in precondition: ${body.metadata.uid}, UID in object meta: `)
    const { resourceVersion: _resourceVersion, ...metadata } = body.metadata
    return showItem(showing(context, call), await createObject(context, write, { ...body, metadata } as KubeObject), 201)
  }
}

async function patch(context: Context, call: Routed): Promise<HttpResponse> {
  const { kind, info, request } = call
  const options = parseWriteOptions('PatchOptions', info.query)
  const change = readPatch(request.body ?? new Uint8Array(), request.headers['content-type'])
  const item = await updateObject(context, writeOf(call, options), {
    change: (present) => patched(context, call, wantedOf(kind), change, shownBytes(kind, present), options.fieldValidation),
    whole: true,
    repeatable: true,
  })
  return showItem(showing(context, call), item, 200)
}

/** The patch's result as an object of its type; the client's mistakes are told like those of a body. */
function patched(
  context: Context,
  call: Routed,
  wanted: Wanted,
  change: Patch,
  present: Uint8Array,
  validation: Parameters<typeof shapeObject>[2]['validation'],
): KubeObject {
  const document: unknown = JSON.parse(Buffer.from(present).toString())
  const result = change.apply(wanted.type, document)
  const { object, warnings } = shapeObject(result, wanted, {
    validation,
    isKnown: context.kinds.isKnown,
    duplicates: change.duplicates,
    refuse: (why) => badPatchResult(result, why),
  })
  for (const warning of warnings) call.warn(warning)
  const found = object as unknown as KubeObject
  matchNamespace(call, found)
  matchName(call, found)
  return found
}

async function remove(context: Context, call: Routed): Promise<HttpResponse> {
  const { kind, request, info } = call
  const options = parseDeleteOptions(request.body, request.headers['content-type'], info.query, context.kinds.isKnown)
  const { removed, item, shown } = await deleteObject(context, writeOf(call, options), options)
  if (removed && !shown) {
    const { uid } = objectOf(item).metadata
    return json(
      {
        kind: 'Status',
        apiVersion: 'v1',
        metadata: {},
        status: 'Success',
        details: { name: info.name, ...(kind.group !== '' && { group: kind.group }), kind: kind.plural, uid },
      },
      call.representation,
    )
  }
  return showItem(showing(context, call), item, 200)
}

async function removeCollection(context: Context, call: Routed): Promise<HttpResponse> {
  const { kind, request, info } = call
  const query = parseListQuery(kind, info.query, false)
  const options = parseDeleteOptions(request.body, request.headers['content-type'], info.query, context.kinds.isKnown)
  const selection = await select(context.cacher, kind, info.namespace, query)
  const left = selection.items.map(objectOf)
  const workers = Array.from({ length: Math.min(deleteWorkers, left.length) }, async () => {
    for (let next = left.pop(); next !== undefined; next = left.pop()) {
      const { name, namespace = '' } = next.metadata
      try {
        await deleteObject(context, { ...writeOf(call, options), name, namespace }, options)
      } catch (error) {
        // Somebody else deleted it in between: what was asked for is so.
        if (!(error instanceof WherryError) || error.code !== 'NotFound') throw error
      }
    }
  })
  await Promise.all(workers)
  return showList(showing(context, call), selection)
}

async function serveSubresource(context: Context, call: Routed, part: Exclude<Subresource, { sort: 'connect' }>): Promise<HttpResponse> {
  const { kind, info } = call
  if (part.sort === 'action') return act(context, call, part)
  if (info.verb === 'get') {
    const item = await readItem(context, call)
    if (part.sort === 'part') return showItem(showing(context, call), item, 200)
    return showView(call, part.type, part.show(objectOf(item) as never))
  }
  const options = parseWriteOptions(info.verb === 'patch' ? 'PatchOptions' : 'UpdateOptions', info.query)
  const wanted = wantedOf(part.sort === 'view' ? part.type : kind)
  const change = info.verb === 'patch' ? readPatch(call.request.body ?? new Uint8Array(), call.request.headers['content-type']) : undefined
  const sent = change === undefined ? readBodyObject(context, call, wanted, options.fieldValidation) : undefined
  if (sent !== undefined) {
    matchNamespace(call, sent)
    matchName(call, sent)
  }
  const item = await updateObject(context, writeOf(call, options), {
    change(present) {
      const shown = part.sort === 'view' ? part.show(present as never) : present
      const body =
        sent ??
        patched(
          context,
          call,
          wanted,
          change!,
          shownBytes(part.sort === 'view' ? part.type : kind, shown as KubeObject),
          options.fieldValidation,
        )
      if (part.sort === 'view') {
        const written = part.write(present as never, body as never) as KubeObject
        return body.metadata.resourceVersion ? written : withoutVersion(written)
      }
      const taken = part.take(present as never, body as never) as KubeObject
      return { ...taken, metadata: { ...taken.metadata, resourceVersion: body.metadata.resourceVersion ?? '' } }
    },
    whole: false,
    repeatable: change !== undefined,
    checkUid: change === undefined,
    ...(part.sort === 'part' && part.validateUpdate !== undefined && { validateUpdate: part.validateUpdate as never }),
  })
  return part.sort === 'part' ? showItem(showing(context, call), item, 200) : showView(call, part.type, part.show(objectOf(item) as never))
}

const withoutVersion = (object: KubeObject): KubeObject => ({ ...object, metadata: { ...object.metadata, resourceVersion: '' } })

function showView({ representation }: Routed, type: AnyKind, view: unknown): HttpResponse {
  const bytes = shownBytes(type, { apiVersion: apiVersionOf(type), kind: type.kind, ...(view as object) } as KubeObject)
  return representation.encoding === 'json' ? jsonBytes(bytes) : json(JSON.parse(Buffer.from(bytes).toString()), representation)
}

async function act(context: Context, call: Routed, part: Extract<Subresource, { sort: 'action' }>): Promise<HttpResponse> {
  const { kind, info } = call
  const options = parseWriteOptions('CreateOptions', info.query)
  const [group, version, name] = part.kindGV ?? [kind.group, kind.version, kind.kind]
  const body =
    part.type === undefined
      ? undefined
      : readBodyObject(context, call, { type: part.type, group, version, kind: name }, options.fieldValidation)
  if (body !== undefined) {
    matchNamespace(call, body)
    if (body.metadata.name && body.metadata.name !== info.name) throw badRequest(`name in URL does not match name in ${name} object`)
  }
  const handler = context.handlers[part.handler]
  const parent = await parentOf(context, call)
  if (handler === undefined) {
    parent()
    return statusAnswer(routeStatus(404, 'NotFound', 'the server could not find the requested resource'))
  }
  const run = admissionRun(context.admission, context.objects, writeOf(call, options), 'CREATE')
  const admitted = (await run.admit(body, undefined)) ?? body
  await run.validate(admitted, undefined)
  return finish(
    await handler(subresourceCall(context, call, parent, admitted, options.dryRun)),
    201,
    call,
    part.type === undefined ? kind : { ...kind, ...part.type, kind: name, group, version },
  )
}

/** The object that an action is on, once it is asked for: what is wrong with the request itself is told before its absence. */
async function parentOf(context: Context, call: Routed): Promise<() => KubeObject> {
  await context.cacher.fresh()
  return () => {
    const item = getItem(context.cacher.of(call.kind).index, keyOf(call.kind, call.info.namespace, call.info.name))
    if (item === undefined) throw notFoundError(call.kind, call.info.name)
    return objectOf(itemAs(call.kind, item))
  }
}

async function connect(context: Context, call: Routed, part: Extract<Subresource, { sort: 'connect' }>): Promise<HttpResponse> {
  const handler = context.handlers[part.handler]
  // `https:name:8080` names a scheme and a port beside the object.
  const parts = call.info.name.split(':')
  const name = parts.length === 3 ? parts[1]! : parts[0]!
  const item = await readItem(context, { ...call, info: { ...call.info, name, query: new URLSearchParams() } })
  if (handler === undefined) return statusAnswer(routeStatus(404, 'NotFound', 'the server could not find the requested resource'))
  const object = objectOf(item)
  // A part without a type of options is only read (a log): admission looks at connections.
  if (part.kindGV !== undefined) {
    const run = admissionRun(
      context.admission,
      context.objects,
      writeOf(call, { dryRun: false, options: Object.fromEntries(call.info.query) }),
      'CONNECT',
    )
    await run.admit(undefined, object)
    await run.validate(undefined, object)
  }
  return finish(await handler(subresourceCall(context, call, () => object, undefined, false)), 200, call, call.kind)
}

const subresourceCall = (context: Context, call: Routed, parent: () => KubeObject, body: unknown, dryRun: boolean): SubresourceCall => ({
  request: call.request,
  caller: call.caller,
  attributes: attributesOf(call.info, call.user),
  kind: call.kind,
  get object() {
    return parent()
  },
  body,
  query: call.info.query,
  rest: call.info.rest.join('/'),
  dryRun,
  now: timestampOf(context.clock.now()),
  server: context.internals,
})

function finish(answer: HttpResponse | KubeObject, status: number, { representation }: Routed, kind: AnyKind): HttpResponse {
  if ('body' in answer && 'headers' in answer) return answer
  const isStatus = answer.kind === 'Status'
  const value: unknown = isStatus
    ? answer
    : JSON.parse(Buffer.from(shownBytes(kind, { ...(answer as KubeObject), apiVersion: apiVersionOf(kind), kind: kind.kind })).toString())
  const code = (answer as { readonly code?: unknown }).code
  return json(value, representation, isStatus && typeof code === 'number' ? code : status)
}

function readBodyObject(
  context: Context,
  { request, warn }: Routed,
  wanted: Wanted,
  validation: Parameters<typeof readObject>[3]['validation'],
): KubeObject {
  const { object, warnings } = readObject(request.body ?? new Uint8Array(), request.headers['content-type'], wanted, {
    validation,
    isKnown: context.kinds.isKnown,
  })
  for (const warning of warnings) warn(warning)
  return { metadata: {}, ...object } as unknown as KubeObject
}

function matchNamespace({ kind, info }: Routed, object: KubeObject): void {
  const { namespace } = object.metadata ?? {}
  if (kind.scope === 'Namespaced' && namespace && namespace !== info.namespace)
    throw badRequest('the namespace of the provided object does not match the namespace sent on the request')
}

function matchName({ info }: Routed, object: KubeObject): void {
  const { name } = object.metadata ?? {}
  if (!name) throw badRequest(`the name of the object (${info.name} based on URL) was undeterminable: name must be provided`)
  if (name !== info.name) throw badRequest(`the name of the object (${name}) does not match the name on the URL (${info.name})`)
}

/** A watch without timeoutSeconds lasts between this and twice this, as with the reference, so that they do not all end at once. */
const watchMs = 30 * 60 * 1000
const deleteWorkers = 16
