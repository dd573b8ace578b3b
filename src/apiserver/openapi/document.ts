import type { AnyKind } from '#api/kind.ts'
import { APIResourceList, DeleteOptions, Status, WatchEvent } from '#api/meta/v1/types.ts'
import { componentNameOf, type OpenapiComponents, openapiComponents } from '#schema/openapi.ts'
import type { AnyType } from '#schema/schema.ts'
import { definitionsOf } from './definitions.ts'
import { pathItem } from './operation.ts'
import { patchComponent, pathsOf, versionPath } from './paths.ts'
import type { RootDocument } from './root-documents.ts'

type Json = Readonly<Record<string, unknown>>

/** The document of one group version, in OpenAPI 3. `all`: kinds of other group versions, which theirs may hold. `release`: `1.36`. */
export function versionDocument(kinds: readonly AnyKind[], all: readonly AnyKind[], release: string): Json {
  const { group, version, shape } = kinds[0]!
  const isCustom = shape.kind === 'structural'
  const paths = Object.assign({}, isCustom ? {} : versionPath(group, version, 'v3'), ...kinds.map((kind) => pathsOf(kind, 'v3')))
  const own =
    group === ''
      ? [{ group, version }]
      : [
          { group: '', version: 'v1' },
          { group, version },
        ]
  const components = componentsOf(kinds, [], isCustom ? schemeVersions.filter(({ group: each }) => !apartFromMost.has(each)) : own, 'v3')
  for (const kind of all) markKind(components, kind)
  return thirdOf(isCustom ? customInfo : { title: 'Kubernetes', version: release }, paths, components, isCustom)
}

/** A document about the API itself, in OpenAPI 3. */
export function rootDocument({ name, operation, types }: RootDocument, release: string): Json {
  const path = `/${name}/`
  return thirdOf(
    { title: 'Kubernetes', version: release },
    { [path]: pathItem(path, [operation], 'v3') },
    componentsOf([], types, [{ group: '', version: 'v1' }], 'v3'),
    false,
  )
}

/** A document in OpenAPI 2. */
export interface Whole extends Json {
  readonly paths: Json
  readonly definitions: Json
}

/** Everything in one document, in OpenAPI 2. */
export function wholeDocument(kinds: readonly AnyKind[], roots: readonly RootDocument[], release: string): Whole {
  const versions = new Map(
    kinds.filter(({ shape }) => shape.kind !== 'structural').map(({ group, version }) => [`${group}/${version}`, { group, version }]),
  )
  const paths = Object.assign(
    {},
    ...roots.map(({ name, operation }) => ({ [`/${name}/`]: pathItem(`/${name}/`, [operation], 'v2') })),
    ...[...versions.values()].map(({ group, version }) => versionPath(group, version, 'v2')),
    ...kinds.map((kind) => pathsOf(kind, 'v2')),
  )
  const all = componentsOf(
    kinds,
    roots.flatMap(({ types }) => types),
    schemeVersions,
    'v2',
  )
  return {
    swagger: '2.0',
    info: { title: 'Kubernetes', version: release },
    paths,
    definitions: reachable(paths, definitionsOf(all)),
    securityDefinitions: bearerToken,
    security: [{ BearerToken: [] }],
  }
}

function thirdOf(info: Json, paths: Json, components: OpenapiComponents, isCustom: boolean): Json {
  const schemas = reachable(paths, components)
  return { openapi: '3.0.0', info, paths, components: { schemas, ...(!isCustom && { securitySchemes: bearerToken }) } }
}

const bearerToken = { BearerToken: { description: 'Bearer Token authentication', type: 'apiKey', name: 'authorization', in: 'header' } }
/** What the documents of definitions say of themselves. */
const customInfo = { title: 'Kubernetes CRD Swagger', version: 'v0.1.0' }

interface GroupVersion {
  readonly group: string
  readonly version: string
}

/** All components that the kinds may lead to. `known`: the group versions that options and watch events are known in. */
function componentsOf(
  kinds: readonly AnyKind[],
  types: readonly AnyType[],
  known: readonly GroupVersion[],
  format: 'v2' | 'v3',
): OpenapiComponents {
  const components: OpenapiComponents = {
    ...openapiComponents([...new Set([...common, ...types, ...kinds, ...kinds.flatMap(shownTypes)])], format),
    [patchComponent]: { type: 'object' },
  }
  const mark = (name: string, entries: readonly object[]): void => {
    const component = components[name]
    if (component !== undefined && component[kindKey] === undefined) components[name] = { ...component, [kindKey]: entries }
  }
  for (const type of common) {
    const name = componentNameOf(type)
    const kind = name.slice(name.lastIndexOf('.') + 1)
    const isEverywhere = type === DeleteOptions || type === WatchEvent
    mark(
      name,
      (isEverywhere ? known : [{ group: '', version: 'v1' }]).map(({ group, version }) => ({ group, kind, version })),
    )
  }
  for (const type of types) {
    const name = componentNameOf(type)
    const kind = name.slice(name.lastIndexOf('.') + 1)
    if (name.includes('.meta.v1.')) mark(name, [{ group: '', kind, version: 'v1' }])
  }
  // What acts takes a type that is a kind of its own: an Eviction.
  for (const { subresources = {} } of kinds)
    for (const part of Object.values(subresources))
      if (part.sort === 'action' && part.type !== undefined && part.kindGV !== undefined) {
        const [group, version, kind] = part.kindGV
        mark(componentNameOf(part.type), [{ group, kind, version }])
      }
  return components
}

