import { type AnyKind, apiVersionOf, type KubeObject } from '#api/kind.ts'
import type { HttpRequest } from '#lib/http.ts'
import { getItem } from '../cacher/index.ts'
import { converting, type Item, itemAs } from '../cacher/item.ts'
import type { Context, Write } from '../context.ts'
import type { Caller, UserInfo } from '../contract.ts'
import { keyOf } from '../registry/keys.ts'
import { parseRevision } from '../registry/list-options.ts'
import { notTooNew } from '../registry/select.ts'
import type { RequestRecord } from '../request-record.ts'
import { type FieldValidation, readObject, type Wanted } from './body.ts'
import type { Representation } from './negotiate.ts'
import { withoutRepeatedOwners } from './owner-references.ts'
import type { RequestInfo } from './request-info.ts'
import type { Showing } from './show.ts'
import { badRequest, notFoundError } from './status.ts'
import type { IncludeObject } from './table.ts'
import { managerOf } from './write-options.ts'

/** A request for a resource, past authentication and authorization. */
export interface Call {
  readonly request: HttpRequest
  readonly caller: Caller
  readonly info: RequestInfo
  readonly user: UserInfo
  readonly warn: (message: string) => void
  readonly record: RequestRecord
}

/** The same, once its kind and the form of the answer are known. */
export interface Routed extends Call {
  readonly kind: AnyKind
  readonly representation: Representation
}

/** How the answer of a request is to be shown, as of now. */
export const showing = (context: Context, { kind, representation, info }: Routed): Showing => ({
  kind,
  representation,
  // Only who is shown a table is told that it cannot be had so, and after all else.
  get include() {
    return includeOf(info.query)
  },
  now: context.clock.now(),
  clock: context.clock,
})

/** What a table's rows carry of their objects. Throws `BadRequest` for a word that is none. */
export function includeOf(query: URLSearchParams): IncludeObject {
  const include = query.get('includeObject') ?? ''
  if (include === '') return 'Metadata'
  if (include === 'None' || include === 'Metadata' || include === 'Object') return include
  throw badRequest(
    `Unable to convert to Table as requested: includeObject: Invalid value: ${JSON.stringify(include)}: must be 'Metadata', 'Object', 'None', or empty`,
  )
}

/** The object that the path names. Throws `NotFound`. */
export async function readItem(context: Context, { kind, info }: Routed): Promise<Item> {
  const revision = parseRevision(info.query.get('resourceVersion') ?? '')
  if (revision === undefined) await context.cacher.fresh()
  else if (revision > 0) await notTooNew(context.cacher, revision)
  const item = getItem(context.cacher.of(kind).index, keyOf(kind, info.namespace, info.name))
  if (item === undefined) throw notFoundError(kind, info.name)
  await converting(kind, [item])
  return itemAs(kind, item)
}

/** The write that a request asks for, as the registry and admission know it. */
export function writeOf(
  { kind, info, user, request, warn, record }: Routed,
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
    manager: managerOf(options, request.headers['user-agent']),
    record,
  }
}

/** Types of served kinds by name. */
export const typeNamed =
  (context: Context) =>
  (apiVersion: string, kind: string): AnyKind | undefined =>
    context.kinds.all.find((each) => each.kind === kind && apiVersionOf(each) === apiVersion)

/** The body as an object of the wanted type; what is odd about it becomes warnings. */
export function readBodyObject(context: Context, { request, warn }: Routed, wanted: Wanted, validation: FieldValidation): KubeObject {
  const { object, warnings } = readObject(request.body ?? new Uint8Array(), request.headers['content-type'], wanted, {
    validation,
    isKnown: context.kinds.isKnown,
    typeNamed: typeNamed(context),
  })
  for (const warning of warnings) warn(warning)
  return withoutRepeatedOwners({ metadata: {}, ...object } as unknown as KubeObject, warn)
}

/** Throws `BadRequest` for a body that names another namespace than the path does. */
export function matchNamespace({ kind, info }: Routed, object: KubeObject): void {
  const { namespace } = object.metadata ?? {}
  if (kind.scope === 'Namespaced' && namespace && namespace !== info.namespace)
    throw badRequest('the namespace of the provided object does not match the namespace sent on the request')
}

/** Throws `BadRequest` for a body that names another object than the path does, or none. */
export function matchName({ info }: Routed, object: KubeObject): void {
  const { name } = object.metadata ?? {}
  if (!name) throw badRequest(`the name of the object (${info.name} based on URL) was undeterminable: name must be provided`)
  if (name !== info.name) throw badRequest(`the name of the object (${name}) does not match the name on the URL (${info.name})`)
}
