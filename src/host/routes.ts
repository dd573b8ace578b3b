import { spawn } from 'node:child_process'
import { existsSync, rmSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { WherryError } from '#lib/errors.ts'
import { canonicalRange } from '#network/routes/addresses.ts'
import { noNetwork } from '#network/routes/desired-network.ts'
import { networkCommands } from '#network/routes/network-commands.ts'
import { type Device, type PresentNetwork, type Route, routeTable } from '#network/routes/network-state.ts'
import type { RouteHost } from '#network/routes/route-host.ts'
import { run } from './run.ts'
import { saveFile } from './save-file.ts'

/** The machine's interfaces and routes, by ip(8) and bridge(8). `before`: what to put before each program, such as `ip netns exec NAME`. */
export function createRouteHost(before: readonly string[] = []): RouteHost {
  const call = (program: string, args: readonly string[], input?: string) => {
    const [command, ...rest] = [...before, program, ...args] as [string, ...string[]]
    return run(command, rest, { timeoutMs: 60_000, ...(input !== undefined && { input }) })
  }
  const json = async <T>(program: string, ...args: string[]): Promise<T[]> => {
    const { stdout } = await call(program, ['-json', ...args])
    return stdout.trim() === '' ? [] : (JSON.parse(stdout) as T[]).filter((one) => Object.keys(one as object).length > 0)
  }
  return {
    async read(vxlan) {
      // A kernel without IPv6 does not answer for it.
      const families = existsSync('/proc/sys/net/ipv6') ? ['-4', '-6'] : ['-4']
      const ofFamilies = async <T>(...args: string[]): Promise<T[]> =>
        (await Promise.all(families.map((family) => json<T>('ip', '-details', family, ...args)))).flat()
      const [devices, routes, rules] = await Promise.all([
        json<IpAddress>('ip', '-details', 'address', 'show'),
        ofFamilies<IpRoute>('route', 'show', 'table', 'all'),
        ofFamilies<IpRule>('rule', 'show'),
      ])
      const isThere = devices.some(({ ifname }) => ifname === vxlan)
      const [neighbours, forwarding] = isThere
        ? await Promise.all([
            json<IpNeighbour>('ip', 'neighbour', 'show', 'dev', vxlan, 'nud', 'permanent'),
            json<FdbEntry>('bridge', 'fdb', 'show', 'dev', vxlan),
          ])
        : [[], []]
      return presentNetwork({ devices, routes, rules, neighbours, forwarding })
    },
    async apply(commands) {
      for (const { program, lines } of commands) {
        const [name, ...family] = program.split(' ') as [string, ...string[]]
        await call(name, [...family, '-batch', '-'], `${lines.join('\n')}\n`)
      }
    },
    async setPortMtu(ports, mtu) {
      const names = await namespaceNames(json)
      const links = await json<IpAddress>('ip', 'link', 'show')
      for (const port of ports) {
        const link = links.find(({ ifname }) => ifname === port)
        if (!link) continue
        const name = link.link_netnsid === undefined ? undefined : names.get(link.link_netnsid)
        // Either end may be gone by now with its pod.
        if (name !== undefined && link.link_index !== undefined)
          await setInnerMtu((args) => call('ip', ['-netns', name, ...args]), link.link_index, mtu).catch(ignoreGone)
        await call('ip', ['link', 'set', 'dev', port, 'mtu', String(mtu)]).catch(ignoreGone)
      }
    },
    async routeLoopback(device) {
      const file = `/proc/sys/net/ipv4/conf/${device}/route_localnet`
      // The device may be gone by now; and where nobody may set it, that is no reason to keep packets from pods.
      await call('sh', ['-c', `[ ! -e ${file} ] || [ "$(cat ${file})" = 1 ] || echo 1 > ${file} || true`])
    },
    watch(onLine, onEnd) {
      // It ends with us, however we end (setpriv(1), PR_SET_PDEATHSIG).
      const [command, ...args] = [...before, ...monitor] as [string, ...string[]]
      const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'ignore'], env: { ...process.env, LC_ALL: 'C' } })
      let isOver = false
      const end = (error: unknown): void => {
        if (isOver) return
        isOver = true
        onEnd(error)
      }
      child.once('error', end)
      child.once('close', (code) => end(new WherryError('ServiceUnavailable', `ip monitor ended with ${code}`)))
      createInterface(child.stdout).on('line', (line) => {
        if (!isOver) onLine(line)
      })
      return () => {
        isOver = true
        child.kill('SIGKILL')
      }
    },
    async writeFile(path, text) {
      saveFile(path, text)
    },
    async removeFile(path) {
      rmSync(path, { force: true })
    },
  }
}

/** Takes away the ways to other nodes, whichever way they were made. */
export async function removeWays(names: { readonly vxlan: string; readonly bridge: string }, host = createRouteHost()): Promise<void> {
  await host.apply(networkCommands(noNetwork, await host.read(names.vxlan), names).commands)
}

