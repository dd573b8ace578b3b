import type { Cacher } from '../cacher/cacher.ts'
import type { ResourceFacts } from '../flow-control/work-estimate.ts'
import type { KindRegistry } from '../kind-registry.ts'

/** How many objects of a resource are stored, and about how large they are: what a list of them will take. */
export const storedObjects =
  (kinds: KindRegistry, cacher: Cacher): ResourceFacts['objects'] =>
  (group, resource) => {
    const kind = kinds.ofResource(group, resource)
    if (kind === undefined) return undefined
    const { index } = cacher.of(kind)
    // A leaf's objects stand for all: they need not be exact, and each list asks.
    const leaf = index.leaves[index.leaves.length >> 1]
    if (leaf === undefined) return undefined
    let bytes = 0
    const sampled = Math.min(leaf.length, sampleSize)
    for (let i = 0; i < sampled; i += 1) bytes += leaf[i]!.value.byteLength
    return { count: index.size, averageBytes: Math.ceil(bytes / sampled) }
  }

const sampleSize = 8
