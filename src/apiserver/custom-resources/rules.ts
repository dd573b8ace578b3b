import { validateEmbedded } from '#api/apiextensions/v1/embedded.ts'
import type { CustomResourceSubresources, SelectableField } from '#api/apiextensions/v1/types.ts'
import type { KubeObject, Rules, Subresource } from '#api/kind.ts'
import type { Cause } from '#lib/errors.ts'
import { deepEqual } from '#schema/fields.ts'
import { checkQualifiedName } from '#schema/formats.ts'
import { checkRules, type RuleCheck } from '#schema/structural/check-rules.ts'
import { type Correlation, correlate } from '#schema/structural/correlation.ts'
import { validateListTypes } from '#schema/structural/list-types.ts'
import { additionalOf, type Structural } from '#schema/structural/structural.ts'
import { validateValue } from '#schema/structural/validate-value.ts'
import type { CelMetrics } from '../metrics/cel-metrics.ts'
import { parseJsonPath } from './json-path.ts'
import { scaleOf, validateScale } from './scale.ts'

/** What a version of a definition says of its objects. */
export interface VersionRules {
  readonly schema: Structural
  readonly subresources: CustomResourceSubresources | undefined
  readonly selectableFields: readonly SelectableField[] | undefined
  /** Times the rules of the schema. Absent: nobody does. */
  readonly metrics?: CelMetrics | undefined
}

type Resource = KubeObject & { readonly status?: unknown }

/** What a custom resource adds to the common path of a write. */
export function rulesOf(version: VersionRules): Rules<Resource> {
  const { schema } = version
  const hasStatus = version.subresources?.status !== undefined
  const scale = version.subresources?.scale
  return {
    ...(hasStatus && { prepareCreate: withoutStatus, prepareUpdate: withStatusOf }),
    validate: (object) =>
      withRules(
        [
          ...validateValue(schema, object),
          ...validateScale(scale, object, 'both'),
          ...validateEmbedded(schema, object),
          ...validateListTypes(schema, object),
        ],
        version,
        object,
        undefined,
        undefined,
      ),
    validateUpdate: (next, previous) => {
      const correlation = correlate(next, previous, schema)
      return withRules(
        [
          ...validateValue(schema, next, '', correlation),
          ...validateScale(scale, next, 'both'),
          ...validateEmbedded(schema, next),
          ...(validateListTypes(schema, previous).length === 0 ? validateListTypes(schema, next) : []),
        ],
        version,
        next,
        previous,
        correlation,
      )
    },
    warnings: (object, previous) => [...(ratcheted.get(object) ?? []), ...finalizerWarnings(object, previous)],
    generation: (next, previous) => !deepEqual(content(next), content(previous)),
    requiresResourceVersion: true,
    plainFinalizers: true,
    selectableFields: selectableFields(version.selectableFields ?? []),
  }
}

/** `status` and `scale`, where the version has them. */
export function subresourcesOf(version: VersionRules): Readonly<Record<string, Subresource>> {
  const { status, scale } = version.subresources ?? {}
  return {
    ...(status !== undefined && {
      status: {
        sort: 'part',
        verbs: ['get', 'patch', 'update'],
        take: takeStatus,
        validateUpdate: (next: Resource, previous: Resource) => validateStatus(version, next, previous),
      } satisfies Subresource,
    }),
    ...(scale !== undefined && { scale: scaleOf(scale) }),
  }
}

function validateStatus(version: VersionRules, next: Resource, previous: Resource): readonly Cause[] {
  const { schema } = version
  const correlation = correlate(next, previous, schema)
  const part = schema.properties !== undefined && Object.hasOwn(schema.properties, 'status') ? schema.properties['status'] : undefined
  const before = validateListTypes(schema, previous)
  return withRules(
    [
      ...(part === undefined || next.status === undefined ? [] : validateValue(part, next.status, 'status', correlation.key('status'))),
      ...validateScale(version.subresources?.scale, next, 'status'),
      ...(before.length === 0 ? validateListTypes(schema, next) : []),
    ],
    version,
    next,
    previous,
    correlation,
  )
}

