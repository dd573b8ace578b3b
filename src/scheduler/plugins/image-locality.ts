import type { NodeInfo, PodInfo } from '../node-info.ts'
import type { Plugin } from '../plugin.ts'

/** Below the first, an image is not worth moving a pod for; above the second (a container each), more makes no difference (image_locality.go). */
const leastBytes = 23 << 20
const mostBytesPerContainer = 1000 * 2 ** 20

interface State {
  /** How many nodes hold each image: one that few nodes hold counts less, so that pods are not drawn to one node. */
  readonly spread: ReadonlyMap<string, number>
}

/** Prefers nodes that hold the pod's images already. */
export const imageLocality: Plugin<State> = {
  name: 'ImageLocality',
  prepare: (pod, { nodes }) => ({
    spread: new Map(
      imagesOf(pod).map((image) => [
        image,
        [...nodes.values()].filter((node) => node.imageBytes.has(image)).length / Math.max(1, nodes.size),
      ]),
    ),
  }),
  score(pod, node: NodeInfo, { spread }) {
    const images = imagesOf(pod)
    const heldBytes = images.reduce((sum, image) => sum + Math.floor((node.imageBytes.get(image) ?? 0) * (spread.get(image) ?? 0)), 0)
    const mostBytes = mostBytesPerContainer * images.length
    return Math.floor((100 * (Math.min(Math.max(heldBytes, leastBytes), mostBytes) - leastBytes)) / (mostBytes - leastBytes))
  },
  weight: 1,
}

const imagesOf = ({ pod }: PodInfo): string[] =>
  [...(pod.spec.initContainers ?? []), ...pod.spec.containers].map(({ image = '' }) =>
    image.slice(image.lastIndexOf('/') + 1).includes(':') || image.includes('@') ? image : `${image}:latest`,
  )
