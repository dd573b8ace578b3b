import type {
  Container,
  ContainerConfig,
  ContainerSecurity,
  ContainerStatus,
  Image,
  LinuxResources,
  RuntimeStatus,
  Sandbox,
  SandboxConfig,
  SandboxStatus,
  SecurityProfile,
  UserNamespace,
} from '#kubelet/runtime.ts'
import type { Input, Of } from '#schema/schema.ts'
import {
  containerStates,
  groupsPolicy,
  namespaceMode,
  profileType,
  propagation,
  protocol,
  SANDBOX_READY,
  signalName,
  signalNumber,
} from './enums.ts'
import type * as cri from './messages.ts'

/** Our words into CRI's messages and back. Pure; no field of CRI that the kubelet uses is named anywhere else. */

export function sandboxConfig(config: SandboxConfig): Input<typeof cri.PodSandboxConfig> {
  const { security } = config
  return {
    metadata: config.metadata,
    hostname: config.hostname,
    logDirectory: config.logDirectory,
    dnsConfig: config.dns,
    portMappings: config.portMappings.map((port) => ({ ...port, protocol: protocol[port.protocol] })),
    labels: config.labels,
    annotations: config.annotations,
    linux: {
      cgroupParent: config.cgroupParent,
      sysctls: config.sysctls,
      securityContext: {
        namespaceOptions: {
          network: namespaceMode[security.network],
          pid: namespaceMode[security.pid],
          ipc: namespaceMode[security.ipc],
          usernsOptions: userNamespace(security.userNamespace),
        },
        selinuxOptions: security.selinux,
        runAsUser: wrapped(security.runAsUser),
        runAsGroup: wrapped(security.runAsGroup),
        supplementalGroups: security.supplementalGroups,
        supplementalGroupsPolicy: groupsPolicy[security.supplementalGroupsPolicy ?? 'Merge'],
        privileged: security.privileged,
        readonlyRootfs: security.readonlyRootfs,
        seccomp: profile(security.seccomp),
        apparmor: profile(security.apparmor),
      },
      overhead: config.overhead && linuxResources(config.overhead),
      resources: config.resources && linuxResources(config.resources),
    },
  }
}

/** A container in CRI's words. `hasSeLinux`: of the machine; without it no file has a label. */
export function containerConfig(config: ContainerConfig, hasSeLinux = false): Input<typeof cri.ContainerConfig> {
  return {
    metadata: config.metadata,
    image: { image: config.image, userSpecifiedImage: config.userImage },
    command: config.command,
    args: config.args,
    workingDir: config.workingDir,
    envs: config.env,
    mounts: config.mounts.map(({ image, selinuxRelabel, ...mount }) => ({
      ...mount,
      ...(selinuxRelabel && hasSeLinux && { selinuxRelabel }),
      propagation: propagation[mount.propagation],
      image: image === undefined ? undefined : { image },
    })),
    devices: config.devices,
    labels: config.labels,
    annotations: config.annotations,
    logPath: config.logPath,
    stdin: config.stdin,
    stdinOnce: config.stdinOnce,
    tty: config.tty,
    linux: { resources: linuxResources(config.resources), securityContext: containerSecurity(config.security) },
    cdiDevices: config.cdiDevices?.map((name) => ({ name })),
    stopSignal: signalNumber(config.stopSignal),
  }
}

/** Limits in CRI's words; units are the same. */
export function linuxResources(resources: LinuxResources): Input<typeof cri.LinuxContainerResources> {
  const { memoryLimitBytes, memorySwapLimitBytes, hugepageLimits, ...rest } = resources
  return {
    ...rest,
    memoryLimitInBytes: memoryLimitBytes,
    memorySwapLimitInBytes: memorySwapLimitBytes,
    hugepageLimits: hugepageLimits?.map(({ pageSize, limitBytes }) => ({ pageSize, limit: limitBytes })),
  }
}

