import { getOwn } from './fields.ts'
import { fieldsPlan, type PlannedField } from './plan.ts'
import type { AnyType, Fields, Message, Shape, StructuralShape } from './schema.ts'
import { publishSchema } from './structural/publish.ts'

/** What of a kind OpenAPI shows. A type that is no kind has none of it. */
export interface OpenapiFacts {
  readonly group?: string
  readonly version?: string
  readonly kind?: string
  /** A list component is made where a kind can be listed. */
  readonly verbs?: readonly string[]
  readonly plural?: string
  /** Kind of its lists, where that is not `<kind>List`. */
  readonly listKind?: string
  readonly rules?: { readonly selectableFields?: Readonly<Record<string, unknown>> }
}

/** One component by its name, `io.k8s.api.core.v1.Pod`; references read `#/components/schemas/<name>`. */
export type OpenapiComponents = Record<string, Readonly<Record<string, unknown>>>

/**
 * OpenAPI v3 components of the types and of all that they hold, with the reference's names and `x-kubernetes-*` extensions. List
 * components refer to ListMeta, which the caller has to pass too.
 */
export function openapiComponents(types: readonly (AnyType & OpenapiFacts)[], format: 'v2' | 'v3' = 'v3'): OpenapiComponents {
  const components: OpenapiComponents = {}
  for (const type of types) {
    if (type.shape.kind === 'structural') {
      addStructural(components, type, type.shape, format)
      continue
    }
    addComponent(components, type.shape)
    if (type.shape.kind !== 'message' || type.kind === undefined) continue
    const name = componentName(type.shape.protoName)
    components[name] = withKind(components[name]!, type, type.kind)
    if (type.verbs === undefined || type.verbs.includes('list')) addList(components, type, name)
  }
  return Object.fromEntries(Object.entries(components).sort(([a], [b]) => (a < b ? -1 : 1)))
}

/** `k8s.io.api.core.v1.Pod` is known to clients as `io.k8s.api.core.v1.Pod`: the domain reversed. */
export function componentName(protoName: string): string {
  const [second, first, ...rest] = protoName.split('.')
  // Protobuf has no hyphens.
  return [first, second, ...rest].join('.').replaceAll('_', '-')
}

/** The component of a kind, whichever sort of type it has. */
export function componentNameOf(type: AnyType & OpenapiFacts): string {
  if (type.shape.kind === 'message') return componentName(type.shape.protoName)
  if (type.shape.kind !== 'structural') return ''
  return [...(type.group ?? '').split('.').reverse(), type.version, type.kind].join('.')
}

/** A definition's kind: its schema as it was given, and the list, which says no more than that it is one. */
function addStructural(
  components: OpenapiComponents,
  type: AnyType & OpenapiFacts,
  { schema, metadata, head }: StructuralShape,
  format: 'v2' | 'v3',
): void {
  addComponent(components, metadata.shape)
  const name = componentNameOf(type)
  const meta = reference(componentNameOf(metadata))
  const fields = Object.keys(type.rules?.selectableFields ?? {})
  const selectable = format === 'v3' && fields.length > 0 ? { [SELECTABLE_FIELDS]: fields.map((fieldPath) => ({ fieldPath })) } : {}
  components[name] = { ...withKind(publishSchema(schema, format, identityOf(head, meta)), type, type.kind!), ...selectable }
  const listKind = type.listKind ?? `${type.kind}List`
  const list = {
    type: 'object',
    description: `${listKind} is a list of ${type.kind}`,
    required: ['items'],
    properties: {
      apiVersion: { type: 'string' },
      items: { type: 'array', description: `The ${type.plural ?? 'objects'} of the list.`, items: plainReference(name) },
      kind: { type: 'string' },
      metadata: reference(LIST_META),
    },
  }
  components[[...name.split('.').slice(0, -1), listKind].join('.')] = { ...withKind(list, type, listKind), ...selectable }
}

/** What every object begins with, with what is said of it. */
function identityOf(head: Fields = {}, metadata: Readonly<Record<string, unknown>>): Record<string, Record<string, unknown>> {
  const described = (name: string, schema: object) => {
    const about = head[name]?.options.about
    return { ...schema, ...(about === undefined ? {} : { description: about }) }
  }
  return {
    apiVersion: described('apiVersion', { type: 'string' }),
    kind: described('kind', { type: 'string' }),
    metadata: described('metadata', metadata),
  }
}

const SELECTABLE_FIELDS = 'x-kubernetes-selectable-fields'

/** A kind can be known under several groups: `DeleteOptions`, `WatchEvent`. */
function withKind(component: Readonly<Record<string, unknown>>, facts: OpenapiFacts, kind: string): Record<string, unknown> {
  const entry = { group: facts.group ?? '', kind, version: facts.version ?? '' }
  const known = (getOwn(component, GROUP_VERSION_KIND) ?? []) as readonly unknown[]
  return { ...component, [GROUP_VERSION_KIND]: [...known, entry] }
}

