import type { PersistentVolume } from '#api/core/v1/persistent-volume.ts'
import type { PersistentVolumeClaim } from '#api/core/v1/persistent-volume-claim.ts'
import type { Pod } from '#api/core/v1/pod.ts'
import type { PodVolume } from './payload.ts'

/** A volume of a pod after claims were followed: the pod's own entry, and the PersistentVolume (and claim) that it leads to. */
export interface VolumeSpec {
  /** Of the PersistentVolume where there is one, else the pod's own name of the volume: folders and messages have this one. */
  readonly name: string
  readonly volume: PodVolume
  readonly persistentVolume?: PersistentVolume
  readonly claim?: PersistentVolumeClaim
  /** What `persistentVolumeClaim.readOnly` says; of several entries for one volume, whether all say so. */
  readonly readOnly: boolean
}

/**
 * One sort of volume. The volume manager follows claims, waits for attachment, keeps the record, gives files to `fsGroup`, makes subPaths and
 * unmounts what is left; a plug-in makes one volume usable and undoes that. Calls for one volume of one pod never overlap, nor do calls for
 * volumes with the same `uniqueName`.
 */
export interface VolumePlugin {
  /** Folder name below `pods/<uid>/volumes` (of a raw device: `pods/<uid>/volumeDevices`): `kubernetes.io~nfs`. */
  readonly folder: string
  /** `spec.mountOptions` of a PersistentVolume mean nothing to it: such a volume is refused. */
  readonly refusesMountOptions?: boolean
  supports(spec: VolumeSpec): boolean
  /** What metrics call it for this volume, by its spec or by what was remembered. Absent: as the folder says, `kubernetes.io/nfs`. */
  metricName?(of: { readonly spec?: VolumeSpec; readonly record?: unknown }): string
  /**
   * What all pods of this node share that use the volume, as the Node's `volumesInUse` and `volumesAttached` name it:
   * `kubernetes.io/csi/<driver>^<handle>`. Absent or undefined: each pod has a volume of its own.
   */
  uniqueName?(spec: VolumeSpec): string | undefined
  /** Whether the attach-detach controller has to attach it first. The manager then waits for the Node's `volumesAttached`. Absent: no. */
  needsAttachment?(spec: VolumeSpec): Promise<boolean>
  /**
   * Makes the volume usable at `path`, or gives a device. Its parent exists. Safe to repeat, also after a crash half way and in another process.
   * Throws `WherryError` whose message follows `MountVolume.SetUp failed for volume "x" : ` (`MapVolume.MapPodDevice failed …` of a device), or
   * begins with `MountVolume.` or `MapVolume.` itself.
   */
  setUp(request: SetUpRequest): Promise<SetUpResult>
  /** Undoes it, knowing only what is on disk. Safe to repeat, and when `setUp` never came to its end. Absent: unmounting `path` is all. */
  tearDown?(request: TearDownRequest): Promise<void>
  /** For the summary; undefined where only a walk through all files could tell. Throws where nobody can tell: such a volume is left out. */
  stats?(mounted: MountedVolume): Promise<VolumeStats | undefined>
  /**
   * The volume is larger than the claim's `status.capacity` says: file system or device follow. Resolves with the size there is now. The manager
   * calls it after `setUp` and whenever claim or volume change, and writes the claim's status.
   */
  expand?(request: ExpandRequest): Promise<{ readonly capacityBytes: number }>
}

export interface SetUpRequest {
  readonly pod: Pod
  readonly spec: VolumeSpec
  /** `<root>/pods/<uid>/volumes/<folder>/<name>`, for a raw device (`isBlock`) `…/volumeDevices/…`. */
  readonly path: string
  /** `securityContext.fsGroup` of the pod. */
  readonly fsGroup?: number
  /** `devicePath` of the Node's `volumesAttached`, for what needed attachment. */
  readonly devicePath?: string
  /** Another pod of this node has the volume of this `uniqueName` set up. */
  readonly isShared: boolean
  readonly signal: AbortSignal
  /** Keeps what `tearDown` and `stats` will need (JSON), durable once it resolves. To be called before what it will undo is done. */
  readonly remember: (record: unknown) => Promise<void>
}

export interface SetUpResult {
  /** Where containers find it. Absent: at `path`. */
  readonly hostPath?: string
  /** `hostPath` is a raw device. */
  readonly device?: boolean
  /** It can only be read, whatever the pod says. */
  readonly readOnly?: boolean
  /** The plug-in has seen to `fsGroup`, or the volume takes none. Absent: the manager gives the tree to the group. */
  readonly hasGroup?: boolean
  readonly selinuxRelabel?: boolean
  /**
   * `setUp` is to be called again after so long, while containers run (CSI's `requiresRepublish`, tokens). Files that it writes anew are given to
   * `fsGroup` each time.
   */
  readonly repeatAfterMs?: number
}

/** A volume as it is on disk. */
export interface MountedVolume {
  readonly podUid: string
  /** `VolumeSpec.name`. */
  readonly volumeName: string
  readonly path: string
  /** What `setUp` gave to `remember` last. */
  readonly record: unknown
}

export interface TearDownRequest extends MountedVolume {
  /** No other pod of this node has the volume of this `uniqueName`: what they shared goes as well. */
  readonly isLast: boolean
}

export interface ExpandRequest extends MountedVolume {
  readonly pod: Pod
  readonly spec: VolumeSpec
  /** Of the PersistentVolume. */
  readonly capacityBytes: number
  readonly devicePath?: string
  readonly signal: AbortSignal
}

export interface VolumeStats {
  readonly capacityBytes: number
  readonly availableBytes: number
  readonly usedBytes: number
  readonly inodes: number
  readonly inodesFree: number
  readonly inodesUsed: number
  /** What the driver says of the volume's health, where it says anything (CSI's `VolumeCondition`). */
  readonly condition?: { readonly abnormal: boolean; readonly message: string }
}

/** Whether containers get the volume as a raw device. */
export const isBlock = ({ persistentVolume }: Pick<VolumeSpec, 'persistentVolume'>): boolean =>
  persistentVolume?.spec.volumeMode === 'Block'
