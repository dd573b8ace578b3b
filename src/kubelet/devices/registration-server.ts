import { WherryError } from '#lib/errors.ts'
import type { Log } from '#lib/log.ts'
import { type RpcServer, type ServeRpc, served } from '../plugins/rpc.ts'
import type { DeviceManager } from './device-manager.ts'
import { devicePluginVersion, register } from './device-plugin-api.ts'

/** What is needed of the machine; `host/plugins/device-folder.ts` implements it. */
export interface DeviceFolder {
  /** Makes the folder, and removes the sockets in it: plug-ins see theirs go and make them anew, which is how they learn of a new kubelet. */
  prepare(directory: string): Promise<void>
}

export interface RegistrationServerOptions {
  /** Absolute: `<root>/device-plugins`. */
  readonly directory: string
  readonly folder: DeviceFolder
  readonly serve: ServeRpc
  readonly devices: Pick<DeviceManager, 'connect'>
  readonly log: Log
}

/** The socket `kubelet.sock` by which device plug-ins make themselves known. Resolves once it listens. */
export async function startRegistrationServer(options: RegistrationServerOptions): Promise<RpcServer> {
  const { directory, log } = options
  await options.folder.prepare(directory)
  return options.serve(`${directory}/kubelet.sock`, [
    served(register, async ({ version = '', endpoint = '', resourceName = '' }) => {
      try {
        if (version !== devicePluginVersion)
          throw new WherryError(
            'Invalid',
            `requested API version "${version}" is not supported by kubelet. Supported version is ["${devicePluginVersion}"]`,
          )
        // Always a name in this folder; whatever leads elsewhere is none of ours.
        if (endpoint === '' || endpoint.split('/').includes('..'))
          throw new WherryError('Invalid', `bad endpoint "${endpoint}": name a socket in ${directory}`)
        await options.devices.connect(resourceName, `${directory}/${endpoint}`)
        return {}
      } catch (error) {
        log.warn('a device plug-in could not be registered', { resource: resourceName, endpoint, error })
        throw error
      }
    }),
  ])
}
