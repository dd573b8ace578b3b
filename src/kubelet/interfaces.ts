import type { Pod } from '#api/core/v1/pod.ts'
import type { PodCondition, ResourceStatus } from '#api/core/v1/types.ts'
import type { KubeObject } from '#api/kind.ts'
import type { WorkObserver } from './metrics/work-metrics.ts'
import type { AnyContainer } from './pod/containers.ts'
import type { CgroupTraits } from './resources/node-resources.ts'
import type { ResizeObserver } from './resources/resize-metrics.ts'
import type { ContainerConfig, Mount } from './runtime.ts'
import type { VolumeStats } from './volumes/volume-plugin.ts'

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
  /**
   * Where the content of a prepared volume of sort `image` is on the host, once the core has seen to it that the runtime has the image (its id,
   * as CRI's ImageStatus gives it). Undefined: the runtime mounts images itself (CRI's `Mount.image`). Absent: this node has no image volumes.
   */
  mountImage?(podUid: string, volume: string, imageId: string): Promise<string | undefined>
  /** The pod's volumes as they are on disk, for the summary and for limits; measured as it is asked. Absent: nothing is known of them. */
  usage?(podUid: string): Promise<readonly VolumeUsage[]>
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
  /** An OCI image: the core pulls it as a container's image is pulled, and `hostPath` is empty until `mountImage` told it. */
  readonly image?: { readonly reference: string; readonly pullPolicy?: string }
}

export interface VolumeUsage {
  /** In `spec.volumes`. */
  readonly name: string
  readonly path: string
  readonly claim?: { readonly namespace: string; readonly name: string }
  /** Of a file system of its own. Absent: it lies on the node's disk, and only a walk through `path` tells what it takes. */
  readonly stats?: VolumeStats
}

// --- cgroups -----------------------------------------------------------------------------------------------------------------------

/** The cgroup tree above the containers: `<root>/kubepods/[burstable|besteffort]/pod<uid>`. */
export interface CgroupManager {
  /** Makes the root and QoS groups with their shares. Once, at start. */
  ensureTree(): Promise<void>
  /** Makes or corrects the pod's group and its limits (requests and limits of all containers); gives the `cgroupParent` for the sandbox. */
  ensurePod(pod: Pod): Promise<string>
  /** A former kubelet made the pod's group: it counts from now on, and stays as it is. Absent: nothing has to be counted. */
  adopt?(pod: Pod): Promise<void>
  /** What `ensurePod` answers, without touching anything: containers are made in the group of their sandbox. Absent: they are not. */
  parentOf?(pod: Pod): string
  /**
   * Gives the pod's group what `pod` asks for where that is more than it has, and takes nothing away: before containers are resized in it.
   * `ensurePod` takes back what is too much. Absent: groups have no limits here.
   */
  makeRoom?(pod: Pod): Promise<void>
  /** Memory of the pod's group: what is used, what it may use now, and what it could use as `pod` asks; undefined: no limit. */
  memory?(pod: Pod): Promise<{
    readonly usageBytes: number | undefined
    readonly limitBytes: number | undefined
    readonly wantedBytes: number | undefined
  }>
  /** What the machine's groups can do; absent: they limit nothing. */
  readonly traits?: CgroupTraits
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
  /** The API server has shown this node's pods once, so that a pod that is not here is gone. Absent: it always has. */
  isComplete?(): boolean
  /** Called after any pod's record changed or went, with its UID; returns a function that ends it. For followed logs and waiting execs. */
  onChange(listener: (uid: string) => void): () => void
  /**
   * Ends a pod from the node's side (eviction): its containers are stopped with at most this grace, its phase becomes Failed with reason and
   * message, the object stays. Resolves when no container runs.
   */
  killPod(uid: string, how: PodKill): Promise<void>
}

