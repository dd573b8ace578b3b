import type { AnyKind, KindFacts } from '#api/kind.ts'
import { kinds } from '#api/kinds.ts'
import { WherryError } from '#lib/errors.ts'
import type { KindNames } from './view.ts'

/** `pod/web-1`, or `pod web-1`, as people type it. */
export function parseTarget(words: readonly string[]): { readonly kind: string; readonly name: string } {
  const [first = '', second] = words
  const [kindName = '', name = '', ...rest] = second === undefined ? first.split('/') : [first, second]
  if (kindName === '' || name === '' || rest.length > 0)
    throw new WherryError('BadRequest', `an object is named KIND/NAME, such as pod/web-1 or deployment/web, not "${words.join(' ')}"`)
  return { kind: kindName, name }
}

/** The kind of this name (plural, singular, short, or the kind itself; `.group` may follow), as kubectl finds it: the first that fits. */
export function kindNamed<K extends KindNames>(all: readonly K[], name: string): K | undefined {
  const wanted = name.toLowerCase()
  return all.find((one) => {
    const names = [one.plural, one.singular, one.kind.toLowerCase(), ...(one.shortNames ?? [])]
    return names.includes(wanted) || (one.group !== '' && names.some((own) => `${own}.${one.group}` === wanted))
  })
}

/** What is stored and can be read, each once: not the same objects in another group's words. */
export const builtInKinds: readonly AnyKind[] = (kinds as readonly AnyKind[]).filter(
  ({ verbs, storedAs }) => (verbs === undefined || verbs.includes('get')) && storedAs === undefined,
)

/** Kinds from an aggregated discovery document (KEP-3352): each group's preferred version, and of it what can be got. */
export function discoveredKinds(document: unknown): readonly AnyKind[] {
  const { kind: sort, items } = (document ?? {}) as Partial<Discovery>
  if (sort !== 'APIGroupDiscoveryList' || items === undefined)
    throw new WherryError(
      'NotFound',
      'the server does not tell which kinds it serves (aggregated discovery), so that only built-in ones can be named',
    )
  return items.flatMap(({ metadata: { name: group = '' }, versions }) =>
    (versions[0]?.resources ?? [])
      .filter(({ verbs }) => verbs.includes('get'))
      .map(({ resource, responseKind, scope, singularResource, shortNames }) =>
        asKind({
          group,
          version: versions[0]!.version,
          kind: responseKind.kind,
          plural: resource,
          singular: singularResource || responseKind.kind.toLowerCase(),
          scope,
          ...(shortNames !== undefined && { shortNames }),
        }),
      ),
  )
}

/** Of a kind about which nothing but its names is known: objects are taken as they come. */
const asKind = (facts: KindFacts): AnyKind => ({ shape: { kind: 'json' }, ...facts, rules: {} })

interface Discovery {
  readonly kind: string
  readonly items: readonly {
    readonly metadata: { readonly name?: string }
    readonly versions: readonly { readonly version: string; readonly resources?: readonly DiscoveredResource[] }[]
  }[]
}

interface DiscoveredResource {
  readonly resource: string
  readonly responseKind: { readonly kind: string }
  readonly scope: 'Namespaced' | 'Cluster'
  readonly singularResource?: string
  readonly shortNames?: readonly string[]
  readonly verbs: readonly string[]
}
