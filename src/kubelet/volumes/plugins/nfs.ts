import { WherryError } from '#lib/errors.ts'
import { mountOptions } from '../mount-options.ts'
import type { VolumeHost } from '../volume-host.ts'
import type { VolumePlugin, VolumeSpec } from '../volume-plugin.ts'

/** An export of an NFS server, by the kernel's client. Who owns the files is the server's to say: they are not given to `fsGroup`. */
export function nfsPlugin(host: VolumeHost): VolumePlugin {
  return {
    folder: 'kubernetes.io~nfs',
    supports: (spec) => sourceOf(spec) !== undefined,
    async setUp({ spec, path, signal }) {
      const { server, path: exportPath, readOnly = false } = sourceOf(spec)!
      const isReadOnly = spec.persistentVolume ? spec.readOnly : readOnly
      // Looking at the mount point itself would wait for a server that may be gone; the kernel's table does not.
      if (!(await host.isMounted(path))) {
        await host.makeDirectory(path, 0o750)
        await host.mount({
          source: `${server.includes(':') ? `[${server}]` : server}:${exportPath}`,
          target: path,
          type: 'nfs',
          options: mountOptions(spec, isReadOnly ? ['ro'] : []),
          network: true,
          signal,
        })
      }
      await host.checkAlive(path)
      return { hasGroup: true, readOnly: isReadOnly }
    },
    async tearDown({ path }) {
      await host.unmount(path, { network: true })
      await host.remove(path)
    },
    async stats({ path }) {
      await host.checkAlive(path)
      return host.fileSystemStats(path)
    },
  }
}

function sourceOf({ volume, persistentVolume }: VolumeSpec) {
  const source = persistentVolume ? persistentVolume.spec.nfs : volume.nfs
  if (source && (source.server.startsWith('-') || source.server === '' || source.path.includes('\0')))
    throw new WherryError('Invalid', `"${source.server}:${source.path}" is no NFS export`)
  return source
}
