import { readdir, readFile } from 'node:fs/promises'
import { parseCpuSet } from '#kubelet/resources/cpu/cpu-set.ts'
import type { Cpu, MachineTopology, NumaNode } from '#kubelet/resources/machine-topology.ts'
import { orMissing } from './files.ts'

/**
 * Reads from the kernel how processors and memory lie to each other (Documentation/ABI: sysfs-devices-system-cpu, sysfs-devices-node). A machine
 * that says nothing of NUMA is one node.
 */
export async function readMachineTopology(devices = '/sys/devices/system', memoryBytes = 0): Promise<MachineTopology> {
  const online = parseCpuSet((await text(`${devices}/cpu/online`)) ?? '0')
  const nodes = await readNodes(`${devices}/node`, memoryBytes)
  const nodeOf = new Map(nodes.flatMap(({ node, cpus }) => [...cpus].map((id) => [id, node.id] as const)))
  const cpus = await Promise.all(
    [...online].toSorted((a, b) => a - b).map((id) => readCpu(`${devices}/cpu/cpu${id}`, id, nodeOf.get(id) ?? 0)),
  )
  return { cpus, nodes: nodes.map(({ node }) => node) }
}

async function readCpu(directory: string, id: number, node: number): Promise<Cpu> {
  const threads = await text(`${directory}/topology/thread_siblings_list`)
  const socket = Number((await text(`${directory}/topology/physical_package_id`)) ?? 0)
  const core = Math.min(id, ...parseCpuSet(threads ?? String(id)))
  const shared = await text(`${directory}/cache/index3/shared_cpu_list`)
  // Without a third level of cache a socket is what cores share.
  return {
    id,
    core,
    socket: Math.max(0, socket),
    node,
    cache: shared === undefined ? -1 - Math.max(0, socket) : Math.min(id, ...parseCpuSet(shared)),
  }
}

async function readNodes(directory: string, memoryBytes: number): Promise<{ node: NumaNode; cpus: ReadonlySet<number> }[]> {
  const ids = ((await orMissing(readdir(directory))) ?? [])
    .flatMap((name) => (/^node(\d+)$/.test(name) ? [Number(name.slice(4))] : []))
    .toSorted((a, b) => a - b)
  if (ids.length === 0) return [{ node: { id: 0, distances: [10], memory: { memory: memoryBytes } }, cpus: new Set() }]
  return Promise.all(
    ids.map(async (id) => {
      const own = `${directory}/node${id}`
      const total = /MemTotal:\s+(\d+) kB/.exec((await text(`${own}/meminfo`)) ?? '')?.[1]
      const distances = ((await text(`${own}/distance`)) ?? '')
        .split(/\s+/)
        .filter((word) => word !== '')
        .map(Number)
      const memory = { memory: Number(total ?? 0) * 1024, ...(await readHugePages(`${own}/hugepages`)) }
      return { node: { id, distances, memory }, cpus: parseCpuSet((await text(`${own}/cpulist`)) ?? '') }
    }),
  )
}

/** Bytes by size, `hugepages-2Mi`. */
async function readHugePages(directory: string): Promise<Record<string, number>> {
  const found: Record<string, number> = {}
  for (const name of (await orMissing(readdir(directory))) ?? []) {
    const kibibytes = Number(/^hugepages-(\d+)kB$/.exec(name)?.[1] ?? 0)
    if (kibibytes === 0) continue
    const size = kibibytes >= 2 ** 20 ? `${kibibytes / 2 ** 20}Gi` : kibibytes >= 1024 ? `${kibibytes / 1024}Mi` : `${kibibytes}Ki`
    found[`hugepages-${size}`] = Number((await text(`${directory}/${name}/nr_hugepages`)) ?? 0) * kibibytes * 1024
  }
  return found
}

const text = async (file: string): Promise<string | undefined> => (await orMissing(readFile(file, 'utf8')))?.trim()
