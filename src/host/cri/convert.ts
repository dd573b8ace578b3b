import type {
  Container,
  ContainerConfig,
  ContainerSecurity,
  ContainerStats,
  ContainerStatus,
  Image,
  LinuxResources,
  Sandbox,
  SandboxConfig,
  SandboxStatus,
  SeccompProfile,
} from '#kubelet/runtime.ts'
import type { Input, Of } from '#schema/schema.ts'
import { containerStates, groupsPolicy, namespaceMode, profileType, propagation, protocol, SANDBOX_READY, signalNumber } from './enums.ts'
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
        },
        runAsUser: wrapped(security.runAsUser),
        runAsGroup: wrapped(security.runAsGroup),
        supplementalGroups: security.supplementalGroups,
        supplementalGroupsPolicy: groupsPolicy[security.supplementalGroupsPolicy ?? 'Merge'],
        privileged: security.privileged,
        readonlyRootfs: security.readonlyRootfs,
        seccomp: profile(security.seccomp),
      },
    },
  }
}

/** A container in CRI's words. */
export function containerConfig(config: ContainerConfig): Input<typeof cri.ContainerConfig> {
  return {
    metadata: config.metadata,
    image: { image: config.image, userSpecifiedImage: config.userImage },
    command: config.command,
    args: config.args,
    workingDir: config.workingDir,
    envs: config.env,
    mounts: config.mounts.map((mount) => ({ ...mount, propagation: propagation[mount.propagation] })),
    devices: config.devices,
    labels: config.labels,
    annotations: config.annotations,
    logPath: config.logPath,
    stdin: config.stdin,
    stdinOnce: config.stdinOnce,
    tty: config.tty,
    linux: { resources: linuxResources(config.resources), securityContext: containerSecurity(config.security) },
    stopSignal: signalNumber(config.stopSignal),
  }
}

/** Limits in CRI's words; units are the same. */
export function linuxResources(resources: LinuxResources): Input<typeof cri.LinuxContainerResources> {
  const { memoryLimitBytes, hugepageLimits, ...rest } = resources
  return {
    ...rest,
    memoryLimitInBytes: memoryLimitBytes,
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
  }
}

/** All that a runtime says of one sandbox. */
export function sandboxStatus(from: Of<typeof cri.PodSandboxStatus>): SandboxStatus {
  const { network, ...rest } = from
  const ips = [network?.ip ?? '', ...(network?.additionalIps ?? []).map(({ ip }) => ip ?? '')]
  return { ...sandbox(rest), ips: ips.filter((ip) => ip !== '') }
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
  }
}

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

/** What a container uses now. */
export function containerStats(from: Of<typeof cri.ContainerStats>): ContainerStats {
  return {
    id: from.attributes?.id ?? '',
    labels: from.attributes?.labels ?? {},
    timestamp: milliseconds(from.cpu?.timestamp),
    cpuUsageCoreNanoSeconds: Number(from.cpu?.usageCoreNanoSeconds?.value ?? 0),
    memoryWorkingSetBytes: from.memory?.workingSetBytes?.value ?? 0,
    memoryUsageBytes: from.memory?.usageBytes?.value ?? 0,
    writableLayerUsedBytes: from.writableLayer?.usedBytes?.value ?? 0,
  }
}

function containerSecurity(security: ContainerSecurity): Input<typeof cri.LinuxContainerSecurityContext> {
  const { pid } = security
  return {
    capabilities: { addCapabilities: security.addCapabilities, dropCapabilities: security.dropCapabilities },
    privileged: security.privileged,
    namespaceOptions: {
      network: namespaceMode[security.network],
      ipc: namespaceMode[security.ipc],
      ...(typeof pid === 'object' ? { pid: namespaceMode.target, targetId: pid.target } : { pid: namespaceMode[pid] }),
    },
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
  }
}

/** A number that may be absent is a message of its own: zero is the user root. */
const wrapped = (value: number | undefined) => (value === undefined ? undefined : { value })
const profile = ({ type, localhostRef }: SeccompProfile) => ({ profileType: profileType[type], localhostRef })
/** CRI counts nanoseconds since the epoch: more than a double holds exactly, and far more than is asked for here. */
const milliseconds = (nanoseconds: number | bigint | undefined) => Math.floor(Number(nanoseconds ?? 0) / 1e6)