/** A line of a list of sandboxes. */
export function sandbox(from: Of<typeof cri.PodSandbox>): Sandbox {
  return {
    id: from.id ?? '',
    metadata: {
      name: from.metadata?.name ?? '',
      namespace: from.metadata?.namespace ?? '',
      uid: from.metadata?.uid ?? '',
      attempt: from.metadata?.attempt ?? 0,
    },
    ready: (from.state ?? 0) === SANDBOX_READY,
    createdAt: milliseconds(from.createdAt),
    labels: from.labels ?? {},
    annotations: from.annotations ?? {},
    ...(from.runtimeHandler && { runtimeHandler: from.runtimeHandler }),
  }
}

/** All that a runtime says of one sandbox. */
export function sandboxStatus(from: Of<typeof cri.PodSandboxStatus>): SandboxStatus {
  const { network, linux, ...rest } = from
  const options = linux?.namespaces?.options
  const ips = [network?.ip ?? '', ...(network?.additionalIps ?? []).map(({ ip }) => ip ?? '')]
  return {
    ...sandbox(rest),
    ips: ips.filter((ip) => ip !== ''),
    ...(options && { network: options.network === namespaceMode.node ? 'node' : 'pod' }),
  }
}

/** What a runtime says of itself. A handler or feature that it does not mention is one that it does not have. */
export function runtimeStatus(from: Of<typeof cri.StatusResponse>): RuntimeStatus {
  const conditions = from.status?.conditions ?? []
  const holds = (type: string) => conditions.some((condition) => condition.type === type && condition.status === true)
  const bad = conditions.filter(({ status }) => status !== true)
  return {
    runtimeReady: holds('RuntimeReady'),
    networkReady: holds('NetworkReady'),
    message: bad.map(({ type, reason = '', message = '' }) => `${type}=false reason:${reason} message:${message}`).join(', '),
    handlers: (from.runtimeHandlers ?? []).map(({ name = '', features }) => ({
      name,
      recursiveReadOnlyMounts: features?.recursiveReadOnlyMounts ?? false,
      userNamespaces: features?.userNamespaces ?? false,
    })),
    features: {
      supplementalGroupsPolicy: from.features?.supplementalGroupsPolicy ?? false,
      userNamespacesHostNetwork: from.features?.userNamespacesHostNetwork ?? false,
    },
  }
}

/** A line of a list of containers. */
export function container(from: Of<typeof cri.Container>): Container {
  return {
    id: from.id ?? '',
    sandboxId: from.podSandboxId ?? '',
    metadata: { name: from.metadata?.name ?? '', attempt: from.metadata?.attempt ?? 0 },
    image: from.image?.image ?? '',
    imageId: from.imageRef ?? '',
    state: containerStates[from.state ?? 0] ?? 'unknown',
    createdAt: milliseconds(from.createdAt),
    labels: from.labels ?? {},
    annotations: from.annotations ?? {},
  }
}

/** `sandboxId` is not part of CRI's status: the caller adds it from the list. */
export function containerStatus(from: Of<typeof cri.ContainerStatus>): ContainerStatus {
  const { imageId: _, ...rest } = from
  const user = from.user?.linux
  const limits = from.resources?.linux
  return {
    ...container(rest),
    // The name that was pulled, where the runtime kept it (containerd from 1.7 on shows the image's id in `image.image` otherwise).
    image: from.image?.userSpecifiedImage || (from.image?.image ?? ''),
    startedAt: milliseconds(from.startedAt),
    finishedAt: milliseconds(from.finishedAt),
    exitCode: from.exitCode ?? 0,
    reason: from.reason ?? '',
    message: from.message ?? '',
    logPath: from.logPath ?? '',
    ...(user && { user: { uid: user.uid ?? 0, gid: user.gid ?? 0, supplementalGroups: user.supplementalGroups ?? [] } }),
    ...(limits && { resources: resourcesInForce(limits) }),
    ...(from.mounts?.length && { mounts: from.mounts.map(mount) }),
    ...(from.stopSignal && { stopSignal: signalName(from.stopSignal) }),
  }
}

