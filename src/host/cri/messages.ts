/**
 * The messages of CRI v1 (k8s.io/cri-api, pkg/apis/runtime/v1/api.proto), as data and only as far as the kubelet uses them. Enumerations
 * are their numbers; `enums.ts` has the names. Unknown fields of a newer runtime are skipped by the decoder.
 */

import type { AnyField } from '#schema/schema.ts'
import { bool, field, int32, int64, list, map, message, rawBytes, string, uint32, uint64 } from '#schema/schema.ts'

const cri = <F extends Record<string, AnyField>>(name: string, fields: F) => message(`runtime.v1.${name}`, fields)
const strings = () => list(string())
const stringMap = () => map(string())

export const Empty = cri('Empty', {})

export const VersionRequest = cri('VersionRequest', { version: field(1, string()) })
export const VersionResponse = cri('VersionResponse', {
  version: field(1, string()),
  runtimeName: field(2, string()),
  runtimeVersion: field(3, string()),
  runtimeApiVersion: field(4, string()),
})

export const RuntimeCondition = cri('RuntimeCondition', {
  type: field(1, string()),
  status: field(2, bool()),
  reason: field(3, string()),
  message: field(4, string()),
})
export const RuntimeStatus = cri('RuntimeStatus', { conditions: field(1, list(RuntimeCondition)) })
export const RuntimeHandlerFeatures = cri('RuntimeHandlerFeatures', {
  recursiveReadOnlyMounts: field(1, bool()),
  userNamespaces: field(2, bool()),
})
export const RuntimeHandler = cri('RuntimeHandler', { name: field(1, string()), features: field(2, RuntimeHandlerFeatures) })
export const StatusResponse = cri('StatusResponse', { status: field(1, RuntimeStatus), runtimeHandlers: field(3, list(RuntimeHandler)) })

// --- sandboxes ---------------------------------------------------------------------------------------------------------------------

export const Int64Value = cri('Int64Value', { value: field(1, int64()) })
export const UInt64Value = cri('UInt64Value', { value: field(1, uint64()) })

export const DNSConfig = cri('DNSConfig', {
  servers: field(1, strings()),
  searches: field(2, strings()),
  options: field(3, strings()),
})
export const PortMapping = cri('PortMapping', {
  protocol: field(1, int32()),
  containerPort: field(2, int32()),
  hostPort: field(3, int32()),
  hostIp: field(4, string()),
})
export const NamespaceOption = cri('NamespaceOption', {
  network: field(1, int32()),
  pid: field(2, int32()),
  ipc: field(3, int32()),
  targetId: field(4, string()),
})
export const SecurityProfile = cri('SecurityProfile', { profileType: field(1, int32()), localhostRef: field(2, string()) })

export const LinuxSandboxSecurityContext = cri('LinuxSandboxSecurityContext', {
  namespaceOptions: field(1, NamespaceOption),
  runAsUser: field(3, Int64Value, { pointer: true }),
  runAsGroup: field(8, Int64Value, { pointer: true }),
  readonlyRootfs: field(4, bool()),
  supplementalGroups: field(5, list(int64())),
  supplementalGroupsPolicy: field(11, int32()),
  privileged: field(6, bool()),
  seccomp: field(9, SecurityProfile),
  apparmor: field(10, SecurityProfile),
})

