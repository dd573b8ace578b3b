/**
 * What the kubelet needs of a container runtime: CRI v1 (k8s.io/cri-api), in our words and only as far as used. `host/cri` speaks it to
 * containerd and CRI-O, `sim/runtime.ts` is a seeded one that can be slow, forgetful or false. Every call throws `WherryError`:
 * NotFound, Timeout, ServiceUnavailable (the runtime is not there), else InternalError with the runtime's message.
 */
export interface Runtime {
  version(): Promise<{ readonly name: string; readonly version: string }>
  /** Conditions `RuntimeReady` and `NetworkReady`, with the runtime's reasons. */
  status(): Promise<{ readonly runtimeReady: boolean; readonly networkReady: boolean; readonly message: string }>

  runSandbox(config: SandboxConfig): Promise<string>
  stopSandbox(id: string): Promise<void>
  removeSandbox(id: string): Promise<void>
  /** All, or those of one pod. */
  sandboxes(filter?: PodFilter): Promise<readonly Sandbox[]>
  /** The sandbox's addresses come only from here. */
  sandboxStatus(id: string): Promise<SandboxStatus>

  createContainer(sandboxId: string, config: ContainerConfig, sandbox: SandboxConfig): Promise<string>
  startContainer(id: string): Promise<void>
  /** TERM (or the image's stop signal), then KILL after the grace. Resolves when it has ended. */
  stopContainer(id: string, graceSeconds: number): Promise<void>
  removeContainer(id: string): Promise<void>
  containers(filter?: PodFilter): Promise<readonly Container[]>
  containerStatus(id: string): Promise<ContainerStatus>
  updateContainerResources(id: string, resources: LinuxResources): Promise<void>
  /** Tells the runtime that the log file was moved away, so that it opens a new one. */
  reopenLog(id: string): Promise<void>

  /** Runs a command to its end: probes and hooks. `timeoutMs` 0: none. Output is cut at 16 MiB. */
  execSync(
    id: string,
    command: readonly string[],
    timeoutMs: number,
  ): Promise<{ readonly exitCode: number; readonly stdout: Uint8Array; readonly stderr: Uint8Array }>
  /** A URL of the runtime's streaming server, good for one connection. */
  exec(request: {
    readonly containerId: string
    readonly command: readonly string[]
    readonly tty: boolean
    readonly stdin: boolean
    readonly stdout: boolean
    readonly stderr: boolean
  }): Promise<string>
  attach(request: {
    readonly containerId: string
    readonly tty: boolean
    readonly stdin: boolean
    readonly stdout: boolean
    readonly stderr: boolean
  }): Promise<string>
  portForward(sandboxId: string, ports: readonly number[]): Promise<string>

  images(): Promise<readonly Image[]>
  imageStatus(image: string): Promise<Image | undefined>
  pullImage(image: string, auth: RegistryAuth | undefined, sandbox: SandboxConfig): Promise<string>
  removeImage(image: string): Promise<void>
  imageFsUsage(): Promise<readonly { readonly mountpoint: string; readonly usedBytes: number; readonly inodesUsed: number }[]>
  containerStats(): Promise<readonly ContainerStats[]>

  /**
   * What happened, as it happens: CRI's event stream, or containerd's own event service where the runtime has none (1.6). Ends with an error
   * when the connection breaks: list again, then subscribe again.
   */
  events(signal: AbortSignal): AsyncIterable<RuntimeEvent>
}

/** By the label `io.kubernetes.pod.uid`. */
export interface PodFilter {
  readonly podUid: string
}

/** Something happened to a container or sandbox; how it stands now, only a look tells. */
export interface RuntimeEvent {
  readonly type: 'created' | 'started' | 'stopped' | 'deleted' | 'oom'
  /** Of a container, or of a sandbox. */
  readonly id: string
}

/** Identity of a pod as the runtime keeps it: enough to adopt what a former kubelet left. */
export interface PodIdentity {
  readonly name: string
  readonly namespace: string
  readonly uid: string
  readonly attempt: number
}

/** A pod's sandbox: identity, name resolution, and the namespaces that its containers share (CRI PodSandboxConfig). */
export interface SandboxConfig {
  readonly metadata: PodIdentity
  readonly hostname: string
  readonly logDirectory: string
  readonly dns?: { readonly servers: readonly string[]; readonly searches: readonly string[]; readonly options: readonly string[] }
  readonly portMappings: readonly {
    readonly protocol: 'TCP' | 'UDP' | 'SCTP'
    readonly containerPort: number
    readonly hostPort: number
    readonly hostIp: string
  }[]
  readonly labels: Readonly<Record<string, string>>
  readonly annotations: Readonly<Record<string, string>>
  readonly cgroupParent: string
  readonly sysctls: Readonly<Record<string, string>>
  readonly security: SandboxSecurity
  readonly runtimeHandler: string
}

/** What a sandbox shares with the node, and as whom its own process runs. */
export interface SandboxSecurity {
  readonly network: 'pod' | 'node'
  readonly pid: 'pod' | 'container' | 'node'
  readonly ipc: 'pod' | 'node'
  readonly runAsUser?: number
  readonly runAsGroup?: number
  readonly supplementalGroups: readonly number[]
  readonly supplementalGroupsPolicy?: 'Merge' | 'Strict'
  readonly privileged: boolean
  readonly readonlyRootfs: boolean
  readonly seccomp: SeccompProfile
}

