import { createServer } from 'node:http'
import { networkInterfaces } from 'node:os'
import type { Flow, FlowProtocol, ServiceHost, StickyClient } from '#network/proxy/host.ts'
import { createNft } from './nft.ts'
import { type RunOptions, run } from './run.ts'

const sticky = 'sticky-clients'
/** conntrack's state of a TCP connection whose other side has said nothing yet. */
const unanswered = 'SYN_SENT'

/** nft(8), conntrack(8) and HTTP sockets for the service proxy. `prefix`: words before each program, such as `ip netns exec NAME` in tests. */
export function createServiceHost(prefix: readonly string[] = []): ServiceHost {
  const [first, ...others] = prefix
  const program = (name: string, words: readonly string[]): [command: string, words: readonly string[]] =>
    first === undefined ? [name, words] : [first, [...others, name, ...words]]
  const exec = (name: string, words: readonly string[], options: RunOptions = {}) =>
    run(...program(name, words), { timeoutMs: 60_000, ...options })
  return {
    ...createNft(prefix),
    async stickyClients(family, table) {
      // Exit 1 says that there is no such map.
      const { code, stdout } = await exec('nft', ['-j', 'list', 'map', family, table, sticky], { accept: [1] })
      return code === 0 ? stickyClientsIn(JSON.parse(stdout)) : []
    },
    async forgetFlows(family, protocol, isStale) {
      const selected = ['-p', protocol, ...(protocol === 'tcp' ? ['--state', unanswered] : []), '-f', family === 'ip' ? 'ipv4' : 'ipv6']
      let count = 0
      const stale = new Map<string, Flow>()
      const end = { rest: '' }
      const look = (line: string): void => {
        const flow = flowIn(line, protocol)
        if (flow === undefined) return
        count += 1
        if (isStale(flow)) stale.set(JSON.stringify(flow), flow)
      }
      await exec('conntrack', ['-L', ...selected], {
        accept: [1],
        onOutput: (text) => {
          const lines = (end.rest + text).split('\n')
          end.rest = lines.pop()!
          for (const line of lines) look(line)
        },
      })
      // Exit 1 says that there was no such flow any more.
      for (const { destination, destinationPort, replySource, replyPort } of stale.values())
        await exec(
          'conntrack',
          [
            ...['-D', ...selected, '--orig-dst', destination],
            ...['--orig-port-dst', String(destinationPort), '--reply-src', replySource, '--reply-port-src', String(replyPort)],
          ],
          { accept: [1] },
        )
      return count
    },
    addresses: () => Object.values(networkInterfaces()).flatMap((all) => (all ?? []).map(({ address }) => address)),
    async serveHttp(addresses, port, answer) {
      const servers = await Promise.allSettled(addresses.map((address) => listen(address, port, answer)))
      const failed = servers.find((one) => one.status === 'rejected')
      const close = async () => {
        await Promise.all(servers.flatMap((one) => (one.status === 'fulfilled' ? [one.value.close()] : [])))
      }
      if (failed === undefined) return { close }
      await close()
      throw failed.reason
    },
  }
}

async function listen(address: string, port: number, answer: Parameters<ServiceHost['serveHttp']>[2]) {
  const server = createServer((request, response) => {
    // As it came: what strangers send need not be a URL, and reading it as one would throw where nobody catches.
    const { status, headers, body } = answer((request.url ?? '/').replace(/[?#].*$/s, ''))
    response.writeHead(status, { ...headers, 'Content-Length': Buffer.byteLength(body) }).end(body)
  })
  server.headersTimeout = 10_000
  server.requestTimeout = 10_000
  server.maxConnections = 256
  await new Promise<void>((resolve, reject) => {
    // It stays: a connection that cannot be accepted (EMFILE) is told here, too, and ends nothing but itself.
    server.on('error', reject)
    server.listen({ host: address, port, ipv6Only: true }, () => resolve())
  })
  // An agent that has nothing else to do may end.
  server.unref()
  return {
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

/** `nft -j list map` of the remembered clients. */
export function stickyClientsIn(listing: unknown): StickyClient[] {
  const { nftables = [] } = listing as { nftables?: readonly { map?: { elem?: readonly [StickyKey, string][] } }[] }
  return nftables.flatMap(({ map }) =>
    (map?.elem ?? []).flatMap(([key, slot]) => {
      const { val, timeout, expires } = key.elem ?? {}
      if (val?.concat === undefined || timeout === undefined || expires === undefined) return []
      return [{ client: val.concat.join(' . '), timeoutSeconds: timeout, expiresSeconds: expires, slot: String(slot) }]
    }),
  )
}

interface StickyKey {
  readonly elem?: {
    readonly val?: { readonly concat?: readonly (string | number)[] }
    readonly timeout?: number
    readonly expires?: number
  }
}

/** A line of `conntrack -L`: the first of each name is of the way there, the second of the way back. */
export function flowIn(line: string, protocol: FlowProtocol): Flow | undefined {
  if (!line.startsWith(`${protocol} `)) return undefined
  if (protocol === 'tcp' && !(line.includes(` ${unanswered} `) && line.includes(' [UNREPLIED] '))) return undefined
  const all = (name: string) => [...line.matchAll(new RegExp(` ${name}=(\\S+)`, 'g'))].map((match) => match[1]!)
  const [destination] = all('dst')
  const [destinationPort, ...others] = all('dport')
  const [, replySource] = all('src')
  const [, replyPort] = all('sport')
  if (
    destination === undefined ||
    destinationPort === undefined ||
    replySource === undefined ||
    replyPort === undefined ||
    others.length === 0
  )
    return undefined
  return { destination, destinationPort: Number(destinationPort), replySource, replyPort: Number(replyPort) }
}