export const HugepageLimit = cri('HugepageLimit', { pageSize: field(1, string()), limit: field(2, uint64()) })
export const LinuxContainerResources = cri('LinuxContainerResources', {
  cpuPeriod: field(1, int64()),
  cpuQuota: field(2, int64()),
  cpuShares: field(3, int64()),
  memoryLimitInBytes: field(4, int64()),
  oomScoreAdj: field(5, int64()),
  cpusetCpus: field(6, string()),
  cpusetMems: field(7, string()),
  hugepageLimits: field(8, list(HugepageLimit)),
  unified: field(9, stringMap()),
  memorySwapLimitInBytes: field(10, int64()),
})
export const LinuxPodSandboxConfig = cri('LinuxPodSandboxConfig', {
  cgroupParent: field(1, string()),
  securityContext: field(2, LinuxSandboxSecurityContext),
  sysctls: field(3, stringMap()),
  overhead: field(4, LinuxContainerResources),
  resources: field(5, LinuxContainerResources),
})
export const PodSandboxMetadata = cri('PodSandboxMetadata', {
  name: field(1, string()),
  uid: field(2, string()),
  namespace: field(3, string()),
  attempt: field(4, uint32()),
})
export const PodSandboxConfig = cri('PodSandboxConfig', {
  metadata: field(1, PodSandboxMetadata),
  hostname: field(2, string()),
  logDirectory: field(3, string()),
  dnsConfig: field(4, DNSConfig),
  portMappings: field(5, list(PortMapping)),
  labels: field(6, stringMap()),
  annotations: field(7, stringMap()),
  linux: field(8, LinuxPodSandboxConfig),
})
export const RunPodSandboxRequest = cri('RunPodSandboxRequest', {
  config: field(1, PodSandboxConfig),
  runtimeHandler: field(2, string()),
})
export const RunPodSandboxResponse = cri('RunPodSandboxResponse', { podSandboxId: field(1, string()) })
/** Stop, remove and status of a sandbox ask alike. */
export const PodSandboxRequest = cri('PodSandboxRequest', { podSandboxId: field(1, string()) })

export const PodIP = cri('PodIP', { ip: field(1, string()) })
export const PodSandboxNetworkStatus = cri('PodSandboxNetworkStatus', {
  ip: field(1, string()),
  additionalIps: field(2, list(PodIP)),
})
export const PodSandboxStatus = cri('PodSandboxStatus', {
  id: field(1, string()),
  metadata: field(2, PodSandboxMetadata),
  state: field(3, int32()),
  createdAt: field(4, int64()),
  network: field(5, PodSandboxNetworkStatus),
  labels: field(7, stringMap()),
  annotations: field(8, stringMap()),
  runtimeHandler: field(9, string()),
})
export const PodSandboxStatusResponse = cri('PodSandboxStatusResponse', { status: field(1, PodSandboxStatus) })
export const PodSandboxFilter = cri('PodSandboxFilter', { id: field(1, string()), labelSelector: field(3, stringMap()) })
export const ListPodSandboxRequest = cri('ListPodSandboxRequest', { filter: field(1, PodSandboxFilter) })
export const PodSandbox = cri('PodSandbox', {
  id: field(1, string()),
  metadata: field(2, PodSandboxMetadata),
  state: field(3, int32()),
  createdAt: field(4, int64()),
  labels: field(5, stringMap()),
  annotations: field(6, stringMap()),
  runtimeHandler: field(7, string()),
})
export const ListPodSandboxResponse = cri('ListPodSandboxResponse', { items: field(1, list(PodSandbox)) })

// --- containers --------------------------------------------------------------------------------------------------------------------

