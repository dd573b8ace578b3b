import type { NodeCondition, NodeStatus } from '#api/core/v1/types.ts'
import type { Instant } from '#lib/clock.ts'
import { formatQuantity, quantityOf, quantityOfMilli } from '#lib/quantity.ts'
import { rfc3339 } from '#lib/rfc3339.ts'
import type { KubeletConfig } from './config.ts'
import type { MachineFacts } from './interfaces.ts'
import type { Image } from './runtime.ts'

/** What is true of the node now. */
export interface NodeFactsView {
  readonly now: Instant
  readonly config: KubeletConfig
  readonly machine: MachineFacts
  readonly runtime: { readonly name: string; readonly version: string }
  /** Why the node cannot run pods; '' when it can. */
  readonly notReady: string
  readonly images: readonly Image[]
}

/** Labels that every node has (well-known labels of the Kubernetes documentation). */
export const nodeLabels = ({ config, machine }: Pick<NodeFactsView, 'config' | 'machine'>): Record<string, string> => ({
  'beta.kubernetes.io/arch': machine.architecture,
  'beta.kubernetes.io/os': 'linux',
  'kubernetes.io/arch': machine.architecture,
  'kubernetes.io/hostname': config.nodeName,
  'kubernetes.io/os': 'linux',
  ...config.labels,
})

/** The node's status. What others wrote into it (volumes attached, conditions of theirs) stays. */
export function nodeStatus(view: NodeFactsView, previous: NodeStatus | undefined): NodeStatus {
  const { config, machine, runtime } = view
  return {
    ...previous,
    capacity: capacity(view),
    allocatable: allocatable(view),
    conditions: conditions(view, previous?.conditions ?? []),
    addresses: [
      ...machine.addresses.slice(0, 2).map((address) => ({ type: 'InternalIP', address })),
      { type: 'Hostname', address: config.nodeName },
    ],
    daemonEndpoints: { kubeletEndpoint: { Port: config.port } },
    nodeInfo: {
      machineID: machine.machineId,
      systemUUID: machine.systemUuid,
      bootID: machine.bootId,
      kernelVersion: machine.kernelVersion,
      osImage: machine.osImage,
      containerRuntimeVersion: `${runtime.name}://${runtime.version}`,
      kubeletVersion: config.version,
      kubeProxyVersion: '',
      operatingSystem: 'linux',
      architecture: machine.architecture,
    },
    images: imageList(view.images),
  }
}

/** Whether two statuses differ in more than the time of the last heartbeat. */
export const withoutHeartbeat = (status: NodeStatus | undefined): object => ({
  ...status,
  conditions: status?.conditions?.map(({ lastHeartbeatTime: _, ...condition }) => condition),
})

export function capacity({ machine, config }: Pick<NodeFactsView, 'machine' | 'config'>): Record<string, string> {
  return {
    cpu: String(machine.cpuCount),
    memory: kibibytes(machine.memoryBytes),
    'ephemeral-storage': kibibytes(machine.storage.capacityBytes),
    ...hugepages(machine),
    pods: String(config.maxPods),
  }
}

/** Capacity less what is kept back and less the reference's hard eviction thresholds: 100 MiB of memory, a tenth of the disk. */
export function allocatable({ machine, config }: Pick<NodeFactsView, 'machine' | 'config'>): Record<string, string> {
  const { cpuMilli, memoryBytes } = config.reserved
  const pages = Object.entries(machine.hugepages).reduce((sum, [, bytes]) => sum + bytes, 0)
  return {
    cpu: formatQuantity(quantityOfMilli(Math.max(0, machine.cpuCount * 1000 - cpuMilli))),
    memory: kibibytes(Math.max(0, machine.memoryBytes - memoryBytes - EVICTION_MEMORY_BYTES - pages)),
    'ephemeral-storage': String(Math.floor(machine.storage.capacityBytes * (1 - EVICTION_DISK_SHARE))),
    ...hugepages(machine),
    pods: String(config.maxPods),
  }
}

const EVICTION_MEMORY_BYTES = 100 * 1024 * 1024
const EVICTION_DISK_SHARE = 0.1
const EVICTION_INODES_SHARE = 0.05
/** Processes of a hundred that are left free. */
const EVICTION_PROCESS_SHARE = 0.01

/** In the canonical form, so that what comes back from the API server compares equal. */
const kibibytes = (bytes: number): string => formatQuantity(quantityOf(Math.floor(bytes / 1024) * 1024, 'BinarySI'))
const hugepages = ({ hugepages: pages }: MachineFacts): Record<string, string> =>
  Object.fromEntries(Object.entries(pages).map(([size, bytes]) => [`hugepages-${size}`, formatQuantity(quantityOf(bytes, 'BinarySI'))]))

function conditions(view: NodeFactsView, previous: readonly NodeCondition[]): NodeCondition[] {
  const { machine, notReady, now } = view
  const { storage } = machine
  const isMemoryShort = machine.memoryAvailableBytes < EVICTION_MEMORY_BYTES
  const isDiskShort =
    storage.availableBytes < storage.capacityBytes * EVICTION_DISK_SHARE ||
    (storage.inodes > 0 && storage.inodesFree < storage.inodes * EVICTION_INODES_SHARE)
  const isPidShort = machine.processCount > machine.processLimit * (1 - EVICTION_PROCESS_SHARE)
  const made = [
    isMemoryShort
      ? verdict('MemoryPressure', 'True', 'KubeletHasInsufficientMemory', 'kubelet has insufficient memory available')
      : verdict('MemoryPressure', 'False', 'KubeletHasSufficientMemory', 'kubelet has sufficient memory available'),
    isDiskShort
      ? verdict('DiskPressure', 'True', 'KubeletHasDiskPressure', 'kubelet has disk pressure')
      : verdict('DiskPressure', 'False', 'KubeletHasNoDiskPressure', 'kubelet has no disk pressure'),
    isPidShort
      ? verdict('PIDPressure', 'True', 'KubeletHasInsufficientPID', 'kubelet has insufficient PID available')
      : verdict('PIDPressure', 'False', 'KubeletHasSufficientPID', 'kubelet has sufficient PID available'),
    notReady === ''
      ? verdict('Ready', 'True', 'KubeletReady', 'kubelet is posting ready status')
      : verdict('Ready', 'False', 'KubeletNotReady', notReady),
  ]
  const own = new Set(made.map(({ type }) => type))
  const time = rfc3339(now)
  return [
    ...previous.filter(({ type }) => !own.has(type)),
    ...made.map((one): NodeCondition => {
      const former = previous.find(({ type, status }) => type === one.type && status === one.status)
      return { ...one, lastHeartbeatTime: time, lastTransitionTime: former?.lastTransitionTime ?? time }
    }),
  ]
}

const verdict = (type: string, status: 'True' | 'False', reason: string, message: string) => ({ type, status, reason, message })

/** The largest images, as the scheduler weighs them; names first by digest, as the reference lists them. */
const imageList = (images: readonly Image[]) =>
  images
    .toSorted((a, b) => b.sizeBytes - a.sizeBytes)
    .slice(0, 50)
    .map(({ repoDigests, repoTags, sizeBytes }) => ({ names: [...repoDigests, ...repoTags].slice(0, 5), sizeBytes }))
    .filter(({ names }) => names.length > 0)
