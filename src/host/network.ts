import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { isIPv6 } from 'node:net'
import { dirname } from 'node:path'
import { isError } from '#lib/errors.ts'
import type { NetworkHost } from '#network/host.ts'
import { run } from './run.ts'

/** Settings of the kernel that forwarding needs. The bridge ones exist only where the kernel has br_netfilter. */
const settings: Readonly<Record<string, string>> = {
  '/proc/sys/net/ipv4/ip_forward': '1',
  '/proc/sys/net/bridge/bridge-nf-call-iptables': '1',
  '/proc/sys/net/bridge/bridge-nf-call-ip6tables': '1',
}

/** The machine's own network. `savedSettings` is the file that remembers how the kernel was set before us. */
export function createNetworkHost(savedSettings: string): NetworkHost {
  return {
    async nft(text) {
      await run('nft', ['-f', '-'], { input: text, timeoutMs: 60_000 })
    },
    async forgetFlows(flows) {
      // Exit 1 says that there was no such flow.
      for (const { protocol, destination, endpoint } of flows)
        await run('conntrack', ['-D', '-p', protocol, '--orig-dst', destination, '--dst-nat', endpoint], { accept: [1], timeoutMs: 10_000 })
    },
    async prepare() {
      if (!existsSync('/proc/sys/net/bridge')) await run('modprobe', ['br_netfilter'], { accept: [1] }).catch(ignoreMissing)
      const before: Record<string, string> = existsSync(savedSettings) ? JSON.parse(readFileSync(savedSettings, 'utf8')) : {}
      for (const [path, wanted] of Object.entries(settings)) {
        if (!existsSync(path)) continue
        const present = readFileSync(path, 'utf8').trim()
        if (present === wanted) continue
        before[path] ??= present
        saveFile(savedSettings, JSON.stringify(before))
        writeFileSync(path, wanted)
      }
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

/** Sets the kernel back as `prepare` found it. */
export function restoreSettings(savedSettings: string): void {
  if (!existsSync(savedSettings)) return
  const before = JSON.parse(readFileSync(savedSettings, 'utf8')) as Record<string, string>
  for (const [path, value] of Object.entries(before)) if (existsSync(path)) writeFileSync(path, value)
}

/** A kernel that has br_netfilter built in needs no modprobe, and a small machine has none. */
function ignoreMissing(error: unknown): void {
  if (!isError(error, 'NotFound')) throw error
}

/** Writes the file whole or not at all, for its owner alone; makes its folder where that is missing. */
export function saveFile(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o711 })
  writeFileSync(`${path}.new`, text, { mode: 0o600 })
  renameSync(`${path}.new`, path)
}
