import { type AnyKind, allVerbs, apiVersionOf, type Subresource } from '#api/kind.ts'
import { componentNameOf } from '#schema/openapi.ts'
import type { AnyType } from '#schema/schema.ts'
import { groupVersionKind, idOf } from './openapi.ts'

type Format = 'v2' | 'v3'

/** The paths of a kind with their operations: which parameters they take (clients look for fieldValidation and dryRun), and which kind they are of. */
export function pathsOf(kind: AnyKind, format: Format): Readonly<Record<string, object>> {
  const root = kind.group === '' ? `/api/${kind.version}` : `/apis/${apiVersionOf(kind)}`
  const collection = kind.scope === 'Namespaced' ? `${root}/namespaces/{namespace}/${kind.plural}` : `${root}/${kind.plural}`
  const item = `${collection}/{name}`
  const verbs: readonly string[] = kind.verbs ?? allVerbs
  const make = (action: string, method: string, scope: string, options: OperationOptions): Readonly<Record<string, object>> => ({
    [method]: operationOf(kind, action, scope, format, options),
  })
  const namespaced = kind.scope === 'Namespaced' ? 'Namespaced' : ''
  const paths: Record<string, object> = {}
  const add = (path: string, operations: readonly Readonly<Record<string, object>>[]): void => {
    if (operations.length > 0) paths[path] = Object.assign({ parameters: pathParameters(path, format) }, ...operations)
  }
  add(collection, [
    ...(verbs.includes('list') ? [make('list', 'get', namespaced, { list: true, query: listParameters })] : []),
    ...(verbs.includes('create') ? [make('post', 'post', namespaced, { body: true, query: writeParameters })] : []),
    ...(verbs.includes('deletecollection')
      ? [make('deletecollection', 'delete', `Collection${namespaced}`, { query: deleteParameters })]
      : []),
  ])
  if (kind.scope === 'Namespaced' && verbs.includes('list'))
    add(`${root}/${kind.plural}`, [make('list', 'get', 'ForAllNamespaces', { list: true, query: listParameters })])
  add(item, [
    ...(verbs.includes('get') ? [make('get', 'get', namespaced, {})] : []),
    ...(verbs.includes('update') ? [make('put', 'put', namespaced, { body: true, query: writeParameters })] : []),
    ...(verbs.includes('patch')
      ? [make('patch', 'patch', namespaced, { patch: true, query: [...writeParameters, ['force', 'boolean']] })]
      : []),
    ...(verbs.includes('delete') ? [make('delete', 'delete', namespaced, { query: deleteParameters })] : []),
  ])
  for (const [name, part] of Object.entries(kind.subresources ?? {})) {
    const scopeOfPart = `${namespaced}${kind.kind}${name[0]!.toUpperCase()}${name.slice(1)}`
    const own = (action: string, method: string, options: OperationOptions): Readonly<Record<string, object>> => ({
      [method]: operationOf(kind, action, scopeOfPart, format, { ...options, ...subjectOf(part) }),
    })
    if (part.sort === 'connect') {
      const operations = part.verbs.map((verb) => own('connect', connectMethods[verb]!, {}))
      add(`${item}/${name}`, operations)
      if (part.verbs.length > 2) add(`${item}/${name}/{path}`, operations)
    } else if (part.sort === 'action') add(`${item}/${name}`, [own('post', 'post', { body: true, query: writeParameters })])
    else
      add(`${item}/${name}`, [
        ...(part.verbs.includes('get') ? [own('get', 'get', {})] : []),
        ...(part.verbs.includes('update') ? [own('put', 'put', { body: true, query: writeParameters })] : []),
        ...(part.verbs.includes('patch')
          ? [own('patch', 'patch', { patch: true, query: [...writeParameters, ['force', 'boolean']] })]
          : []),
      ])
  }
  return paths
}

/** What a part of an object is shown as, where that is not the object itself. */
function subjectOf(part: Subresource): Pick<OperationOptions, 'type' | 'gvk'> {
  if (part.sort === 'view') return { type: part.type, gvk: part.type }
  if (part.sort === 'part') return {}
  const [group, version, kind] = part.kindGV ?? []
  const gvk = group === undefined ? undefined : { group, version: version!, kind: kind! }
  return { ...(gvk && { gvk }), type: part.sort === 'action' ? part.type : null }
}

