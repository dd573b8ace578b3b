import { type AnyKind, apiVersionOf, type KubeObject } from '#api/kind.ts'
import { WherryError } from '#lib/errors.ts'
import { rfc3339 } from '#lib/rfc3339.ts'
import { applyObject, checkApplied } from '#schema/apply/apply.ts'
import { withLastApplied, withoutClientSideConflicts } from '#schema/apply/last-applied.ts'
import { writeManagers } from '#schema/apply/managers.ts'
import { MergeError } from '#schema/apply/merge-error.ts'
import { mergeSchemaOf } from '#schema/apply/merge-schema.ts'
import { isObject } from '#schema/fields.ts'
import { encodeJson, parseExact } from '#schema/json.ts'
import type { ParsedYaml } from '#schema/yaml.ts'
import type { Context } from '../context.ts'
import { type Entries, managersBeforeApply, scopeOf, versionsOf } from '../registry/ownership.ts'
import { conversionProblem } from '../registry/patch.ts'
import { withOwners } from '../registry/prepare.ts'
import { shapeObject, wantedOf } from './body.ts'
import { withoutRepeatedOwners } from './owner-references.ts'
import { matchName, matchNamespace, type Routed } from './routed.ts'
import { sortKeys } from './sort-keys.ts'
import { badRequest, conflict } from './status.ts'
import type { WriteOptions } from './write-options.ts'
import { appliedYamlOf } from './yaml-body.ts'

/** What is applied to: the object of the path, or a view of it (Scale). */
export interface ApplyTarget {
  readonly kind: AnyKind
  /** Absent: the object is to be created. */
  readonly present: KubeObject | undefined
  /** Who owns what of it now. */
  readonly entries: Entries
}

/**
 * The object as a server-side apply of the request's body leaves it, its owners named in metadata.managedFields. Throws `BadRequest` for a
 * body that is none, `Conflict` with the owners of what it would change, and a plain error (500, as the reference) for what has no place
 * in the schema.
 */
export function applied(context: Context, call: Routed, options: WriteOptions, target: ApplyTarget): KubeObject {
  const { kind, present } = target
  const { value, duplicates } = readConfiguration(call.request.body ?? new Uint8Array())
  const apiVersion = apiVersionOf(kind)
  refuseOtherKind(kind, value)
  const metadata = isObject(value['metadata']) ? value['metadata'] : {}
  if (Array.isArray(metadata['managedFields'])) throw badRequest('metadata.managedFields must be nil')
  const named = `${text(metadata['namespace'])}/${text(metadata['name'])}; ${kind.group}/${kind.version}, Kind=${kind.kind}`
  const schema = mergeSchemaOf(kind)
  told(`failed to create typed patch object (${named})`, () => checkApplied(schema, value))
  const { subresource } = call.info
  const manager = (options.options as { readonly fieldManager: string }).fieldManager
  const live = liveDocument(kind, present)
  const input = {
    versions: versionsOf(context, kind),
    apiVersion,
    manager,
    subresource,
    now: rfc3339(context.clock.now()),
    managers: managersBeforeApply(context, kind, subresource, present, target.entries),
    scope: scopeOf(kind, subresource),
    reconciles: kind.shape.kind === 'structural',
    live,
    applied: value,
  }
  const merge = (force: boolean) => told('failed to merge config', () => applyObject({ ...input, force }))
  const { object, managers } = withoutClientSideConflicts(
    input,
    () => merge(options.force),
    () => merge(true),
  )
  const shown = manager === 'kubectl' ? withLastApplied(object, value) : object
  tellDuplicates(duplicates, options, call)
  const shaped = shapeObject(shown, wantedOf(kind), {
    validation: 'Ignore',
    isKnown: context.kinds.isKnown,
    duplicates: [],
    refuse: (why) =>
      failed(
        `failed to convert new object (${named}) to proper version: unable to convert unstructured object to ${kind.group}/${kind.version}, Kind=${kind.kind}: ${conversionProblem(why)}`,
      ),
  }).object as unknown as KubeObject
  refuseUid(call, present, shaped)
  const found = withoutRepeatedOwners(shaped, call.warn)
  matchNamespace(call, found)
  matchName(call, found)
  return withOwners(found, writeManagers(managers))
}

/** The applied configuration: YAML, of which JSON is a part. */
function readConfiguration(body: Uint8Array): { readonly value: Record<string, unknown>; readonly duplicates: readonly string[] } {
  let parsed: ParsedYaml
  try {
    parsed = appliedYamlOf(body)
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
    throw badRequest(`error decoding YAML: ${error.message}`)
  }
  const { value, duplicates } = parsed
  if (value === null || value === undefined) return { value: {}, duplicates }
  if (!isObject(value)) {
    const sort = Array.isArray(value) ? 'array' : typeof value === 'boolean' ? 'bool' : typeof value
    throw badRequest(
      `error decoding YAML: error unmarshaling JSON: while decoding JSON: json: cannot unmarshal ${sort} into Go value of type map[string]interface {}`,
    )
  }
  return { value: sortKeys(value) as Record<string, unknown>, duplicates }
}

function refuseOtherKind(wanted: AnyKind, { apiVersion, kind }: Readonly<Record<string, unknown>>): void {
  if (apiVersion === apiVersionOf(wanted) && kind === wanted.kind) return
  const parts = text(apiVersion).split('/')
  const [group, version] = parts.length === 2 ? parts : ['', parts[0]]
  const shown = parts.length > 2 ? '/, Kind=' : `${group}/${version}, Kind=${text(kind)}`
  throw badRequest(`invalid object type: ${shown}`)
}

/** The present object as JSON without its owners, who are merged by themselves; of one that is to be created: the empty one. */
function liveDocument(kind: AnyKind, present: KubeObject | undefined): unknown {
  return parseExact(encodeJson(kind, present === undefined ? {} : withOwners(present, undefined)))
}

function tellDuplicates(duplicates: readonly string[], { fieldValidation }: WriteOptions, { warn }: Routed): void {
  if (fieldValidation === 'Ignore' || duplicates.length === 0) return
  if (fieldValidation === 'Warn') for (const duplicate of duplicates) warn(duplicate)
  else {
    const lines = duplicates.map((duplicate) => `\n  ${duplicate}`).join('')
    throw badRequest(`error strict decoding YAML: error converting YAML to JSON: yaml: unmarshal errors:${lines}`)
  }
}

function refuseUid({ kind, info }: Routed, present: KubeObject | undefined, { metadata }: KubeObject): void {
  if (present === undefined && metadata?.uid)
    throw conflict(kind, info.name, `uid mismatch: the provided object specified uid ${metadata.uid}, and no existing object was found`)
}

/** What does not fit the schema is told after what was tried, as an error without a reason. */
function told<T>(what: string, run: () => T): T {
  try {
    return run()
  } catch (error) {
    if (!(error instanceof MergeError)) throw error
    throw failed(`${what}: ${error.message}`)
  }
}

const failed = (message: string): WherryError => new WherryError('InternalError', message, { status: 500 })
const text = (value: unknown): string => (typeof value === 'string' ? value : '')