/** Rules are about objects whose parts are of their types: on others they would only fail. */
function withRules(
  causes: readonly Cause[],
  version: VersionRules,
  next: unknown,
  previous: unknown,
  correlation: Correlation | undefined,
): readonly Cause[] {
  const check = compiledRules(version)
  if (check === undefined) return causes
  if (causes.some(({ reason }) => blocking.has(reason))) return [...causes, blocked]
  const run = () => check(next, previous, '', correlation)
  const found = version.metrics?.evaluated(run) ?? run()
  if (found.ratcheted.length > 0 && typeof next === 'object' && next !== null)
    ratcheted.set(
      next,
      found.ratcheted.map(({ field, message }) => `${field}: ${message}`),
    )
  return [...causes, ...found.causes]
}

/** The rules of a version. They are compiled when they are first asked for, which is timed where there are any. */
function compiledRules({ schema, metrics }: VersionRules): RuleCheck | undefined {
  const compile = () => checkRules(schema, true)
  if (metrics === undefined || compiled.has(schema)) return compile()
  compiled.add(schema)
  return hasRules(schema) ? metrics.compiled(compile) : compile()
}

const compiled = new WeakSet<Structural>()

const hasRules = (schema: Structural | undefined): boolean =>
  schema !== undefined &&
  ((schema['x-kubernetes-validations'] ?? []).length > 0 ||
    [schema.items, additionalOf(schema), ...Object.values(schema.properties ?? {})].some(hasRules))

/** What was wrong before a write and still is: told as warnings once the write is accepted, without running the rules again. */
const ratcheted = new WeakMap<object, readonly string[]>()

const blocking: ReadonlySet<string> = new Set([
  'FieldValueNotSupported',
  'FieldValueRequired',
  'FieldValueTooLong',
  'FieldValueTooMany',
  'FieldValueTypeInvalid',
])
const blocked: Cause = {
  reason: 'FieldValueInvalid',
  field: '<nil>',
  message:
    'Invalid value: null: some validation rules were not checked because the object was invalid; correct the existing errors to complete validation',
}

function withoutStatus({ status: _status, ...object }: Resource): Resource {
  return object
}

function withStatusOf({ status: _status, ...next }: Resource, { status }: Resource): Resource {
  return status === undefined ? next : { ...next, status }
}

/** The body's status on the object as it is. */
const takeStatus = (previous: Resource, { status, metadata }: Resource): Resource => {
  const { status: _status, ...rest } = previous
  const { managedFields } = metadata as { readonly managedFields?: unknown }
  return {
    ...rest,
    metadata: { ...rest.metadata, ...(managedFields !== undefined && { managedFields: managedFields as never }) },
    ...(status !== undefined && { status }),
  }
}

const content = ({ metadata: _metadata, ...rest }: Resource): unknown => rest

const standardFinalizers = ['orphan', 'foregroundDeletion', 'kubernetes']

/** A finalizer without a path may be somebody else's as well. */
function finalizerWarnings(object: Resource, previous: Resource | undefined): string[] {
  const known = new Set(previous?.metadata.finalizers ?? [])
  const added = [...new Set(object.metadata.finalizers ?? [])].filter((name) => !known.has(name)).sort()
  return added.flatMap((name) => {
    const prefix = `metadata.finalizers: ${JSON.stringify(name)}:`
    const problems = checkQualifiedName(name).map((problem) => `${prefix} ${problem}`)
    if (name.includes('/') || standardFinalizers.includes(name)) return problems
    const path = name.includes('.') ? ' including a path (/)' : ''
    return [
      ...problems,
      `${prefix} prefer a domain-qualified finalizer name${path} to avoid accidental conflicts with other finalizer writers`,
    ]
  })
}

function selectableFields(fields: readonly SelectableField[]): Readonly<Record<string, (object: Resource) => string>> {
  return Object.fromEntries(
    fields.map(({ jsonPath }) => {
      const path = parseJsonPath(jsonPath)
      return [
        jsonPath.replace(/^\./, ''),
        (object: Resource) => {
          const [value] = path?.(object) ?? []
          return value === undefined || value === null ? '' : String(value)
        },
      ]
    }),
  )
}
