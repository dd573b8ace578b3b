import type { Attributes, UserInfo } from '../contract.ts'

/** What a request's method and path say, before anything is known about kinds. */
export interface RequestInfo {
  /** Decoded, without the query. */
  readonly path: string
  readonly query: URLSearchParams
  readonly isResource: boolean
  /** An API verb for a resource, the lower-case method otherwise. */
  readonly verb: string
  readonly group: string
  readonly version: string
  readonly namespace: string
  /** The resource is looked for inside `namespace`, as opposed to a namespace that is itself the resource. */
  readonly isWithinNamespace: boolean
  readonly resource: string
  readonly subresource: string
  readonly name: string
  /** Segments after the subresource. */
  readonly rest: readonly string[]
}

/**
 * The path of a request target, decoded before it is taken apart, as Go's servers do: an extension API server to which it is passed on must not
 * read other names in it than those that were asked about in authorization.
 */
export function pathOf(target: string): string {
  const mark = target.indexOf('?')
  const path = mark < 0 ? target : target.slice(0, mark)
  if (!path.includes('%')) return path
  try {
    return decodeURIComponent(path)
  } catch {
    // Bytes that are no UTF-8 name nothing that exists, but slashes among them count all the same.
    return path.replace(/%([0-9A-Fa-f]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
  }
}

/**
 * Reads `/api/v1/namespaces/a/pods/b/log` and its like. `/api/v1/watch/…` is the old form of `?watch=true`. A list or watch whose field
 * selector fixes metadata.name counts as one of that name, so that rules for single names cover it.
 */
export function parseRequest(method: string, target: string): RequestInfo {
  const mark = target.indexOf('?')
  const path = pathOf(target)
  const query = mark < 0 ? noQuery : new URLSearchParams(target.slice(mark + 1))
  const segments = path.split('/').slice(1)
  while (segments.at(-1) === '') segments.pop()
  if (segments[0] !== 'api' && segments[0] !== 'apis') return nonResource(method, path, query)
  const isCore = segments[0] === 'api'
  if (segments.length < (isCore ? 3 : 4)) return nonResource(method, path, query)
  const group = isCore ? '' : segments[1]!
  const version = segments[isCore ? 1 : 2]!
  let parts = segments.slice(isCore ? 2 : 3)
  let verb = verbs[method] ?? ''
  // The old forms of a watch and of a proxy; of the latter only its name for authorization is left.
  if (parts[0] === 'watch' || parts[0] === 'proxy') {
    if (parts.length < 2) return nonResource(method, path, query)
    verb = parts[0]
    parts = parts.slice(1)
  }
  let namespace = ''
  let isWithinNamespace = false
  if (parts[0] === 'namespaces' && parts.length > 1) {
    namespace = parts[1]!
    isWithinNamespace = parts.length > 2 && !namespaceSubresources.has(parts[2]!)
    if (isWithinNamespace) parts = parts.slice(2)
  }
  const [resource = '', name = '', subresource = '', ...rest] = parts
  let selected = ''
  if (name === '' && (verb === 'get' || verb === 'delete' || verb === 'watch')) {
    if (verb === 'get') verb = isTrue(query.get('watch')) ? 'watch' : 'list'
    else if (verb === 'delete') verb = 'deletecollection'
    selected = /(?:^|,)metadata\.name==?([^,=!\\]+)(?:,|$)/.exec(query.get('fieldSelector') ?? '')?.[1] ?? ''
  }
  return {
    path,
    query,
    isResource: true,
    verb,
    group,
    version,
    namespace,
    isWithinNamespace,
    resource,
    subresource,
    name: name === '' ? selected : name,
    rest,
  }
}

const nonResource = (method: string, path: string, query: URLSearchParams): RequestInfo => ({
  path,
  query,
  isResource: false,
  verb: method.toLowerCase(),
  group: '',
  version: '',
  namespace: '',
  isWithinNamespace: false,
  resource: '',
  subresource: '',
  name: '',
  rest: [],
})

/** Most requests have none, and nobody writes into one. */
const noQuery = new URLSearchParams()

/** The part of a request that authorization and audit look at. */
export const attributesOf = (info: RequestInfo, user: UserInfo): Attributes => ({
  user,
  verb: info.verb,
  isResource: info.isResource,
  path: info.path,
  group: info.group,
  version: info.version,
  resource: info.resource,
  subresource: info.subresource,
  namespace: info.namespace,
  name: info.name,
  ...selectorsOf(info),
})

/** Only where a selector chooses objects; elsewhere it would be a claim that nobody checks. */
function selectorsOf(info: RequestInfo): Pick<Attributes, 'fieldSelector' | 'labelSelector'> {
  if (info.verb !== 'list' && info.verb !== 'watch' && info.verb !== 'deletecollection') return {}
  const fieldSelector = info.query.get('fieldSelector')
  const labelSelector = info.query.get('labelSelector')
  return { ...(fieldSelector !== null && { fieldSelector }), ...(labelSelector !== null && { labelSelector }) }
}

/** A query's boolean: present and neither `false` nor `0`, as the reference converts them. */
export const isTrue = (value: string | null): boolean => value !== null && value.toLowerCase() !== 'false' && value !== '0'

const verbs: Readonly<Record<string, string>> = { POST: 'create', GET: 'get', HEAD: 'get', PUT: 'update', PATCH: 'patch', DELETE: 'delete' }
/** Parts of a namespace itself; everything else after its name is a resource inside it. */
const namespaceSubresources = new Set(['status', 'finalize'])
