import type { Pod } from '#api/core/v1/pod.ts'
import { WherryError } from '#lib/errors.ts'
import { compareQuantity, quantityToInteger } from '#lib/quantity.ts'
import { podCgroupResources } from '../../cgroups/pod-resources.ts'
import type { VolumeHost } from '../volume-host.ts'
import type { VolumePlugin } from '../volume-plugin.ts'

/** An empty directory for everybody in the pod: on disk, in memory, or in huge pages. */
export function emptyDirPlugin(host: VolumeHost, allocatable: () => { readonly memoryBytes: number }): VolumePlugin {
  return {
    folder: 'kubernetes.io~empty-dir',
    supports: ({ volume }) => volume.emptyDir !== undefined,
    async setUp({ pod, spec, path, fsGroup }) {
      const { medium = '', sizeLimit } = spec.volume.emptyDir!
      const mode = fsGroup === undefined ? openMode : openMode | setGroupId
      const group = fsGroup === undefined ? {} : { groupId: fsGroup }
      // Mode and group come with the directory, once: what its containers make of it afterwards outlives the kubelet.
      await host.makeEmptyDirectory(path, mode, fsGroup)
      if (medium === 'Memory') {
        const sizeBytes = memoryLimit(pod, sizeLimit, allocatable().memoryBytes)
        await host.mountTmpfs(path, { mode: mode | sticky, ...group, ...(sizeBytes > 0 && { sizeBytes }) })
      } else if (medium.startsWith(hugePages)) {
        if (await host.isMounted(path)) return made
        const options = [`pagesize=${pageSize(pod, medium)}`, ...(fsGroup === undefined ? [] : [`gid=${fsGroup}`])]
        await host.mount({ source: 'nodev', target: path, type: 'hugetlbfs', options })
        // Its own option takes no set-group-ID bit.
        await host.makeDirectory(path, mode)
      } else if (medium !== '') throw new WherryError('Invalid', `unknown storage medium "${medium}"`)
      return made
    },
    async stats({ path }) {
      // On the node's disk, only a walk tells whose files take how much.
      return (await host.isMounted(path)) ? host.fileSystemStats(path) : undefined
    },
  }
}

const made = { hasGroup: true, selinuxRelabel: true } as const
const openMode = 0o777
/** New files have the directory's group (inode(7)). */
const setGroupId = 0o2000
/** What one user made, another may not remove: as tmpfs(5) is mounted where nobody says otherwise, and so with the reference. */
const sticky = 0o1000
const hugePages = 'HugePages'

/** The least of what all pods may have, what this pod may have, and what the volume says (KEP-1967); 0 for no bound at all. */
export function memoryLimit(pod: Pod, sizeLimit: string | undefined, allocatableBytes: number): number {
  const bounds = [allocatableBytes, podCgroupResources(pod).memoryBytes ?? 0, sizeLimit === undefined ? 0 : quantityToInteger(sizeLimit)]
  const set = bounds.filter((bytes) => bytes > 0)
  return set.length === 0 ? 0 : Math.min(...set)
}

/** Of the medium's own name, else the only size that the pod asks for. Throws `Invalid` where there is none or more than one. */
export function pageSize(pod: Pod, medium: string): string {
  const { containers, initContainers = [], resources } = pod.spec
  const requests = [...(resources ? [resources] : []), ...[...containers, ...initContainers].map((one) => one.resources ?? {})]
  const sizes = requests
    .flatMap((one) => Object.keys(one.requests ?? {}))
    .filter((name) => name.startsWith('hugepages-'))
    .map((name) => name.slice('hugepages-'.length))
  const wanted = medium.startsWith(`${hugePages}-`) ? medium.slice(hugePages.length + 1) : undefined
  const fitting = wanted === undefined ? sizes : sizes.filter((size) => compareQuantity(size, wanted) === 0)
  const [size, ...others] = fitting
  if (size === undefined)
    throw new WherryError('Invalid', `medium ${medium}: hugePages storage requested, but there is no resource request for huge pages`)
  if (others.some((other) => compareQuantity(other, size) !== 0))
    throw new WherryError('Invalid', `medium: ${medium} can't be used if container requests multiple huge page sizes`)
  return size
}
