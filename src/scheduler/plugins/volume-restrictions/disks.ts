import type { Pod } from '#api/core/v1/pod.ts'
import type { Volume } from '#api/core/v1/types.ts'
import type { World } from '../../world/world.ts'

/** A disk that a pod names itself, and that not everybody can use at a time on one node. */
interface Disk {
  /** Equal for volumes that may be the same disk. */
  readonly key: string
  readonly isReadOnly: boolean
  /** One of these in common makes two the same disk; undefined: the key alone does. */
  readonly monitors?: readonly string[]
}

/** A pod on a node that uses disks. */
export interface DiskUser {
  readonly nodeName: string
  readonly disks: readonly Disk[]
}

/** Who uses which disk, kept with the world. */
export interface DiskUsers {
  /** Pods that use a disk of this key, by uid. */
  of(key: string): ReadonlyMap<string, DiskUser>
}

/** The disks of a pod: Google's, Amazon's, of iSCSI and of Ceph. Most pods have none. */
export function disksOf({ spec: { volumes } }: Pod): readonly Disk[] {
  let disks: Disk[] | undefined
  for (const volume of volumes ?? []) {
    const disk = diskOf(volume)
    if (disk !== undefined) (disks ??= []).push(disk)
  }
  return disks ?? none
}

/** Whether two pods with these disks cannot be on one node: they share one, and not both only read it. Amazon's have one user in any case. */
export const areInConflict = (ones: readonly Disk[], others: readonly Disk[]): boolean =>
  ones.some((one) =>
    others.some(
      (other) =>
        one.key === other.key &&
        !(one.isReadOnly && other.isReadOnly) &&
        (one.monitors === undefined || one.monitors.some((monitor) => other.monitors?.includes(monitor))),
    ),
  )

/** To be asked of a world: `world.kept(createDiskUsers)`. */
export function createDiskUsers(world: World): DiskUsers {
  const users = new Map<string, Map<string, DiskUser>>()
  world.observe({
    podAdded({ pod }, { name: nodeName }) {
      const disks = disksOf(pod)
      for (const { key } of disks) {
        let ofDisk = users.get(key)
        if (ofDisk === undefined) users.set(key, (ofDisk = new Map()))
        ofDisk.set(pod.metadata.uid, { nodeName, disks })
      }
    },
    podRemoved({ pod }) {
      for (const { key } of disksOf(pod)) {
        const ofDisk = users.get(key)
        ofDisk?.delete(pod.metadata.uid)
        if (ofDisk?.size === 0) users.delete(key)
      }
    },
  })
  return { of: (key) => users.get(key) ?? nobody }
}

const none: readonly Disk[] = []
const nobody: ReadonlyMap<string, DiskUser> = new Map()

function diskOf({ gcePersistentDisk, awsElasticBlockStore, iscsi, rbd }: Volume): Disk | undefined {
  if (gcePersistentDisk !== undefined) return { key: `gce/${gcePersistentDisk.pdName}`, isReadOnly: gcePersistentDisk.readOnly === true }
  if (awsElasticBlockStore !== undefined) return { key: `aws/${awsElasticBlockStore.volumeID}`, isReadOnly: false }
  if (iscsi !== undefined) return { key: `iscsi/${iscsi.iqn}`, isReadOnly: iscsi.readOnly === true }
  if (rbd !== undefined)
    return { key: `rbd/${JSON.stringify([rbd.pool ?? '', rbd.image])}`, isReadOnly: rbd.readOnly === true, monitors: rbd.monitors }
  return undefined
}
