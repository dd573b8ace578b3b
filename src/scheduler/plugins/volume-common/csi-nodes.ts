import { CSINode } from '#api/storage/v1/csi-node.ts'
import type { World } from '../../world/world.ts'

/** What decisions need of a CSINode. */
export interface CsiNodeFacts {
  /** How many volumes of a driver the node can have; a driver that is missing has no limit. */
  readonly limits: ReadonlyMap<string, number>
  /** Former in-tree plug-ins whose volumes the node gets from CSI drivers. */
  readonly migrated: ReadonlySet<string>
}

/** By node name; undefined: the node has no CSINode. */
export type CsiNodes = ReadonlyMap<string, CsiNodeFacts>

/** To be asked of a world: `world.kept(createCsiNodes)`. */
export function createCsiNodes({ lookups }: World): CsiNodes {
  const nodes = new Map<string, CsiNodeFacts>()
  lookups.of(CSINode).onChange((node, _previous, change) => {
    if (change === 'deleted') nodes.delete(node.metadata.name)
    else nodes.set(node.metadata.name, factsOf(node))
  })
  return nodes
}

/** The limits of a CSINode, by driver. */
export const limitsOf = ({ spec }: CSINode): ReadonlyMap<string, number> =>
  new Map(spec.drivers.flatMap(({ name, allocatable }) => (allocatable?.count === undefined ? [] : [[name, allocatable.count] as const])))

/** Names of plug-ins, separated by commas (KEP-625). */
export const migratedPlugins = 'storage.alpha.kubernetes.io/migrated-plugins'

const factsOf = (node: CSINode): CsiNodeFacts => ({
  limits: limitsOf(node),
  migrated: new Set((node.metadata.annotations?.[migratedPlugins] ?? '').split(',').filter((name) => name !== '')),
})
