import type { Pod } from '#api/core/v1/pod.ts'
import { WherryError } from '#lib/errors.ts'
import { quantityToInteger, quantityToMilli } from '#lib/quantity.ts'
import type { ResourceManager, TopologyHint } from '../../interfaces.ts'
import { type CheckpointFile, createSaver } from '../../plugins/checkpoint.ts'
import { type AnyContainer, initContainers, isSidecar, regularContainers } from '../../pod/containers.ts'
import { qosClass } from '../../pod/qos.ts'
import type { Cpu } from '../machine-topology.ts'
import type { ResourceConfig } from '../resource-config.ts'
import { allMasks, countOf, nodesOf } from '../topology/numa-mask.ts'
import { type CpuOptions, readCpuOptions } from './cpu-options.ts'
import { formatCpuSet, parseCpuSet } from './cpu-set.ts'
import { distributeCpus } from './distribute-cpus.ts'
import { takeCpus } from './take-cpus.ts'

export interface CpuManagerOptions {
  /** Of the whole machine. */
  readonly cpus: readonly Cpu[]
  readonly config: ResourceConfig
  /** Thousandths of a processor that the reservations keep back: as many whole ones are never given to one container alone. */
  readonly reservedMilli: number
  readonly file: CheckpointFile
  /** Whether the pod is still of this node; what others hold is free. */
  readonly isKnown: (podUid: string) => boolean
}

/** The policy `static` of the CPU manager (KEP-3570): whole processors for containers of Guaranteed pods that ask for whole ones. */
export interface CpuManager extends ResourceManager {
  /** Reads what was given out before; throws `Invalid` when that cannot be true of this machine. Before the first pod. */
  load(): Promise<void>
  /** Processors for everybody who has none of his own, as `0-2,7`. */
  pool(): string
  /** The pool is another now. */
  onPoolChange(listener: () => void): () => void
  hasExclusive(podUid: string, container?: string): boolean
  /** Processors that a container has alone, ascending. */
  exclusive(podUid: string, container: string): readonly number[]
  /** All that some container has alone, ascending. */
  taken(): readonly number[]
  /** Those that containers may have alone, given out or not: all but the reserved ones. */
  allocatable(): readonly number[]
}

