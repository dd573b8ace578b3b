import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Pod } from '#api/core/v1/pod.ts'
import { cgroupHost } from '#host/cgroups.ts'
import { nodeAddresses } from '#host/config.ts'
import { readMachineTopology } from '#host/machine-topology.ts'
import { names } from '#host/names.ts'
import { nodeFacts } from '#host/node-facts.ts'
import { checkpointFile } from '#host/plugins/checkpoint-file.ts'
import { systemdCgroupHost } from '#host/systemd-cgroups.ts'
import { createCgroupManager, type NodeShare } from '#kubelet/cgroups/cgroup-manager.ts'
import type { CgroupDriver } from '#kubelet/cgroups/cgroup-names.ts'
import type { CgroupManager, EventSink, PodAdmitter, PodLookup, ResourceManager } from '#kubelet/interfaces.ts'
import type { ExclusiveResources, MemoryBlock } from '#kubelet/pod-resources/pod-resources-server.ts'
import { createCpuManager } from '#kubelet/resources/cpu/cpu-manager.ts'
import { formatCpuSet } from '#kubelet/resources/cpu/cpu-set.ts'
import { sharePool } from '#kubelet/resources/cpu/share-pool.ts'
import { cpuPeriodUs } from '#kubelet/resources/cpu-share.ts'
import { enforcementEvent } from '#kubelet/resources/enforcement-event.ts'
import { managerMetrics } from '#kubelet/resources/manager-metrics.ts'
import { createMemoryManager } from '#kubelet/resources/memory/memory-manager.ts'
import type { MemoryRecord } from '#kubelet/resources/memory/memory-use.ts'
import { checkReservedMemory } from '#kubelet/resources/memory/reserved-memory.ts'
import { capacityOf, nodeShares } from '#kubelet/resources/node-shares.ts'
import { type TakeBackOptions, takeBack } from '#kubelet/resources/take-back.ts'
import { createTopologyManager } from '#kubelet/resources/topology/topology-manager.ts'
import type { Runtime } from '#kubelet/runtime.ts'
import { WherryError } from '#lib/errors.ts'
import type { AgentContext } from './agent-context.ts'
import { nodeReference } from './node-reference.ts'

/** What deals out the node: its cgroups, and CPUs, memory and placement for those who were promised them. */
export interface NodeResourceParts {
  readonly cgroups: CgroupManager
  readonly cgroupNames: { readonly driver: CgroupDriver; readonly root: string }
  /** Those handed in, and the node's own. */
  readonly managers: readonly ResourceManager[]
  readonly admitters: readonly PodAdmitter[]
  /** What containers have alone, for those who ask which. */
  readonly exclusive: ExclusiveResources
  /** Before the kubelet makes its groups: `events` hears of them. */
  start(pods: PodLookup, events: EventSink): void
  stop(): void
}

export interface NodeResourceOptions {
  readonly runtime: Runtime
  readonly pods: Pick<PodLookup, 'byUid' | 'isComplete'>
  /** Of devices and claims; they are placed together with CPUs and memory. */
  readonly others: readonly ResourceManager[]
}

