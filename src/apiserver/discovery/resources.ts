import { createHash } from 'node:crypto'
import { type AnyKind, allVerbs, apiVersionOf } from '#api/kind.ts'

/** One path that a kind has: the resource itself, or a part of it. */
export interface ResourceFacts {
  /** `pods` or `pods/log`. */
  readonly name: string
  readonly subresource: string
  readonly kind: string
  /** Group and version of the body's kind, where they are not the resource's own. */
  readonly foreign: readonly [group: string, version: string] | undefined
  readonly verbs: readonly string[]
}

/** The resource and its parts, in alphabetical order as discovery lists them. */
export function resourcesOf(kind: AnyKind): readonly ResourceFacts[] {
  const own: ResourceFacts = {
    name: kind.plural,
    subresource: '',
    kind: kind.kind,
    foreign: undefined,
    verbs: isCustom(kind) ? customVerbs(kind) : [...(kind.verbs ?? allVerbs)].sort(),
  }
  const parts = Object.entries(kind.subresources ?? {}).map(([subresource, part]): ResourceFacts => {
    const [group, version, name] =
      part.sort === 'view'
        ? [part.type.group, part.type.version, part.type.kind]
        : 'kindGV' in part && part.kindGV !== undefined
          ? part.kindGV
          : [kind.group, kind.version, kind.kind]
    return {
      name: `${kind.plural}/${subresource}`,
      subresource,
      kind: name,
      foreign: group === kind.group && version === kind.version ? undefined : [group, version],
      verbs: [...part.verbs].sort(),
    }
  })
  // A definition's come as they were made: status, scale.
  return [own, ...(isCustom(kind) ? parts : parts.sort((a, b) => (a.name < b.name ? -1 : 1)))]
}

const isCustom = (kind: AnyKind): boolean => kind.shape.kind === 'structural'

/** In the order of the reference, which lists those of definitions unsorted. One that is being deleted takes no new objects. */
const customVerbs = (kind: AnyKind): readonly string[] =>
  kind.rules.refuseCreate === undefined
    ? ['delete', 'deletecollection', 'get', 'list', 'patch', 'create', 'update', 'watch']
    : ['delete', 'deletecollection', 'get', 'list', 'watch']

/** Which version objects are stored in, as an opaque word: clients compare it. */
export const storageVersionHash = (kind: AnyKind): string => {
  const stored = kind.storedAs?.kind() ?? kind
  return createHash('sha256')
    .update(`${apiVersionOf(stored)}/${stored.kind}`)
    .digest()
    .subarray(0, 8)
    .toString('base64')
}

/** Kinds that are stored; reviews and the like are not. */
export const isStored = (kind: AnyKind): boolean => (kind.verbs ?? allVerbs).includes('watch')
