import { matches, type Selector, selectorOf } from '#api/meta/v1/selector.ts'
import { CSIStorageCapacity } from '#api/storage/v1/csi-storage-capacity.ts'
import { quantityToInteger } from '#lib/quantity.ts'
import type { World } from '../../world/world.ts'
import { createLabelIndex, type LabelIndex, type Where } from './label-index.ts'
import type { NodeLabels } from './volume-affinity.ts'

/** What drivers say of the storage that is left (KEP-1472), kept with the world. */
export interface StorageCapacities {
  /** Whether somewhere that the node can reach there is room for a volume of this class and size. */
  hasRoom(className: string, sizeBytes: number, labels: NodeLabels): boolean
}

/** The largest volume that can be made, as the driver says; undefined: it does not say. */
export const volumeLimitBytes = ({ maximumVolumeSize, capacity }: CSIStorageCapacity): number | undefined => {
  const limit = maximumVolumeSize ?? capacity
  return limit === undefined ? undefined : quantityToInteger(limit)
}

interface Segment {
  readonly key: string
  readonly className: string
  readonly limitBytes: number
  readonly nodes: Selector
  readonly where: Where | undefined
}

/** To be asked of a world: `world.kept(createStorageCapacities)`. */
export function createStorageCapacities({ lookups }: World): StorageCapacities {
  const known = new Map<string, Segment>()
  const byClass = new Map<string, LabelIndex<Segment>>()
  const leave = (key: string): void => {
    const segment = known.get(key)
    if (segment === undefined) return
    known.delete(key)
    const ofClass = byClass.get(segment.className)
    ofClass?.remove(segment, segment.where)
    if (ofClass?.isEmpty) byClass.delete(segment.className)
  }
  lookups.of(CSIStorageCapacity).onChange((capacity, _previous, change) => {
    const key = `${capacity.metadata.namespace ?? ''}/${capacity.metadata.name}`
    leave(key)
    if (change === 'deleted') return
    const segment = segmentOf(capacity, key)
    if (segment === undefined) return
    known.set(key, segment)
    let ofClass = byClass.get(segment.className)
    if (ofClass === undefined) byClass.set(segment.className, (ofClass = createLabelIndex(largestFirst)))
    ofClass.add(segment, segment.where)
  })
  return {
    hasRoom(className, sizeBytes, labels) {
      for (const segments of byClass.get(className)?.at(labels) ?? [])
        for (const { limitBytes, nodes } of segments) {
          if (limitBytes < sizeBytes) break
          if (matches(nodes, labels)) return true
        }
      return false
    },
  }
}

/** Undefined: no node can reach it, or nobody knows how much there is. */
function segmentOf(capacity: CSIStorageCapacity, key: string): Segment | undefined {
  const limitBytes = volumeLimitBytes(capacity)
  const { nodeTopology, storageClassName: className } = capacity
  if (nodeTopology === undefined || limitBytes === undefined) return undefined
  const nodes = selectorOf(nodeTopology)
  const asked = nodes.requirements.find(({ operator }) => operator === '=' || operator === 'in')
  return { key, className, limitBytes, nodes, where: asked && { key: asked.key, values: asked.values } }
}

function largestFirst(a: Segment, b: Segment): number {
  if (a.limitBytes !== b.limitBytes) return b.limitBytes - a.limitBytes
  return a.key === b.key ? 0 : a.key < b.key ? -1 : 1
}
