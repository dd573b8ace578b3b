/**
 * The messages of CRI v1 (k8s.io/cri-api v0.36, pkg/apis/runtime/v1/api.proto), as data: all that Linux nodes have, but what its version 1.36
 * keeps as alpha (lists as streams, metrics of the runtime's own). Enumerations are their numbers; `enums.ts` has the names. Unknown
 * fields of a newer runtime are skipped by the decoder. Statistics are in `stats-messages.ts`.
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
export const RuntimeFeatures = cri('RuntimeFeatures', {
  supplementalGroupsPolicy: field(1, bool()),
  userNamespacesHostNetwork: field(2, bool()),
})
export const StatusResponse = cri('StatusResponse', {
  status: field(1, RuntimeStatus),
  info: field(2, stringMap()),
  runtimeHandlers: field(3, list(RuntimeHandler)),
  features: field(4, RuntimeFeatures),
})
/** Present only in runtimes that tell it; a missing number is systemd, so the presence of `linux` counts. */
export const LinuxRuntimeConfiguration = cri('LinuxRuntimeConfiguration', { cgroupDriver: field(1, int32()) })
export const RuntimeConfigResponse = cri('RuntimeConfigResponse', { linux: field(1, LinuxRuntimeConfiguration, { pointer: true }) })
export const NetworkConfig = cri('NetworkConfig', { podCidr: field(1, string()) })
export const RuntimeConfig = cri('RuntimeConfig', { networkConfig: field(1, NetworkConfig) })
export const UpdateRuntimeConfigRequest = cri('UpdateRuntimeConfigRequest', { runtimeConfig: field(1, RuntimeConfig) })

// --- sandboxes ---------------------------------------------------------------------------------------------------------------------

export const Int64Value = cri('Int64Value', { value: field(1, int64()) })

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
export const IDMapping = cri('IDMapping', {
  hostId: field(1, uint32()),
  containerId: field(2, uint32()),
  length: field(3, uint32()),
})
export const UserNamespace = cri('UserNamespace', {
  mode: field(1, int32()),
  uids: field(2, list(IDMapping)),
  gids: field(3, list(IDMapping)),
})
export const NamespaceOption = cri('NamespaceOption', {
  network: field(1, int32()),
  pid: field(2, int32()),
  ipc: field(3, int32()),
  targetId: field(4, string()),
  usernsOptions: field(5, UserNamespace, { pointer: true }),
})
export const SELinuxOption = cri('SELinuxOption', {
  user: field(1, string()),
  role: field(2, string()),
  type: field(3, string()),
  level: field(4, string()),
})
export const SecurityProfile = cri('SecurityProfile', { profileType: field(1, int32()), localhostRef: field(2, string()) })

