import type { PersistentVolume } from '#api/core/v1/persistent-volume.ts'
import type { PersistentVolumeClaim } from '#api/core/v1/persistent-volume-claim.ts'
import type { TopologySelectorTerm } from '#api/core/v1/types.ts'
import { type Refusal, refuseForGood } from '../../framework/plugin.ts'
import type { NodeInfo } from '../../world/node-info.ts'
import type { World } from '../../world/world.ts'
import { type CsiNodes, createCsiNodes } from '../volume-common/csi-nodes.ts'
import { type Candidate, createFreeVolumes, type FreeVolumes } from './free-volumes.ts'
import type { BoundClaim, OpenClaim, PodClaims } from './pod-claims.ts'
import { createStorageCapacities, type StorageCapacities } from './storage-capacity.ts'
import type { NodeLabels } from './volume-affinity.ts'

/** What becomes of a pod's open claims on one node. */
export interface Found {
  readonly matched: readonly { readonly volume: PersistentVolume; readonly claim: PersistentVolumeClaim }[]
  readonly provisioned: readonly PersistentVolumeClaim[]
}

/** All that is asked of the world for each node. */
export interface Storage {
  readonly free: FreeVolumes
  readonly capacities: StorageCapacities
  readonly csiNodes: CsiNodes
}

/** To be asked of a world: `world.kept(createStorage)`. */
export const createStorage = (world: World): Storage => ({
  free: world.kept(createFreeVolumes),
  capacities: world.kept(createStorageCapacities),
  csiNodes: world.kept(createCsiNodes),
})

/** Why a node is none for these claims, in the reference's words. */
export const reasons = {
  nodeAffinity: "node(s) didn't match PersistentVolume's node affinity",
  noVolume: "node(s) didn't find available persistent volumes to bind",
  noRoom: 'node(s) did not have enough free storage',
  volumeGone: 'node(s) unavailable due to one or more pvc(s) bound to non-existent pv(s)',
} as const

/** Finds volumes for the claims on this node; or says why there are none. */
export function findVolumes(claims: PodClaims, node: NodeInfo, storage: Storage): Found | Refusal {
  const labels = node.node.metadata.labels ?? noLabels
  const why = claims.bound.length === 0 ? undefined : whyNotBound(claims.bound, node.name, labels, storage)
  const found = findOpen(claims, node.name, labels, storage)
  if (typeof found !== 'string') return why === undefined ? found : refusalOf(why)
  if (why === undefined) return refusalOf(found)
  // The order in which the reference tells them.
  return why === reasons.volumeGone ? refuseForGood(found, why) : refuseForGood(why, found)
}

/** Nearly all nodes are refused for one of the same few reasons. */
const refusalOf = (reason: string): Refusal => refusals.get(reason) ?? refuseForGood(reason)
const refusals: ReadonlyMap<string, Refusal> = new Map(Object.values(reasons).map((reason) => [reason, refuseForGood(reason)]))

const noLabels: NodeLabels = {}
const nothing: Found = { matched: [], provisioned: [] }

/** The first of the bound claims whose volume cannot be reached decides. */
function whyNotBound(bound: readonly BoundClaim[], nodeName: string, labels: NodeLabels, storage: Storage): string | undefined {
  const csiNode = storage.csiNodes.get(nodeName)
  for (const { reach } of bound) {
    if (reach === undefined) return reasons.volumeGone
    const found = reach(csiNode)
    if ('problem' in found) return found.problem
    if (!found.reach(labels)) return reasons.nodeAffinity
  }
  return undefined
}

function findOpen({ selected, open }: PodClaims, nodeName: string, labels: NodeLabels, storage: Storage): Found | string {
  if (selected.length + open.length === 0) return nothing
  for (const claim of selected) if (claim.nodeName !== nodeName) return reasons.noVolume
  const matched: Match[] = []
  let missing: OpenClaim[] | undefined
  for (const wanted of open) {
    const volume = findVolume(wanted, storage.free.ofClass(wanted.className).at(labels), labels, matched)
    if (volume === undefined) (missing ??= [...selected]).push(wanted)
    else matched.push({ volume, claim: wanted.claim })
  }
  const toMake = missing ?? selected
  const why = whyNotProvisioned(toMake, labels, storage)
  return why ?? { matched, provisioned: toMake.map(({ claim }) => claim) }
}

type Match = Found['matched'][number]

/**
 * The volume that is set aside for the claim; else the smallest free one that suits it. Where those set aside cannot be reached, no other is
 * taken: the claim is not for this node, unless a volume can be made for it.
 */
function findVolume(
  wanted: OpenClaim,
  lists: readonly (readonly Candidate[])[],
  labels: NodeLabels,
  matched: readonly Match[],
): PersistentVolume | undefined {
  if (wanted.setAside.length > 0) {
    const open = wanted.setAside.filter((candidate) => !isTaken(candidate, matched))
    if (open.length > 0) return open.find(({ reach }) => reach(labels))?.volume
  }
  let best: Candidate | undefined
  for (const list of lists) {
    for (let place = firstOfSize(list, wanted.size); place < list.length; place += 1) {
      const candidate = list[place]!
      if (best !== undefined && !isBetter(candidate, best)) break
      if (!candidate.reach(labels) || isTaken(candidate, matched) || !wanted.suits(candidate)) continue
      best = candidate
      break
    }
  }
  return best?.volume
}

/** By one of the pod's other claims. */
function isTaken({ volume }: Candidate, matched: readonly Match[]): boolean {
  for (const match of matched) if (match.volume === volume) return true
  return false
}

const isBetter = (a: Candidate, b: Candidate): boolean =>
  a.size < b.size || (a.size === b.size && a.volume.metadata.name < b.volume.metadata.name)

function firstOfSize(list: readonly Candidate[], size: bigint): number {
  let low = 0
  let high = list.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (list[middle]!.size < size) low = middle + 1
    else high = middle
  }
  return low
}

/** A class for volumes that somebody has made already. */
const noProvisioner = 'kubernetes.io/no-provisioner'

/** The first of the claims for which no volume can be made here decides. */
function whyNotProvisioned(claims: readonly OpenClaim[], labels: NodeLabels, storage: Storage): string | undefined {
  for (const { storageClass, sizeBytes, asksForRoom, className } of claims) {
    if (storageClass.provisioner === '' || storageClass.provisioner === noProvisioner) return reasons.noVolume
    if (!isAllowed(storageClass.allowedTopologies, labels)) return reasons.noVolume
    if (asksForRoom && sizeBytes !== undefined && !storage.capacities.hasRoom(className, sizeBytes, labels)) return reasons.noRoom
  }
  return undefined
}

/** No terms allow every node; a term without conditions allows none. */
function isAllowed(terms: readonly TopologySelectorTerm[] | undefined, labels: NodeLabels): boolean {
  if (terms === undefined || terms.length === 0) return true
  return terms.some(
    ({ matchLabelExpressions = [] }) =>
      matchLabelExpressions.length > 0 &&
      matchLabelExpressions.every(({ key, values }) => Object.hasOwn(labels, key) && values.includes(labels[key]!)),
  )
}