/** Which system calls are allowed; `localhostRef` is the path of a profile on the node. */
export interface SeccompProfile {
  readonly type: 'RuntimeDefault' | 'Unconfined' | 'Localhost'
  readonly localhostRef?: string
}

/** A sandbox as a list shows it. */
export interface Sandbox {
  readonly id: string
  readonly metadata: PodIdentity
  readonly ready: boolean
  readonly createdAt: number
  readonly labels: Readonly<Record<string, string>>
  readonly annotations: Readonly<Record<string, string>>
}

/** A sandbox looked up by itself, with its addresses, the main one first. */
export interface SandboxStatus extends Sandbox {
  readonly ips: readonly string[]
}

/** One attempt of a container (CRI ContainerConfig). */
export interface ContainerConfig {
  readonly metadata: { readonly name: string; readonly attempt: number }
  readonly image: string
  /** As the user wrote it; kept for status. */
  readonly userImage: string
  readonly command: readonly string[]
  readonly args: readonly string[]
  readonly workingDir: string
  readonly env: readonly { readonly key: string; readonly value: string }[]
  readonly mounts: readonly Mount[]
  readonly devices: readonly { readonly containerPath: string; readonly hostPath: string; readonly permissions: string }[]
  readonly labels: Readonly<Record<string, string>>
  readonly annotations: Readonly<Record<string, string>>
  /** Relative to the sandbox's log directory. */
  readonly logPath: string
  readonly stdin: boolean
  readonly stdinOnce: boolean
  readonly tty: boolean
  readonly resources: LinuxResources
  readonly security: ContainerSecurity
  readonly stopSignal?: string
}

/** One path of the node inside a container. */
export interface Mount {
  readonly containerPath: string
  readonly hostPath: string
  readonly readonly: boolean
  readonly recursiveReadOnly?: boolean
  readonly selinuxRelabel?: boolean
  readonly propagation: 'None' | 'HostToContainer' | 'Bidirectional'
}

/** Limits as the kernel takes them; 0 stands for none. */
export interface LinuxResources {
  readonly cpuPeriod: number
  readonly cpuQuota: number
  readonly cpuShares: number
  readonly memoryLimitBytes: number
  readonly oomScoreAdj: number
  readonly cpusetCpus?: string
  readonly cpusetMems?: string
  readonly hugepageLimits?: readonly { readonly pageSize: string; readonly limitBytes: number }[]
  readonly unified?: Readonly<Record<string, string>>
}

/** What a process may do, and as whom it runs (CRI LinuxContainerSecurityContext). */
export interface ContainerSecurity {
  readonly privileged: boolean
  readonly addCapabilities: readonly string[]
  readonly dropCapabilities: readonly string[]
  readonly network: 'pod' | 'node'
  readonly pid: 'pod' | 'container' | 'node' | { readonly target: string }
  readonly ipc: 'pod' | 'node'
  readonly runAsUser?: number
  readonly runAsUsername?: string
  readonly runAsGroup?: number
  readonly supplementalGroups: readonly number[]
  readonly supplementalGroupsPolicy?: 'Merge' | 'Strict'
  readonly readonlyRootfs: boolean
  readonly noNewPrivs: boolean
  readonly maskedPaths: readonly string[]
  readonly readonlyPaths: readonly string[]
  readonly seccomp: SeccompProfile
}

/** A container as a list shows it. */
export interface Container {
  readonly id: string
  readonly sandboxId: string
  readonly metadata: { readonly name: string; readonly attempt: number }
  readonly image: string
  readonly imageId: string
  readonly state: 'created' | 'running' | 'exited' | 'unknown'
  readonly createdAt: number
  readonly labels: Readonly<Record<string, string>>
  readonly annotations: Readonly<Record<string, string>>
}

/** Times are milliseconds since the epoch, 0 where it has not happened. */
export interface ContainerStatus extends Container {
  readonly startedAt: number
  readonly finishedAt: number
  readonly exitCode: number
  readonly reason: string
  readonly message: string
  readonly logPath: string
  /** uid and groups of the first process, where the runtime tells. */
  readonly user?: { readonly uid: number; readonly gid: number; readonly supplementalGroups: readonly number[] }
}

/** An image of the node, by every name that it has. */
export interface Image {
  readonly id: string
  readonly repoTags: readonly string[]
  readonly repoDigests: readonly string[]
  readonly sizeBytes: number
  /** The image's own user, where it is a number, and its name otherwise. */
  readonly uid?: number
  readonly username?: string
  readonly pinned: boolean
}

export interface RegistryAuth {
  readonly username?: string
  readonly password?: string
  readonly auth?: string
  readonly serverAddress?: string
  readonly identityToken?: string
  readonly registryToken?: string
}

export interface ContainerStats {
  readonly id: string
  readonly labels: Readonly<Record<string, string>>
  readonly timestamp: number
  readonly cpuUsageCoreNanoSeconds: number
  readonly memoryWorkingSetBytes: number
  readonly memoryUsageBytes: number
  readonly writableLayerUsedBytes: number
}