function addList(components: OpenapiComponents, facts: OpenapiFacts, itemName: string): void {
  components[`${itemName}List`] ??= withKind(
    {
      description: `Objects of the kind ${facts.kind}, as a list request answers them.`,
      type: 'object',
      required: ['items'],
      properties: {
        apiVersion: { description: 'Group and version that the objects are written in.', type: 'string' },
        items: { description: 'The objects, sorted by namespace and name.', type: 'array', items: { default: {}, ...reference(itemName) } },
        kind: { description: `Always ${facts.kind}List.`, type: 'string' },
        metadata: {
          description: 'The version that the list was read at, and where its next page begins.',
          default: {},
          ...reference(LIST_META),
        },
      },
    },
    facts,
    `${facts.kind}List`,
  )
}

const GROUP_VERSION_KIND = 'x-kubernetes-group-version-kind'
const META = 'io.k8s.apimachinery.pkg.apis.meta.v1'
const LIST_META = `${META}.ListMeta`

const plainReference = (name: string): { $ref: string } => ({ $ref: `#/components/schemas/${name}` })
/** One that may have a description or a default beside it. */
const reference = (name: string): { allOf: [{ $ref: string }] } => ({ allOf: [plainReference(name)] })

/** Scalars that are components of their own. */
const scalarComponents: Readonly<Partial<Record<Shape['kind'], readonly [name: string, schema: Readonly<Record<string, unknown>>]>>> = {
  quantity: [
    'io.k8s.apimachinery.pkg.api.resource.Quantity',
    {
      description: 'An amount with an optional unit: 1.5, 100m (thousandths), 2k, 3M (powers of 1000), 512Mi, 1Gi (powers of 1024) or 1e3.',
      oneOf: [{ type: 'string' }, { type: 'number' }],
    },
  ],
  time: [
    `${META}.Time`,
    { description: 'A time in UTC to the second, as RFC 3339 writes it: 2026-01-31T12:00:00Z.', type: 'string', format: 'date-time' },
  ],
  microTime: [
    `${META}.MicroTime`,
    {
      description: 'A time in UTC to the microsecond, as RFC 3339 writes it: 2026-01-31T12:00:00.000000Z.',
      type: 'string',
      format: 'date-time',
    },
  ],
  duration: [`${META}.Duration`, { description: 'A length of time with units, such as 1h30m or 250ms.', type: 'string' }],
  intOrString: [
    'io.k8s.apimachinery.pkg.util.intstr.IntOrString',
    {
      description: 'A number, or text: the name of a port or a percentage such as 25%.',
      format: 'int-or-string',
      oneOf: [{ type: 'integer' }, { type: 'string' }],
    },
  ],
  json: ['io.k8s.apimachinery.pkg.runtime.RawExtension', { description: 'JSON of any form, kept as it was given.', type: 'object' }],
}

function scalarComponent(shape: Shape): readonly [name: string, schema: Readonly<Record<string, unknown>>] | undefined {
  const known = scalarComponents[shape.kind]
  if (shape.kind === 'either')
    return [componentName(shape.name), { description: `JSON: ${shape.cases.map(({ json }) => json).join(' or ')}.` }]
  return shape.kind === 'json' && shape.name !== undefined ? [shape.name, shape.isOpen === true ? anyValue : known![1]] : known
}

const anyValue = { description: 'Any JSON value.' }

const plainSchemas: Readonly<Partial<Record<Shape['kind'], Readonly<Record<string, unknown>>>>> = {
  bytes: { type: 'string', format: 'byte' },
  bool: { type: 'boolean' },
  int32: { type: 'integer', format: 'int32' },
  int64: { type: 'integer', format: 'int64' },
  uint32: { type: 'integer', format: 'int64' },
  uint64: { type: 'integer', format: 'int64' },
  double: { type: 'number', format: 'double' },
}

function addComponent(components: OpenapiComponents, shape: Shape): void {
  if (shape.kind === 'either') for (const { type } of shape.cases) addComponent(components, type.shape)
  if (shape.kind === 'list') addComponent(components, shape.item.shape)
  if (shape.kind === 'map') addComponent(components, shape.value.shape)
  const scalar = scalarComponent(shape)
  if (scalar !== undefined) components[scalar[0]] ??= scalar[1]
  if (shape.kind !== 'message') return
  const name = componentName(shape.protoName)
  if (components[name] !== undefined) return
  // Entered before its fields are looked at, since a type may hold itself.
  components[name] = { type: 'object' }
  components[name] = componentOf(shape)
  for (const field of fieldsPlan(shape)) addComponent(components, field.shape)
}

function componentOf(shape: Message): Record<string, unknown> {
  const fields = fieldsPlan(shape)
  const required = fields.filter(({ field: { options } }) => options.required === true || options.listed === true).map(({ name }) => name)
  const properties = fields.map((field) => [field.name, propertyOf(field)] as const).sort(([a], [b]) => (a < b ? -1 : 1))
  return {
    ...(shape.about === undefined ? {} : { description: shape.about }),
    type: 'object',
    ...(required.length === 0 ? {} : { required }),
    ...(properties.length === 0 ? {} : { properties: Object.fromEntries(properties) }),
    ...(shape.atomic === true ? { 'x-kubernetes-map-type': 'atomic' } : {}),
    ...(shape.union === undefined ? {} : { 'x-kubernetes-unions': [unionOf(shape.union)] }),
  }
}

