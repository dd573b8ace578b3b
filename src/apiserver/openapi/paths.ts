import { type AnyKind, allVerbs, apiVersionOf, type Subresource } from '#api/kind.ts'
import { APIResourceList, DeleteOptions, Status, WatchEvent } from '#api/meta/v1/types.ts'
import { componentNameOf } from '#schema/openapi.ts'
import { type AnyType, fieldsOf } from '#schema/schema.ts'
import { type Body, capital, type Format, type Operation, pathItem, wordOf } from './operation.ts'
import {
  deleteCollectionParameters,
  deleteParameters,
  getParameters,
  listParameters,
  type Parameter,
  patchParameters,
  prettyParameter,
  writeParameters,
} from './parameters.ts'

/** The component of patches, which no type says more of than that they are objects. */
export const patchComponent = 'io.k8s.apimachinery.pkg.apis.meta.v1.Patch'

/** The paths of a kind with what each method of them does: which parameters it takes (clients look for dryRun and fieldValidation), and which kind it is of. */
export function pathsOf(kind: AnyKind, format: Format): Readonly<Record<string, object>> {
  const operations = operationsOf(kind)
  return Object.fromEntries([...operations].map(([path, list]) => [path, pathItem(path, list, format)]))
}

/** What tells a group version's resources. */
export function versionPath(group: string, version: string, format: Format): Readonly<Record<string, object>> {
  const path = `${rootOf({ group, version })}/`
  return {
    [path]: pathItem(
      path,
      [
        {
          method: 'get',
          operationId: `get${capital(wordOf(group))}${capital(version)}APIResources`,
          tag: `${wordOf(group)}_${version}`,
          query: [],
          answers: { 200: componentNameOf(APIResourceList) },
          consumes: objectTypes,
          produces: objectTypes,
        },
      ],
      format,
    ),
  }
}

const rootOf = (kind: { readonly group: string; readonly version: string }): string =>
  kind.group === '' ? `/api/${kind.version}` : `/apis/${apiVersionOf(kind)}`

type Given = Pick<Operation, 'answers'> & Partial<Operation>

