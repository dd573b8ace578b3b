import type { PersistentVolumeClaim } from '#api/core/v1/persistent-volume-claim.ts'
import type { Pod } from '#api/core/v1/pod.ts'
import type { CSINode } from '#api/storage/v1/csi-node.ts'
import type { VolumeAttachment } from '#api/storage/v1/volume-attachment.ts'
import type { ClusterEvent } from '../../framework/cluster-event.ts'
import { type Plugin, refuse, refuseForGood } from '../../framework/plugin.ts'
import { claimNamesOf } from '../volume-common/claims.ts'
import { limitsOf } from '../volume-common/csi-nodes.ts'
import { csiVolumeOfInline } from '../volume-common/in-tree-volumes.ts'
import { type AttachedVolumes, createAttachedVolumes } from './attached-volumes.ts'
import { type CsiVolumes, csiVolumesOf, mayHaveCsiVolumes } from './csi-volumes.ts'

interface State {
  readonly attached: AttachedVolumes
  /** What the pod needs on nodes with a CSINode, and on those without. */
  readonly withCsiNode: Needs
  readonly without: Needs
}

type Needs = { readonly volumes: CsiVolumes; readonly problem?: string }

/** No node gets more volumes of a CSI driver than its CSINode says that it can have. A volume that several pods share counts once. */
export const nodeVolumeLimits: Plugin<State | undefined> = {
  name: 'NodeVolumeLimits',
  preFilter({ pod }, world) {
    if (!mayHaveCsiVolumes(pod)) return nothing
    const withCsiNode = csiVolumesOf(pod, true, world)
    const without = csiVolumesOf(pod, false, world)
    if (isNothing(withCsiNode) && isNothing(without)) return nothing
    return { state: { attached: world.kept(createAttachedVolumes), withCsiNode, without } }
  },
  filter(_pod, node, state) {
    if (state === undefined) return undefined
    const csiNode = state.attached.csiNodes.get(node.name)
    const needs = csiNode === undefined ? state.without : state.withCsiNode
    if (needs.problem !== undefined) return refuseForGood(needs.problem)
    if (csiNode === undefined || csiNode.limits.size === 0 || needs.volumes.size === 0) return undefined
    const { volumes, counts } = state.attached.on(node)
    const wanted = new Map<string, number>()
    for (const [volume, driver] of needs.volumes) if (!volumes.has(volume)) wanted.set(driver, (wanted.get(driver) ?? 0) + 1)
    for (const [driver, count] of wanted) {
      const limit = csiNode.limits.get(driver)
      if (limit !== undefined && (counts.get(driver) ?? 0) + count > limit) return tooMany
    }
    return undefined
  },
  wokenBy: [
    { resource: 'storage.k8s.io/CSINode', actions: ['Add'] },
    { resource: 'storage.k8s.io/CSINode', actions: ['Update'], helps: hasHigherLimit },
    { resource: 'Pod', actions: ['Delete'], helps: hadVolumes },
    { resource: 'PersistentVolumeClaim', actions: ['Add'], helps: isItsClaim },
    { resource: 'storage.k8s.io/VolumeAttachment', actions: ['Delete'], helps: wasOfItsDriver },
  ],
}

const isNothing = ({ volumes, problem }: Needs): boolean => volumes.size === 0 && problem === undefined

const nothing = { state: undefined, skip: true } as const
const tooMany = refuse('node(s) exceed max volume count')

function hasHigherLimit(_pod: Pod, { before, after }: ClusterEvent): boolean {
  const limitsBefore = limitsOf(before as CSINode)
  for (const [driver, limit] of limitsOf(after as CSINode)) if (limit > (limitsBefore.get(driver) ?? 0)) return true
  return false
}

/** The reference also asks after pods that only were to go to a node. */
function hadVolumes(_pod: Pod, { before, after }: ClusterEvent): boolean {
  const gone = (before ?? after) as Pod
  return Boolean(gone.spec.nodeName || gone.status.nominatedNodeName) && mayHaveCsiVolumes(gone)
}

function isItsClaim(pod: Pod, { after }: ClusterEvent): boolean {
  const { name, namespace } = (after as PersistentVolumeClaim).metadata
  return namespace === pod.metadata.namespace && claimNamesOf(pod).includes(name)
}

/** Which volumes are behind claims is not looked up; those of ephemeral ones may be the driver's too, though the reference passes them over. */
function wasOfItsDriver(pod: Pod, { before, after }: ClusterEvent): boolean {
  const { attacher } = ((before ?? after) as VolumeAttachment).spec
  return (pod.spec.volumes ?? []).some((volume) => {
    if (claimNamesOf(pod).length > 0) return true
    const inline = csiVolumeOfInline(volume)
    return inline !== undefined && ('problem' in inline || inline.driver === attacher)
  })
}
