import type { Log } from '#lib/log.ts'
import type { Runtime } from '../runtime.ts'
import type { DiskUsage, FileSystemStats, StatsHost } from './stats-host.ts'

/** The file systems that a node lives on. */
export interface FileSystems {
  /** With the kubelet's folder: volumes, logs. */
  readonly nodeFs: FileSystemStats | undefined
  /** With the runtime's images. Undefined while the runtime does not tell. */
  readonly imageFs: FileSystemStats | undefined
  /** With the writable layers, where those do not lie with the images. */
  readonly containerFs: FileSystemStats | undefined
  readonly imageUsage: DiskUsage | undefined
  readonly containerUsage: DiskUsage | undefined
}

export interface FileSystemsOptions {
  readonly host: Pick<StatsHost, 'fileSystem'>
  readonly runtime: Pick<Runtime, 'imageFsUsage' | 'containerFsUsage'>
  readonly rootDirectory: string
  readonly log: Log
}

/** `space` asks the runtime only once where its files lie, for that does not change; `read` also what they take. */
export function createFileSystems({ host, runtime, rootDirectory, log }: FileSystemsOptions) {
  let places: { readonly image: string | undefined; readonly container: string | undefined } | undefined

  async function ask(): Promise<Pick<FileSystems, 'imageUsage' | 'containerUsage'>> {
    try {
      const [[image], [container]] = await Promise.all([runtime.imageFsUsage(), runtime.containerFsUsage()])
      places = { image: image?.mountpoint, container: container?.mountpoint }
      return { imageUsage: image, containerUsage: container }
    } catch (error) {
      log.warn('the runtime does not tell what images use', { error })
      return { imageUsage: undefined, containerUsage: undefined }
    }
  }

  async function space(): Promise<Pick<FileSystems, 'nodeFs' | 'imageFs' | 'containerFs'>> {
    if (places === undefined) await ask()
    const at = async (path: string | undefined) => (path === undefined || path === '' ? undefined : host.fileSystem(path))
    const [nodeFs, imageFs, containerFs] = await Promise.all([at(rootDirectory), at(places?.image), at(places?.container)])
    return { nodeFs, imageFs, containerFs: containerFs?.id === imageFs?.id ? undefined : containerFs }
  }

  return {
    space,
    async read(): Promise<FileSystems> {
      const usage = await ask()
      return { ...usage, ...(await space()) }
    },
  }
}
