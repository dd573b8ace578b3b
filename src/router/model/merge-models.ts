import type { RouterModel } from './router-model.ts'

/**
 * One model of several, such as that of all Ingresses and that of all Gateways. A backend or certificate of the same name is the same thing: both
 * translations name them after their object, so the first one stands. Listeners are put side by side; who may have a port with which protocol has to
 * be settled before (`portProtocols` of what comes first), since a port has one protocol only.
 */
export function mergeModels(...models: readonly RouterModel[]): RouterModel {
  return {
    listeners: models.flatMap(({ listeners }) => listeners),
    backends: byName(models.flatMap(({ backends }) => backends)),
    certificates: byName(models.flatMap(({ certificates }) => certificates)),
  }
}

/** Which ports a model takes, with which protocol. A listener of another model may share a port only with the same one. */
export const portProtocols = ({ listeners }: RouterModel): ReadonlyMap<number, 'HTTP' | 'HTTPS'> =>
  new Map(listeners.map(({ port, protocol }) => [port, protocol]))

function byName<T extends { readonly name: string }>(values: readonly T[]): readonly T[] {
  const all = new Map<string, T>()
  for (const value of values) if (!all.has(value.name)) all.set(value.name, value)
  return [...all.values()].sort((left, right) => (left.name < right.name ? -1 : 1))
}
