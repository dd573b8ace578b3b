import type { NodeStatus } from '#api/core/v1/types.ts'
import type { Instant } from '#lib/clock.ts'
import { formatQuantity, quantityOf } from '#lib/quantity.ts'
import type { KubeletConfig } from './config.ts'
import { defaultConfiguration } from './configuration/default-configuration.ts'
import type { MachineFacts, NodeSource } from './interfaces.ts'
import { nodeAllocatable } from './node-allocatable.ts'
import { nodeConditions } from './node-conditions.ts'
import type { Image, RuntimeFeatures, RuntimeHandler } from './runtime.ts'

/** What parts of the agent say of the node, taken together. */
export type NodeSaid = ReturnType<NodeSource['read']>

/** What is true of the node now. */
export interface NodeFactsView {
  readonly now: Instant
  readonly config: KubeletConfig
  readonly machine: MachineFacts
  readonly runtime: {
    readonly name: string
    readonly version: string
    readonly handlers: readonly RuntimeHandler[]
    readonly features: RuntimeFeatures
  }
  /** Why the node cannot run pods; '' when it can. */
  readonly notReady: string
  readonly images: readonly Image[]
  /** In the order of `nodeSources`. */
  readonly said: readonly NodeSaid[]
}

/** Labels that every node has (well-known labels of the Kubernetes documentation). They are put right on a node that is there already. */
export const defaultNodeLabels = ({ config, machine }: Pick<NodeFactsView, 'config' | 'machine'>): Record<string, string> => ({
  'beta.kubernetes.io/arch': machine.architecture,
  'beta.kubernetes.io/os': 'linux',
  'kubernetes.io/arch': machine.architecture,
  'kubernetes.io/hostname': config.nodeName,
  'kubernetes.io/os': 'linux',
})

/** What this kubelet does that older ones do not, for the scheduler and for admission (KEP-5328), in the order of names. */
export const declaredFeatures = [
  'ExtendWebSocketsToKubelet',
  'InPlacePodLevelResourcesVerticalScaling',
  'InPlacePodVerticalScalingInitContainers',
  'RestartAllContainersOnContainerExits',
]

/** The node's status. What others wrote into it (volumes attached, conditions and resources of theirs) stays. */
export function nodeStatus(view: NodeFactsView, previous: NodeStatus | undefined): NodeStatus {
  const { config, machine, runtime, said } = view
  const volumesInUse = said.flatMap((one) => one.volumesInUse ?? [])
  const tellsVolumes = said.some((one) => one.volumesInUse !== undefined)
  const { features: _features, runtimeHandlers: _handlers, ...kept } = previous ?? {}
  return {
    ...kept,
    capacity: capacity(view, previous),
    allocatable: allocatable(view, previous),
    conditions: nodeConditions(view, previous?.conditions ?? []),
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
      ...(machine.swapBytes > 0 && { swap: { capacity: machine.swapBytes } }),
    },
    images: imageList(view),
    ...(tellsVolumes && { volumesInUse: [...new Set(volumesInUse)].toSorted() }),
    ...(runtime.handlers.length > 0 && { runtimeHandlers: handlerList(runtime.handlers) }),
    // A runtime that tells nothing of itself (containerd before 2.0) cannot be said to lack anything.
    ...((runtime.handlers.length > 0 || runtime.features.supplementalGroupsPolicy) && {
      features: { supplementalGroupsPolicy: runtime.features.supplementalGroupsPolicy },
    }),
    declaredFeatures,
  }
}

/** Whether two statuses differ in more than the time of the last heartbeat. */
export const withoutHeartbeat = (status: NodeStatus | undefined): object => ({
  ...status,
  conditions: status?.conditions?.map(({ lastHeartbeatTime: _, ...condition }) => condition),
})

type CapacityView = Pick<NodeFactsView, 'machine' | 'config' | 'said'>

/** What the machine has, what parts of the agent add, and what others said there is: any client may add a resource to a node's capacity. */
export function capacity(view: CapacityView, previous?: NodeStatus): Record<string, string> {
  const { machine, config, said } = view
  const { maxPods, podsPerCore, localStorageCapacityIsolation } = configurationOf(config)
  const own = {
    cpu: String(machine.cpuCount),
    memory: kibibytes(machine.memoryBytes),
    // Where nothing holds pods to it, it is nothing to ask for either.
    ...(localStorageCapacityIsolation && { 'ephemeral-storage': kibibytes(machine.storage.capacityBytes) }),
    ...hugepages(machine),
    pods: String(podsPerCore > 0 ? Math.min(machine.cpuCount * podsPerCore, maxPods) : maxPods),
  }
  return { ...foreign(previous?.capacity), ...own, ...Object.assign({}, ...said.map((one) => one.capacity ?? {})) }
}

/** Capacity less what is kept back for the machine and the agent, and less the hard eviction thresholds. */
export function allocatable(view: CapacityView, previous?: NodeStatus): Record<string, string> {
  const { config, said } = view
  const amounts = nodeAllocatable(capacity(view, previous), configurationOf(config), config.reserved)
  return { ...amounts, ...Object.assign({}, ...said.map((one) => one.allocatable ?? {})) }
}

/** What `KubeletConfig` says by itself goes before what its KubeletConfiguration has. */
function configurationOf({ configuration = defaultConfiguration(), maxPods }: KubeletConfig) {
  return { ...configuration, maxPods }
}

/** Extended resources have a domain of their own; `hugepages-…` of a size that the kernel no longer has goes. */
const foreign = (list: Readonly<Record<string, string>> = {}): Record<string, string> =>
  Object.fromEntries(Object.entries(list).filter(([name]) => name.includes('/')))

/** In the canonical form, so that what comes back from the API server compares equal. */
const kibibytes = (bytes: number): string => formatQuantity(quantityOf(Math.floor(bytes / 1024) * 1024, 'BinarySI'))
const hugepages = ({ hugepages: pages }: MachineFacts): Record<string, string> =>
  Object.fromEntries(Object.entries(pages).map(([size, bytes]) => [`hugepages-${size}`, formatQuantity(quantityOf(bytes, 'BinarySI'))]))

const handlerList = (handlers: readonly RuntimeHandler[]) =>
  handlers
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
    .map(({ name, recursiveReadOnlyMounts, userNamespaces }) => ({ name, features: { recursiveReadOnlyMounts, userNamespaces } }))

/** The largest images, as the scheduler weighs them; names first by digest, as the reference lists them. */
function imageList({ images, config }: NodeFactsView) {
  const { nodeStatusMaxImages } = configurationOf(config)
  return images
    .toSorted((a, b) => b.sizeBytes - a.sizeBytes)
    .slice(0, nodeStatusMaxImages < 0 ? undefined : nodeStatusMaxImages)
    .map(({ repoDigests, repoTags, sizeBytes }) => ({ names: [...repoDigests, ...repoTags].slice(0, 5), sizeBytes }))
    .filter(({ names }) => names.length > 0)
}
