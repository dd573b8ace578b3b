import { PersistentVolume } from '#api/core/v1/persistent-volume.ts'
import { PersistentVolumeClaim } from '#api/core/v1/persistent-volume-claim.ts'
import { CSINode } from '#api/storage/v1/csi-node.ts'
import { StorageClass } from '#api/storage/v1/storage-class.ts'
import { VolumeAttachment } from '#api/storage/v1/volume-attachment.ts'
import type { NodeInfo } from '../../world/node-info.ts'
import type { World } from '../../world/world.ts'
import { createClaimUsers } from '../volume-common/claim-users.ts'
import { keyOfClaim } from '../volume-common/claims.ts'
import { type CsiNodes, createCsiNodes } from '../volume-common/csi-nodes.ts'
import { type CsiVolumes, csiVolumesOf, mayHaveCsiVolumes } from './csi-volumes.ts'

/** What a node has of CSI drivers. */
export interface Attached {
  /** Of its pods. */
  readonly volumes: CsiVolumes
  /** How many of each driver: those of its pods, and those beside that are attached to the node. */
  readonly counts: ReadonlyMap<string, number>
}

/** Volumes by node, kept with the world. A node is counted when it is asked for, and again only after something of it changed. */
export interface AttachedVolumes {
  readonly csiNodes: CsiNodes
  /** Of a node of the world, or of a trial's copy, whose pods are counted each time. */
  on(node: NodeInfo): Attached
}

/** To be asked of a world: `world.kept(createAttachedVolumes)`. */
export function createAttachedVolumes(world: World): AttachedVolumes {
  const counted = new Map<string, Attached>()
  const users = world.kept(createClaimUsers)
  const csiNodes = world.kept(createCsiNodes)
  const claimsByVolume = createGroups()
  const attachments = new Map<string, VolumeAttachment>()
  const byNode = createGroups()
  const byVolume = createGroups()
  const countAnew = (nodeName: string): void => {
    counted.delete(nodeName)
  }
  const countUsersAnew = (claim: string): void => {
    for (const { nodeName } of users.of(claim).values()) countAnew(nodeName)
  }

  world.observe({
    podAdded({ pod }, { name }) {
      if (mayHaveCsiVolumes(pod)) countAnew(name)
    },
    podRemoved({ pod }, { name }) {
      if (mayHaveCsiVolumes(pod)) countAnew(name)
    },
    nodeRemoved: ({ name }) => countAnew(name),
  })
  const { lookups } = world
  lookups.of(CSINode).onChange(({ metadata }) => countAnew(metadata.name))
  lookups.of(StorageClass).onChange(() => counted.clear())
  lookups.of(PersistentVolumeClaim).onChange((claim, _previous, change) => {
    const key = keyOfClaim(claim)
    claimsByVolume.set(key, change === 'deleted' ? undefined : claim.spec.volumeName)
    countUsersAnew(key)
  })
  lookups.of(PersistentVolume).onChange(({ metadata: { name } }) => {
    for (const claim of claimsByVolume.of(name)) countUsersAnew(claim)
    for (const attachment of byVolume.of(name)) countAnew(attachments.get(attachment)!.spec.nodeName)
  })
  lookups.of(VolumeAttachment).onChange((attachment, _previous, change) => {
    const { name } = attachment.metadata
    const isGone = change === 'deleted'
    const before = attachments.get(name)
    if (before !== undefined) countAnew(before.spec.nodeName)
    if (isGone) attachments.delete(name)
    else attachments.set(name, attachment)
    byNode.set(name, isGone ? undefined : attachment.spec.nodeName)
    byVolume.set(name, isGone ? undefined : attachment.spec.source.persistentVolumeName)
    countAnew(attachment.spec.nodeName)
  })

  function count(node: NodeInfo): Attached {
    const hasCsiNode = csiNodes.has(node.name)
    const volumes = new Map<string, string>()
    for (const { pod } of node.pods.values()) {
      if (!mayHaveCsiVolumes(pod)) continue
      // A pod that is there already counts with what can be told of its volumes.
      for (const [volume, driver] of csiVolumesOf(pod, hasCsiNode, world).volumes) volumes.set(volume, driver)
    }
    const all = new Map(volumes)
    for (const name of byNode.of(node.name)) {
      const { attacher, source } = attachments.get(name)!.spec
      const handle = source.persistentVolumeName && lookups.of(PersistentVolume).get(source.persistentVolumeName)?.spec.csi?.volumeHandle
      if (attacher !== '' && handle !== undefined && handle !== '') all.set(`${attacher}/${handle}`, attacher)
    }
    const counts = new Map<string, number>()
    for (const driver of all.values()) counts.set(driver, (counts.get(driver) ?? 0) + 1)
    return { volumes, counts }
  }

  return {
    csiNodes,
    on(node) {
      if (world.nodes.nodes.get(node.name) !== node) return count(node)
      let attached = counted.get(node.name)
      if (attached === undefined) counted.set(node.name, (attached = count(node)))
      return attached
    },
  }
}

/** Names by a value that each of them has at a time. */
function createGroups() {
  const valueByName = new Map<string, string>()
  const members = new Map<string, Set<string>>()
  return {
    of: (value: string): ReadonlySet<string> => members.get(value) ?? nobody,
    /** Undefined or '': it has none. */
    set(name: string, value: string | undefined): void {
      const before = valueByName.get(name)
      if (before !== undefined && before !== value) {
        const group = members.get(before)
        group?.delete(name)
        if (group?.size === 0) members.delete(before)
        valueByName.delete(name)
      }
      if (value === undefined || value === '') return
      valueByName.set(name, value)
      const group = members.get(value)
      if (group === undefined) members.set(value, new Set([name]))
      else group.add(name)
    },
  }
}

const nobody: ReadonlySet<string> = new Set()