/** Why and how the node ends a pod. */
export interface PodKill {
  /** `status.reason` and `status.message`: `Evicted`, `Terminated`, `Preempting`. */
  readonly reason: string
  readonly message: string
  /** At most this, and never more than the pod's own. 0 is the shortest that there is, one second. */
  readonly graceSeconds?: number
  /** Shown in `status.conditions` from now on: `DisruptionTarget`. */
  readonly condition?: Pick<PodCondition, 'type' | 'status' | 'reason' | 'message'>
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
    /** Of the Event object, for programs. */
    readonly annotations?: Readonly<Record<string, string>>
  }): void
}

// --- extension points ----------------------------------------------------------------------------------------------------------------

/** Decides whether this node takes a pod, before anything of it is made. A refusal ends the pod: phase Failed with reason and message. */
export interface PodAdmitter {
  /**
   * `others` are the pods that were admitted and have not ended. A pod that this node admitted in an earlier life of the kubelet, so that it
   * has a sandbox, is asked about again only where `isAskedAgain` says so. Throwing refuses with `UnexpectedAdmissionError`.
   */
  admit(pod: Pod, others: readonly Pod[]): Promise<Admission> | Admission
  /** Asked before an admitted pod is given what it asks for by now; a refusal puts that off. Absent: it is no concern of this one. */
  admitResize?(pod: Pod): Admission
  /** True for managers whose own records have to follow a restart; absent: the pod that ran goes on. */
  readonly isAskedAgain?: boolean
  /** Before every rule of the node's own, or after all of them; absent: where the node's resources are dealt out. Within one place, in order. */
  readonly place?: 'first' | 'last'
}

export type Admission = { readonly admitted: true } | { readonly admitted: false; readonly reason: string; readonly message: string }

/** What managers of this node's resources give to one container: devices, CPUs, memory nodes. */
export interface ContainerGrant {
  /** Comes before the container's own, which wins. */
  readonly environment: readonly { readonly key: string; readonly value: string }[]
  readonly mounts: readonly Mount[]
  readonly devices: ContainerConfig['devices']
  /** Names of the Container Device Interface: `vendor.com/class=name`. */
  readonly cdiDevices: readonly string[]
  readonly annotations: Readonly<Record<string, string>>
  readonly cpusetCpus?: string
  /** Nobody else runs on them, so that the container's limit of processor time need not be enforced. */
  readonly exclusiveCpus?: boolean
  readonly cpusetMems?: string
}

/** One that hands out parts of the node: CPUs, memory nodes, devices, resource claims. */
export interface ResourceManager {
  readonly name: string
  /** NUMA placements that would do, by resource; undefined for "no opinion". For the topology manager. */
  hints?(pod: Pod, container: AnyContainer): ReadonlyMap<string, readonly TopologyHint[] | undefined>
  /** The same for all of the pod's containers together, where the node places pods and not containers. */
  podHints?(pod: Pod): ReadonlyMap<string, readonly TopologyHint[] | undefined>
  /**
   * Takes what the container asks for, before the pod's first sandbox; init containers come first. Repeated it changes nothing: after every
   * admitter said yes the core asks once more, without a placement, for nodes that have no topology manager. Throws `WherryError`: the pod is
   * refused with reason `UnexpectedAdmissionError`, or the error's own `details.reason`.
   */
  allocate(pod: Pod, container: AnyContainer, placement: TopologyHint | undefined): Promise<void>
  /** Before the pod's first container of a sandbox, beside volumes; throws to be tried again (`FailedPrepareDynamicResources`). Safe to repeat. */
  prepare?(pod: Pod, signal: AbortSignal): Promise<void>
  /** Asked at every start of a container; after a restart of the kubelet as well. */
  grant(pod: Pod, container: AnyContainer): Promise<Partial<ContainerGrant>> | Partial<ContainerGrant>
  /** Health and allocation, for `containerStatuses[*].allocatedResourcesStatus`. */
  status?(pod: Pod, container: string): readonly ResourceStatus[]
  /** Says that `status` would answer otherwise for this pod now. */
  onChange?(listener: (podUid: string) => void): () => void
  /** The pod is over, no container of it runs: what it held is free. Safe to repeat; a failure is tried again. */
  release(podUid: string): Promise<void>
}

