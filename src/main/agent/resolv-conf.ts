import { existsSync, readFileSync } from 'node:fs'
import { watchedFile } from '#host/watched-file.ts'
import type { Log } from '#lib/log.ts'
import type { MachineNameServers } from '#network/dns/follow-settings.ts'
import { parseServer } from '#network/dns/server-address.ts'

/** Where systemd-resolved runs, /etc/resolv.conf names only its own loopback address, which a pod cannot reach. */
export const resolvConf = ['/run/systemd/resolve/resolv.conf', '/etc/resolv.conf'].find(existsSync) ?? '/etc/resolv.conf'

/** As many as the C library asks (resolv.conf(5), MAXNS). */
const nameServersMax = 3

/** The name servers of a resolv.conf(5), of either family: its first ones. */
export const nameServersOf = (text: string): string[] =>
  [...text.matchAll(/^[ \t]*nameserver[ \t]+(\S+)/gm)]
    .map((match) => match[1]!)
    // A port stands in none of them, and an IPv6 address has its colons.
    .filter((server) => parseServer(server)?.port === 53 && !server.startsWith('['))
    .slice(0, nameServersMax)

/** The machine's name servers, now and when its network becomes another. A machine without a resolv.conf(5) has none. */
export function machineNameServers(log: Log, path = resolvConf): MachineNameServers {
  let current = existsSync(path) ? nameServersOf(readFileSync(path, 'utf8')) : []
  return {
    current: () => current,
    watch(changed) {
      if (!existsSync(path)) return () => {}
      return watchedFile(path).watch(
        (text) => {
          current = nameServersOf(text)
          log.info('the name servers of the machine are others', { servers: current })
          changed()
        },
        (error) => log.warn('the name servers of the machine cannot be read; the former ones are asked', { path, error }),
      )
    },
  }
}
