import type { Pod } from '#api/core/v1/pod.ts'
import type { ResourceRequirements, ResourceStatus } from '#api/core/v1/types.ts'
import type { Instant } from '#lib/clock.ts'
import type { PodKill } from '../interfaces.ts'
import type { PodResources } from '../resources/allocated-resources.ts'
import type { ResizeState } from '../resources/resizes.ts'
import type { ContainerStatus, SandboxStatus } from '../runtime.ts'
import type { Refusal } from './admission/refusal.ts'

/** Everything that is true now about one pod on this node. `planPod` and `podStatus` are functions of it and of nothing else. */
export interface PodView {
  readonly now: Instant
  /** As the API server last showed it, with the resources that the node has given to it. */
  readonly pod: Pod
  /** The object is gone from the API: what runs has to end, and there is no status to write. */
  readonly isRemoved: boolean
  /** Nothing of the pod is made before the node has taken it. */
  readonly isAdmitted: boolean
  /** The node did not take it: it has failed. */
  readonly refusal: Refusal | undefined
  /** The node ends the pod by itself: eviction, or the deadline that the pod set itself. */
  readonly ending: Ending | undefined
  /** When the kubelet first saw the pod: `status.startTime`. */
  readonly startedAt: Instant
  /** Set from the moment that the pod's end was decided; only ever moves earlier. */
  readonly termination: Termination | undefined

  /** What the runtime shows, newest first. */
  readonly sandboxes: readonly SandboxStatus[]
  readonly containers: readonly ContainerStatus[]

  /** `spec.volumes` are there to be mounted. */
  readonly hasVolumes: boolean
  /** Why the runtime can give no pod a network now; '' when it can. */
  readonly networkProblem: string
  /** By container name: of the next start. */
  readonly images: ReadonlyMap<string, ImageState>
  /** By container name: why the last try to start it failed; absent after a success. */
  readonly failures: ReadonlyMap<string, StartFailure>
  /** By container name. */
  readonly restarts: ReadonlyMap<string, RestartDelay>
  /** By container id: resources that a running container was given after its start. */
  readonly resized: ReadonlyMap<string, ResourceRequirements>
  /** What the limits of the pod's cgroup are made of; undefined before there is one. */
  readonly group: PodResources | undefined
  /** Resources that the pod asks for and does not have. */
  readonly resize?: ResizeState
  /** By container id. */
  readonly probes: ReadonlyMap<string, ProbeResults>
  readonly terminationMessages: ReadonlyMap<string, string>
  /** Containers that we stopped because a probe failed or their definition changed: they start again although they may have ended well. */
  readonly condemned: ReadonlySet<string>
  /** Operations under way, by `operationKey`. */
  readonly underWay: ReadonlySet<string>
  /** Those, and the ones put off after a failure. */
  readonly busy: ReadonlySet<string>
  /** Containers whose preStop hook was begun. */
  readonly preStopped: ReadonlySet<string>
  /** Containers being stopped, with the end of their grace. */
  readonly stopping: ReadonlyMap<string, Instant>
  /** Events told already, by their key. */
  readonly told: ReadonlySet<string>
  /** Whether the runtime makes read-only what is mounted below a read-only mount of this pod, where it is asked to if possible. */
  readonly hasRecursiveReadOnly: boolean
  /** What resource managers gave to the pod is free again; true from the start where there are none. */
  readonly isReleased: boolean
  /** Volumes and cgroup are gone. */
  readonly isCleanedUp: boolean
  /** The API server has been told that the object can go. */
  readonly isDeleteSent: boolean
  /** The API server has the last status that we decided. */
  readonly isStatusWritten: boolean
}

/** Why the node ends a pod by itself: reason and message become those of its status. */
export interface Ending {
  readonly reason: string
  readonly message: string
  readonly graceSeconds?: number
  /** Shown beside the pod's own conditions from then on. */
  readonly condition?: PodKill['condition']
}

/** The grace that was given, and when it is over. */
export interface Termination {
  readonly graceSeconds: number
  readonly deadlineAt: Instant
}

/** What became of bringing in an image. */
export type ImageState =
  | { readonly state: 'present' }
  /** `backOffAt`: from then on the reason shown is ImagePullBackOff; of what was no pull, never. */
  | {
      readonly state: 'failed'
      readonly reason: string
      readonly message: string
      readonly image: string
      readonly failedAt: Instant
      readonly backOffAt: Instant
      readonly retryAt: Instant
    }

/** Why a container does not start: its waiting state's reason and message. */
export interface StartFailure {
  readonly reason: string
  readonly message: string
}

/** CrashLoopBackOff of one container: `delayMs` counted from the end of its last attempt. */
export interface RestartDelay {
  readonly delayMs: number
  /** When the restart that raised it was made. */
  readonly raisedAt: Instant
  /** Of the container that it is for: `delayKey`. */
  readonly key: string
}

/** `unknown`: not asked yet. */
export type ProbeResult = 'unknown' | 'success' | 'failure'
/** The last result of each probe of one container. */
export interface ProbeResults {
  readonly startup: ProbeResult
  readonly liveness: ProbeResult
  readonly readiness: ProbeResult
}

/** What the node brings into every pod's status. */
export interface NodeView {
  readonly addresses: readonly string[]
  /** Scheme of container ids: `containerd`. */
  readonly runtimeName: string
  /** What resource managers gave to a container, and how it is. */
  readonly resourceStatus?: (pod: Pod, container: string) => readonly ResourceStatus[]
}
