import { createHash } from 'node:crypto'
import { apiVersionOf } from '#api/kind.ts'
import { APIGroup, APIGroupList, APIResourceList, APIVersions } from '#api/meta/v1/types.ts'
import type { HttpRequest, HttpResponse } from '#lib/http.ts'
import type { AnyType } from '#schema/schema.ts'
import { type GroupVersions, inOrder } from '../aggregation/group-order.ts'
import type { Context } from '../context.ts'
import { acceptable, negotiate, objectTypes, parseAccept, protobufType, type Representation } from '../http/negotiate.ts'
import { encoded, methodNotAllowed, routeNotAcceptable } from '../http/respond.ts'
import { APIGroupDiscoveryList } from './aggregated-types.ts'
import { isStored, resourcesOf, storageVersionHash } from './resources.ts'

/** `/api`, `/apis` and below: which groups, versions and resources there are; both roots also in one piece (aggregated, v2). */
export function serveDiscovery(
  context: Context,
  advertiseAddress: string,
): (request: HttpRequest, path: string) => Promise<HttpResponse | undefined> {
  const { kinds, aggregation } = context
  const ofVersion = (group: string, version: string) =>
    kinds.all.filter((kind) => kind.group === group && kind.version === version).toSorted((a, b) => (a.plural < b.plural ? -1 : 1))

  /** What both roots answer; made when first asked for, and anew when the kinds have changed. */
  const rootsNow = perGeneration(context, () => {
    const core = kinds.groups.find(({ group }) => group === '')
    const groups = inOrder(kinds.groups, aggregation.registrations, 'plain').filter(({ group }) => group !== '')
    const roots: Readonly<Record<string, object>> = {
      '/api': {
        kind: 'APIVersions',
        versions: core?.versions ?? [],
        serverAddressByClientCIDRs: [{ clientCIDR: '0.0.0.0/0', serverAddress: advertiseAddress }],
      },
      '/apis': { kind: 'APIGroupList', apiVersion: 'v1', groups: groups.map(({ group, versions }) => groupOf(group, versions, false)) },
    }
    const served = inOrder(kinds.groups, aggregation.registrations, 'aggregated').filter(({ group }) => group !== '')
    const aggregated: Readonly<Record<string, object>> = {
      '/api': aggregate(core === undefined ? [] : [core]),
      '/apis': aggregate(served),
    }
    return { groups, served, roots, aggregated, etags: new Map<string, string>() }
  })

  function aggregate(list: readonly GroupVersions[]): object {
    return {
      kind: 'APIGroupDiscoveryList',
      apiVersion: 'apidiscovery.k8s.io/v2',
      metadata: {},
      items: list.map(({ group, versions }) => ({
        metadata: group === '' ? {} : { name: group },
        versions: versions.map((version) => versionDiscovery(group, version)),
      })),
    }
  }

  function versionDiscovery(group: string, version: string): object {
    const remote = aggregation.registrations.of(`${version}.${group}`)
    if (remote === undefined) return { version, resources: discoveryResources(group, version), freshness: 'Current' }
    return aggregation.discovery?.of(remote) ?? { version, freshness: 'Stale' }
  }

  function discoveryResources(group: string, version: string): readonly object[] {
    return ofVersion(group, version).map((kind) => {
      const [whole, ...parts] = resourcesOf(kind)
      // The reference leaves out what the group version says already, save of definitions.
      const own = kind.shape.kind === 'structural' ? [group, version] : ['', '']
      const responseKind = (name: string, foreign: readonly [string, string] | undefined): object => {
        const [inGroup, inVersion] = foreign ?? own
        return { group: inGroup, version: inVersion, kind: name }
      }
      return {
        resource: kind.plural,
        responseKind: responseKind(kind.kind, undefined),
        scope: kind.scope === 'Namespaced' ? 'Namespaced' : 'Cluster',
        singularResource: kind.singular,
        verbs: whole!.verbs,
        ...(kind.shortNames !== undefined && { shortNames: kind.shortNames }),
        ...(kind.categories !== undefined && { categories: kind.categories }),
        ...(parts.length > 0 && {
          subresources: parts.map((part) => ({
            subresource: part.subresource,
            responseKind: responseKind(part.kind, part.foreign),
            verbs: part.verbs,
          })),
        }),
      }
    })
  }

  const resourceList = (group: string, version: string): object => ({
    kind: 'APIResourceList',
    ...(group !== '' && { apiVersion: 'v1' }),
    groupVersion: apiVersionOf({ group, version }),
    resources: ofVersion(group, version).flatMap((kind) =>
      resourcesOf(kind).map((facts) => ({
        name: facts.name,
        singularName: facts.subresource === '' ? kind.singular : '',
        namespaced: kind.scope === 'Namespaced',
        ...(facts.foreign !== undefined && { group: facts.foreign[0], version: facts.foreign[1] }),
        kind: facts.kind,
        verbs: facts.verbs,
        ...(facts.subresource === '' && kind.shortNames !== undefined && { shortNames: kind.shortNames }),
        ...(facts.subresource === '' && kind.categories !== undefined && { categories: kind.categories }),
        ...(facts.subresource === '' && isStored(kind) && { storageVersionHash: storageVersionHash(kind) }),
      })),
    ),
  })

  /** Clients ask again and again; the hash spares them the same answer. */
  function withTag(request: HttpRequest, name: string, value: object, encoding: Representation['encoding']): HttpResponse {
    const answer = encoded(value, { encoding }, 200, APIGroupDiscoveryList)
    const { etags } = rootsNow()
    // One for all encodings: the answer varies by what is accepted.
    const tag = etags.get(name) ?? `"${createHash('sha512').update(JSON.stringify(value)).digest('hex').toUpperCase()}"`
    etags.set(name, tag)
    const contentType = `${answer.headers['content-type']};g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList`
    const headers = { ...answer.headers, 'content-type': contentType, etag: tag, vary: 'Accept', 'cache-control': 'public' }
    if (request.headers['if-none-match'] === tag) return { status: 304, headers, body: new Uint8Array() }
    return { ...answer, headers }
  }

  const readOnly = (request: HttpRequest, answer: () => HttpResponse): HttpResponse =>
    request.method === 'GET' ? answer() : methodNotAllowed()

  return async (request, path) => {
    if (path === '/api' || path === '/apis') {
      const encoding = wantsAggregated(request.headers['accept'])
      // The reference answers the root of all groups to every method, as it does a group's.
      return readOnly(path === '/apis' ? { ...request, method: 'GET' } : request, () =>
        encoding === undefined
          ? shown(request, rootsNow().roots[path]!, path === '/api' ? APIVersions : APIGroupList)
          : withTag(request, path, rootsNow().aggregated[path]!, encoding),
      )
    }
    const [, root, ...parts] = path.split('/')
    if (root === 'api' && parts.length === 1 && kinds.hasVersion('', parts[0]!))
      return readOnly(request, () => shown(request, resourceList('', parts[0]!), APIResourceList))
    if (root !== 'apis') return undefined
    const [group = '', version] = parts
    if (parts.length === 1) {
      const { groups, served } = rootsNow()
      // A group of ours that lost its APIServices is still there for who knows its name.
      const found = [...groups, ...served].find((one) => one.group === group)
      // The reference answers a group to every method.
      return found && shown(request, groupOf(group, found.versions, true), APIGroup)
    }
    if (parts.length === 2 && kinds.hasVersion(group, version!))
      return readOnly(request, () => shown(request, resourceList(group, version!), APIResourceList))
    return undefined
  }
}

