import type { Listener } from '../model/listener.ts'

/** A port of some addresses at which the same listeners answer: what a frontend is bound to. */
export interface Door {
  /** `p80` where it is all addresses, else with the first of them: part of the names of sections, maps, lists and sockets. */
  readonly name: string
  readonly port: number
  readonly addresses: readonly string[]
  readonly listeners: readonly Listener[]
}

/** Whether a door both ends TLS and passes it on, so that what it ends comes in twice: by name, and then at its own end of TLS. */
export const isTwofold = ({ listeners }: Pick<Door, 'listeners'>): boolean =>
  listeners.some(({ protocol }) => protocol === 'TLS') && listeners.some(({ protocol }) => protocol !== 'TLS')

/** The doors of these listeners, where all of a port may share it. One for each port, unless some of its listeners keep to some addresses. */
export function doorsOf(listeners: readonly Listener[], addresses: readonly string[]): readonly Door[] {
  return [...Map.groupBy(listeners, ({ port }) => port)]
    .sort(([left], [right]) => left - right)
    .flatMap(([port, all]) => {
      if (all.every((listener) => listener.addresses === undefined)) return [{ name: `p${port}`, port, addresses, listeners: all }]
      const places = new Map(all.map((listener, place) => [listener, place]))
      const at = (address: string) => all.filter((listener) => listener.addresses?.includes(address) ?? true)
      const byListeners = Map.groupBy(addresses, (address) =>
        at(address)
          .map((listener) => places.get(listener))
          .join(' '),
      )
      return [...byListeners].flatMap(([key, own]) =>
        key === ''
          ? []
          : [
              {
                name: own.length === addresses.length ? `p${port}` : `p${port}-${own[0]!.replaceAll(':', '_')}`,
                port,
                addresses: own,
                listeners: at(own[0]!),
              },
            ],
      )
    })
}
