import type { Node } from '#api/core/v1/node.ts'
import type { NodeTable } from './node-table.ts'
import type { HostPort, PodInfo } from './pod-info.ts'

/**
 * One node as decisions see it: a row of the table's columns, and beside it what is no number. Changed only by the world, and by a trial
 * that owns its own copy.
 */
export interface NodeInfo {
  readonly name: string
  node: Node
  /** The row of this node in every column of `table`. */
  readonly slot: number
  readonly table: NodeTable
  /** Pods that take room here, by uid, in the order in which they came. */
  readonly pods: Map<string, PodInfo>
  /** Those of them that have pod (anti-)affinity of any kind. */
  readonly podsWithAffinity: Map<string, PodInfo>
  readonly podsWithRequiredAntiAffinity: Map<string, PodInfo>
  /** How many pods hold each host port, by `portKey`. */
  readonly ports: Map<string, number>
  /** Names under which the node holds images, with their size. */
  imageBytes: ReadonlyMap<string, number>
  /** Another number after every change of the node or of the pods on it; never used twice in one table. */
  generation: number
}

/** `TCP/0.0.0.0/80`. */
export const portKey = ({ protocol, address, port }: HostPort): string => `${protocol}/${address}/${port}`

/** Sizes of the images of a node, by every name. */
export const imageBytesOf = (node: Node): ReadonlyMap<string, number> =>
  new Map((node.status.images ?? []).flatMap(({ names = [], sizeBytes = 0 }) => names.map((name) => [name, sizeBytes] as const)))

/** A label of the node, or undefined. */
export const labelOf = ({ node }: NodeInfo, key: string): string | undefined => {
  const labels = node.metadata.labels
  return labels !== undefined && Object.hasOwn(labels, key) ? labels[key] : undefined
}
