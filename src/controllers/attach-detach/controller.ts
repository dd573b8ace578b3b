import { Node } from '#api/core/v1/node.ts'
import { PersistentVolume } from '#api/core/v1/persistent-volume.ts'
import { PersistentVolumeClaim } from '#api/core/v1/persistent-volume-claim.ts'
import { Pod } from '#api/core/v1/pod.ts'
import { CSIDriver } from '#api/storage/v1/csi-driver.ts'
import { VolumeAttachment } from '#api/storage/v1/volume-attachment.ts'
import { same } from '#api/strategy.ts'
import type { Instant } from '#lib/clock.ts'
import type { Cache, Controller } from '#loop/controller.ts'
import { conditionOf } from '../common/conditions.ts'
import { byNodeName } from '../common/indexes.ts'
import { keyOf } from '../common/key.ts'
import { createTold } from '../common/told.ts'
import { byAttachedNode, byClaim, byVolume } from '../common/volume-indexes.ts'
import { claimKeyOfVolume, isDoneWithVolumes } from '../common/volumes.ts'
import { attachablesOf, attachmentName, isAttachable, isOurName, uniqueNameOf } from './attachable.ts'
import { type AttachmentView, type NodeView, planNode } from './plan-node.ts'
import { type AttachView, type Consumer, planAttaching } from './plan-volume.ts'

/** Attaches volumes of CSI drivers to the nodes of the pods that use them, and detaches them after. `forceMs`: as the reference's, six minutes. */
export function attachDetachController(forceMs = 6 * 60_000): Controller<AttachView | NodeView> {
  const told = createTold()
  /** Of each node, since when which attachments (by uid) are of no use to it: a restart, and a clock that is set back, gives nodes their time anew. */
  const unwanted = new Map<string, ReadonlyMap<string, Instant>>()

  function nodeView(key: string, cache: Cache, now: Instant): NodeView | undefined {
    const name = key.slice(nodePrefix.length)
    const node = cache.get(Node, name)
    const attachments = cache
      .indexed(VolumeAttachment, byAttachedNode, name)
      .filter(({ metadata, spec }) => spec.source.persistentVolumeName !== undefined && isOurName(metadata.name))
    const before = unwanted.get(name)
    unwanted.delete(name)
    if (node === undefined && attachments.length === 0) return undefined
    const since = new Map<string, Instant>()
    const onNode = attachments.length === 0 ? [] : cache.indexed(Pod, byNodeName, name)
    const pods = onNode.map((pod) => ({ pod, names: attachablesOf(pod, cache).map(uniqueNameOf) }))
    const views = attachments.map((attachment): AttachmentView => {
      const { uid } = attachment.metadata
      const volume = cache.get(PersistentVolume, attachment.spec.source.persistentVolumeName ?? '')
      const uniqueName = nameIn(attachment, volume, node)
      const users = uniqueName === undefined ? [] : pods.filter(({ names }) => names.includes(uniqueName)).map(({ pod }) => pod)
      if (users.length === 0) since.set(uid, Math.min(before?.get(uid) ?? now, now))
      return { attachment, uniqueName, volume, pods: users, unwantedSince: since.get(uid) }
    })
    if (since.size > 0) unwanted.set(name, since)
    return { about: 'node', key, now, node, attachments: views, forceMs }
  }

  return {
    name: 'attachdetach-controller',
    sources: [
      { kind: Pod, keys: keysOfPod },
      { kind: Node, keys: keysOfNode },
      { kind: VolumeAttachment, keys: keysOfAttachment },
      { kind: PersistentVolumeClaim, keys: keysOfClaim },
      { kind: PersistentVolume, keys: keysOfVolume },
      { kind: CSIDriver, keys: keysOfDriver },
    ],
    view: (key, cache, now) => {
      const view = key.startsWith(nodePrefix) ? nodeView(key, cache, now) : attachView(key, cache, now)
      if (view === undefined) told.forget(key)
      return view
    },
    plan: (view) => told.plan(view.key, view.about === 'node' ? planNode(view) : planAttaching(view), view.now),
  }
}

const nodePrefix = 'node/'
const volumePrefix = 'volume/'
const nodeKey = (name: string): string => `${nodePrefix}${name}`
const volumeKey = (name: string): string => `${volumePrefix}${name}`

/** The name that the attachment's own is made of: of its volume, or, when that is gone, of those that the node speaks of. */
function nameIn({ metadata, spec }: VolumeAttachment, volume: PersistentVolume | undefined, node: Node | undefined): string | undefined {
  const spoken = [...(node?.status.volumesInUse ?? []), ...(node?.status.volumesAttached ?? []).map(({ name }) => name)]
  const own = volume === undefined ? undefined : uniqueNameOf(volume)
  return [...(own === undefined ? [] : [own]), ...spoken].find((name) => attachmentName(name, spec.nodeName) === metadata.name)
}

