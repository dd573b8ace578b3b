import { type AnyKind, apiVersionOf, type KubeObject, type Subresource } from '#api/kind.ts'
import type { HttpResponse } from '#lib/http.ts'
import { rfc3339 } from '#lib/rfc3339.ts'
import { admissionRun } from '../admission/chain.ts'
import { getItem } from '../cacher/index.ts'
import { itemAs, objectOf } from '../cacher/item.ts'
import type { Context } from '../context.ts'
import { keyOf } from '../registry/keys.ts'
import { readPatch } from '../registry/patch.ts'
import { shownBytes } from '../registry/prepare.ts'
import { updateObject } from '../registry/update.ts'
import { wantedOf } from './body.ts'
import { finish, showValue, subresourceCall } from './handler-call.ts'
import { patched } from './patched.ts'
import { encoded, statusAnswer } from './respond.ts'
import { matchName, matchNamespace, type Routed, readBodyObject, readItem, showing, writeOf } from './routed.ts'
import { showItem } from './show.ts'
import { badRequest, invalidError, notFoundError, routeStatus } from './status.ts'
import { tableOf } from './table.ts'
import { parseWriteOptions } from './write-options.ts'

/** Answers a request for a part, a view or an action of an object. */
export async function serveSubresource(
  context: Context,
  call: Routed,
  part: Exclude<Subresource, { sort: 'connect' }>,
): Promise<HttpResponse> {
  const { kind, info } = call
  if (part.sort === 'action') return act(context, call, part)
  if (info.verb === 'get') {
    const item = await readItem(context, call)
    if (part.sort === 'part') return showItem(showing(context, call), item, 200)
    return showView(context, call, part.type, part.show(objectOf(item) as never))
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
      if (part.sort === 'view') refuseInvalid(part.type, call.info.name, body)
      const next = (
        part.sort === 'view'
          ? part.write(present as never, body as never)
          : part.take(present as never, body as never, rfc3339(context.clock.now()))
      ) as KubeObject
      return { ...next, metadata: { ...next.metadata, resourceVersion: body.metadata.resourceVersion ?? '' } }
    },
    whole: false,
    repeatable: change !== undefined,
    checkUid: change === undefined,
    ...(part.sort === 'part' && part.validateUpdate !== undefined && { validateUpdate: part.validateUpdate as never }),
  })
  return part.sort === 'part'
    ? showItem(showing(context, call), item, 200)
    : showView(context, call, part.type, part.show(objectOf(item) as never))
}

function refuseInvalid(type: AnyKind, name: string, body: KubeObject): void {
  const causes = type.rules.validate?.(body, undefined as never) ?? []
  if (causes.length > 0) throw invalidError(type, name, causes)
}

function showView(context: Context, call: Routed, type: AnyKind, view: unknown): HttpResponse {
  const object = { apiVersion: apiVersionOf(type), kind: type.kind, ...(view as object) } as KubeObject
  const { as, version = 'v1' } = call.representation
  if (as !== 'Table') return showValue(object, type, call.representation, 200)
  const { now, include } = showing(context, call)
  const { resourceVersion = '' } = object.metadata
  return encoded(tableOf(type, [object], { resourceVersion }, { now, include, version }), call.representation)
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
