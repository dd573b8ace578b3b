import { posix } from 'node:path'
import type { Pod } from '#api/core/v1/pod.ts'

/**
 * Places inside of a volume at which containers mount something else, relative to it; of several inside each other the outermost. A volume that can
 * only be read has to have them: the runtime makes them by itself in others alone. A mount path that leads out of the container's own root is cut
 * off there.
 */
export function nestedPlaces({ spec }: Pod, volume: string): readonly string[] {
  const containers = [...spec.containers, ...(spec.initContainers ?? []), ...(spec.ephemeralContainers ?? [])]
  const places = containers.flatMap(({ volumeMounts = [] }) => {
    const paths = volumeMounts.map(({ mountPath }) => clean(mountPath)).sort()
    return volumeMounts
      .filter(({ name }) => name === volume)
      .flatMap(({ mountPath }) => {
        const outer = `${clean(mountPath)}/`
        const inner = paths.filter((path) => path.startsWith(outer))
        return inner.filter((path) => !inner.some((other) => path.startsWith(`${other}/`))).map((path) => path.slice(outer.length))
      })
  })
  return [...new Set(places)].sort()
}

/** From the root of the container, without `..` and without a slash at the end. */
const clean = (path: string): string => posix.join('/', path).replace(/\/$/, '')
