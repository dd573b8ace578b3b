import type { Listener } from '../model/listener.ts'
import type { Route } from '../model/route.ts'
import type { RouterModel } from '../model/router-model.ts'
import { contentHash } from './content-hash.ts'

/** What of a model belongs to one object of a user's, and so can be left out without touching others: an object with routes, or a certificate. */
export interface Unit {
  /** `httproute/shop/web`, `certificate shop/tls`. */
  readonly name: string
  /** Changes with every part of the unit, so that what was mended is tried again. */
  readonly mark: string
}

/** A unit that the proxy refuses. */
export interface RefusedUnit extends Unit {
  /** For its owner: where in the object it is, and the proxy's words. */
  readonly why: string
}

/** The units of a model, or those of these names. */
export function unitsOf({ listeners, certificates }: RouterModel, names?: { has(name: string): boolean }): readonly Unit[] {
  const parts = new Map<string, unknown[]>()
  const add = (name: string, part: unknown): void => {
    if (names !== undefined && !names.has(name)) return
    const known = parts.get(name)
    if (known === undefined) parts.set(name, [part])
    else known.push(part)
  }
  for (const { name, routes, certificates: uses } of listeners) {
    for (const route of routes) add(ownerOf(route.name), [name, route])
    for (const use of uses) add(certificateUnit(use.certificate), [name, use])
  }
  for (const certificate of certificates) add(certificateUnit(certificate.name), certificate)
  return [...parts].map(([name, own]) => ({ name, mark: contentHash(JSON.stringify(own)) }))
}

/** The model without these units. Ports stay open: a listener without routes answers with 404, which is better than nobody. */
export function withoutUnits(model: RouterModel, names: ReadonlySet<string>): RouterModel {
  if (names.size === 0) return model
  return {
    ...model,
    certificates: model.certificates.filter(({ name }) => !names.has(certificateUnit(name))),
    listeners: model.listeners.map((listener) => listenerWithout(listener, names)),
  }
}

/** The same value where it was asked of the same listener and names: as long as something is left out, it is asked at each change. */
function listenerWithout(listener: Listener, names: ReadonlySet<string>): Listener {
  const key = [...names].sort().join(' ')
  const known = cut.get(listener)
  if (known?.key === key) return known.listener
  const routes = listener.routes.filter(({ name }) => !names.has(ownerOf(name)))
  const certificates = listener.certificates.filter(({ certificate }) => !names.has(certificateUnit(certificate)))
  const isWhole = routes.length === listener.routes.length && certificates.length === listener.certificates.length
  const left = isWhole ? listener : { ...listener, routes, certificates }
  cut.set(listener, { key, listener: left })
  return left
}

const cut = new WeakMap<Listener, { readonly key: string; readonly listener: Listener }>()

/**
 * Which units a proxy refuses, found by halves: one bad among thousands takes some dozen looks, and each half has to stand by itself. Undefined: it is
 * none of them. Where there are more than so many looks find, those that were found: the rest is found without them the next time. `refusalOf`: the proxy's words against a model; undefined: it takes it.
 */
export async function refusedUnits(
  model: RouterModel,
  refusalOf: (model: RouterModel) => Promise<string | undefined>,
): Promise<readonly RefusedUnit[] | undefined> {
  const all = unitsOf(model)
  let looks = 0
  const without = (units: readonly Unit[]): RouterModel => {
    const kept = new Set(units.map(({ name }) => name))
    return withoutUnits(model, new Set(all.map(({ name }) => name).filter((name) => !kept.has(name))))
  }
  const refusal = async (one: RouterModel): Promise<string | undefined> => {
    looks += 1
    return await refusalOf(one)
  }
  async function among(units: readonly Unit[]): Promise<readonly RefusedUnit[]> {
    if (units.length === 0 || looks >= mostLooks) return []
    const words = await refusal(without(units))
    if (words === undefined) return []
    if (units.length === 1) return [{ ...units[0]!, why: await whereIn(without(units), words) }]
    const half = units.length >> 1
    return [...(await among(units.slice(0, half))), ...(await among(units.slice(half)))]
  }
  /** The first place of a single object that is refused by itself. */
  async function whereIn(own: RouterModel, words: string): Promise<string> {
    const places = Map.groupBy(
      own.listeners.flatMap(({ routes }) => routes),
      placeOf,
    )
    if (places.size === 1) return `${[...places.keys()][0]}: ${words}`
    for (const [place, routes] of places) {
      if (looks >= mostLooks) break
      const names = new Set(routes.map(({ name }) => name))
      const said = await refusal({
        ...own,
        listeners: own.listeners.map((listener) => ({ ...listener, routes: listener.routes.filter(({ name }) => names.has(name)) })),
      })
      if (said !== undefined) return `${place}: ${said}`
    }
    return words
  }
  if ((await refusal(without([]))) !== undefined) return undefined
  const found = await among(all)
  // What only together is too much has no single culprit.
  return found.length > 0 ? found : undefined
}

/** Each is a start of the program, some milliseconds with little to read and a second with very much. */
const mostLooks = 400

/** `httproute/<namespace>/<name>` of a route's name: see `Route.name`. */
const ownerOf = (route: string): string => route.split('/').slice(0, 3).join('/')

/** Where in its object a route stands: a rule of a route of the Gateway API, host and path of an Ingress. */
function placeOf({ name, hostname, path }: Route): string {
  const [kind, , , rule] = name.split('/')
  return kind === 'ingress' ? `spec.rules, host ${JSON.stringify(hostname)}, path ${path.value}` : `spec.rules[${rule}]`
}

const certificateUnit = (name: string): string => `certificate ${name}`
