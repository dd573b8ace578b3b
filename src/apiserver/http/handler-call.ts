import { type AnyKind, apiVersionOf, type KubeObject } from '#api/kind.ts'
import { Status } from '#api/meta/v1/types.ts'
import type { HttpResponse } from '#lib/http.ts'
import { rfc3339 } from '#lib/rfc3339.ts'
import { parseExact } from '#schema/json.ts'
import type { Context } from '../context.ts'
import type { SubresourceCall } from '../contract.ts'
import { shownBytes } from '../registry/prepare.ts'
import type { Representation } from './negotiate.ts'
import { attributesOf } from './request-info.ts'
import { encoded, jsonBytes } from './respond.ts'
import type { Routed } from './routed.ts'
import { showMetadata } from './show.ts'

/** What a handler is told; the parent object is looked up when it is asked for. */
export const subresourceCall = (
  context: Context,
  call: Routed,
  parent: () => KubeObject,
  body: unknown,
  dryRun: boolean,
): SubresourceCall => ({
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
  now: rfc3339(context.clock.now()),
  annotate: call.record.annotate,
  server: context.internals,
})

/** What a handler gave back as an answer: its own, a Status, or an object of `kind`. */
export function finish(answer: HttpResponse | KubeObject, status: number, { representation }: Routed, kind: AnyKind): HttpResponse {
  if ('body' in answer && 'headers' in answer) return answer
  if (answer.kind === 'Status') {
    const { code } = answer as { readonly code?: unknown }
    return encoded(answer, representation, typeof code === 'number' ? code : status, Status)
  }
  const object = { ...answer, apiVersion: apiVersionOf(kind), kind: kind.kind }
  if (representation.as !== undefined) return showMetadata(kind, object, representation, status)
  return showValue(object, kind, representation, status)
}

/** An object that is not stored, in the encoding asked for. */
export function showValue(value: KubeObject, kind: AnyKind, representation: Representation, status: number): HttpResponse {
  if (representation.encoding === 'protobuf') return encoded(value, representation, status, kind)
  const bytes = shownBytes(kind, value)
  return representation.encoding === 'json'
    ? jsonBytes(bytes, status)
    : encoded(parseExact(Buffer.from(bytes).toString()) as object, representation, status)
}
