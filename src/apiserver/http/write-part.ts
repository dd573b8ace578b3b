import { type AnyKind, apiVersionOf, type KubeObject, type Subresource } from '#api/kind.ts'
import { rfc3339 } from '#lib/rfc3339.ts'
import type { Item } from '../cacher/item.ts'
import type { Context } from '../context.ts'
import { type Entries, entriesForView, entriesFromView, entriesOf, trackedEntries } from '../registry/ownership.ts'
import { isApplyType, readPatch } from '../registry/patch.ts'
import { applyDefaults, shownBytes, withOwners } from '../registry/prepare.ts'
import { checkUidIs, updateObject } from '../registry/update.ts'
import { applied } from './applied.ts'
import { wantedOf } from './body.ts'
import { patched } from './patched.ts'
import { matchName, matchNamespace, type Routed, readBodyObject, writeOf } from './routed.ts'
import { conflict, invalidError } from './status.ts'
import { parseWriteOptions, type WriteOptions } from './write-options.ts'

type Part = Extract<Subresource, { sort: 'part' }>
type View = Extract<Subresource, { sort: 'view' }>

/** Updates, patches or applies a part of an object, or a view of it. */
export function writePart(context: Context, call: Routed, part: Part | View): Promise<Item> {
  const isPatch = call.info.verb === 'patch'
  const contentType = call.request.headers['content-type']
  const isApply = isPatch && isApplyType(contentType)
  const options = parseWriteOptions(isPatch ? 'PatchOptions' : 'UpdateOptions', call.info.query, isApply)
  const type = part.sort === 'view' ? part.type : call.kind
  const wanted = wantedOf(type)
  // A view stands for the whole object, whose rules apply to what is written through it.
  const common = { whole: part.sort === 'view', repeatable: isPatch, checkUid: !isPatch }
  let read: Read
  if (isApply) read = (shown, entries) => applied(context, call, options, { kind: type, present: shown, entries })
  else if (isPatch) {
    const change = readPatch(call.request.body ?? new Uint8Array(), contentType)
    read = (_shown, _entries, bytes) => patched(context, call, wanted, change, bytes(), options.fieldValidation)
  } else {
    const sent = readBodyObject(context, call, wanted, options.fieldValidation)
    matchNamespace(call, sent)
    matchName(call, sent)
    read = () => sent
  }
  return part.sort === 'view'
    ? writeView(context, call, part, options, read, isApply, common)
    : writeField(context, call, part, options, read, isApply, common)
}

type Common = { readonly whole: boolean; readonly repeatable: boolean; readonly checkUid: boolean }
/** What the client wants: from the present object, its owners and its JSON. */
type Read = (shown: KubeObject, entries: Entries, bytes: () => Uint8Array) => KubeObject

function writeField(
  context: Context,
  call: Routed,
  part: Part,
  options: WriteOptions,
  read: Read,
  isApply: boolean,
  common: Common,
): Promise<Item> {
  const write = writeOf(call, options)
  const take = (present: KubeObject, body: KubeObject) =>
    part.take(present as never, body as never, rfc3339(context.clock.now())) as KubeObject
  return updateObject(context, write, {
    ...common,
    change(present, bytes) {
      const body = applyDefaults(context.features, call.kind, read(present, entriesOf(present), bytes))
      return withOwners(withVersionOf(take(present, body), body), entriesOf(isApply ? body : present))
    },
    retake: take,
    owners: isApply ? 'given' : (previous, next) => trackedEntries(context, write, previous, next),
    ...(part.checksMetadata !== undefined && { checksMetadata: part.checksMetadata }),
    ...(part.validateUpdate !== undefined && { validateUpdate: part.validateUpdate as never }),
  })
}

function writeView(
  context: Context,
  call: Routed,
  view: View,
  options: WriteOptions,
  read: Read,
  isApply: boolean,
  common: Common,
): Promise<Item> {
  const { kind } = call
  const { type } = view
  const path = (view.replicasField ?? 'spec.replicas').split('.')
  const write = writeOf(call, options)
  return updateObject(context, write, {
    ...common,
    change(present) {
      const entries = entriesForView(entriesOf(present), kind, path, apiVersionOf(type))
      const identity = { apiVersion: apiVersionOf(type), kind: type.kind }
      const shown = withOwners({ ...identity, ...(view.show(present as never) as KubeObject) }, entries)
      const body = read(shown, entries, () => shownBytes(type, shown))
      // Of a whole body the uid is a precondition, which comes before all else.
      if (common.checkUid) checkUidIs(write, present, body.metadata.uid)
      refuseInvalid(type, call.info.name, body)
      if (common.repeatable && body.metadata.uid && body.metadata.uid !== present.metadata.uid)
        throw conflict(
          { ...kind, plural: `${kind.plural}/${call.info.subresource}` },
          call.info.name,
          `Precondition failed: UID in precondition: ${body.metadata.uid}, UID in object meta: ${present.metadata.uid}`,
        )
      const next = view.write(present as never, body as never) as KubeObject
      const after = isApply ? entriesOf(body) : trackedEntries(context, { ...write, kind: type }, shown, body)
      return withOwners(withVersionOf(next, body, present), entriesFromView(entriesOf(present), after, kind, path))
    },
    owners: 'given',
  })
}

/** A part's writer names the version of the whole object; a view's need not, whatever the object's own kind demands: `present` stands in. */
const withVersionOf = (next: KubeObject, body: KubeObject, present?: KubeObject): KubeObject => ({
  ...next,
  metadata: { ...next.metadata, resourceVersion: body.metadata.resourceVersion || (present?.metadata.resourceVersion ?? '') },
})

function refuseInvalid(type: AnyKind, name: string, body: KubeObject): void {
  const causes = type.rules.validate?.(body, undefined as never) ?? []
  if (causes.length > 0) throw invalidError(type, name, causes)
}
