import { matchesNodeSelectorTerm } from '#api/core/v1/node-affinity.ts'
import type { PersistentVolume } from '#api/core/v1/persistent-volume.ts'
import type { NodeSelector } from '#api/core/v1/types.ts'
import type { CsiNodeFacts } from '../volume-common/csi-nodes.ts'
import { csiVolumeOf, migratedAffinity, pluginOfVolume } from '../volume-common/in-tree-volumes.ts'

/** Labels of a node. */
export type NodeLabels = Readonly<Record<string, string>>

/**
 * Whether a volume can be reached from a node with these labels. Its terms are alternatives. Fields of the node are not looked at, as the
 * reference hands its matcher labels alone: a term of nothing but fields is for every node.
 */
export function allows(required: NodeSelector | undefined, labels: NodeLabels): boolean {
  if (required === undefined) return true
  for (const { matchExpressions = [], matchFields = [] } of required.nodeSelectorTerms) {
    if (
      matchExpressions.length === 0
        ? matchFields.length > 0
        : matchesNodeSelectorTerm({ matchExpressions }, { metadata: { name: '', labels } })
    )
      return true
  }
  return false
}

/** Whether nodes with these labels can reach a volume. */
export type Reach = (labels: NodeLabels) => boolean

/** The affinity made ready to be asked of every node. Most volumes are on one node, or in one zone. */
export function reachOf(required: NodeSelector | undefined): Reach {
  if (required === undefined) return everywhere
  const [term, ...otherTerms] = required.nodeSelectorTerms
  const [condition, ...otherConditions] = term?.matchExpressions ?? []
  const isOne = otherTerms.length + otherConditions.length === 0 && (term?.matchFields ?? []).length === 0
  if (!isOne || condition?.operator !== 'In') return (labels) => allows(required, labels)
  const { key, values = [] } = condition
  return (labels) => Object.hasOwn(labels, key) && values.includes(labels[key]!)
}

const everywhere: Reach = () => true

/** From where a bound volume can be reached. `problem`: its driver could not find it by what it is called. */
export type BoundReach = { readonly reach: Reach } | { readonly problem: string }

/**
 * From where a bound volume can be reached: by its own affinity, or by its driver's where the node gets volumes of that former in-tree plug-in
 * from the driver.
 */
export function boundReach(volume: PersistentVolume): (csiNode: CsiNodeFacts | undefined) => BoundReach {
  const own = { reach: reachOf(volume.spec.nodeAffinity?.required) }
  const plugin = pluginOfVolume(volume)
  if (plugin === undefined) return () => own
  const translated = csiVolumeOf(volume)
  const migrated =
    translated !== undefined && 'problem' in translated
      ? { problem: `could not translate pv: ${translated.problem}` }
      : { reach: reachOf(migratedAffinity(volume)) }
  return (csiNode) => (csiNode?.migrated.has(plugin) ? migrated : own)
}

/** A label that a node must have, with one of these values, for the affinity to hold; undefined: there is none that all its terms ask for. */
export function requiredLabel(
  required: NodeSelector | undefined,
): { readonly key: string; readonly values: readonly string[] } | undefined {
  const [first, ...others] = required?.nodeSelectorTerms ?? []
  if (first === undefined) return undefined
  const asked = (first.matchExpressions ?? []).filter(({ operator }) => operator === 'In')
  let best: { readonly key: string; readonly values: readonly string[] } | undefined
  for (const { key, values = [] } of asked) {
    const alike = others.map(({ matchExpressions = [] }) => matchExpressions.find((one) => one.operator === 'In' && one.key === key))
    if (alike.includes(undefined)) continue
    const all = [...new Set([...values, ...alike.flatMap((one) => one?.values ?? [])])]
    if (best === undefined || all.length < best.values.length) best = { key, values: all }
  }
  return best
}