export function createCpuManager(options: CpuManagerOptions): CpuManager {
  const { cpus, file } = options
  const settings = readCpuOptions(options.config.cpuManagerPolicyOptions ?? {})
  const all = new Set(cpus.map(({ id }) => id))
  const threads = Math.max(...countBy(cpus, 'core').values())
  const reserved = reservedCpus(options, settings)
  const usable = settings.strictReservation ? difference(all, reserved) : all
  /** By pod, by container. */
  const given = new Map<string, Map<string, ReadonlySet<number>>>()
  const listeners = new Set<() => void>()
  const save = createSaver(file, () =>
    Object.fromEntries(
      [...given].map(([uid, containers]) => [uid, Object.fromEntries([...containers].map(([name, ids]) => [name, formatCpuSet(ids)]))]),
    ),
  )

  const taken = (): ReadonlySet<number> => new Set([...given.values()].flatMap((pod) => [...pod.values()].flatMap((ids) => [...ids])))
  const pool = (): ReadonlySet<number> => difference(usable, taken())
  /** What may be given to one container alone. */
  const available = (): ReadonlySet<number> => difference(pool(), reserved)
  /** Those of the pod's init containers, which have ended or end before it starts. */
  function reusable(pod: Pod, container: AnyContainer): ReadonlySet<number> {
    const own = given.get(pod.metadata.uid)
    if (own === undefined) return new Set()
    const inits = initContainers(pod).filter((one) => !isSidecar(one, 'init') && one.name !== container.name)
    const lasting = new Set(
      [...initContainers(pod).filter((one) => isSidecar(one, 'init')), ...regularContainers(pod)].map(({ name }) => name),
    )
    const ofLasting = new Set([...own].filter(([name]) => lasting.has(name)).flatMap(([, ids]) => [...ids]))
    return difference(new Set(inits.flatMap(({ name }) => [...(own.get(name) ?? [])])), ofLasting)
  }

  function choose(from: ReadonlySet<number>, count: number): readonly number[] {
    if (count === 0) return []
    return settings.distributesAcrossNuma
      ? distributeCpus({ cpus, available: from, count, groupSize: settings.fullCoresOnly ? threads : 1 })
      : takeCpus({ cpus, available: from, count, prefersCache: settings.prefersCache })
  }

  function hintsFor(from: ReadonlySet<number>, again: ReadonlySet<number>, count: number): TopologyHint[] {
    const nodes = [...new Set(cpus.map(({ node }) => node))].toSorted((a, b) => a - b)
    const nodeOf = new Map(cpus.map(({ id, node }) => [id, node]))
    const within = (ids: Iterable<number>, mask: bigint) => [...ids].filter((id) => (mask >> BigInt(nodeOf.get(id)!)) & 1n).length
    const masks = allMasks(nodes)
    const least = Math.min(nodes.length, ...masks.filter((mask) => within(all, mask) >= count).map(countOf))
    return masks
      .filter((mask) => within(again, mask) === again.size && within(again, mask) + within(difference(from, again), mask) >= count)
      .map((mask) => ({ nodes: mask, preferred: countOf(mask) === least }))
  }

  /** Processors of pods that went while no kubelet ran. */
  function forgetStale(): void {
    for (const uid of given.keys()) if (!options.isKnown(uid)) given.delete(uid)
  }

  async function changed(): Promise<void> {
    for (const listener of listeners) listener()
    await save()
  }

  return {
    name: 'cpu',
    async load() {
      const read = ((await file.read()) ?? {}) as Record<string, Record<string, string>>
      for (const [uid, containers] of Object.entries(read))
        given.set(uid, new Map(Object.entries(containers).map(([name, ids]) => [name, parseCpuSet(ids)])))
      const strange = [...taken()].filter((id) => !usable.has(id) || reserved.has(id))
      if (strange.length > 0)
        throw new WherryError(
          'Invalid',
          `CPUs ${formatCpuSet(strange)} were given to containers and are not for them on this machine, or not any more: drain the node and remove the CPU manager's state file`,
        )
    },
    hints(pod, container) {
      const count = wholeCpus(pod, container)
      if (count === 0) return new Map()
      const own = given.get(pod.metadata.uid)?.get(container.name)
      if (own !== undefined) return new Map([['cpu', own.size === count ? hintsFor(own, new Set(), count) : []]])
      return new Map([['cpu', hintsFor(available(), reusable(pod, container), count)]])
    },
    podHints(pod) {
      const count = wholeCpusOfPod(pod)
      if (count === 0) return new Map()
      const own = new Set([...(given.get(pod.metadata.uid)?.values() ?? [])].flatMap((ids) => [...ids]))
      if (own.size === count) return new Map([['cpu', hintsFor(own, new Set(), count)]])
      return new Map([['cpu', hintsFor(available(), own, count)]])
    },
    async allocate(pod, container, placement) {
      const count = wholeCpus(pod, container)
      if (count === 0) return
      const { uid } = pod.metadata
      if (given.get(uid)?.has(container.name)) return
      forgetStale()
      if (settings.fullCoresOnly) checkCores(count, threads, difference(available(), wholeCores(cpus, reserved)).size)
      const from = union(available(), reusable(pod, container))
      const near = placement?.nodes === undefined ? new Set<number>() : onNodes(cpus, from, placement.nodes)
      const first = choose(near, Math.min(count, near.size))
      const rest = choose(difference(from, new Set(first)), count - first.length)
      const own = given.get(uid) ?? new Map<string, ReadonlySet<number>>()
      given.set(uid, own)
      own.set(container.name, new Set([...first, ...rest]))
      await changed()
    },
    grant(pod, container) {
      const own = given.get(pod.metadata.uid)?.get(container.name)
      return own === undefined ? { cpusetCpus: formatCpuSet(pool()) } : { cpusetCpus: formatCpuSet(own), exclusiveCpus: true }
    },
    async release(podUid) {
      if (given.delete(podUid)) await changed()
    },
    pool: () => formatCpuSet(pool()),
    onPoolChange(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    hasExclusive: (podUid, container) =>
      container === undefined ? (given.get(podUid)?.size ?? 0) > 0 : given.get(podUid)?.has(container) === true,
    exclusive: (podUid, container) => ascending(given.get(podUid)?.get(container) ?? []),
    taken: () => ascending(taken()),
    allocatable: () => ascending(difference(all, reserved)),
  }
}

const ascending = (ids: Iterable<number>): readonly number[] => [...ids].toSorted((a, b) => a - b)

/** What a container gets for itself: all it asks for, if that is whole and the pod Guaranteed by its containers (not as a whole). */
function wholeCpus(pod: Pod, container: AnyContainer): number {
  if (qosClass(pod) !== 'Guaranteed' || pod.spec.resources !== undefined) return 0
  const request = container.resources.requests?.['cpu'] ?? '0'
  return quantityToInteger(request) * 1000 === quantityToMilli(request) ? quantityToInteger(request) : 0
}

function wholeCpusOfPod(pod: Pod): number {
  let sidecars = 0
  let start = 0
  for (const container of initContainers(pod)) {
    if (isSidecar(container, 'init')) sidecars += wholeCpus(pod, container)
    else start = Math.max(start, sidecars + wholeCpus(pod, container))
  }
  return Math.max(
    start,
    regularContainers(pod).reduce((sum, container) => sum + wholeCpus(pod, container), sidecars),
  )
}

function reservedCpus(
  { cpus, config, reservedMilli }: CpuManagerOptions,
  { distributesAcrossNuma, fullCoresOnly, prefersCache }: CpuOptions,
) {
  const available = new Set(cpus.map(({ id }) => id))
  if (config.reservedSystemCPUs) {
    const named = parseCpuSet(config.reservedSystemCPUs)
    const strange = difference(named, available)
    if (strange.size > 0) throw new WherryError('Invalid', `reservedSystemCPUs: this machine has no CPUs ${formatCpuSet(strange)}`)
    return named
  }
  if (reservedMilli === 0)
    throw new WherryError(
      'Invalid',
      'cpuManagerPolicy: the static policy requires systemReserved.cpu + kubeReserved.cpu to be greater than zero',
    )
  const count = Math.ceil(reservedMilli / 1000)
  const groupSize = fullCoresOnly ? Math.max(...countBy(cpus, 'core').values()) : 1
  return new Set(
    distributesAcrossNuma ? distributeCpus({ cpus, available, count, groupSize }) : takeCpus({ cpus, available, count, prefersCache }),
  )
}

/** `full-pcpus-only`: no core is shared by two containers. */
function checkCores(count: number, threads: number, availableOnCores: number): void {
  const problem =
    count % threads !== 0
      ? `requested ${count} cpus not multiple cpus per core = ${threads}`
      : count > availableOnCores
        ? `not enough free physical CPUs: available physical CPUs = ${availableOnCores}, requested CPUs = ${count}, CPUs per core = ${threads}`
        : undefined
  if (problem !== undefined) throw new WherryError('Conflict', `SMT Alignment Error: ${problem}`, { reason: 'SMTAlignmentError' })
}

const difference = (a: ReadonlySet<number>, b: ReadonlySet<number>): ReadonlySet<number> => a.difference(b)
const union = (a: ReadonlySet<number>, b: ReadonlySet<number>): ReadonlySet<number> => a.union(b)

function countBy(cpus: readonly Cpu[], level: 'core'): ReadonlyMap<number, number> {
  const counts = new Map<number, number>()
  for (const cpu of cpus) counts.set(cpu[level], (counts.get(cpu[level]) ?? 0) + 1)
  return counts
}

/** Every thread of every core of which one is among these. */
function wholeCores(cpus: readonly Cpu[], some: ReadonlySet<number>): ReadonlySet<number> {
  const cores = new Set(cpus.filter(({ id }) => some.has(id)).map(({ core }) => core))
  return new Set(cpus.filter(({ core }) => cores.has(core)).map(({ id }) => id))
}

const onNodes = (cpus: readonly Cpu[], from: ReadonlySet<number>, mask: bigint): ReadonlySet<number> => {
  const nodes = new Set(nodesOf(mask))
  return new Set(cpus.filter(({ id, node }) => from.has(id) && nodes.has(node)).map(({ id }) => id))
}
