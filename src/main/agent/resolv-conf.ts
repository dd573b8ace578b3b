import { existsSync, readFileSync } from 'node:fs'

/** Where systemd-resolved runs, /etc/resolv.conf names only its own loopback address, which a pod cannot reach. */
export const resolvConf = ['/run/systemd/resolve/resolv.conf', '/etc/resolv.conf'].find(existsSync) ?? '/etc/resolv.conf'

/** The machine's name servers: nameserver lines of resolv.conf(5) with an IPv4 address. */
export const machineNameServers = (): string[] =>
  [...readFileSync(resolvConf, 'utf8').matchAll(/^nameserver\s+(\d+\.\d+\.\d+\.\d+)/gm)].map((match) => match[1]!)
