import type { Pod } from '#api/core/v1/pod.ts'
import { isHugePages } from '#api/core/v1/resources.ts'
import { WherryError } from '#lib/errors.ts'
import { quantityToInteger } from '#lib/quantity.ts'
import type { ResourceManager, TopologyHint } from '../../interfaces.ts'
import { type CheckpointFile, createSaver } from '../../plugins/checkpoint.ts'
import { type AnyContainer, initContainers, isSidecar, regularContainers } from '../../pod/containers.ts'
import { qosClass } from '../../pod/qos.ts'
import type { NumaNode } from '../machine-topology.ts'
import { allMasks, countOf, isNarrower, maskOf, nodesOf } from '../topology/numa-mask.ts'
import { type Block, type MemoryRecord, memoryUse } from './memory-use.ts'

export interface MemoryManagerOptions {
  readonly nodes: readonly NumaNode[]
  /** KubeletConfiguration.reservedMemory, checked already. */
  readonly reserved: readonly { readonly numaNode: number; readonly limits: Readonly<Record<string, string>> }[]
  readonly file: CheckpointFile
  /** Whether the pod is still of this node; what others hold is free. */
  readonly isKnown: (podUid: string) => boolean
}

/**
 * The policy `Static` of the memory manager (KEP-1769): containers of Guaranteed pods get memory and huge pages from as few NUMA nodes as
 * possible, and run on no others. A node that serves containers of one group of nodes serves no other group.
 */
export interface MemoryManager extends ResourceManager {
  /** Reads what was given out before; throws `Invalid` when that cannot be true of this machine. Before the first pod. */
  load(): Promise<void>
  /** What a container was given. */
  held(podUid: string, container: string): MemoryRecord | undefined
  /** What each NUMA node has for containers, given out or not. */
  allocatable(): readonly Block[]
}

export function createMemoryManager({ nodes, reserved, file, isKnown }: MemoryManagerOptions): MemoryManager {
  const ids = nodes.map(({ id }) => id)
  const masks = allMasks(ids)
  /** By pod, in the order in which its containers were given theirs. */
  const given = new Map<string, MemoryRecord[]>()
  const save = createSaver(file, () => Object.fromEntries(given))

  function allocatable(node: number, resource: string): number {
    const total = nodes.find(({ id }) => id === node)?.memory[resource] ?? 0
    const kept = reserved.filter(({ numaNode }) => numaNode === node).map(({ limits }) => quantityToInteger(limits[resource] ?? '0'))
    return total - kept.reduce((sum, bytes) => sum + bytes, 0)
  }

  /** What a container of the pod could have: what others left, and what the pod's own init containers had if they are over by then. */
  function free(pod: Pod, container: AnyContainer | undefined, node: number, resource: string): number {
    const { uid } = pod.metadata
    const others = [...given].filter(([other]) => other !== uid).reduce((sum, [, records]) => sum + memoryUse(records, node, resource), 0)
    const isFirst = container !== undefined && isInit(pod, container)
    const own = (given.get(uid) ?? []).filter((one) => !one.isInit && (!isFirst || one.isSidecar))
    return allocatable(node, resource) - others - memoryUse(own, node, resource)
  }

  /** Groups of nodes do not overlap, so that a container's memory is never mixed with that of another group. */
  function isTaken(mask: bigint): boolean {
    return [...given.values()].flat().some(({ nodes: group }) => (maskOf(group) & mask) !== 0n && maskOf(group) !== mask)
  }

  function hintsFor(pod: Pod, container: AnyContainer | undefined, wanted: ReadonlyMap<string, number>): TopologyHint[] {
    const sum = (mask: bigint, amount: (node: number, resource: string) => number, resource: string) =>
      nodesOf(mask).reduce((total, node) => total + amount(node, resource), 0)
    const couldFit = masks.filter((mask) => [...wanted].every(([resource, bytes]) => sum(mask, allocatable, resource) >= bytes))
    const least = Math.min(ids.length, ...couldFit.map(countOf))
    return couldFit
      .filter((mask) => !isTaken(mask))
      .filter((mask) =>
        [...wanted].every(([resource, bytes]) => sum(mask, (node, of) => free(pod, container, node, of), resource) >= bytes),
      )
      .map((mask) => ({ nodes: mask, preferred: countOf(mask) === least }))
  }

  function place(pod: Pod, container: AnyContainer, wanted: ReadonlyMap<string, number>, placement: TopologyHint | undefined): bigint {
    const hints = hintsFor(pod, container, wanted)
    const asked = placement?.nodes
    // What all managers agreed on may be too little for memory: then it is these nodes and others.
    const fitting = asked === undefined ? hints : hints.filter(({ nodes: mask }) => (mask! & asked) === asked)
    const exact = fitting.find(({ nodes: mask }) => mask === asked)
    const best = exact ?? fitting.toSorted(byPreference)[0]
    if (best === undefined)
      throw new WherryError(
        'Conflict',
        asked === undefined
          ? '[memorymanager] failed to get the default NUMA affinity, no NUMA nodes with enough memory is available'
          : '[memorymanager] failed to find NUMA nodes to extend the current topology hint',
      )
    if (placement?.preferred === true && !best.preferred)
      throw new WherryError('Conflict', `[memorymanager] failed to find the ${asked === undefined ? 'default' : 'extended'} preferred hint`)
    return best.nodes!
  }

  function forgetStale(): void {
    for (const uid of given.keys()) if (!isKnown(uid)) given.delete(uid)
  }

  return {
    name: 'memory',
    async load() {
      const read = ((await file.read()) ?? {}) as Record<string, MemoryRecord[]>
      for (const [uid, records] of Object.entries(read)) given.set(uid, records)
      for (const { id } of nodes)
        for (const resource of new Set([...given.values()].flat().flatMap(({ blocks }) => blocks.map((block) => block.resource)))) {
          const used = [...given.values()].reduce((sum, records) => sum + memoryUse(records, id, resource), 0)
          if (used > allocatable(id, resource))
            throw new WherryError(
              'Invalid',
              `more ${resource} of NUMA node ${id} was given to containers (${used}) than it has for them now (${allocatable(id, resource)}): drain the node and remove the memory manager's state file`,
            )
        }
    },
    hints(pod, container) {
      const wanted = wantedBy(pod, container)
      if (wanted.size === 0) return new Map()
      const own = given.get(pod.metadata.uid)?.find(({ name }) => name === container.name)
      const hints = own === undefined ? hintsFor(pod, container, wanted) : [{ nodes: maskOf(own.nodes), preferred: true }]
      return new Map([...wanted.keys()].map((resource) => [resource, hints]))
    },
    podHints(pod) {
      const wanted = wantedByAll(pod)
      if (wanted.size === 0) return new Map()
      const [own] = given.get(pod.metadata.uid) ?? []
      const hints = own === undefined ? hintsFor(pod, undefined, wanted) : [{ nodes: maskOf(own.nodes), preferred: true }]
      return new Map([...wanted.keys()].map((resource) => [resource, hints]))
    },
    async allocate(pod, container, placement) {
      const wanted = wantedBy(pod, container)
      const { uid } = pod.metadata
      if (wanted.size === 0 || given.get(uid)?.some(({ name }) => name === container.name)) return
      forgetStale()
      const chosen = nodesOf(place(pod, container, wanted, placement))
      const blocks: Block[] = []
      for (const [resource, bytes] of wanted) {
        let open = bytes
        for (const node of chosen) {
          const taken = Math.min(open, Math.max(0, free(pod, container, node, resource)))
          if (taken > 0) blocks.push({ node, resource, bytes: taken })
          open -= taken
        }
      }
      const record = { name: container.name, ...roleOf(pod, container), nodes: chosen, blocks }
      given.set(uid, [...(given.get(uid) ?? []), record])
      await save()
    },
    grant(pod, container) {
      const own = given.get(pod.metadata.uid)?.find(({ name }) => name === container.name)
      return own === undefined ? {} : { cpusetMems: own.nodes.join(',') }
    },
    async release(podUid) {
      if (given.delete(podUid)) await save()
    },
    held: (podUid, container) => given.get(podUid)?.find(({ name }) => name === container),
    allocatable: () =>
      nodes
        .flatMap(({ id, memory }) => Object.keys(memory).map((resource) => ({ node: id, resource, bytes: allocatable(id, resource) })))
        .filter(({ bytes }) => bytes > 0),
  }
}