/** By path, in the order of methods. */
function operationsOf(kind: AnyKind): ReadonlyMap<string, readonly Operation[]> {
  const isCustom = kind.shape.kind === 'structural'
  const root = rootOf(kind)
  const isNamespaced = kind.scope === 'Namespaced'
  const collection = isNamespaced ? `${root}/namespaces/{namespace}/${kind.plural}` : `${root}/${kind.plural}`
  const item = `${collection}/{name}`
  const word = capital(wordOf(kind.group)) + capital(kind.version)
  const namespaced = isNamespaced ? 'Namespaced' : ''
  const verbs: readonly string[] = kind.verbs ?? allVerbs
  const component = componentNameOf(kind)
  const list = kind.listKind === undefined ? `${component}List` : [...component.split('.').slice(0, -1), kind.listKind].join('.')
  const produces = isCustom ? textTypes : objectTypes
  const body = (name: string, isRequired = true): Body => ({ name, isRequired, types: isCustom ? textTypes : anyType })
  const patchBody: Body = {
    name: patchComponent,
    isRequired: true,
    types: isCustom ? patchTypes.filter((type) => type !== strategicType) : patchTypes,
  }
  const written = (name: string, ...statuses: readonly number[]): Given['answers'] =>
    Object.fromEntries(statuses.map((status) => [status, name]))
  const streamed = isCustom ? produces : [...objectTypes, ...streamTypes]

  const paths = new Map<string, Operation[]>()
  const add = (path: string, method: string, operationId: string, given: Given): void => {
    const { group, version, kind: name } = kind
    const made: Operation = {
      method,
      operationId,
      tag: `${wordOf(group)}_${version}`,
      action: method,
      groupVersionKind: { group, version, kind: name },
      produces,
      consumes: given.body !== undefined && given.body.name === patchComponent ? given.body.types : isCustom ? textTypes : anyType,
      ...given,
      query: [...(given.query ?? []), ...(given.action === 'connect' ? [] : prettyParameter)],
    }
    paths.set(path, [...(paths.get(path) ?? []), made])
  }

  const get = (path: string, suffix: string, name: string, more: Partial<Operation> = {}): void =>
    add(path, 'get', `read${word}${suffix}`, { answers: { 200: name }, ...(isCustom && { query: getParameters }), ...more })
  const put = (path: string, suffix: string, name: string, more: Partial<Operation> = {}): void =>
    add(path, 'put', `replace${word}${suffix}`, { query: writeParameters, body: body(name), answers: written(name, 200, 201), ...more })
  const post = (path: string, suffix: string, name: string, more: Partial<Operation> = {}): void =>
    add(path, 'post', `create${word}${suffix}`, {
      query: writeParameters,
      body: body(name),
      answers: written(name, 200, 201, 202),
      ...more,
    })
  const patch = (path: string, suffix: string, name: string, more: Partial<Operation> = {}): void => {
    const answers = isCustom ? written(name, 200) : written(name, 200, 201)
    add(path, 'patch', `patch${word}${suffix}`, { query: patchParameters, body: patchBody, answers, ...more })
  }

  function addCollection(): void {
    const listing: Given = { action: 'list', query: listParameters, answers: { 200: list }, produces: streamed }
    if (verbs.includes('list')) add(collection, 'get', `list${word}${namespaced}${kind.kind}`, listing)
    if (verbs.includes('create')) post(collection, `${namespaced}${kind.kind}`, component)
    if (verbs.includes('deletecollection'))
      add(collection, 'delete', `delete${word}Collection${namespaced}${kind.kind}`, {
        action: 'deletecollection',
        answers: { 200: componentNameOf(Status) },
        ...(isCustom
          ? { query: listParameters }
          : { query: deleteCollectionParameters, body: body(componentNameOf(DeleteOptions), false) }),
      })
    if (isNamespaced && verbs.includes('list')) add(`${root}/${kind.plural}`, 'get', `list${word}${kind.kind}ForAllNamespaces`, listing)
  }

  function addItem(): void {
    const suffix = `${namespaced}${kind.kind}`
    if (verbs.includes('get')) get(item, suffix, component)
    if (verbs.includes('update')) put(item, suffix, component)
    if (verbs.includes('delete'))
      add(item, 'delete', `delete${word}${suffix}`, {
        query: deleteParameters,
        body: body(componentNameOf(DeleteOptions), false),
        answers: written(answersDeleted(kind) ? component : componentNameOf(Status), 200, 202),
      })
    if (verbs.includes('patch')) patch(item, suffix, component)
  }

  /** The old form of a watch, which kinds of definitions do not have. */
  function addWatches(): void {
    if (isCustom || !verbs.includes('watch')) return
    const watching: Given = {
      action: 'watchlist',
      query: listParameters,
      answers: { 200: componentNameOf(WatchEvent) },
      produces: streamed,
    }
    const at = (path: string): string => path.replace(root, `${root}/watch`)
    if (isNamespaced) add(at(`${root}/${kind.plural}`), 'get', `watch${word}${kind.kind}ListForAllNamespaces`, watching)
    add(at(collection), 'get', `watch${word}${namespaced}${kind.kind}List`, watching)
    if (verbs.includes('get')) add(at(item), 'get', `watch${word}${namespaced}${kind.kind}`, { ...watching, action: 'watch' })
  }

  function addPart(name: string, part: Subresource): void {
    const path = `${item}/${name}`
    const suffix = `${namespaced}${kind.kind}${capital(name)}`
    if (part.sort === 'connect') {
      addConnection(path, suffix, part)
      return
    }
    const shown = part.sort === 'view' || (part.sort === 'action' && part.type !== undefined) ? componentNameOf(part.type!) : component
    const groupVersionKind = subjectOf(part)
    // Of definitions, the scale counts as the object itself.
    const more = groupVersionKind === undefined || isCustom ? {} : { groupVersionKind }
    if (part.sort === 'action') {
      post(path, suffix, shown, more)
      return
    }
    if (part.verbs.includes('get')) get(path, suffix, shown, more)
    if (part.verbs.includes('update')) put(path, suffix, shown, more)
    if (part.verbs.includes('patch')) patch(path, suffix, shown, more)
  }

  function addConnection(path: string, suffix: string, part: Extract<Subresource, { sort: 'connect' }>): void {
    const query = optionsOf(part.options)
    // What is only read, a log, is an object's text.
    if (part.kindGV === undefined) {
      get(path, suffix, '', { query, answers: { 200: null }, produces: ['text/plain', ...objectTypes] })
      return
    }
    const [group, version, name] = part.kindGV
    const connection: Given = {
      action: 'connect',
      groupVersionKind: { group, version, kind: name },
      query,
      answers: { 200: null },
      produces: anyType,
    }
    const isProxy = part.verbs.length > 2
    for (const method of isProxy ? proxyMethods : ['get', 'post']) {
      add(path, method, `connect${word}${capital(method)}${suffix}`, connection)
      if (isProxy) add(`${path}/{path}`, method, `connect${word}${capital(method)}${suffix}WithPath`, connection)
    }
  }

  addCollection()
  addItem()
  for (const [name, part] of Object.entries(kind.subresources ?? {})) addPart(name, part)
  addWatches()
  return paths
}

/** Whether a delete is said to answer with the object. Of kinds that take their time to go it is said that they answer with a Status, though they show what is left. */
const answersDeleted = ({ rules }: AnyKind): boolean =>
  rules.gracePeriodSeconds !== undefined || (rules.returnsDeleted === true && rules.prepareDelete === undefined)

/** Group, version and kind of what a part is shown as, where that is not the object itself. */
function subjectOf(part: Subresource): Operation['groupVersionKind'] | undefined {
  if (part.sort === 'view') return { group: part.type.group, version: part.type.version, kind: part.type.kind }
  if (part.sort === 'part' || part.kindGV === undefined) return undefined
  const [group, version, kind] = part.kindGV
  return { group, version, kind }
}

/** A connection's options are its query. Lists repeat their parameter. */
function optionsOf(type: AnyType | undefined): readonly Parameter[] {
  if (type === undefined) return []
  return (
    Object.entries(fieldsOf(type))
      // A query holds plain values only.
      .filter(([name, { type: of }]) => name !== 'apiVersion' && name !== 'kind' && of.shape.kind !== 'time')
      .map(([name, { type: of }]) => {
        const { kind } = of.shape.kind === 'list' ? of.shape.item.shape : of.shape
        return { name, in: 'query', type: kind === 'bool' ? 'boolean' : kind.startsWith('int') ? 'integer' : 'string' }
      })
  )
}

const textTypes = ['application/json', 'application/yaml']
const protobufType = 'application/vnd.kubernetes.protobuf'
/** The encodings that objects come in. */
export const objectTypes = [...textTypes, protobufType]
const streamTypes = ['application/json;stream=watch', `${protobufType};stream=watch`]
const anyType = ['*/*']
const strategicType = 'application/strategic-merge-patch+json'
/** Strategic patches go by Go's types, which kinds of definitions do not have. */
const patchTypes = ['application/json-patch+json', 'application/merge-patch+json', strategicType, 'application/apply-patch+yaml']
const proxyMethods = ['get', 'put', 'post', 'delete', 'options', 'head', 'patch']