/** A placement on NUMA nodes: a bit for each node; undefined for any. */
export interface TopologyHint {
  readonly nodes: bigint | undefined
  readonly preferred: boolean
}

/** What parts of the agent say of the node: merged into the Node object. */
export interface NodeSource {
  /** Read at each look at the node, and with each renewal of its Lease, for conditions that changed; cheap. A condition without a fresh transition time gets it from the writer. */
  read(): {
    readonly capacity?: Readonly<Record<string, string>>
    readonly allocatable?: Readonly<Record<string, string>>
    readonly conditions?: readonly {
      readonly type: string
      readonly status: 'True' | 'False' | 'Unknown'
      readonly reason: string
      readonly message: string
    }[]
    readonly volumesInUse?: readonly string[]
  }
  /** Says that `read` would answer otherwise now. Returns a function that ends it. */
  onChange(listener: () => void): () => void
}

/** Pods that come from elsewhere than the API server: manifests on the node's disk. */
export interface PodSource {
  /** `file`: the value of the annotation `kubernetes.io/config.source`. */
  readonly name: string
  /** All of them, with defaults, names ending in the node's, and UIDs that change with their content. */
  list(): Promise<readonly Pod[]>
  onChange(listener: () => void): () => void
  close(): void
}

/** What the node's network has to know of a pod with addresses of its own, before the pod can send or be sent anything. */
export interface PodNetwork {
  /**
   * The pod's sandbox has these addresses. No container of it starts before this resolves: then every rule for the pod is in force. Rejects after
   * a bounded time with a `WherryError` that says what is missing; it is asked again with back-off. Safe to repeat.
   */
  podReady(pod: Pod, addresses: readonly string[]): Promise<void>
  /** Its sandbox is gone, and with it its addresses. Safe to repeat, also for a pod that was never told of. */
  podGone(podUid: string): void
}

// --- what is counted ----------------------------------------------------------------------------------------------------------------

/** Hears of what the core does, for metrics. Never fails, never waits. */
export interface KubeletObserver {
  /** A probe was asked; `unknown`: it could not be. */
  probed(probe: {
    readonly type: 'Startup' | 'Liveness' | 'Readiness'
    readonly result: 'successful' | 'failed' | 'unknown'
    readonly container: string
    readonly pod: { readonly name: string; readonly namespace: string; readonly uid: string }
    readonly seconds: number
  }): void
  /** This node did not take a pod. */
  rejected(reason: string): void
  /** A pod was ended to make room for a critical one, first of all for want of this resource. */
  preempted?(resource: string): void
  readonly resizes?: ResizeObserver
  readonly work?: WorkObserver
}

// --- the machine -------------------------------------------------------------------------------------------------------------------

/** The kubelet's own few files: managed /etc/hosts, termination messages, log folders. Parent directories are made as needed. */
export interface Files {
  /** Undefined when there is no such file. At most `limitBytes` from the start. */
  read(path: string, limitBytes: number): Promise<Uint8Array | undefined>
  /**
   * A file below a directory that a container writes to: neither links nor pipes can lead anywhere else. `NotFound`, `Forbidden`. Absent: this
   * node reads none.
   */
  readInside?(directory: string, path: string, limitBytes: number): Promise<Uint8Array>
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
  /** What getsubids(1) says of the user `kubelet`, of users and of groups; absent: there is no such user, or no such program. */
  readonly subordinateIds?: { readonly uids: string; readonly gids: string } | undefined
  /** Whether the kernel confines by AppArmor profiles; absent: not known, and nobody is refused for it. */
  readonly appArmor?: boolean
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
  /** Of HTTP: whatever it says, somebody answered. */
  readonly statusCode?: number
  /** A success that its owner should hear about all the same. */
  readonly isWarning?: boolean
}
