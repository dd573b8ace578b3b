import { WherryError } from '#lib/errors.ts'
import type { RpcMethod } from '../plugins/rpc.ts'
import type { CsiChannel } from './csi-drivers.ts'
import { nodeService } from './node-service.ts'

/** Directories of this machine as volumes; `host/csi/local-directories.ts` implements it. Every call may be repeated. */
export interface LocalDirectories {
  /** Makes the volume's directory where it is missing, and mounts it at `target`. */
  mount(volume: string, target: string, readOnly: boolean): Promise<void>
  /** Unmounts and removes `target`, and nothing that is in the volume. */
  unmount(target: string): Promise<void>
  /** Removes the volume's directory with all that it holds. Throws `Conflict` while it is mounted anywhere. */
  remove(volume: string): Promise<void>
}

/** The name under which the class `local` is served; the provisioner among the controllers says the same. */
export const localDriver = 'local.wherry.dev'

/**
 * The Node service of the driver of local volumes, without a process or a socket of its own: publishing a volume binds its directory.
 */
export function createLocalDriver(directories: LocalDirectories, nodeName: string): CsiChannel {
  const answers: Readonly<Record<string, (message: never) => Promise<object>>> = {
    [nodeService.info.path]: async () => ({ nodeId: nodeName, maxVolumesPerNode: 0 }),
    [nodeService.capabilities.path]: async () => ({ capabilities: [] }),
    [nodeService.publish.path]: async (message: { volumeId: string; targetPath: string; readonly: boolean }) => {
      await directories.mount(checked(message.volumeId), message.targetPath, message.readonly)
      return {}
    },
    [nodeService.unpublish.path]: async (message: { targetPath: string }) => {
      await directories.unmount(message.targetPath)
      return {}
    },
  }
  return {
    async call<Q, QI, A, AI>({ path }: RpcMethod<Q, QI, A, AI>, message: QI): Promise<A> {
      const answer = answers[path]
      if (answer === undefined)
        throw new WherryError('MethodNotAllowed', `rpc error: code = Unimplemented desc = ${localDriver} has no ${path}`)
      return (await answer(message as never)) as A
    },
    close() {},
  }
}

/** The name of a volume becomes that of a directory. */
export function checked(volume: string): string {
  if (/^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/.test(volume) && volume.length <= 253) return volume
  throw new WherryError('Invalid', `rpc error: code = InvalidArgument desc = "${volume}" is no name of a volume of ${localDriver}`)
}
