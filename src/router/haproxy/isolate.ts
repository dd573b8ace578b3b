import type { RouterModel } from '../model/router-model.ts'
import { contentHash } from './content-hash.ts'

/** What of a model belongs to one object of a user's, and so can be left out without touching others: an object with routes, or a certificate. */
export interface Unit {
  /** `httproute/shop/web`, `certificate shop/tls`. */
  readonly name: string
  /** Changes with every part of the unit, so that what was mended is tried again. */
  readonly mark: string
}

/** The units of a model. */
export function unitsOf({ listeners, certificates }: RouterModel): readonly Unit[] {
  const parts = new Map<string, unknown[]>()
  const add = (name: string, part: unknown): void => {
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
    listeners: model.listeners.map((listener) => ({
      ...listener,
      routes: listener.routes.filter(({ name }) => !names.has(ownerOf(name))),
      certificates: listener.certificates.filter(({ certificate }) => !names.has(certificateUnit(certificate))),
    })),
  }
}

/**
 * Which units a proxy refuses, found by halves: one bad among thousands takes some dozen looks, and each half has to stand by itself. Undefined: it is
 * none of them, or there are more than so many looks find.
 */
export async function refusedUnits(
  model: RouterModel,
  isAccepted: (model: RouterModel) => Promise<boolean>,
): Promise<readonly Unit[] | undefined> {
  const all = unitsOf(model)
  let looks = 0
  const accepts = async (units: readonly Unit[]): Promise<boolean> => {
    looks += 1
    const kept = new Set(units.map(({ name }) => name))
    return await isAccepted(withoutUnits(model, new Set(all.map(({ name }) => name).filter((name) => !kept.has(name)))))
  }
  async function among(units: readonly Unit[]): Promise<readonly Unit[] | undefined> {
    if (units.length === 0) return []
    if (looks >= mostLooks) return undefined
    if (await accepts(units)) return []
    if (units.length === 1) return units
    const half = units.length >> 1
    const left = await among(units.slice(0, half))
    const right = left && (await among(units.slice(half)))
    return left && right && [...left, ...right]
  }
  if (!(await accepts([]))) return undefined
  const found = await among(all)
  // What only together is too much has no single culprit.
  return found !== undefined && found.length > 0 ? found : undefined
}

/** Each is a start of the program, some milliseconds with little to read and a second with very much. */
const mostLooks = 400

/** `httproute/<namespace>/<name>` of a route's name: see `Route.name`. */
const ownerOf = (route: string): string => route.split('/').slice(0, 3).join('/')
const certificateUnit = (name: string): string => `certificate ${name}`