/** In the encoding that the client asks for. */
function shown(request: HttpRequest, value: object, type: AnyType): HttpResponse {
  const accept = request.headers['accept']
  if (!acceptable(accept, objectTypes)) return routeNotAcceptable(accept, objectTypes)
  return encoded(value, negotiate(accept, { transforms: false }), 200, type)
}

/** A value that is made anew once the kinds, or what others serve, have changed. */
function perGeneration<T>({ kinds, aggregation }: Context, make: () => T): () => T {
  let made: { readonly generation: number; readonly value: T } | undefined
  return () => {
    // Both only grow, so their sum is another whenever one of them is.
    const generation = kinds.generation + aggregation.generation
    if (made?.generation !== generation) made = { generation, value: make() }
    return made.value
  }
}

function groupOf(group: string, versions: readonly string[], typed: boolean): object {
  const list = versions.map((version) => ({ groupVersion: `${group}/${version}`, version }))
  return { ...(typed && { kind: 'APIGroup', apiVersion: 'v1' }), name: group, versions: list, preferredVersion: list[0] }
}

/** The encoding of aggregated discovery that the client likes best; undefined when it wants the old form first. */
function wantsAggregated(accept: string | undefined): Representation['encoding'] | undefined {
  for (const { type, parameters } of parseAccept(accept ?? '')) {
    const encoding = encodings[type]
    if (encoding === undefined) continue
    if (parameters.get('as') === 'APIGroupDiscoveryList') {
      if (parameters.get('g') === 'apidiscovery.k8s.io' && parameters.get('v') === 'v2') return encoding
      continue
    }
    return undefined
  }
  return undefined
}

const encodings: Readonly<Record<string, Representation['encoding']>> = {
  'application/json': 'json',
  '*/*': 'json',
  'application/yaml': 'yaml',
  [protobufType]: 'protobuf',
}
