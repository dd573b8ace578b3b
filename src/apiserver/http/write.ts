import type { KubeObject } from '#api/kind.ts'
import { Status } from '#api/meta/v1/types.ts'
import { WherryError } from '#lib/errors.ts'
import type { HttpResponse } from '#lib/http.ts'
import { admissionRun } from '../admission/chain.ts'
import { forbiddenError } from '../authorization/forbidden.ts'
import { objectOf } from '../cacher/item.ts'
import type { Context, Write } from '../context.ts'
import { createObject } from '../registry/create.ts'
import { deleteObject } from '../registry/delete.ts'
import { deleteInOrder } from '../registry/delete-in-order.ts'
import type { DeletionWish } from '../registry/lifecycle.ts'
import { parseListQuery } from '../registry/list-options.ts'
import { entriesOf, trackedEntries } from '../registry/ownership.ts'
import { isApplyType, readPatch } from '../registry/patch.ts'
import { applyDefaults, withOwners } from '../registry/prepare.ts'
import { select } from '../registry/select.ts'
import { updateObject } from '../registry/update.ts'
import { applied } from './applied.ts'
import { wantedOf } from './body.ts'
import { parseDeleteOptions } from './delete-options.ts'
import { finish, subresourceCall } from './handler-call.ts'
import { patched } from './patched.ts'
import { attributesOf } from './request-info.ts'
import { encoded } from './respond.ts'
import { matchName, matchNamespace, type Routed, readBodyObject, showing, writeOf } from './routed.ts'
import { showItem, showList } from './show.ts'
import { conflict, invalidError } from './status.ts'
import { parseWriteOptions, type WriteOptions } from './write-options.ts'