const byPreference = (a: TopologyHint, b: TopologyHint): number =>
  Number(b.preferred) - Number(a.preferred) || (isNarrower(a.nodes!, b.nodes!) ? -1 : 1)

const isInit = (pod: Pod, container: AnyContainer): boolean => roleOf(pod, container).isInit

function roleOf(pod: Pod, container: AnyContainer): { readonly isInit: boolean; readonly isSidecar: boolean } {
  const isOfStart = initContainers(pod).some(({ name }) => name === container.name)
  const sidecar = isOfStart && isSidecar(container, 'init')
  return { isInit: isOfStart && !sidecar, isSidecar: sidecar }
}

/** Memory and huge pages of a container of a Guaranteed pod, unless the pod asks for them as a whole. */
function wantedBy(pod: Pod, container: AnyContainer): ReadonlyMap<string, number> {
  if (qosClass(pod) !== 'Guaranteed' || pod.spec.resources !== undefined) return new Map()
  const entries = Object.entries(container.resources.requests ?? {}).filter(([name]) => name === 'memory' || isHugePages(name))
  return new Map(entries.map(([name, amount]) => [name, quantityToInteger(amount)]))
}

/** What the pod's containers need together at the worst moment. */
function wantedByAll(pod: Pod): ReadonlyMap<string, number> {
  const sidecars = new Map<string, number>()
  const most = new Map<string, number>()
  const add = (to: Map<string, number>, some: ReadonlyMap<string, number>) => {
    for (const [name, bytes] of some) to.set(name, (to.get(name) ?? 0) + bytes)
  }
  for (const container of initContainers(pod)) {
    const wanted = wantedBy(pod, container)
    if (isSidecar(container, 'init')) add(sidecars, wanted)
    else for (const [name, bytes] of wanted) most.set(name, Math.max(most.get(name) ?? 0, bytes + (sidecars.get(name) ?? 0)))
  }
  const lasting = new Map(sidecars)
  for (const container of regularContainers(pod)) add(lasting, wantedBy(pod, container))
  for (const [name, bytes] of lasting) most.set(name, Math.max(most.get(name) ?? 0, bytes))
  return most
}