interface OperationOptions {
  /** Absent: the kind itself; null: plain text. */
  readonly type?: AnyType | null | undefined
  readonly gvk?: { readonly group: string; readonly version: string; readonly kind: string }
  readonly list?: boolean
  readonly body?: boolean
  readonly patch?: boolean
  readonly query?: readonly (readonly [name: string, type: string])[]
}

function operationOf(kind: AnyKind, action: string, scope: string, format: Format, options: OperationOptions): object {
  const component = componentNameOf(options.type ?? kind)
  const root = format === 'v3' ? '#/components/schemas/' : '#/definitions/'
  const listName = kind.listKind === undefined ? `${component}List` : [...component.split('.').slice(0, -1), kind.listKind].join('.')
  const schema = (name = component): object => (options.type === null ? { type: 'string' } : { $ref: `${root}${name}` })
  const id = `${methodWords[action] ?? action}${idOf(kind)}${scope}${scope.includes(kind.kind) ? '' : kind.kind}`
  const parameters = [...(options.query ?? []), ['pretty', 'string'] as const].map(([name, type]) =>
    parameterOf(name, type, 'query', format),
  )
  const media = (body: object): object => ({ 'application/json': { schema: body }, 'application/yaml': { schema: body } })
  const answer = schema(options.list ? listName : component)
  const isWrite = options.body === true || options.patch === true
  return {
    tags: [idOf(kind)],
    operationId: id,
    ...(format === 'v2' && {
      consumes: options.patch ? patchTypesOf(kind) : kind.shape.kind === 'structural' ? ['application/json', 'application/yaml'] : ['*/*'],
      produces: ['application/json', 'application/yaml'],
      schemes: ['https'],
    }),
    parameters: [
      ...(isWrite && format === 'v2'
        ? [{ name: 'body', in: 'body', required: true, schema: options.patch ? patchSchema(format) : schema() }]
        : []),
      ...parameters,
    ],
    ...(isWrite &&
      format === 'v3' && {
        requestBody: {
          required: true,
          content: options.patch
            ? Object.fromEntries(patchTypesOf(kind).map((type) => [type, { schema: patchSchema(format) }]))
            : { '*/*': { schema: schema() } },
        },
      }),
    responses: {
      200: format === 'v3' ? { description: 'OK', content: media(answer) } : { description: 'OK', schema: answer },
      401: { description: 'Unauthorized' },
    },
    'x-kubernetes-action': action,
    'x-kubernetes-group-version-kind': groupVersionKind(options.gvk ?? kind),
  }
}

function pathParameters(path: string, format: Format): readonly object[] {
  return [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => ({ ...parameterOf(name!, 'string', 'path', format), required: true }))
}

const parameterOf = (name: string, type: string, place: string, format: Format): object =>
  format === 'v3' ? { name, in: place, schema: { type, uniqueItems: true } } : { name, in: place, type, uniqueItems: true }

const patchSchema = (_format: Format): object => ({ type: 'object' })

const writeParameters = [
  ['dryRun', 'string'],
  ['fieldManager', 'string'],
  ['fieldValidation', 'string'],
] as const
const deleteParameters = [
  ['dryRun', 'string'],
  ['gracePeriodSeconds', 'integer'],
  ['orphanDependents', 'boolean'],
  ['propagationPolicy', 'string'],
] as const
const listParameters = [
  ['allowWatchBookmarks', 'boolean'],
  ['continue', 'string'],
  ['fieldSelector', 'string'],
  ['labelSelector', 'string'],
  ['limit', 'integer'],
  ['resourceVersion', 'string'],
  ['resourceVersionMatch', 'string'],
  ['sendInitialEvents', 'boolean'],
  ['timeoutSeconds', 'integer'],
  ['watch', 'boolean'],
] as const
/** Strategic patches go by Go's types, which kinds of definitions do not have. */
const patchTypesOf = (kind: AnyKind): readonly string[] =>
  kind.shape.kind === 'structural'
    ? ['application/json-patch+json', 'application/merge-patch+json', 'application/apply-patch+yaml']
    : patchTypes
const patchTypes = ['application/json-patch+json', 'application/merge-patch+json', 'application/strategic-merge-patch+json']
const connectMethods: Readonly<Record<string, string>> = { create: 'post', get: 'get', delete: 'delete', patch: 'patch', update: 'put' }
const methodWords: Readonly<Record<string, string>> = {
  connect: 'connect',
  list: 'list',
  post: 'create',
  deletecollection: 'delete',
  get: 'read',
  put: 'replace',
  patch: 'patch',
  delete: 'delete',
}
