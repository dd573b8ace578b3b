import { WherryError } from '#lib/errors.ts'
import { mountOptions } from '../mount-options.ts'
import type { VolumeHost } from '../volume-host.ts'
import { isBlock, type VolumePlugin } from '../volume-plugin.ts'

export interface LocalPluginOptions {
  readonly host: VolumeHost
  /** The kubelet's folder: devices with a file system are mounted once below `<root>/plugins/kubernetes.io/local-volume/mounts`. */
  readonly rootDirectory: string
  /** Another pod has the volume under another group. */
  readonly warn: (pod: Parameters<VolumePlugin['setUp']>[0]['pod'], reason: string, message: string) => void
}

/** What `tearDown` has to know. */
interface LocalRecord {
  /** Where its device is mounted for all pods. */
  readonly globalPath?: string
}

/** A directory or device of this node that a PersistentVolume stands for. */
export function localPlugin({ host, rootDirectory, warn }: LocalPluginOptions): VolumePlugin {
  const mounts = `${rootDirectory}/plugins/kubernetes.io/local-volume/mounts`

  /** The directory to bind: the volume's own, or where its device is mounted. */
  async function sourceDirectory(name: string, local: string, type: string, options: readonly string[], signal: AbortSignal) {
    const found = await host.fileType(local)
    if (found === 'directory') return local
    if (found !== 'block device') throw initial(name, missing(local, found, 'only directory and block device are supported'))
    const globalPath = `${mounts}/${name}`
    await host.makeDirectory(globalPath, 0o750)
    try {
      await host.mountDevice({ source: local, target: globalPath, type, options, signal })
    } catch (cause) {
      const words = `local: failed to mount device ${local} at ${globalPath} (fstype: ${type}), error ${(cause as Error).message}`
      throw new WherryError('InternalError', `MountVolume.MountDevice failed for volume "${name}" : ${words}`, { cause })
    }
    return globalPath
  }

  return {
    folder: 'kubernetes.io~local-volume',
    supports: ({ persistentVolume }) => persistentVolume?.spec.local !== undefined,
    uniqueName: ({ name }) => `kubernetes.io/local-volume/${name}`,
    async setUp({ pod, spec, path, fsGroup, isShared, signal, remember }) {
      const { path: local, fsType = 'ext4' } = spec.persistentVolume!.spec.local!
      if (!local.startsWith('/') || local.split('/').includes('..'))
        throw new WherryError('Invalid', `invalid path: ${local} must be absolute and without '..'`)
      if (isBlock(spec)) {
        const found = await host.fileType(local)
        if (found !== 'block device') throw new WherryError('Invalid', missing(local, found, `${local} is not a block device`))
        return { hostPath: await host.realPath(local), device: true, readOnly: spec.readOnly, hasGroup: true }
      }
      const globalPath = `${mounts}/${spec.name}`
      // Before the mount: after a crash it has to be known.
      await remember({ globalPath } satisfies LocalRecord)
      const options = mountOptions(spec, spec.readOnly ? ['ro'] : [])
      const source = await sourceDirectory(spec.name, local, fsType, options, signal)
      if (await host.isMounted(path)) return { readOnly: spec.readOnly, hasGroup: true, selinuxRelabel: !spec.readOnly }
      if (isShared && fsGroup !== undefined) {
        const owner = await host.groupOf(source)
        if (owner !== fsGroup) {
          const words = `The requested fsGroup is ${fsGroup}, but the volume ${spec.name} has GID ${owner}. The volume may not be shareable.`
          warn(pod, 'AlreadyMountedVolume', words)
        }
      }
      await host.makeDirectory(path, 0o750)
      await host.mount({ source, target: path, options: [...new Set(['bind', ...options])], signal })
      // Its files are given to a group by the first pod that has it.
      return { readOnly: spec.readOnly, hasGroup: isShared, selinuxRelabel: !spec.readOnly }
    },
    async tearDown({ path, record, isLast }) {
      await host.unmount(path)
      await host.remove(path)
      const { globalPath } = (record ?? {}) as LocalRecord
      if (!isLast || globalPath === undefined) return
      await host.unmount(globalPath)
      await host.remove(globalPath)
    },
    stats: ({ path }) => host.fileSystemStats(path),
    async expand({ spec, path, capacityBytes }) {
      const { path: local } = spec.persistentVolume!.spec.local!
      if (!isBlock(spec) && (await host.fileType(local)) === 'block device') await host.growFileSystem(local, path)
      return { capacityBytes }
    },
  }
}

const missing = (path: string, found: string | undefined, words: string): string =>
  found === undefined ? `path "${path}" does not exist` : words

const initial = (name: string, words: string): WherryError =>
  new WherryError('Invalid', `MountVolume.NewMounter initialization failed for volume "${name}" : ${words}`)