export const ImageSpec = cri('ImageSpec', {
  image: field(1, string()),
  annotations: field(2, stringMap()),
  userSpecifiedImage: field(18, string()),
  runtimeHandler: field(19, string()),
})
export const ContainerMetadata = cri('ContainerMetadata', { name: field(1, string()), attempt: field(2, uint32()) })
export const KeyValue = cri('KeyValue', { key: field(1, string()), value: field(2, string()) })
export const Mount = cri('Mount', {
  containerPath: field(1, string()),
  hostPath: field(2, string()),
  readonly: field(3, bool()),
  selinuxRelabel: field(4, bool()),
  propagation: field(5, int32()),
  recursiveReadOnly: field(8, bool()),
})
export const Device = cri('Device', {
  containerPath: field(1, string()),
  hostPath: field(2, string()),
  permissions: field(3, string()),
})
export const Capability = cri('Capability', { addCapabilities: field(1, strings()), dropCapabilities: field(2, strings()) })
export const LinuxContainerSecurityContext = cri('LinuxContainerSecurityContext', {
  capabilities: field(1, Capability),
  privileged: field(2, bool()),
  namespaceOptions: field(3, NamespaceOption),
  runAsUser: field(5, Int64Value, { pointer: true }),
  runAsGroup: field(12, Int64Value, { pointer: true }),
  runAsUsername: field(6, string()),
  readonlyRootfs: field(7, bool()),
  supplementalGroups: field(8, list(int64())),
  supplementalGroupsPolicy: field(17, int32()),
  noNewPrivs: field(11, bool()),
  maskedPaths: field(13, strings()),
  readonlyPaths: field(14, strings()),
  seccomp: field(15, SecurityProfile),
  apparmor: field(16, SecurityProfile),
})
export const LinuxContainerConfig = cri('LinuxContainerConfig', {
  resources: field(1, LinuxContainerResources),
  securityContext: field(2, LinuxContainerSecurityContext),
})
export const ContainerConfig = cri('ContainerConfig', {
  metadata: field(1, ContainerMetadata),
  image: field(2, ImageSpec),
  command: field(3, strings()),
  args: field(4, strings()),
  workingDir: field(5, string()),
  envs: field(6, list(KeyValue)),
  mounts: field(7, list(Mount)),
  devices: field(8, list(Device)),
  labels: field(9, stringMap()),
  annotations: field(10, stringMap()),
  logPath: field(11, string()),
  stdin: field(12, bool()),
  stdinOnce: field(13, bool()),
  tty: field(14, bool()),
  linux: field(15, LinuxContainerConfig),
  stopSignal: field(18, int32()),
})
export const CreateContainerRequest = cri('CreateContainerRequest', {
  podSandboxId: field(1, string()),
  config: field(2, ContainerConfig),
  sandboxConfig: field(3, PodSandboxConfig),
})
export const CreateContainerResponse = cri('CreateContainerResponse', { containerId: field(1, string()) })
/** Start, remove, status, stats and reopen of a container ask alike. */
export const ContainerRequest = cri('ContainerRequest', { containerId: field(1, string()) })
export const StopContainerRequest = cri('StopContainerRequest', { containerId: field(1, string()), timeout: field(2, int64()) })

export const ContainerFilter = cri('ContainerFilter', { id: field(1, string()), labelSelector: field(4, stringMap()) })
export const ListContainersRequest = cri('ListContainersRequest', { filter: field(1, ContainerFilter) })
export const Container = cri('Container', {
  id: field(1, string()),
  podSandboxId: field(2, string()),
  metadata: field(3, ContainerMetadata),
  image: field(4, ImageSpec),
  imageRef: field(5, string()),
  state: field(6, int32()),
  createdAt: field(7, int64()),
  labels: field(8, stringMap()),
  annotations: field(9, stringMap()),
  imageId: field(10, string()),
})
export const ListContainersResponse = cri('ListContainersResponse', { containers: field(1, list(Container)) })

export const LinuxContainerUser = cri('LinuxContainerUser', {
  uid: field(1, int64()),
  gid: field(2, int64()),
  supplementalGroups: field(3, list(int64())),
})
export const ContainerUser = cri('ContainerUser', { linux: field(1, LinuxContainerUser) })
export const ContainerStatus = cri('ContainerStatus', {
  id: field(1, string()),
  metadata: field(2, ContainerMetadata),
  state: field(3, int32()),
  createdAt: field(4, int64()),
  startedAt: field(5, int64()),
  finishedAt: field(6, int64()),
  exitCode: field(7, int32()),
  image: field(8, ImageSpec),
  imageRef: field(9, string()),
  reason: field(10, string()),
  message: field(11, string()),
  labels: field(12, stringMap()),
  annotations: field(13, stringMap()),
  logPath: field(15, string()),
  imageId: field(17, string()),
  user: field(18, ContainerUser),
})
export const ContainerStatusResponse = cri('ContainerStatusResponse', { status: field(1, ContainerStatus) })
export const UpdateContainerResourcesRequest = cri('UpdateContainerResourcesRequest', {
  containerId: field(1, string()),
  linux: field(2, LinuxContainerResources),
})

// --- running commands --------------------------------------------------------------------------------------------------------------

export const ExecSyncRequest = cri('ExecSyncRequest', {
  containerId: field(1, string()),
  cmd: field(2, strings()),
  timeout: field(3, int64()),
})
export const ExecSyncResponse = cri('ExecSyncResponse', {
  stdout: field(1, rawBytes()),
  stderr: field(2, rawBytes()),
  exitCode: field(3, int32()),
})
export const ExecRequest = cri('ExecRequest', {
  containerId: field(1, string()),
  cmd: field(2, strings()),
  tty: field(3, bool()),
  stdin: field(4, bool()),
  stdout: field(5, bool()),
  stderr: field(6, bool()),
})
export const AttachRequest = cri('AttachRequest', {
  containerId: field(1, string()),
  stdin: field(2, bool()),
  tty: field(3, bool()),
  stdout: field(4, bool()),
  stderr: field(5, bool()),
})
export const PortForwardRequest = cri('PortForwardRequest', { podSandboxId: field(1, string()), port: field(2, list(int32())) })
/** Exec, attach and port-forward answer alike. */
export const UrlResponse = cri('UrlResponse', { url: field(1, string()) })

