import type { AnyKind, KindFacts } from '#api/kind.ts'

type Named = Pick<KindFacts, 'group' | 'plural' | 'scope' | 'storedAs' | 'storagePath'>

/** Root of every object's key. */
export const registryRoot = '/registry/'
/** Root of every claim's key: a value that only one object may hold. */
export const claimRoot = '/claims/'

/** Where all objects of a kind stand. Versions of one kind share it. */
export function prefixOf(kind: Named): string {
  const stored: Named = kind.storedAs?.kind() ?? kind
  return `${registryRoot}${stored.group === '' ? 'core' : stored.group}/${stored.plural}/`
}

/** The kind whose form the store keeps. */
export const storageKindOf = (kind: AnyKind): AnyKind => kind.storedAs?.kind() ?? kind

/** The key of one object. Names and namespaces hold no slash, so keys sort by namespace, then name. */
export const keyOf = (kind: Named, namespace: string, name: string): string =>
  kind.scope === 'Namespaced' ? `${prefixOf(kind)}${namespace}/${name}` : `${prefixOf(kind)}${name}`

/** How error messages of the reference name an object's key; a dry run does not get as far as its store's root. */
export function displayKeyOf(kind: Named, namespace: string, name: string, dryRun = false): string {
  const root = `${dryRun ? '' : '/registry'}/${kind.storagePath ?? kind.plural}`
  return kind.scope === 'Namespaced' ? `${root}/${namespace}/${name}` : `${root}/${name}`
}

/** Where the objects of one namespace stand; '' means all of them. */
export const scopeOf = (kind: Named, namespace: string): string =>
  kind.scope === 'Namespaced' && namespace !== '' ? `${prefixOf(kind)}${namespace}/` : prefixOf(kind)

/** The key whose presence says that `value` of `pool` is taken. */
export const claimKeyOf = (pool: string, value: string): string => `${claimRoot}${pool}/${value}`

/** The pool and value of a claim's key. */
export function parseClaimKey(key: string): { readonly pool: string; readonly value: string } {
  const rest = key.slice(claimRoot.length)
  const slash = rest.indexOf('/')
  return { pool: rest.slice(0, slash), value: rest.slice(slash + 1) }
}
