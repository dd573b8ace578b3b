import type { Plugin } from '../../framework/plugin.ts'
import type { NodeInfo } from '../../world/node-info.ts'
import { byShape } from '../../world/pod-info.ts'
import type { World } from '../../world/world.ts'

/** Below the first, an image is not worth moving a pod for; above the second (a container each), more makes no difference (image_locality.go). */
const leastBytes = 23 * 2 ** 20
const mostBytesPerContainer = 1000 * 2 ** 20

/** Prefers nodes that hold the pod's images already; an image that few nodes hold counts less, so that pods are not drawn to one node. */
export const imageLocality: Plugin<undefined, readonly Wanted[]> = {
  name: 'ImageLocality',
  restsOn: 'node',
  basis: (world) => world.kept(imageIndex).changes,
  isUniform: (pod, world) => imagesOf(pod).names.every((name) => !world.kept(imageIndex).holders.has(name)),
  preScore(pod, _nodes, world) {
    const { holders } = world.kept(imageIndex)
    const total = world.nodes.nodes.size
    return imagesOf(pod).names.map((name) => ({ name, spread: (holders.get(name) ?? 0) / total }))
  },
  score(pod, node, wanted) {
    let heldBytes = 0
    for (const { name, spread } of wanted) {
      const sizeBytes = node.imageBytes.get(name)
      if (sizeBytes !== undefined) heldBytes += Math.trunc(sizeBytes * spread)
    }
    const mostBytes = mostBytesPerContainer * imagesOf(pod).containers
    return Math.trunc((100 * (Math.min(Math.max(heldBytes, leastBytes), mostBytes) - leastBytes)) / (mostBytes - leastBytes))
  },
}

interface Wanted {
  readonly name: string
  readonly spread: number
}

/** An image named twice counts twice; images of volumes count, but raise no bound. */
const imagesOf = byShape(({ spec }) => {
  const containers = [...(spec.initContainers ?? []), ...spec.containers]
  const volumes = (spec.volumes ?? []).flatMap(({ image }) => image?.reference ?? [])
  return { names: [...containers.map(({ image = '' }) => image), ...volumes].map(withTag), containers: containers.length }
})

/** As nodes tell their images: with a tag. */
const withTag = (name: string): string => (name.lastIndexOf(':') <= name.lastIndexOf('/') ? `${name}:latest` : name)

/** How many nodes hold each image. `changes` moves with every change of it and of the number of nodes. */
function imageIndex(world: World): { readonly holders: ReadonlyMap<string, number>; readonly changes: number } {
  const index = { holders: new Map<string, number>(), changes: 0 }
  const known = new Map<string, ReadonlyMap<string, number>>()
  function count(imageBytes: ReadonlyMap<string, number>, sign: 1 | -1): void {
    for (const name of imageBytes.keys()) {
      const holders = (index.holders.get(name) ?? 0) + sign
      if (holders > 0) index.holders.set(name, holders)
      else index.holders.delete(name)
    }
  }
  function set({ name, imageBytes }: NodeInfo): void {
    const before = known.get(name)
    if (before === imageBytes) return
    if (before !== undefined) count(before, -1)
    count(imageBytes, 1)
    known.set(name, imageBytes)
    index.changes += 1
  }
  world.observe({
    nodeAdded: set,
    nodeChanged: set,
    nodeRemoved({ name, imageBytes }) {
      count(known.get(name) ?? imageBytes, -1)
      known.delete(name)
      index.changes += 1
    },
  })
  return index
}