/** Throws `Invalid` for settings that this machine cannot keep. */
export async function makeResources(
  { config, configuration, where, clock, log, metrics }: AgentContext,
  { runtime, pods, others }: NodeResourceOptions,
): Promise<NodeResourceParts> {
  mkdirSync(where.kubelet, { recursive: true, mode: 0o750 })
  const machine = await nodeFacts({ rootDirectory: where.kubelet, addresses: nodeAddresses(config) }).read()
  const topology = await readMachineTopology('/sys/devices/system', machine.memoryBytes)
  const shares = nodeShares(capacityOf(machine), configuration)
  // Before the API server showed its pods once, whoever has something keeps it.
  const isKnown = (uid: string) => pods.isComplete?.() === false || pods.byUid(uid) !== undefined
  const state = (name: string) => checkpointFile(join(where.kubelet, name))

  const isStatic = { cpu: configuration.cpuManagerPolicy === 'static', memory: configuration.memoryManagerPolicy === 'Static' }
  const cpus = isStatic.cpu
    ? createCpuManager({
        cpus: topology.cpus,
        config: configuration,
        reservedMilli: shares.reserved.cpuMilli,
        file: state('cpu_manager_state'),
        isKnown,
      })
    : undefined
  await cpus?.load()
  const counted = managerMetrics(metrics.registry, clock, configuration)
  if (isStatic.memory) checkReservedMemory(configuration.reservedMemory, topology.nodes, shares.keptMemory)
  const memory = isStatic.memory
    ? createMemoryManager({ nodes: topology.nodes, reserved: configuration.reservedMemory, file: state('memory_manager_state'), isKnown })
    : undefined
  await memory?.load()
  const managers = [
    ...others,
    ...(cpus === undefined ? [] : [counted.cpus(cpus, topology.cpus)]),
    ...(memory === undefined ? [] : [counted.memory(memory)]),
  ]
  const placement = createTopologyManager(managers, topology, configuration)

  // The runtime was set up as the configuration says. Older ones do not tell; of one that says otherwise no group would be found.
  const driver = configuration.cgroupDriver as CgroupDriver
  const told = await runtime.cgroupDriver().catch((error: unknown) => {
    log.warn('the runtime does not say how it makes cgroups: as the configuration says', { driver, error })
    return undefined
  })
  if (told !== undefined && told !== driver)
    throw new WherryError('Invalid', `kubelet.cgroupDriver is ${driver}, and the runtime makes cgroups by ${told}`)
  const host = driver === 'systemd' ? systemdCgroupHost(cgroupHost()) : cgroupHost()
  const cgroupNames = { driver, root: config.cgroupRoot ?? names.cgroupRoot }
  const cgroups = createCgroupManager({
    host,
    clock,
    ...cgroupNames,
    allocatable: (): NodeShare => shares.pods,
    reserved: shares.ofServices,
    podPidsLimit: configuration.podPidsLimit,
    hasCpuQuota: configuration.cpuCFSQuota,
    cpuPeriodUs: cpuPeriodUs(configuration.cpuCFSQuotaPeriod),
    hugePageSizes: Object.keys(machine.hugepages),
    hasExclusiveCpus: (pod: Pod) => cpus?.hasExclusive(pod.metadata.uid) === true,
    onEnforced(outcome) {
      if (outcome.error !== undefined) log.warn('a group could not be held to its share of the machine', { ...outcome })
      events?.record({ regarding: nodeReference(config.nodeName), ...enforcementEvent(outcome) })
    },
  })
  let stopSharing = (): void => {}
  let events: EventSink | undefined
  /** Of a manager that the node had once and has no more. */
  const giveBack = (name: string, all: TakeBackOptions['all']): void => {
    takeBack({ file: state(name), runtime, all, log }).catch((error: unknown) =>
      log.warn('what a former manager gave to containers was not taken back', { name, error }),
    )
  }
  return {
    cgroups,
    cgroupNames,
    managers,
    admitters: placement === undefined ? [] : [counted.placement(placement)],
    exclusive: {
      cpus: (podUid, container) => cpus?.exclusive(podUid, container) ?? [],
      allocatableCpus: () => cpus?.allocatable() ?? [],
      memory: (podUid, container) => blocksOf(memory?.held(podUid, container)),
      allocatableMemory: () =>
        (memory?.allocatable() ?? []).map(({ node, resource, bytes }) => ({ type: resource, sizeBytes: bytes, nodes: [node] })),
    },
    start(lookup, sink) {
      events = sink
      if (cpus !== undefined) stopSharing = sharePool({ cpus, pods: lookup, runtime, log })
      const all = (parts: readonly { readonly id: number }[]) => formatCpuSet(parts.map(({ id }) => id))
      if (cpus === undefined) giveBack('cpu_manager_state', { cpusetCpus: all(topology.cpus) })
      if (memory === undefined) giveBack('memory_manager_state', { cpusetMems: all(topology.nodes) })
    },
    stop() {
      stopSharing()
      cgroups.close()
    },
  }
}

/** One for each resource, wherever on its nodes the bytes are. */
function blocksOf(record: MemoryRecord | undefined): readonly MemoryBlock[] {
  const sizes = new Map<string, number>()
  for (const { resource, bytes } of record?.blocks ?? []) sizes.set(resource, (sizes.get(resource) ?? 0) + bytes)
  return [...sizes].map(([type, sizeBytes]) => ({ type, sizeBytes, nodes: record?.nodes ?? [] }))
}
