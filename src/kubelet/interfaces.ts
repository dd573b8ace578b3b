import type { Pod } from '#api/core/v1/pod.ts'
import type { KubeObject } from '#api/kind.ts'

/**
 * The seams of the kubelet: what its core needs of volumes, cgroups, logs, the machine and the network, and what it offers to the node's
 * HTTP server. `host/` and the kubelet's other folders implement the first, `createKubelet` the second. All paths are absolute.
 */

// --- volumes -----------------------------------------------------------------------------------------------------------------------

/** Everything a pod's volumes need on disk. Nothing here touches containers; the core calls in this order: prepare … refresh … teardown. */
export interface VolumeManager {
  /**
   * Makes every volume of the pod usable and tells where each is, by its name in `spec.volumes`. Calling it again for the same pod is cheap
   * and gives the same answer (adoption after a restart). Throws `WherryError` whose message becomes the FailedMount event; the core tries
   * again with back-off. A missing ConfigMap or Secret that is not optional is such an error, named as the reference names it.
   */
  prepare(pod: Pod, signal: AbortSignal): Promise<ReadonlyMap<string, PreparedVolume>>
  /**
   * The pod object changed (labels, annotations): files made of it are written anew. ConfigMaps, Secrets and tokens the manager follows by
   * itself from `prepare` to `teardown`. Failures are the manager's to report and retry.
   */
  refresh(pod: Pod): void
  /** Unmounts and removes all that `prepare` made, also what a former process made. Safe to call twice; throws if something is still in use. */
  teardown(podUid: string): Promise<void>
  /** UIDs of pods that have something on disk, for clearing up after pods that went while no kubelet ran. */
  known(): Promise<readonly string[]>
  /**
   * The host path of a `subPath` inside a prepared volume, made if it is missing and held so that the container cannot swap it for a link
   * that leaves the volume. `mountIndex` is the place in `volumeMounts`.
   */
  subPath(podUid: string, volume: string, container: string, mountIndex: number, subPath: string): Promise<string>
  /** Stops following; leaves everything on disk. */
  close(): Promise<void>
}

export interface PreparedVolume {
  readonly hostPath: string
  /** The volume can only be read, whatever the mount asks for. */
  readonly readOnly: boolean
  /** A raw device instead of a directory: for `volumeDevices`. */
  readonly device?: boolean
  /** Group that owns the files (fsGroup), to be added to the containers' supplemental groups. */
  readonly groupId?: number
  readonly selinuxRelabel?: boolean
}

// --- cgroups -----------------------------------------------------------------------------------------------------------------------

/** The cgroup tree above the containers: `<root>/kubepods/[burstable|besteffort]/pod<uid>`. */
export interface CgroupManager {
  /** Makes the root and QoS groups with their shares. Once, at start. */
  ensureTree(): Promise<void>
  /** Makes or corrects the pod's group and its limits (requests and limits of all containers); gives the `cgroupParent` for the sandbox. */
  ensurePod(pod: Pod): Promise<string>
  /** Kills what is left in the group, then removes it. Safe to call for a pod that has none. */
  removePod(uid: string): Promise<void>
  /** UIDs of pods that have a group. */
  known(): Promise<readonly string[]>
}

// --- logs --------------------------------------------------------------------------------------------------------------------------

/** Rotation and reading of container logs (CRI log format). */
export interface LogManager {
  /** The container runs and writes to this file: rotate it by size from now on, with the runtime's `reopenLog`. */
  track(containerId: string, logPath: string): void
  /** It has ended. The files stay. */
  forget(containerId: string): void
  /** Removes a log file and its rotated parts. */
  remove(logPath: string): Promise<void>
  /** The end of a log without the CRI prefixes, at most so many lines and bytes; '' when there is none. For termination messages. */
  tail(logPath: string, limits: { readonly lines: number; readonly bytes: number }): Promise<string>
  close(): Promise<void>
}

// --- what the kubelet offers -------------------------------------------------------------------------------------------------------

