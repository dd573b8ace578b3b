import { readdir, readFile, statfs } from 'node:fs/promises'
import { availableParallelism, hostname, networkInterfaces, release, totalmem } from 'node:os'
import type { MachineFacts, NodeFacts } from '#kubelet/interfaces.ts'
import { subordinateIds } from './subordinate-ids.ts'

/** What a machine cannot tell by itself. */
export interface NodeFactsOptions {
  /** On the file system whose size counts as the node's. */
  readonly rootDirectory: string
  /** The node's address, where it is not the first one found. */
  readonly addresses?: readonly string[]
}

/** What this machine is, read from the kernel's own files (proc(5), machine-id(5), os-release(5)). What it does not tell is ''. */
export const nodeFacts = ({ rootDirectory, addresses }: NodeFactsOptions): NodeFacts => ({
  async read(): Promise<MachineFacts> {
    const memory = await memoryInfo()
    const disk = await statfs(rootDirectory)
    return {
      hostname: hostname(),
      addresses: addresses ?? ownAddresses(),
      cpuCount: availableParallelism(),
      memoryBytes: memory('MemTotal') || totalmem(),
      memoryAvailableBytes: memory('MemAvailable'),
      swapBytes: memory('SwapTotal'),
      storage: {
        capacityBytes: disk.blocks * disk.bsize,
        availableBytes: disk.bavail * disk.bsize,
        inodes: disk.files,
        inodesFree: disk.ffree,
      },
      hugepages: await hugepages(),
      processLimit: Number(await textOf('/proc/sys/kernel/pid_max')) || 32_768,
      processCount: Number(/\/(\d+)/.exec(await textOf('/proc/loadavg'))?.[1] ?? 0),
      machineId: (await textOf('/etc/machine-id')) || (await textOf('/var/lib/dbus/machine-id')),
      systemUuid: (await textOf('/sys/class/dmi/id/product_uuid')) || (await textOf('/etc/machine-id')),
      bootId: await textOf('/proc/sys/kernel/random/boot_id'),
      kernelVersion: release(),
      osImage: /^PRETTY_NAME="?([^"\n]*)/m.exec(await textOf('/etc/os-release'))?.[1] ?? '',
      subordinateIds: await subordinateIds(),
      appArmor: (await textOf('/sys/module/apparmor/parameters/enabled')) === 'Y',
      architecture: { x64: 'amd64', ia32: '386' }[process.arch as string] ?? process.arch,
    }
  },
})

/** IPv4 before IPv6; no loopback, no link-local; not those of bridges and virtual links that containers use. */
function ownAddresses(): string[] {
  const found = Object.entries(networkInterfaces())
    .filter(([name]) => !/^(lo|veth|cni|docker|br-|virbr|vxlan|flannel|wherry)/.test(name))
    .flatMap(([, list = []]) => list)
    .filter(({ internal, address }) => !internal && !address.startsWith('fe80:') && !address.startsWith('169.254.'))
  return found.toSorted((a, b) => a.family.localeCompare(b.family)).map(({ address }) => address)
}

async function memoryInfo(): Promise<(name: string) => number> {
  const text = await textOf('/proc/meminfo')
  return (name) => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(text)?.[1] ?? 0) * 1024
}

/** Reserved bytes of each page size, `2Mi` and such. */
async function hugepages(): Promise<Record<string, number>> {
  const directory = '/sys/kernel/mm/hugepages'
  const found: Record<string, number> = {}
  for (const name of await orNone(readdir(directory))) {
    const kilobytes = Number(/^hugepages-(\d+)kB$/.exec(name)?.[1] ?? 0)
    if (kilobytes === 0) continue
    const size = kilobytes >= 1024 * 1024 ? `${kilobytes / 1024 / 1024}Gi` : kilobytes >= 1024 ? `${kilobytes / 1024}Mi` : `${kilobytes}Ki`
    found[size] = Number(await textOf(`${directory}/${name}/nr_hugepages`)) * kilobytes * 1024
  }
  return found
}

async function textOf(path: string): Promise<string> {
  try {
    return (await readFile(path, 'utf8')).trim()
  } catch (error) {
    if (isAbsent(error)) return ''
    throw error
  }
}

async function orNone(names: Promise<string[]>): Promise<string[]> {
  try {
    return await names
  } catch (error) {
    if (isAbsent(error)) return []
    throw error
  }
}

/** Containers and odd kernels lack some of these files, or hide them. */
const isAbsent = (error: unknown): boolean =>
  ['ENOENT', 'EACCES', 'EPERM', 'EIO', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')