const monitor = ['setpriv', '--pdeathsig', 'KILL', 'ip', '-oneline', 'monitor', 'link', 'address', 'route', 'rule', 'label']

/** What ip(8) and bridge(8) answer, read down to what we look at. */
export function presentNetwork(said: {
  readonly devices: readonly IpAddress[]
  readonly routes: readonly IpRoute[]
  readonly rules: readonly IpRule[]
  readonly neighbours: readonly IpNeighbour[]
  readonly forwarding: readonly FdbEntry[]
}): PresentNetwork {
  return {
    devices: said.devices.map(deviceOf),
    routes: said.routes.flatMap(routeOf),
    rules: said.rules
      .filter(({ table }) => table === String(routeTable))
      .map(({ src, srclen, priority }) => ({
        source: canonicalRange(srclen === undefined ? src : `${src}/${srclen}`) ?? src,
        table: routeTable,
        priority,
      })),
    neighbours: said.neighbours.flatMap(({ dst, lladdr }) => (lladdr === undefined ? [] : [{ address: dst, mac: lladdr }])),
    forwarding: said.forwarding.flatMap(({ mac, dst }) => (dst === undefined ? [] : [{ mac, address: dst }])),
  }
}

interface IpAddress {
  readonly ifname: string
  readonly flags?: readonly string[]
  readonly mtu: number
  readonly master?: string
  readonly address?: string
  readonly link_netnsid?: number
  readonly link_index?: number
  readonly linkinfo?: {
    readonly info_kind?: string
    readonly info_data?: {
      readonly id?: number
      readonly port?: number
      readonly local?: string
      readonly local6?: string
      readonly learning?: boolean
    }
  }
  readonly addr_info?: readonly { readonly local?: string; readonly prefixlen?: number; readonly scope?: string }[]
}

function deviceOf({ ifname, flags = [], mtu, master, address = '', linkinfo, addr_info = [] }: IpAddress): Device {
  const data = linkinfo?.info_kind === 'vxlan' ? linkinfo.info_data : undefined
  return {
    name: ifname,
    isUp: flags.includes('UP'),
    mtu,
    mac: address,
    addresses: addr_info
      .filter(({ local, scope }) => local !== undefined && scope !== 'link')
      .map((one) => `${one.local}/${one.prefixlen}`),
    ...(master !== undefined && { bridge: master }),
    ...(data && {
      vxlan: { id: data.id ?? 0, port: data.port ?? 0, local: data.local ?? data.local6 ?? '', isLearning: data.learning === true },
    }),
  }
}

interface IpRoute {
  readonly type?: string
  readonly dst: string
  readonly gateway?: string
  readonly dev?: string
  readonly table?: string
  readonly protocol?: string
  readonly metric?: number
  readonly flags?: readonly string[]
}

/** Tables are named where `rt_tables` has a name for them. */
const mainTable = 254

function routeOf({ type = 'unicast', dst, gateway, dev = '', table = 'main', protocol = '', metric = 0, flags = [] }: IpRoute): Route[] {
  const number = table === 'main' ? mainTable : Number(table)
  const destination = canonicalRange(dst)
  // A default route is never in the way of anything, and IPv6 keeps its multicast ranges here as well.
  if ((number !== mainTable && number !== routeTable) || destination === undefined || type === 'multicast') return []
  return [
    {
      destination,
      ...(gateway !== undefined && { via: gateway }),
      device: dev,
      isOnLink: flags.includes('onlink'),
      table: number,
      protocol,
      metric,
    },
  ]
}

interface IpRule {
  readonly priority: number
  readonly src: string
  readonly srclen?: number
  readonly table?: string
}

interface IpNeighbour {
  readonly dst: string
  readonly lladdr?: string
}

interface FdbEntry {
  readonly mac: string
  readonly dst?: string
}

type Json = <T>(program: string, ...args: string[]) => Promise<T[]>

/** Named network namespaces by the number under which this one knows them. */
async function namespaceNames(json: Json): Promise<ReadonlyMap<number, string>> {
  const all = await json<{ readonly name: string; readonly id?: number }>('ip', 'netns', 'list')
  return new Map(all.flatMap(({ name, id }) => (id === undefined ? [] : [[id, name] as const])))
}

async function setInnerMtu(
  ip: (args: readonly string[]) => Promise<{ readonly stdout: string }>,
  index: number,
  mtu: number,
): Promise<void> {
  const { stdout } = await ip(['-json', 'link', 'show'])
  const inner = (JSON.parse(stdout) as { ifindex: number; ifname: string }[]).find(({ ifindex }) => ifindex === index)
  if (inner) await ip(['link', 'set', 'dev', inner.ifname, 'mtu', String(mtu)])
}

function ignoreGone(error: unknown): void {
  if (!/Cannot find device|No such|Cannot open network namespace|does not exist/.test(String((error as Error).message))) throw error
}