function resourcesInForce(from: Of<typeof cri.LinuxContainerResources>): LinuxResources {
  const { memoryLimitInBytes = 0, memorySwapLimitInBytes, hugepageLimits, cpusetCpus, cpusetMems, unified, ...rest } = from
  return {
    cpuPeriod: rest.cpuPeriod ?? 0,
    cpuQuota: rest.cpuQuota ?? 0,
    cpuShares: rest.cpuShares ?? 0,
    oomScoreAdj: rest.oomScoreAdj ?? 0,
    memoryLimitBytes: memoryLimitInBytes,
    ...(memorySwapLimitInBytes && { memorySwapLimitBytes: memorySwapLimitInBytes }),
    ...(cpusetCpus && { cpusetCpus }),
    ...(cpusetMems && { cpusetMems }),
    ...(hugepageLimits?.length && {
      hugepageLimits: hugepageLimits.map(({ pageSize = '', limit = 0 }) => ({ pageSize, limitBytes: limit })),
    }),
    ...(unified && Object.keys(unified).length > 0 && { unified }),
  }
}

const mount = (from: Of<typeof cri.Mount>): NonNullable<ContainerStatus['mounts']>[number] => ({
  containerPath: from.containerPath ?? '',
  hostPath: from.hostPath ?? '',
  readonly: from.readonly ?? false,
  ...(from.recursiveReadOnly && { recursiveReadOnly: true }),
  ...(from.image?.image && { image: from.image.image }),
})

/** An image that the runtime has. */
export function image(from: Of<typeof cri.Image>): Image {
  const uid = from.uid === undefined ? undefined : (from.uid.value ?? 0)
  return {
    id: from.id ?? '',
    repoTags: from.repoTags ?? [],
    repoDigests: from.repoDigests ?? [],
    sizeBytes: from.size ?? 0,
    ...(uid !== undefined && { uid }),
    ...(from.username && { username: from.username }),
    pinned: from.pinned ?? false,
  }
}

function containerSecurity(security: ContainerSecurity): Input<typeof cri.LinuxContainerSecurityContext> {
  const { pid } = security
  return {
    capabilities: {
      addCapabilities: security.addCapabilities,
      dropCapabilities: security.dropCapabilities,
      addAmbientCapabilities: security.addAmbientCapabilities,
    },
    privileged: security.privileged,
    namespaceOptions: {
      network: namespaceMode[security.network],
      ipc: namespaceMode[security.ipc],
      ...(typeof pid === 'object' ? { pid: namespaceMode.target, targetId: pid.target } : { pid: namespaceMode[pid] }),
      usernsOptions: userNamespace(security.userNamespace),
    },
    selinuxOptions: security.selinux,
    runAsUser: wrapped(security.runAsUser),
    runAsGroup: wrapped(security.runAsGroup),
    runAsUsername: security.runAsUsername,
    readonlyRootfs: security.readonlyRootfs,
    supplementalGroups: security.supplementalGroups,
    supplementalGroupsPolicy: groupsPolicy[security.supplementalGroupsPolicy ?? 'Merge'],
    noNewPrivs: security.noNewPrivs,
    maskedPaths: security.maskedPaths,
    readonlyPaths: security.readonlyPaths,
    seccomp: profile(security.seccomp),
    apparmor: profile(security.apparmor),
  }
}

function userNamespace(from: UserNamespace | undefined): Input<typeof cri.UserNamespace> | undefined {
  if (from === undefined) return undefined
  return from.mode === 'node' ? { mode: namespaceMode.node } : { mode: namespaceMode.pod, uids: from.uids, gids: from.gids }
}

/** A number that may be absent is a message of its own: zero is the user root. */
const wrapped = (value: number | undefined) => (value === undefined ? undefined : { value })
const profile = (from: SecurityProfile | undefined) => from && { profileType: profileType[from.type], localhostRef: from.localhostRef }
/** CRI counts nanoseconds since the epoch: more than a double holds exactly, and far more than is asked for here. */
export const milliseconds = (nanoseconds: number | bigint | undefined) => Math.floor(Number(nanoseconds ?? 0) / 1e6)
