import { type AnyKind, apiVersionOf } from '#api/kind.ts'

/** Which kinds are served, found by path and by name. */
export interface KindRegistry {
  readonly all: readonly AnyKind[]
  /** By group, version and plural. */
  find(group: string, version: string, plural: string): AnyKind | undefined
  /** By group and plural, in the preferred version. */
  ofResource(group: string, plural: string): AnyKind | undefined
  hasVersion(group: string, version: string): boolean
  /** Whether any object may call itself so: kinds, their lists, and the types of requests and answers. */
  isKnown(apiVersion: string, kind: string): boolean
  /** Groups in order of discovery, with their versions. */
  readonly groups: readonly { readonly group: string; readonly versions: readonly string[] }[]
}

export function createKindRegistry(kinds: readonly AnyKind[]): KindRegistry {
  const byPath = new Map<string, AnyKind>()
  const byResource = new Map<string, AnyKind>()
  const versions = new Map<string, string[]>()
  const names = new Set<string>()
  for (const kind of kinds) {
    const apiVersion = apiVersionOf(kind)
    byPath.set(`${apiVersion}/${kind.plural}`, kind)
    if (!byResource.has(`${kind.group}/${kind.plural}`)) byResource.set(`${kind.group}/${kind.plural}`, kind)
    const known = versions.get(kind.group) ?? []
    if (!known.includes(kind.version)) versions.set(kind.group, [...known, kind.version])
    names.add(`${apiVersion} ${kind.kind}`)
    names.add(`${apiVersion} ${kind.kind}List`)
    for (const common of commonTypes) names.add(`${apiVersion} ${common}`)
    for (const part of Object.values(kind.subresources ?? {}))
      if ('kindGV' in part && part.kindGV !== undefined)
        names.add(`${apiVersionOf({ group: part.kindGV[0], version: part.kindGV[1] })} ${part.kindGV[2]}`)
  }
  for (const extra of ['Status', 'List', 'APIGroup', 'APIVersions', 'APIResourceList', 'APIGroupList']) names.add(`v1 ${extra}`)
  return {
    all: kinds,
    find: (group, version, plural) => byPath.get(`${apiVersionOf({ group, version })}/${plural}`),
    ofResource: (group, plural) => byResource.get(`${group}/${plural}`),
    hasVersion: (group, version) => versions.get(group)?.includes(version) ?? false,
    isKnown: (apiVersion, kind) => names.has(`${apiVersion} ${kind}`),
    groups: [...versions].map(([group, list]) => ({ group, versions: list })),
  }
}

/** Options and events, which every group version has. */
const commonTypes = ['CreateOptions', 'DeleteOptions', 'GetOptions', 'ListOptions', 'PatchOptions', 'UpdateOptions', 'WatchEvent']