// --- images ------------------------------------------------------------------------------------------------------------------------

export const Image = cri('Image', {
  id: field(1, string()),
  repoTags: field(2, strings()),
  repoDigests: field(3, strings()),
  size: field(4, uint64()),
  uid: field(5, Int64Value, { pointer: true }),
  username: field(6, string()),
  pinned: field(8, bool()),
})
export const ListImagesResponse = cri('ListImagesResponse', { images: field(1, list(Image)) })
/** Status and removal of an image ask alike. */
export const ImageRequest = cri('ImageRequest', { image: field(1, ImageSpec) })
export const ImageStatusResponse = cri('ImageStatusResponse', { image: field(1, Image, { pointer: true }) })
export const AuthConfig = cri('AuthConfig', {
  username: field(1, string()),
  password: field(2, string()),
  auth: field(3, string()),
  serverAddress: field(4, string()),
  identityToken: field(5, string()),
  registryToken: field(6, string()),
})
export const PullImageRequest = cri('PullImageRequest', {
  image: field(1, ImageSpec),
  auth: field(2, AuthConfig, { pointer: true }),
  sandboxConfig: field(3, PodSandboxConfig),
})
export const PullImageResponse = cri('PullImageResponse', { imageRef: field(1, string()) })

export const FilesystemIdentifier = cri('FilesystemIdentifier', { mountpoint: field(1, string()) })
export const FilesystemUsage = cri('FilesystemUsage', {
  timestamp: field(1, int64()),
  fsId: field(2, FilesystemIdentifier),
  usedBytes: field(3, UInt64Value),
  inodesUsed: field(4, UInt64Value),
})
export const ImageFsInfoResponse = cri('ImageFsInfoResponse', { imageFilesystems: field(1, list(FilesystemUsage)) })

// --- statistics and events ---------------------------------------------------------------------------------------------------------

export const ContainerAttributes = cri('ContainerAttributes', { id: field(1, string()), labels: field(3, stringMap()) })
export const CpuUsage = cri('CpuUsage', { timestamp: field(1, int64()), usageCoreNanoSeconds: field(2, UInt64Value) })
export const MemoryUsage = cri('MemoryUsage', {
  timestamp: field(1, int64()),
  workingSetBytes: field(2, UInt64Value),
  usageBytes: field(4, UInt64Value),
})
export const ContainerStats = cri('ContainerStats', {
  attributes: field(1, ContainerAttributes),
  cpu: field(2, CpuUsage),
  memory: field(3, MemoryUsage),
  writableLayer: field(4, FilesystemUsage),
})
export const ListContainerStatsResponse = cri('ListContainerStatsResponse', { stats: field(1, list(ContainerStats)) })

export const ContainerEventResponse = cri('ContainerEventResponse', {
  containerId: field(1, string()),
  containerEventType: field(2, int32()),
})

/** containerd's own event service (api/services/events/v1/events.proto), for runtimes without a CRI event stream. */
export const SubscribeRequest = message('containerd.services.events.v1.SubscribeRequest', { filters: field(1, list(string())) })
export const Any = message('google.protobuf.Any', { typeUrl: field(1, string()), value: field(2, rawBytes()) })
export const Envelope = message('containerd.services.events.v1.Envelope', {
  namespace: field(2, string()),
  topic: field(3, string()),
  event: field(4, Any),
})
/** TaskStart, TaskOOM: the container alone. ContainerCreate and ContainerDelete have it at 1 too. */
export const TaskEvent = message('containerd.events.TaskEvent', { containerId: field(1, string()) })
/** `id` is the process' own: another than the container's for an exec. */
export const TaskExit = message('containerd.events.TaskExit', { containerId: field(1, string()), id: field(2, string()) })