/** Pods of this node as the kubelet knows them now: for the server (logs, exec, /pods) and for eviction. */
export interface PodLookup {
  list(): readonly PodRecord[]
  get(namespace: string, name: string): PodRecord | undefined
  byUid(uid: string): PodRecord | undefined
  /** Called after any pod's record changed or went, with its UID; returns a function that ends it. For followed logs and waiting execs. */
  onChange(listener: (uid: string) => void): () => void
  /**
   * Ends a pod from the node's side (eviction): its containers are stopped with at most this grace, its phase becomes Failed with reason and
   * message, the object stays. Resolves when no container runs.
   */
  killPod(uid: string, how: { readonly reason: string; readonly message: string; readonly graceSeconds?: number }): Promise<void>
}

export interface PodRecord {
  readonly pod: Pod
  /** The pod with the status that we have decided, whether or not it is written already. */
  readonly withStatus: Pod
  readonly sandboxId: string | undefined
  /** By name, newest attempt first. */
  readonly containers: readonly ContainerRecord[]
}

export interface ContainerRecord {
  readonly name: string
  readonly kind: 'init' | 'regular' | 'ephemeral'
  /** Without the `containerd://` prefix. */
  readonly id: string
  readonly attempt: number
  readonly state: 'created' | 'running' | 'exited' | 'unknown'
  readonly logPath: string
}

/** Where events go; `loop/events.ts` has the recorder. Recording never fails and never waits. */
export interface EventSink {
  record(event: {
    readonly regarding: KubeObject
    readonly type: 'Normal' | 'Warning'
    readonly reason: string
    readonly message: string
    /** `spec.containers{name}`: which part of the object. */
    readonly fieldPath?: string
  }): void
}

// --- the machine -------------------------------------------------------------------------------------------------------------------

/** The kubelet's own few files: managed /etc/hosts, termination messages, log folders. Parent directories are made as needed. */
export interface Files {
  /** Undefined when there is no such file. At most `limitBytes` from the start. */
  read(path: string, limitBytes: number): Promise<Uint8Array | undefined>
  /** Writes in place (the file may be bind-mounted, so its inode must stay). */
  write(path: string, content: Uint8Array | string, mode: number): Promise<void>
  makeDirectory(path: string, mode: number): Promise<void>
  /** Names in a directory, sorted; empty when there is none. */
  list(path: string): Promise<readonly string[]>
  /** A file, or a directory with all that it holds. Nothing there: done. */
  remove(path: string): Promise<void>
  /** A symbolic link, replacing an older one. */
  link(path: string, target: string): Promise<void>
}

/** What the machine is. */
export interface NodeFacts {
  read(): Promise<MachineFacts>
}

export interface MachineFacts {
  readonly hostname: string
  /** The node's own addresses, the preferred one first: IPv4 and IPv6, without loopback and link-local. */
  readonly addresses: readonly string[]
  readonly cpuCount: number
  readonly memoryBytes: number
  readonly memoryAvailableBytes: number
  readonly swapBytes: number
  /** Of the file system that holds the kubelet's root. */
  readonly storage: {
    readonly capacityBytes: number
    readonly availableBytes: number
    readonly inodes: number
    readonly inodesFree: number
  }
  readonly hugepages: Readonly<Record<string, number>>
  readonly processLimit: number
  readonly processCount: number
  readonly machineId: string
  readonly systemUuid: string
  readonly bootId: string
  readonly kernelVersion: string
  readonly osImage: string
  /** As Go names it: `amd64`, `arm64`. */
  readonly architecture: string
}

/** Reaching a container over the network, for probes and hooks. `timeoutMs` bounds the whole exchange. */
export interface NetworkProbe {
  http(request: {
    readonly url: string
    readonly headers: readonly { readonly name: string; readonly value: string }[]
    readonly timeoutMs: number
  }): Promise<ProbeAnswer>
  tcp(host: string, port: number, timeoutMs: number): Promise<ProbeAnswer>
  grpc(host: string, port: number, service: string, timeoutMs: number): Promise<ProbeAnswer>
}

/** `output` is shown in the Unhealthy event. */
export interface ProbeAnswer {
  readonly result: 'success' | 'failure'
  readonly output: string
}
