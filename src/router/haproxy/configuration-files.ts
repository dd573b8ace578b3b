import { isIPv6 } from 'node:net'
import type { CertificateLine, Configuration, Server } from './configuration.ts'

/** Name of the file that the proxy is started with. */
export const mainFile = 'haproxy.cfg'

/** Every file of a configuration with its text, by its name below `directory`. All but the first are read by what stands in the first. */
export function configurationFiles(configuration: Configuration, directory: string): ReadonlyMap<string, string> {
  const { sections, servers, maps, certificateLists, certificates } = configuration
  const main = [...sections].map(([header, text]) => {
    const own = servers.get(header.replace(/^backend /, '')) ?? new Map<string, Server>()
    const lines = [...text.split('\n'), ...[...own].map(([name, server]) => `server ${name} ${serverText(server)}`)]
    return `${header}\n${lines.map((line) => `  ${line}`).join('\n')}\n`
  })
  return new Map([
    [mainFile, main.join('\n')],
    ...[...maps].map(([file, entries]) => [file, mapText(entries)] as const),
    ...[...certificateLists].map(
      ([file, lines]) => [file, lines.map((line) => `${certificateLineText(line, directory)}\n`).join('')] as const,
    ),
    ...certificates,
  ])
}

/** A server's address and what is said of it, in a file and in the command that adds one. */
export const serverText = ({ address, port, protocol, isDraining }: Server): string =>
  `${isIPv6(address) ? `[${address}]` : address}:${port} weight ${weightOf({ isDraining })}${protocol === 'h2c' ? ' proto h2' : ''}`

/** All that take requests take the same share. */
export const weightOf = ({ isDraining }: Pick<Server, 'isDraining'>): number => (isDraining ? 0 : 100)

/** A line of a certificate list. */
export const certificateLineText = ({ file, hostnames }: CertificateLine, directory: string): string =>
  [`${directory}/${file}`, ...hostnames].join(' ')

const mapText = (entries: ReadonlyMap<string, string>): string => [...entries].map(([key, value]) => `${key} ${value}\n`).join('')
