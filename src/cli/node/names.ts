import { Node } from '#api/core/v1/node.ts'
import type { Client } from '#client/client.ts'

/**
 * Names for new nodes: that of the first with a number, as hosts of one sort are called everywhere; the first is number one by that. Numbers are
 * used again, so that three nodes are always -2 and -3.
 */
export function furtherNames(first: string, taken: readonly string[], count: number): readonly string[] {
  const names: string[] = []
  for (let number = 2; names.length < count; number += 1) {
    const name = `${first}-${number}`
    if (!taken.includes(name)) names.push(name)
  }
  return names
}

/** Of all nodes of the cluster, wherever they are. */
export const nodeNames = async (client: Client): Promise<readonly string[]> =>
  (await client.list(Node)).items.map(({ metadata }) => metadata.name)
