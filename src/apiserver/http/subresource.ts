import { type AnyKind, apiVersionOf, type KubeObject, type Subresource } from '#api/kind.ts'
import { WherryError } from '#lib/errors.ts'
import type { HttpResponse } from '#lib/http.ts'
import { withDefaults } from '#schema/defaults.ts'
import { admissionRun } from '../admission/chain.ts'
import { getItem } from '../cacher/index.ts'
import { itemAs, objectOf } from '../cacher/item.ts'
import type { Context, Write } from '../context.ts'
import { keyOf } from '../registry/keys.ts'
import { trackedEntries } from '../registry/ownership.ts'
import { withMetadata } from '../registry/prepare.ts'
import { wantedOf } from './body.ts'
import { finish, showValue, subresourceCall } from './handler-call.ts'
import { encoded, statusAnswer } from './respond.ts'
import { matchNamespace, type Routed, readBodyObject, readItem, showing, writeOf } from './routed.ts'
import { showItem, showMetadata } from './show.ts'
import { notFoundError, routeStatus } from './status.ts'
import { tableOf } from './table.ts'
import { parseWriteOptions } from './write-options.ts'
import { writePart } from './write-part.ts'

/** Answers a request for a part, a view or an action of an object. */
export async function serveSubresource(
  context: Context,
  call: Routed,
  part: Exclude<Subresource, { sort: 'connect' }>,
): Promise<HttpResponse> {
  const { info } = call
  if (part.sort === 'action') return act(context, call, part)
  if (info.verb === 'get') {
    const item = await readItem(context, call)
    if (part.sort === 'part') return showItem(showing(context, call), item, 200)
    const problem = part.unreadable?.(objectOf(item) as never)
    if (problem !== undefined) throw new WherryError('InternalError', `Internal error occurred: ${problem}`)
    return showView(context, call, part.type, part.show(objectOf(item) as never))
  }
  const item = await writePart(context, call, part)
  return part.sort === 'part'
    ? showItem(showing(context, call), item, 200)
    : showView(context, call, part.type, part.show(objectOf(item) as never))
}

function showView(context: Context, call: Routed, type: AnyKind, view: unknown): HttpResponse {
  const object = { apiVersion: apiVersionOf(type), kind: type.kind, ...(view as object) } as KubeObject
  const { as, version = 'v1' } = call.representation
  if (as === undefined) return showValue(object, type, call.representation, 200)
  if (as !== 'Table') return showMetadata(type, object, call.representation, 200)
  const { now, include } = showing(context, call)
  const { resourceVersion = '' } = object.metadata
  return encoded(tableOf(type, [object], { resourceVersion }, { now, include, version }), call.representation)
}

async function act(context: Context, call: Routed, part: Extract<Subresource, { sort: 'action' }>): Promise<HttpResponse> {
  const { kind, info } = call
  const options = parseWriteOptions('CreateOptions', info.query)
  const bodyKind = bodyKindOf(kind, part)
  const body =
    bodyKind === undefined
      ? undefined
      : readBodyObject(context, call, { ...wantedOf(bodyKind), ...(part.alsoRead && { alsoRead: part.alsoRead }) }, options.fieldValidation)
  // Whether its name fits is the action's own to say.
  if (body !== undefined) matchNamespace(call, body)
  const handler = context.handlers[part.handler]
  const parent = await parentOf(context, call)
  if (handler === undefined) {
    parent()
    return statusAnswer(routeStatus(404, 'NotFound', 'the server could not find the requested resource'))
  }
  const write = writeOf(call, options)
  const run = admissionRun(context.admission, context.objects, write, 'CREATE')
  const placed = body === undefined ? undefined : preparedBody(context, write, body, bodyKind!, part.answersBody === true)
  const admitted = (await run.admit(placed, undefined)) ?? placed
  await run.validate(admitted, undefined)
  return finish(await handler(subresourceCall(context, call, parent, admitted, options.dryRun)), 201, call, bodyKind ?? kind)
}

/** What an action is sent, as a kind of its own; the same for the same action, for those who remember by it. */
function bodyKindOf(kind: AnyKind, part: Extract<Subresource, { sort: 'action' }>): AnyKind | undefined {
  if (part.type === undefined) return undefined
  const known = bodyKinds.get(part)
  if (known !== undefined) return known
  const [group, version, name] = part.kindGV ?? [kind.group, kind.version, kind.kind]
  const made: AnyKind = { ...kind, ...part.type, kind: name, group, version, rules: {} }
  bodyKinds.set(part, made)
  return made
}

const bodyKinds = new WeakMap<Subresource, AnyKind>()

/** The body where the path puts it; where it is answered, with its defaults and with who wrote it. */
function preparedBody(context: Context, write: Write, body: KubeObject, kind: AnyKind, isAnswered: boolean): KubeObject {
  const { namespace } = write
  const placed = namespace === '' ? body : { ...body, metadata: { ...body.metadata, namespace } }
  if (!isAnswered) return placed
  const filled = withDefaults(kind, placed)
  return withMetadata(filled, { managedFields: trackedEntries(context, { ...write, kind }, undefined, filled) })
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
