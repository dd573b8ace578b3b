import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { isIPv6 } from 'node:net'
import { availableParallelism } from 'node:os'
import { isError } from '#lib/errors.ts'
import type { NetworkHost } from '#network/host.ts'
import { createNft } from './nft.ts'
import { run } from './run.ts'
import { saveFile } from './save-file.ts'

/** Settings of the kernel that forwarding needs. The bridge ones exist only where the kernel has br_netfilter. */
const settings: Readonly<Record<string, string>> = {
  '/proc/sys/net/ipv4/ip_forward': '1',
  '/proc/sys/net/bridge/bridge-nf-call-iptables': '1',
  '/proc/sys/net/bridge/bridge-nf-call-ip6tables': '1',
}

const v6Devices = '/proc/sys/net/ipv6/conf'

/** What kube-proxy sees to (conntrack.maxPerCore and conntrack.min of its configuration): small machines have far less by default. */
const connections = { perCore: 32_768, least: 131_072, most: 1_048_576 }

const connectionFiles = '/proc/sys/net/netfilter/nf_conntrack_'

/**
 * For how many seconds the kernel remembers a connection that is silent, as kube-proxy has it. Who has said all and waits for an answer would be forgotten
 * after a minute, and never get it; one whose ends are both gone would be remembered for five days, until the table is full of such.
 */
const connectionSeconds: Readonly<Record<string, string>> = { tcp_timeout_close_wait: '3600', tcp_timeout_established: '86400' }

function setConnections(set: (path: string, wanted: string) => void): void {
  const setWhereAllowed = (name: string, wanted: string): void => {
    try {
      set(connectionFiles + name, wanted)
    } catch (error) {
      // In a network namespace of its own a node has the machine's limit; and who runs us may have set all of it for good.
      if (!['EACCES', 'EPERM', 'EROFS'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error
    }
  }
  const { perCore, least, most } = connections
  const wanted = Math.min(most, Math.max(least, perCore * availableParallelism()))
  if (existsSync(`${connectionFiles}max`) && Number(readFileSync(`${connectionFiles}max`, 'utf8')) < wanted)
    setWhereAllowed('max', String(wanted))
  for (const [name, seconds] of Object.entries(connectionSeconds)) setWhereAllowed(name, seconds)
}

/** The machine's own network. `savedSettings` is the file that remembers how the kernel was set before us. */
export function createNetworkHost(savedSettings: string): NetworkHost {
  return {
    ...createNft(),
    async prepare({ hasV6 } = { hasV6: false }) {
      if (!existsSync('/proc/sys/net/bridge')) await run('modprobe', ['br_netfilter'], { accept: [1] }).catch(ignoreMissing)
      // The first rule that asks for it would bring it too late for what is set here.
      if (!existsSync(`${connectionFiles}max`)) await run('modprobe', ['nf_conntrack'], { accept: [1] }).catch(ignoreMissing)
      const before: Record<string, string> = existsSync(savedSettings) ? JSON.parse(readFileSync(savedSettings, 'utf8')) : {}
      const set = (path: string, wanted: string): void => {
        if (!existsSync(path)) return
        const present = readFileSync(path, 'utf8').trim()
        if (present === wanted) return
        before[path] ??= present
        saveFile(savedSettings, JSON.stringify(before))
        writeFileSync(path, wanted)
      }
      for (const [path, wanted] of Object.entries(settings)) set(path, wanted)
      if (hasV6) {
        // A router takes no router's word (accept_ra 1), unless told so: a machine that has its default route from there would lose it.
        for (const device of readdirSync(v6Devices)) {
          const path = `${v6Devices}/${device}/accept_ra`
          if (existsSync(path) && readFileSync(path, 'utf8').trim() === '1') set(path, '2')
        }
        set(`${v6Devices}/all/forwarding`, '1')
      }
      setConnections(set)
    },
    async addServiceDevice({ device, addresses, ranges, sources }) {
      // A bridge without ports: it is a dummy device that every kernel has.
      await run('ip', ['link', 'add', 'name', device, 'type', 'bridge'], { accept: [2] })
      for (const address of addresses)
        await run(
          'ip',
          isIPv6(address)
            ? ['address', 'replace', `${address}/128`, 'dev', device, 'nodad']
            : ['address', 'replace', `${address}/32`, 'dev', device],
        )
      await run('ip', ['link', 'set', device, 'up'])
      for (const range of ranges) {
        const source = sources.find((address) => isIPv6(address) === range.includes(':'))
        if (source !== undefined) await run('ip', ['route', 'replace', range, 'dev', device, 'src', source])
      }
    },
    async writeFile(path, text) {
      saveFile(path, text)
    },
  }
}

/** Whether packets between two pods on one bridge pass the rules, which they do where the kernel has br_netfilter and it is switched on. */
export const passesBridgedPackets = (): boolean => {
  const path = '/proc/sys/net/bridge/bridge-nf-call-iptables'
  return existsSync(path) && readFileSync(path, 'utf8').trim() === '1'
}

/** Sets the kernel back as `prepare` found it. */
export function restoreSettings(savedSettings: string): void {
  if (!existsSync(savedSettings)) return
  const before = JSON.parse(readFileSync(savedSettings, 'utf8')) as Record<string, string>
  for (const [path, value] of Object.entries(before)) if (existsSync(path)) writeFileSync(path, value)
}

/** A kernel that has its modules built in needs no modprobe, and a small machine has none. */
function ignoreMissing(error: unknown): void {
  if (!isError(error, 'NotFound')) throw error
}