/** The discriminator calls each field as Go does. */
const unionOf = ({ discriminator, fields }: NonNullable<Message['union']>): Record<string, unknown> => ({
  ...(discriminator !== undefined && { discriminator }),
  'fields-to-discriminateBy': Object.fromEntries(fields.map((field) => [field, field[0]!.toUpperCase() + field.slice(1)])),
})

function propertyOf(field: PlannedField): Record<string, unknown> {
  const { options } = field.field
  const fallback = defaultOf(field)
  return {
    ...(options.about === undefined ? {} : { description: options.about }),
    ...bare(
      field.wrapped ? withoutListType(schemaOf(field.shape)) : schemaOf(field.shape),
      options.about === undefined && fallback === undefined,
    ),
    ...(options.format === undefined ? {} : { format: options.format }),
    ...(fallback === undefined ? {} : { default: fallback }),
    ...(options.atomic === undefined ? {} : { [mergeKeyOf(field.shape)]: options.atomic ? 'atomic' : 'granular' }),
    ...(options.replaced === true ? { 'x-kubernetes-patch-strategy': 'replace' } : {}),
    ...(options.retainKeys === true ? { 'x-kubernetes-patch-strategy': 'retainKeys' } : {}),
  }
}

/** Go holds bytes as a list. */
const mergeKeyOf = ({ kind }: Shape): string => (kind === 'bytes' ? 'x-kubernetes-list-type' : 'x-kubernetes-map-type')

/** A reference with nothing beside it needs no shell. */
const bare = (schema: Record<string, unknown>, isAlone: boolean): Record<string, unknown> =>
  isAlone && Array.isArray(schema['allOf']) ? (schema['allOf'][0] as Record<string, unknown>) : schema

/** Its declared default, and else the zero value where the field is always written. */
function defaultOf(field: PlannedField): unknown {
  const { published, default: given } = field.field.options
  if (published === true) return given
  if (field.pointer || published === false) return undefined
  if (field.shape.kind === 'message') return {}
  return field.kept ? zeroDefault(field.shape) : undefined
}

function zeroDefault(shape: Shape): unknown {
  if (shape.kind === 'string') return ''
  if (shape.kind === 'bool') return false
  if (shape.kind.startsWith('int') && shape.kind !== 'intOrString') return 0
  return shape.kind === 'double' ? 0 : undefined
}

function schemaOf(shape: Shape): Record<string, unknown> {
  const scalar = scalarComponent(shape)
  if (scalar !== undefined) return reference(scalar[0])
  switch (shape.kind) {
    case 'string':
      return {
        type: 'string',
        ...(shape.format === undefined ? {} : { format: shape.format }),
        ...(shape.values === undefined ? {} : { enum: [...shape.values].sort() }),
      }
    case 'list':
      return { type: 'array', items: itemSchema(shape.item.shape), ...listExtensions(shape) }
    case 'map':
      return {
        type: 'object',
        additionalProperties: itemSchema(shape.value.shape),
        ...(shape.merge === 'atomic' ? { 'x-kubernetes-map-type': 'atomic' } : {}),
      }
    case 'message':
      return reference(componentName(shape.protoName))
    default:
      return { ...plainSchemas[shape.kind] }
  }
}

/** Items and values of maps are always there, so they have a default of their own. */
function itemSchema(shape: Shape): Record<string, unknown> {
  const fallback = shape.kind === 'message' ? {} : zeroDefault(shape)
  const scalar = scalarComponent(shape)
  if (scalar !== undefined) return plainReference(scalar[0])
  return { ...withoutListType(schemaOf(shape)), ...(fallback === undefined ? {} : { default: fallback }) }
}

/** A list that is a Go type of its own (`ExtraValue`, `Verbs`) says nothing of how it merges. */
function withoutListType({ 'x-kubernetes-list-type': _, ...schema }: Record<string, unknown>): Record<string, unknown> {
  return schema
}

function listExtensions({ merge }: Shape & { kind: 'list' }): Record<string, unknown> {
  const { apply, patch } = merge
  const strategy = patch.strategy === 'merge' ? (patch.retainKeys === true ? 'merge,retainKeys' : 'merge') : undefined
  return {
    ...(apply.type === 'map' ? { 'x-kubernetes-list-map-keys': apply.keys } : {}),
    'x-kubernetes-list-type': apply.type,
    ...(patch.strategy === 'merge' && patch.key !== undefined ? { 'x-kubernetes-patch-merge-key': patch.key } : {}),
    ...(strategy === undefined ? {} : { 'x-kubernetes-patch-strategy': strategy }),
  }
}