function attachView(key: string, cache: Cache, now: Instant): AttachView | undefined {
  const volume = cache.get(PersistentVolume, key.slice(volumePrefix.length))
  const claimKey = volume === undefined ? undefined : claimKeyOfVolume(volume)
  if (volume === undefined || claimKey === undefined || !isAttachable(volume, cache)) return undefined
  const users = cache.indexed(Pod, byClaim, claimKey).filter((pod) => pod.spec.nodeName && attachablesOf(pod, cache).includes(volume))
  const nodeNames = [...new Set(users.map(({ spec }) => spec.nodeName ?? ''))]
  const consumers = nodeNames.map((nodeName): Consumer => {
    const node = cache.get(Node, nodeName)
    return {
      nodeName,
      isManaged: node !== undefined && isManaged(node),
      pods: users.filter(({ spec }) => spec.nodeName === nodeName),
    }
  })
  return { about: 'volume', key, now, volume, attachments: cache.indexed(VolumeAttachment, byVolume, volume.metadata.name), consumers }
}

/** The kubelet leaves attaching to this controller; all do, but it has to be said. */
const isManaged = ({ metadata }: Node): boolean =>
  metadata.annotations?.['volumes.kubernetes.io/controller-managed-attach-detach'] !== undefined

function keysOfPod(pod: Pod, cache: Cache, previous: Pod | undefined): readonly string[] {
  if (!pod.spec.nodeName || (previous !== undefined && previous !== pod && same(useOf(pod), useOf(previous)))) return []
  // When it has ended, what it used is no longer told by it; the node's attachments tell.
  const volumes = attachablesOf(pod, cache).map(({ metadata }) => volumeKey(metadata.name))
  const isUser = pod.spec.volumes?.some(({ persistentVolumeClaim, ephemeral }) => persistentVolumeClaim ?? ephemeral) ?? false
  return isUser ? [nodeKey(pod.spec.nodeName), ...volumes] : []
}

const useOf = (pod: Pod) => ({ uid: pod.metadata.uid, nodeName: pod.spec.nodeName, isDone: isDoneWithVolumes(pod) })

function keysOfNode(node: Node, cache: Cache, previous: Node | undefined): readonly string[] {
  const own = nodeKey(node.metadata.name)
  if (previous !== undefined && previous !== node && same(standingOf(node), standingOf(previous))) return []
  if (previous !== undefined && isManaged(previous) === isManaged(node)) return [own]
  const pods = cache.indexed(Pod, byNodeName, node.metadata.name)
  return [own, ...pods.flatMap((pod) => attachablesOf(pod, cache).map(({ metadata }) => volumeKey(metadata.name)))]
}

/** A heartbeat changes nothing of it. */
const standingOf = (node: Node) => ({
  uid: node.metadata.uid,
  isManaged: isManaged(node),
  ready: conditionOf(node.status.conditions, 'Ready')?.status,
  taints: node.spec.taints,
  attached: node.status.volumesAttached,
  inUse: node.status.volumesInUse,
})

const keysOfAttachment = ({ spec }: VolumeAttachment): readonly string[] => [
  nodeKey(spec.nodeName),
  ...(spec.source.persistentVolumeName === undefined ? [] : [volumeKey(spec.source.persistentVolumeName)]),
]

function keysOfClaim(claim: PersistentVolumeClaim, cache: Cache): readonly string[] {
  if (!claim.spec.volumeName) return []
  return [volumeKey(claim.spec.volumeName), ...nodesOf(keyOf(claim), cache)]
}

function keysOfVolume(volume: PersistentVolume, cache: Cache, previous: PersistentVolume | undefined): readonly string[] {
  if (previous !== undefined && previous !== volume && same(volume.spec, previous.spec)) return []
  const claimKey = claimKeyOfVolume(volume)
  return [volumeKey(volume.metadata.name), ...(claimKey === undefined ? [] : nodesOf(claimKey, cache))]
}

const nodesOf = (claimKey: string, cache: Cache): readonly string[] =>
  cache.indexed(Pod, byClaim, claimKey).flatMap(({ spec }) => (spec.nodeName ? [nodeKey(spec.nodeName)] : []))

/** A driver comes, goes or changes its mind so rarely that all its volumes may be looked at. */
const keysOfDriver = ({ metadata }: CSIDriver, cache: Cache): readonly string[] => [
  ...cache
    .list(PersistentVolume)
    .filter(({ spec }) => spec.csi?.driver === metadata.name)
    .map((volume) => volumeKey(volume.metadata.name)),
  ...cache
    .list(VolumeAttachment)
    .filter(({ spec }) => spec.attacher === metadata.name)
    .map(({ spec }) => nodeKey(spec.nodeName)),
]