/** POST to a collection: 201 with the object, or with the answer of a kind that is not stored. */
export async function create(context: Context, call: Routed): Promise<HttpResponse> {
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
  const given = applyDefaults(context.features, kind, inNamespaceOf(call, body))
  const object = withOwners(given, trackedEntries(context, write, undefined, given))
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

/** An object lies where it is sent to: its own word counts only where that is the same, and nowhere for a kind without namespaces. */
function inNamespaceOf({ kind, info }: Routed, body: KubeObject): KubeObject {
  const { namespace: _namespace, ...metadata } = body.metadata ?? {}
  return { ...body, metadata: kind.scope === 'Namespaced' ? { ...metadata, namespace: info.namespace } : metadata } as KubeObject
}

/** PUT of a whole object: 200; 201 where that created it, for kinds that allow it. */
export async function update(context: Context, call: Routed): Promise<HttpResponse> {
  const { kind, info } = call
  const options = parseWriteOptions('UpdateOptions', info.query)
  const body = readBodyObject(context, call, wantedOf(kind), options.fieldValidation)
  matchNamespace(call, body)
  matchName(call, body)
  const write = writeOf(call, options)
  try {
    const item = await updateObject(context, write, {
      change: () => body,
      whole: true,
      checkUid: true,
      owners: (previous, next) => trackedEntries(context, write, previous, next),
    })
    return showItem(showing(context, call), item, 200)
  } catch (error) {
    if (!(error instanceof WherryError) || error.code !== 'NotFound' || !kind.rules.createOnUpdate || error.details.name !== info.name)
      throw error
    if (body.metadata.uid)
      throw conflict(kind, info.name, `Precondition failed: UID in precondition: ${body.metadata.uid}, UID in object meta: `)
    await mayCreate(context, call)
    const { resourceVersion: _resourceVersion, ...metadata } = body.metadata
    return showItem(showing(context, call), await createObject(context, asCreate(write), { ...body, metadata } as KubeObject), 201)
  }
}

/** PATCH in any of the four types: 200; 201 for an apply that created the object. */
export async function patch(context: Context, call: Routed): Promise<HttpResponse> {
  const { kind, info, request } = call
  const isApply = isApplyType(request.headers['content-type'])
  const options = parseWriteOptions('PatchOptions', info.query, isApply)
  const write = writeOf(call, options)
  if (isApply) return apply(context, call, options)
  const change = readPatch(request.body ?? new Uint8Array(), request.headers['content-type'])
  const item = await updateObject(context, write, {
    change: (_present, shown) => patched(context, call, wantedOf(kind), change, shown(), options.fieldValidation),
    whole: true,
    repeatable: true,
    owners: (previous, next) => trackedEntries(context, write, previous, next),
  })
  return showItem(showing(context, call), item, 200)
}

/** Server-side apply: changes the object, or creates it where there is none. */
async function apply(context: Context, call: Routed, options: WriteOptions): Promise<HttpResponse> {
  const { kind } = call
  const write = writeOf(call, options)
  for (let attempt = 1; ; attempt += 1) {
    try {
      const change = (present: KubeObject): KubeObject => applied(context, call, options, { kind, present, entries: entriesOf(present) })
      const item = await updateObject(context, write, { change, whole: true, repeatable: true, owners: 'given' })
      return showItem(showing(context, call), item, 200)
    } catch (error) {
      if (!isOf(error, 'NotFound', call)) throw error
    }
    const body = applied(context, call, options, { kind, present: undefined, entries: undefined })
    await mayCreate(context, call)
    try {
      const { resourceVersion: _resourceVersion, ...metadata } = body.metadata
      const item = await createObject(context, asCreate(write), { ...body, metadata } as KubeObject, 'given')
      return showItem(showing(context, call), item, 201)
    } catch (error) {
      // Somebody else was faster: there is an object to apply to now.
      if (!isOf(error, 'AlreadyExists', call) || attempt >= attemptsMax) throw error
    }
  }
}

const isOf = (error: unknown, code: 'NotFound' | 'AlreadyExists', { kind, info }: Routed): boolean =>
  error instanceof WherryError && error.code === code && error.details.name === info.name && error.details.kind === kind.plural

/** Who creates an object by another verb has to be allowed to create it. */
async function mayCreate(context: Context, { info, user }: Routed): Promise<void> {
  const attributes = { ...attributesOf(info, user), verb: 'create' }
  const decision = await context.authorize(attributes)
  if (!decision.allowed) throw forbiddenError(attributes, decision.reason)
}

/** Admission sees a create, with a create's options. */
const asCreate = (write: Write): Write => {
  const { force: _force, ...options } = write.options as { readonly force?: boolean }
  return { ...write, options: { ...options, kind: 'CreateOptions' } }
}

/** DELETE of one object: 200 with a Status once it is gone, or with the object that stays for now or is shown for the last time. */
export async function remove(context: Context, call: Routed): Promise<HttpResponse> {
  const { kind, request, info } = call
  const options = parseDeleteOptions(request.body, request.headers['content-type'], info.query, context.kinds.isKnown)
  warnOfPropagation(call, options)
  const { removed, item, shown } = await deleteObject(context, writeOf(call, options), options)
  if (removed && !shown) {
    const { uid } = objectOf(item).metadata
    const details = { name: info.name, ...(kind.group !== '' && { group: kind.group }), kind: kind.plural, uid }
    const done = { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', details }
    return encoded(done, call.representation, 200, Status)
  }
  return showItem(showing(context, call), item, 200)
}

/** DELETE of all objects that selectors choose, in order: 200 with the list of them as it was. */
export async function removeCollection(context: Context, call: Routed): Promise<HttpResponse> {
  const { kind, request, info } = call
  const query = parseListQuery(kind, info.query, false)
  const options = parseDeleteOptions(request.body, request.headers['content-type'], info.query, context.kinds.isKnown)
  warnOfPropagation(call, options)
  const selection = await select(context.cacher, kind, info.namespace, query)
  const write = writeOf(call, options)
  await deleteInOrder(selection.items, ({ metadata: { name, namespace = '' } }, committing) =>
    deleteObject(context, { ...write, name, namespace }, options, committing),
  )
  return showList(showing(context, call), selection)
}

const attemptsMax = 4

function warnOfPropagation({ kind, warn }: Routed, { orphanDependents, propagationPolicy }: DeletionWish): void {
  const warning = kind.rules.defaultPropagationWarning
  if (warning !== undefined && orphanDependents === undefined && propagationPolicy === undefined) warn(warning)
}