export const LinuxSandboxSecurityContext = cri('LinuxSandboxSecurityContext', {
  namespaceOptions: field(1, NamespaceOption),
  selinuxOptions: field(2, SELinuxOption, { pointer: true }),
  runAsUser: field(3, Int64Value, { pointer: true }),
  runAsGroup: field(8, Int64Value, { pointer: true }),
  readonlyRootfs: field(4, bool()),
  supplementalGroups: field(5, list(int64())),
  supplementalGroupsPolicy: field(11, int32()),
  privileged: field(6, bool()),
  seccomp: field(9, SecurityProfile),
  apparmor: field(10, SecurityProfile, { pointer: true }),
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
  overhead: field(4, LinuxContainerResources, { pointer: true }),
  resources: field(5, LinuxContainerResources, { pointer: true }),
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
/** Stop, remove, status and statistics of a sandbox ask alike. */
export const PodSandboxRequest = cri('PodSandboxRequest', { podSandboxId: field(1, string()) })

export const PodIP = cri('PodIP', { ip: field(1, string()) })
export const PodSandboxNetworkStatus = cri('PodSandboxNetworkStatus', {
  ip: field(1, string()),
  additionalIps: field(2, list(PodIP)),
})
export const Namespace = cri('Namespace', { options: field(2, NamespaceOption) })
export const LinuxPodSandboxStatus = cri('LinuxPodSandboxStatus', { namespaces: field(1, Namespace) })
export const PodSandboxStatus = cri('PodSandboxStatus', {
  id: field(1, string()),
  metadata: field(2, PodSandboxMetadata),
  state: field(3, int32()),
  createdAt: field(4, int64()),
  network: field(5, PodSandboxNetworkStatus),
  linux: field(6, LinuxPodSandboxStatus),
  labels: field(7, stringMap()),
  annotations: field(8, stringMap()),
  runtimeHandler: field(9, string()),
})
export const PodSandboxStateValue = cri('PodSandboxStateValue', { state: field(1, int32()) })
export const PodSandboxFilter = cri('PodSandboxFilter', {
  id: field(1, string()),
  state: field(2, PodSandboxStateValue, { pointer: true }),
  labelSelector: field(3, stringMap()),
})
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
export const UpdatePodSandboxResourcesRequest = cri('UpdatePodSandboxResourcesRequest', {
  podSandboxId: field(1, string()),
  overhead: field(2, LinuxContainerResources, { pointer: true }),
  resources: field(3, LinuxContainerResources, { pointer: true }),
})

// --- containers --------------------------------------------------------------------------------------------------------------------

export const ImageSpec = cri('ImageSpec', {
  image: field(1, string()),
  annotations: field(2, stringMap()),
  userSpecifiedImage: field(18, string()),
  runtimeHandler: field(19, string()),
  imageRef: field(20, string()),
})
export const ContainerMetadata = cri('ContainerMetadata', { name: field(1, string()), attempt: field(2, uint32()) })
/** The value is bytes to newer runtimes and text to older ones: on the wire they are the same. */
export const KeyValue = cri('KeyValue', { key: field(1, string()), value: field(2, string()) })
export const Mount = cri('Mount', {
  containerPath: field(1, string()),
  hostPath: field(2, string()),
  readonly: field(3, bool()),
  selinuxRelabel: field(4, bool()),
  propagation: field(5, int32()),
  uidMappings: field(6, list(IDMapping)),
  gidMappings: field(7, list(IDMapping)),
  recursiveReadOnly: field(8, bool()),
  image: field(9, ImageSpec, { pointer: true }),
  imageSubPath: field(10, string()),
})
export const Device = cri('Device', {
  containerPath: field(1, string()),
  hostPath: field(2, string()),
  permissions: field(3, string()),
})
export const CDIDevice = cri('CDIDevice', { name: field(1, string()) })
export const Capability = cri('Capability', {
  addCapabilities: field(1, strings()),
  dropCapabilities: field(2, strings()),
  addAmbientCapabilities: field(3, strings()),
})
export const LinuxContainerSecurityContext = cri('LinuxContainerSecurityContext', {
  capabilities: field(1, Capability),
  privileged: field(2, bool()),
  namespaceOptions: field(3, NamespaceOption),
  selinuxOptions: field(4, SELinuxOption, { pointer: true }),
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
  apparmor: field(16, SecurityProfile, { pointer: true }),
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
  cdiDevices: field(17, list(CDIDevice)),
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

export const ContainerStateValue = cri('ContainerStateValue', { state: field(1, int32()) })
export const ContainerFilter = cri('ContainerFilter', {
  id: field(1, string()),
  state: field(2, ContainerStateValue, { pointer: true }),
  podSandboxId: field(3, string()),
  labelSelector: field(4, stringMap()),
})
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
export const ContainerResources = cri('ContainerResources', { linux: field(1, LinuxContainerResources, { pointer: true }) })
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
  mounts: field(14, list(Mount)),
  logPath: field(15, string()),
  resources: field(16, ContainerResources, { pointer: true }),
  imageId: field(17, string()),
  user: field(18, ContainerUser),
  stopSignal: field(19, int32()),
})
/** The statuses of the containers only where the runtime has an event stream; `timestamp` says as of when they are. */
export const PodSandboxStatusResponse = cri('PodSandboxStatusResponse', {
  status: field(1, PodSandboxStatus),
  info: field(2, stringMap()),
  containersStatuses: field(3, list(ContainerStatus)),
  timestamp: field(4, int64()),
})
export const ContainerStatusResponse = cri('ContainerStatusResponse', { status: field(1, ContainerStatus) })
export const UpdateContainerResourcesRequest = cri('UpdateContainerResourcesRequest', {
  containerId: field(1, string()),
  linux: field(2, LinuxContainerResources),
  annotations: field(4, stringMap()),
})
export const CheckpointContainerRequest = cri('CheckpointContainerRequest', {
  containerId: field(1, string()),
  location: field(2, string()),
  timeout: field(3, int64()),
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
  spec: field(7, ImageSpec),
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

// --- events ------------------------------------------------------------------------------------------------------------------------

export const ContainerEventResponse = cri('ContainerEventResponse', {
  containerId: field(1, string()),
  containerEventType: field(2, int32()),
  createdAt: field(3, int64()),
  podSandboxStatus: field(4, PodSandboxStatus, { pointer: true }),
  containersStatuses: field(5, list(ContainerStatus)),
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
