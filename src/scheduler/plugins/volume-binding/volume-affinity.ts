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

/**
 * Where a bound volume can be reached from: its own affinity, or its driver's where the node gets volumes of that former in-tree plug-in from
 * the driver. `problem`: the driver could not find the volume by what it is called.
 */
export function boundAffinity(
  volume: PersistentVolume,
): (csiNode: CsiNodeFacts | undefined) => { readonly required: NodeSelector | undefined } | { readonly problem: string } {
  const own = { required: volume.spec.nodeAffinity?.required }
  const plugin = pluginOfVolume(volume)
  if (plugin === undefined) return () => own
  const translated = csiVolumeOf(volume)
  const migrated =
    translated !== undefined && 'problem' in translated
      ? { problem: `could not translate pv: ${translated.problem}` }
      : { required: migratedAffinity(volume) }
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
