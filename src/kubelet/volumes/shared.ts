import type { KubeObject } from '#api/kind.ts'
import type { ClaimSource } from './claim-source.ts'
import type { KeyedLock } from './keyed-lock.ts'
import type { LiveOptions } from './live-volume.ts'
import type { OperationOptions } from './operation.ts'
import type { OwnNode } from './own-node.ts'
import type { VolumePlugin } from './volume-plugin.ts'
import type { VolumeRecords } from './volume-records.ts'

/** What the volume manager is made of: interfaces of the machine and of the API server. */
export interface VolumeOptions extends LiveOptions {
  /** The kubelet's folder: pods' volumes are at `<root>/pods/<uid>/volumes`. The manager owns `<root>/pods/<uid>` as a whole at teardown. */
  readonly rootDirectory: string
  /** Another place that leads to the kubelet's folder, through a link: what pods mount of the node by it is told to the runtime by the folder itself. */
  readonly usualFolder?: string
  /** Beside those that every node has. */
  readonly plugins?: readonly VolumePlugin[]
  /** Absent: volumes with claims are refused. */
  readonly claims?: ClaimSource
  /** Absent: nothing is attached, and volumes that are tied to nodes are refused. */
  readonly node?: OwnNode
  /** Absent: image volumes are refused. */
  readonly images?: ImageMounts
  /** Events beside the failures that `report` gets. */
  readonly tell?: (regarding: KubeObject, type: 'Normal' | 'Warning', reason: string, message: string) => void
  /** For metrics. */
  readonly observe?: NonNullable<OperationOptions['observe']>
}

/** Content of OCI images as directories of the host, for runtimes that cannot mount them by themselves. */
export interface ImageMounts {
  /** Whether the runtime mounts images itself (CRI's `Mount.image`). */
  isNative(): Promise<boolean>
  /** Read-only at `path`, a directory that is there; one that is mounted already stays. */
  mount(imageId: string, path: string): Promise<void>
  /** Takes away what `mount` made, beside the mount itself, which the caller unmounts first. Safe to repeat. */
  release(path: string): Promise<void>
}

/** What the volumes of all pods share. */
export interface Shared {
  readonly options: VolumeOptions
  readonly plugins: readonly VolumePlugin[]
  readonly records: VolumeRecords
  readonly lock: KeyedLock
  readonly podDirectory: (uid: string) => string
  /** The records of former processes are read; which volumes are in use may have changed. */
  readonly loaded: () => Promise<void>
  readonly inUseChanged: () => void
}

/** As the reference names the folder; its own stays empty, since its runtimes mount images by themselves. */
export const imageFolder = 'kubernetes.io~image'
