/** What one container was given of one NUMA node. */
export interface Block {
  readonly node: number
  readonly resource: string
  readonly bytes: number
}

/** What one container was given; in its file as well. */
export interface MemoryRecord {
  readonly name: string
  /** It ends before those after it start. */
  readonly isInit: boolean
  readonly isSidecar: boolean
  /** Those that it may use, also where a block is on one of them alone. */
  readonly nodes: readonly number[]
  readonly blocks: readonly Block[]
}

/**
 * Bytes of a node that a pod holds: what its lasting containers have together, or an init container with the sidecars before it, whatever is
 * more, since what an init container had is free for those that come after it.
 */
export function memoryUse(records: readonly MemoryRecord[], node: number, resource: string): number {
  const bytesOf = ({ blocks }: MemoryRecord) =>
    blocks.filter((block) => block.node === node && block.resource === resource).reduce((sum, { bytes }) => sum + bytes, 0)
  let sidecars = 0
  let start = 0
  let lasting = 0
  for (const record of records) {
    const bytes = bytesOf(record)
    if (record.isInit) start = Math.max(start, sidecars + bytes)
    else lasting += bytes
    if (record.isSidecar) sidecars += bytes
  }
  return Math.max(start, lasting)
}
