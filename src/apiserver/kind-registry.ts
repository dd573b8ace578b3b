import { type AnyKind, apiVersionOf } from '#api/kind.ts'
import { compareVersions } from '#lib/version-order.ts'

/** Which kinds are served, found by path and by name. Built-in kinds stay; those of definitions come and go. */
export interface KindRegistry {
  readonly all: readonly AnyKind[]
  /** Raised whenever a kind comes, goes or changes: what is made from the kinds is made anew then. */
  readonly generation: number
  /** By group, version and plural. */
  find(group: string, version: string, plural: string): AnyKind | undefined
  /** By group and plural, in the preferred version. */
  ofResource(group: string, plural: string): AnyKind | undefined
  hasVersion(group: string, version: string): boolean
  /** Whether the group version has no kind but those of definitions. */
  isCustom(group: string, version: string): boolean
  /**
   * Whether any object may call itself so: kinds, their lists, and the types of requests and answers. `group`: of the kind that is asked of;
   * one that the reference serves apart knows no others. Absent: one that it serves with most.
   */
  isKnown(apiVersion: string, kind: string, group?: string): boolean
  /** Groups in order of discovery, with their versions. */
  readonly groups: readonly { readonly group: string; readonly versions: readonly string[] }[]
  /** Called after every change of the kinds; returns how to stop. */
  observe(listener: () => void): () => void
  /** Serves these kinds under the name of their definition, instead of those that it had. None: it has none any more. */
  put(definition: string, kinds: readonly AnyKind[]): void
}

/** Begins with the kinds that every server has. */
export function createKindRegistry(builtIn: readonly AnyKind[]): KindRegistry {
  const custom = new Map<string, readonly AnyKind[]>()
  let tables = tablesOf(builtIn, [])
  let generation = 1
  const listeners = new Set<() => void>()
  return {
    get all() {
      return tables.all
    },
    get groups() {
      return tables.groups
    },
    get generation() {
      return generation
    },
    find: (group, version, plural) => tables.byPath.get(`${apiVersionOf({ group, version })}/${plural}`),
    ofResource: (group, plural) => tables.byResource.get(`${group}/${plural}`),
    hasVersion: (group, version) => tables.versions.get(group)?.includes(version) ?? false,
    isCustom: (group, version) => tables.customVersions.has(apiVersionOf({ group, version })),
    isKnown: (apiVersion, kind, group = '') => tables.names.has(`${tables.apart.has(group) ? group : ''} ${apiVersion} ${kind}`),
    observe(listener) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
    put(definition, kinds) {
      if (kinds.length === 0 && !custom.has(definition)) return
      if (kinds.length === 0) custom.delete(definition)
      else custom.set(definition, kinds)
      tables = tablesOf(builtIn, [...custom.values()].flat())
      generation += 1
      for (const listener of listeners) listener()
    },
  }
}

interface Tables {
  readonly all: readonly AnyKind[]
  readonly byPath: ReadonlyMap<string, AnyKind>
  readonly byResource: ReadonlyMap<string, AnyKind>
  readonly versions: ReadonlyMap<string, readonly string[]>
  readonly customVersions: ReadonlySet<string>
  /** Groups that the reference serves apart from all others. */
  readonly apart: ReadonlySet<string>
  readonly names: ReadonlySet<string>
  readonly groups: KindRegistry['groups']
}

function tablesOf(builtIn: readonly AnyKind[], custom: readonly AnyKind[]): Tables {
  // Groups of definitions follow the built-in ones, by name; their versions from the most stable and newest on.
  const sorted = custom.toSorted(
    (a, b) => compareText(a.group, b.group) || compareVersions(b.version, a.version) || compareText(a.plural, b.plural),
  )
  const all = [...builtIn, ...sorted]
  const byPath = new Map<string, AnyKind>()
  const byResource = new Map<string, AnyKind>()
  const versions = new Map<string, string[]>()
  const names = new Set<string>()
  const apart = new Set(builtIn.filter((kind) => kind.servedApart).map(({ group }) => group))
  for (const kind of all) {
    const apiVersion = apiVersionOf(kind)
    byPath.set(`${apiVersion}/${kind.plural}`, kind)
    if (!byResource.has(`${kind.group}/${kind.plural}`)) byResource.set(`${kind.group}/${kind.plural}`, kind)
    const known = versions.get(kind.group) ?? []
    if (!known.includes(kind.version)) versions.set(kind.group, [...known, kind.version])
    const server = apart.has(kind.group) ? kind.group : ''
    names.add(`${server} ${apiVersion} ${kind.kind}`)
    names.add(`${server} ${apiVersion} ${kind.listKind ?? `${kind.kind}List`}`)
    for (const common of commonTypes) names.add(`${server} ${apiVersion} ${common}`)
    for (const part of Object.values(kind.subresources ?? {}))
      if ('kindGV' in part && part.kindGV !== undefined)
        names.add(`${server} ${apiVersionOf({ group: part.kindGV[0], version: part.kindGV[1] })} ${part.kindGV[2]}`)
  }
  for (const server of ['', ...apart]) for (const extra of everywhere) names.add(`${server} v1 ${extra}`)
  const builtInVersions = new Set(builtIn.map(apiVersionOf))
  return {
    all,
    byPath,
    byResource,
    versions,
    customVersions: new Set(custom.map(apiVersionOf).filter((apiVersion) => !builtInVersions.has(apiVersion))),
    apart,
    names,
    groups: [...versions].map(([group, list]) => ({ group, versions: list })),
  }
}

const compareText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

const everywhere = ['Status', 'List', 'APIGroup', 'APIVersions', 'APIResourceList', 'APIGroupList']

/** Options and events, which every group version has. */
const commonTypes = ['CreateOptions', 'DeleteOptions', 'GetOptions', 'ListOptions', 'PatchOptions', 'UpdateOptions', 'WatchEvent']
