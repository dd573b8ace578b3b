import { WherryError } from '#lib/errors.ts'
import type { VolumeOptions } from '../shared.ts'
import type { FileType, VolumeHost } from '../volume-host.ts'
import type { VolumePlugin } from '../volume-plugin.ts'

/** A place of the node as it is: nothing is mounted, and nobody's files change hands. */
export function hostPathPlugin({ host, rootDirectory, usualFolder }: HostPathOptions): VolumePlugin {
  // A runtime looks for the mount that holds a path, to see whether mounts pass through it, and follows no links then.
  const ownName = (path: string): string =>
    usualFolder !== undefined && (path === usualFolder || path.startsWith(`${usualFolder}/`))
      ? `${rootDirectory}${path.slice(usualFolder.length)}`
      : path

  return {
    folder: 'kubernetes.io~host-path',
    refusesMountOptions: true,
    supports: ({ volume, persistentVolume }) => (persistentVolume ? persistentVolume.spec.hostPath : volume.hostPath) !== undefined,
    async setUp({ spec }) {
      const { path, type = '' } = (spec.persistentVolume ? spec.persistentVolume.spec.hostPath : spec.volume.hostPath)!
      if (path.split('/').includes('..')) throw new WherryError('Invalid', `invalid HostPath \`${path}\`: must not contain '..'`)
      await checkHostPath(host, path, type)
      return { hostPath: ownName(path), hasGroup: true, readOnly: spec.readOnly }
    },
  }
}

interface HostPathOptions extends Pick<VolumeOptions, 'rootDirectory' | 'usualFolder'> {
  readonly host: VolumeHost
}

/** What each type of hostPath wants to find (API docs, HostPathType), and the reference's words when it does not. */
const wanted: Readonly<Record<string, { readonly type: FileType; readonly words: string; readonly create?: true }>> = {
  Directory: { type: 'directory', words: 'a directory' },
  DirectoryOrCreate: { type: 'directory', words: 'a directory', create: true },
  File: { type: 'file', words: 'a file' },
  FileOrCreate: { type: 'file', words: 'a file', create: true },
  Socket: { type: 'socket', words: 'a socket file' },
  CharDevice: { type: 'character device', words: 'a character device' },
  BlockDevice: { type: 'block device', words: 'a block device' },
}
const createdDirectoryMode = 0o755
const createdFileMode = 0o644

/** Makes what may be made and refuses what is not as asked. No type: no check; the runtime then makes a directory where nothing is. */
async function checkHostPath(host: VolumeHost, path: string, type: string): Promise<void> {
  if (type === '') return
  const rule = wanted[type]
  if (!rule) throw new WherryError('Invalid', `${type} is an invalid volume type`)
  const found = await host.fileType(path)
  if (found === undefined && rule.create) {
    if (rule.type === 'directory') await host.makeDirectory(path, createdDirectoryMode)
    else await host.makeFile(path, createdFileMode)
    return
  }
  if (found !== rule.type) throw new WherryError('Invalid', `hostPath type check failed: ${path} is not ${rule.words}`)
}
