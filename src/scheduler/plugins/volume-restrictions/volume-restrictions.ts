import { PersistentVolumeClaim } from '#api/core/v1/persistent-volume-claim.ts'
import type { Pod } from '#api/core/v1/pod.ts'
import type { ClusterEvent } from '../../framework/cluster-event.ts'
import { type Plugin, refuse, refuseForGood } from '../../framework/plugin.ts'
import type { World } from '../../world/world.ts'
import { createClaimUsers } from '../volume-common/claim-users.ts'
import { claimKey, claimNotFound, hasClaims, namedClaims } from '../volume-common/claims.ts'
import { areInConflict, createDiskUsers, disksOf } from './disks.ts'

interface State {
  readonly namespace: string
  /** Names of the pod's claims that only one pod may use at a time. */
  readonly exclusive: ReadonlySet<string>
  /** Times that other pods use these, wherever they are. */
  uses: number
  readonly disks: ReturnType<typeof disksOf>
  /** Pods whose disks are in conflict with these, by node name. */
  readonly conflicts: Map<string, number>
}

/**
 * Volumes that not everybody can have at once: claims with ReadWriteOncePod, for one pod in the whole cluster (KEP-2485), and disks that a pod
 * names itself, for one pod a node unless all only read.
 */
export const volumeRestrictions: Plugin<State | undefined> = {
  name: 'VolumeRestrictions',
  preFilter({ pod }, world) {
    const disks = disksOf(pod)
    if (disks.length === 0 && !hasClaims(pod)) return nothing
    const { namespace } = pod.metadata
    const claims = world.lookups.of(PersistentVolumeClaim)
    const exclusive = new Set<string>()
    for (const name of namedClaims(pod)) {
      const claim = claims.get(name, namespace)
      if (claim === undefined) return { refusal: refuseForGood(claimNotFound(name)) }
      if (claim.spec.accessModes?.includes('ReadWriteOncePod')) exclusive.add(name)
    }
    const uses = usesOf(exclusive, pod, world)
    if (disks.length === 0 && uses === 0) return nothing
    return { state: { namespace, exclusive, uses, disks, conflicts: conflictsOf(disks, pod, world) } }
  },
  filter(_pod, { name }, state) {
    if (state === undefined) return undefined
    if (state.conflicts.size > 0 && (state.conflicts.get(name) ?? 0) > 0) return diskTaken
    return state.uses > 0 ? claimTaken : undefined
  },
  copy: (state) => state && { ...state, conflicts: new Map(state.conflicts) },
  change(state, _pod, { pod: other }, { name }, sign) {
    if (state === undefined) return
    if (other.metadata.namespace === state.namespace) state.uses += sign * usesBy(other, state.exclusive)
    if (state.disks.length > 0 && areInConflict(state.disks, disksOf(other)))
      state.conflicts.set(name, (state.conflicts.get(name) ?? 0) + sign)
  },
  wokenBy: [
    { resource: 'Pod', actions: ['Delete'], helps: hadTheSame },
    { resource: 'Node', actions: ['Add'] },
    { resource: 'PersistentVolumeClaim', actions: ['Add'], helps: isNamed },
  ],
}

const nothing = { state: undefined, skip: true } as const
const diskTaken = refuse('node(s) had no available disk')
const claimTaken = refuse(
  'node(s) unavailable due to PersistentVolumeClaim with ReadWriteOncePod access mode already in-use by another pod',
)

/** Each claim of the set counts once a pod that names it. */
const usesBy = (pod: Pod, exclusive: ReadonlySet<string>): number => new Set(namedClaims(pod).filter((name) => exclusive.has(name))).size

function usesOf(exclusive: ReadonlySet<string>, { metadata }: Pod, world: World): number {
  if (exclusive.size === 0) return 0
  const users = world.kept(createClaimUsers)
  let uses = 0
  for (const name of exclusive)
    for (const { pod } of users.of(claimKey(metadata.namespace, name)).values())
      if (pod.metadata.uid !== metadata.uid && namedClaims(pod).includes(name)) uses += 1
  return uses
}

function conflictsOf(disks: State['disks'], { metadata }: Pod, world: World): State['conflicts'] {
  const conflicts: State['conflicts'] = new Map()
  if (disks.length === 0) return conflicts
  const users = world.kept(createDiskUsers)
  const seen = new Set<string>([metadata.uid])
  for (const { key } of disks)
    for (const [uid, { nodeName, disks: others }] of users.of(key)) {
      if (seen.has(uid)) continue
      seen.add(uid)
      if (areInConflict(disks, others)) conflicts.set(nodeName, (conflicts.get(nodeName) ?? 0) + 1)
    }
  return conflicts
}

/** A claim that the pod names: it had to be there for its access modes. */
function isNamed(pod: Pod, { after }: ClusterEvent): boolean {
  const { name, namespace } = (after as PersistentVolumeClaim).metadata
  return namespace === pod.metadata.namespace && namedClaims(pod).includes(name)
}

function hadTheSame(pod: Pod, { before, after }: ClusterEvent): boolean {
  const gone = (before ?? after) as Pod
  // Disks know no namespace; the reference looks at those of the pod's own alone, and leaves the others to its regular sweep.
  if (areInConflict(disksOf(pod), disksOf(gone))) return true
  if (gone.metadata.namespace !== pod.metadata.namespace) return false
  const names = namedClaims(gone)
  return names.length > 0 && namedClaims(pod).some((name) => names.includes(name))
}
