import type { Protocol } from './listener.ts'
import { emptyModel, type RouterModel } from './router-model.ts'

/**
 * One model of two, such as that of all Ingresses and that of all Gateways. A backend or certificate of the same name is the same thing: both
 * translations name them after their object, so the first one stands. Listeners are put side by side; who may have a port with which protocol has to
 * be settled before (`portProtocols` of what comes first), since a port has one protocol only.
 */
export function mergeModels(left: RouterModel, right: RouterModel): RouterModel {
  if (left === emptyModel) return right
  if (right === emptyModel) return left
  return {
    listeners: [...left.listeners, ...right.listeners],
    backends: byName(left.backends, right.backends),
    certificates: byName(left.certificates, right.certificates),
  }
}

/** Which ports a model takes, with which protocol. A listener of another model may share a port only with the same one. */
export const portProtocols = ({ listeners }: RouterModel): ReadonlyMap<number, Protocol> =>
  new Map(listeners.map(({ port, protocol }) => [port, protocol]))

function byName<T extends { readonly name: string }>(left: readonly T[], right: readonly T[]): readonly T[] {
  if (right.length === 0) return left
  const known = new Set(left.map(({ name }) => name))
  return [...left, ...right.filter(({ name }) => !known.has(name))]
}