/** A structure that holds a kind (the claim templates of a StatefulSet) leads to the same component as the kind. */
function markKind(components: OpenapiComponents, kind: AnyKind): void {
  const name = componentNameOf(kind)
  const component = components[name]
  if (component !== undefined && component[kindKey] === undefined)
    components[name] = { ...component, [kindKey]: [{ group: kind.group, kind: kind.kind, version: kind.version }] }
}

const kindKey = 'x-kubernetes-group-version-kind'
const common: readonly AnyType[] = [DeleteOptions, Status, WatchEvent, APIResourceList]

/** Types that only parts of a kind's objects are shown as, or take. */
const shownTypes = (kind: AnyKind): AnyType[] =>
  Object.values(kind.subresources ?? {}).flatMap((part) => ('type' in part && part.type !== undefined ? [part.type] : []))

/** The components that the paths lead to, by name. */
function reachable(paths: Json, components: Json): Json {
  const found = new Set<string>()
  const open: unknown[] = [paths]
  while (open.length > 0) {
    const value = open.pop()
    if (typeof value !== 'object' || value === null) continue
    for (const [key, item] of Object.entries(value)) {
      if (key !== '$ref' || typeof item !== 'string') open.push(item)
      else {
        const name = item.slice(item.lastIndexOf('/') + 1)
        if (found.has(name)) continue
        found.add(name)
        open.push(components[name])
      }
    }
  }
  return Object.fromEntries([...found].sort().flatMap((name) => (components[name] === undefined ? [] : [[name, components[name]]])))
}

/** Group versions that the reference knows of, served or not: it names each where it names options and watch events of any. */
const schemeVersions: readonly GroupVersion[] = Object.entries({
  '': ['v1'],
  'admission.k8s.io': ['v1', 'v1beta1'],
  'admissionregistration.k8s.io': ['v1', 'v1alpha1', 'v1beta1'],
  'apiextensions.k8s.io': ['v1', 'v1beta1'],
  'apiregistration.k8s.io': ['v1', 'v1beta1'],
  apps: ['v1', 'v1beta1', 'v1beta2'],
  'authentication.k8s.io': ['v1', 'v1alpha1', 'v1beta1'],
  'authorization.k8s.io': ['v1', 'v1beta1'],
  autoscaling: ['v1', 'v2'],
  batch: ['v1', 'v1beta1'],
  'certificates.k8s.io': ['v1', 'v1alpha1', 'v1beta1'],
  'coordination.k8s.io': ['v1', 'v1alpha2', 'v1beta1'],
  'discovery.k8s.io': ['v1', 'v1beta1'],
  'events.k8s.io': ['v1', 'v1beta1'],
  extensions: ['v1beta1'],
  'flowcontrol.apiserver.k8s.io': ['v1', 'v1beta1', 'v1beta2', 'v1beta3'],
  'imagepolicy.k8s.io': ['v1alpha1'],
  'internal.apiserver.k8s.io': ['v1alpha1'],
  'networking.k8s.io': ['v1', 'v1beta1'],
  'node.k8s.io': ['v1', 'v1alpha1', 'v1beta1'],
  policy: ['v1', 'v1beta1'],
  'rbac.authorization.k8s.io': ['v1', 'v1alpha1', 'v1beta1'],
  'resource.k8s.io': ['v1', 'v1alpha3', 'v1beta1', 'v1beta2'],
  'scheduling.k8s.io': ['v1', 'v1alpha2', 'v1beta1'],
  'storage.k8s.io': ['v1', 'v1alpha1', 'v1beta1'],
  'storagemigration.k8s.io': ['v1beta1'],
}).flatMap(([group, versions]) => versions.map((version) => ({ group, version })))

/** Groups that servers of their own know in the reference, and documents of definitions therefore do not name. */
const apartFromMost: ReadonlySet<string> = new Set([
  'admission.k8s.io',
  'apiextensions.k8s.io',
  'apiregistration.k8s.io',
  'imagepolicy.k8s.io',
])
