import type { Clock } from '#lib/clock.ts'
import { WherryError } from '#lib/errors.ts'
import type { Log } from '#lib/log.ts'
import type { PluginHandler, PluginInfo } from '../plugins/plugin-watcher.ts'
import type { DialRpc, RpcChannel, RpcMethod } from '../plugins/rpc.ts'
import { csiError, rpcCodeOf } from './csi-error.ts'
import type { DriverInfo } from './csi-node-object.ts'
import { nodeService } from './node-service.ts'

/** The CSI drivers that have registered on this node. */
export interface CsiDrivers {
  /** What the plug-in watcher tells of sockets of the type `CSIPlugin`. */
  readonly handler: PluginHandler
  /** Throws `ServiceUnavailable` where no driver of this name is registered. */
  node(driver: string): CsiNode
  has(driver: string): boolean
  /** Asks a driver anew how many volumes fit on the node, and writes it down. */
  update(driver: string): Promise<void>
  /** A driver that is part of the agent itself. */
  add(driver: string, channel: CsiChannel): Promise<void>
  close(): void
}

/** The way to a driver. */
export type CsiChannel = Pick<RpcChannel, 'call' | 'close'>

/** A driver's Node service. Calls fail with what the driver said, as `rpc error: code = … desc = …`. */
export interface CsiNode {
  call<Q, QI, A, AI>(method: RpcMethod<Q, QI, A, AI>, message: QI): Promise<A>
  /** Numbers of `nodeCapabilities`. */
  capabilities(): Promise<ReadonlySet<number>>
  /** How the driver knows a path below the kubelet's folder. */
  seen(path: string): string
}

/** Where the cluster is told of the drivers of this node. */
export interface DriverBoard {
  install(driver: DriverInfo): Promise<void>
  update(driver: DriverInfo): Promise<void>
  uninstall(driver: string): Promise<void>
}

/** One call to a driver, for `csi_operations_seconds`. */
export type ObserveCall = (call: {
  readonly driver: string
  readonly method: string
  readonly code: string
  readonly seconds: number
}) => void

export interface CsiDriversOptions {
  readonly rootDirectory: string
  /** What drivers know the kubelet's folder by; absent: by its own path. */
  readonly driverRoot?: string | undefined
  readonly dial: DialRpc
  readonly board: DriverBoard
  readonly clock: Clock
  readonly log: Log
  readonly observe?: ObserveCall | undefined
  /** Drivers came or went, by name. */
  readonly onChange: (driver: string) => void
}

/** As the reference's: two minutes, after which a driver may still be at it. */
const CALL_MS = 120_000

export function createCsiDrivers(options: CsiDriversOptions): CsiDrivers {
  const { board, clock, log, onChange } = options
  /** A driver that hangs keeps no agent from ending; the next one goes on with what is on disk. */
  const stopping = new AbortController()
  const drivers = new Map<string, { readonly version: Version; readonly endpoint: string; readonly channel: CsiChannel }>()

  function checked({ name, endpoint, supportedVersions }: PluginInfo, caller: string): Version {
    if (supportedVersions.length === 0)
      throw csiError('Invalid', `${caller} for CSI driver "${name}" failed. Plugin returned an empty list for supported versions`)
    const version = highestVersion(supportedVersions)
    if (version === undefined) {
      const all = supportedVersions.map((one) => `"${one}"`).join(' ')
      throw csiError('Invalid', `${caller} for CSI driver "${name}" failed. None of the versions specified [${all}] are supported`)
    }
    const known = drivers.get(name)
    if (known !== undefined && known.endpoint !== endpoint && compareVersions(known.version, version) >= 0)
      throw csiError(
        'Conflict',
        `${caller} for CSI driver "${name}" failed. Another driver with the same name is already registered with a higher supported version: "${known.version.join('.')}"`,
      )
    return version
  }

  const nodeOf = (driver: string, channel: CsiChannel, seen: CsiNode['seen']): CsiNode => {
    const node: CsiNode = {
      async call(method, message) {
        const startedMs = clock.monotonicMs()
        let code = 'OK'
        try {
          return await channel.call(method, message, { timeoutMs: CALL_MS, signal: stopping.signal })
        } catch (error) {
          code = rpcCodeOf(error) ?? 'Unknown'
          throw error
        } finally {
          options.observe?.({ driver, method: method.path, code, seconds: (clock.monotonicMs() - startedMs) / 1000 })
        }
      },
      async capabilities() {
        const { capabilities = [] } = await node.call(nodeService.capabilities, {})
        return new Set(capabilities.flatMap(({ rpc }) => (rpc?.type === undefined ? [] : [rpc.type])))
      },
      seen,
    }
    return node
  }

  const { rootDirectory, driverRoot } = options
  const fromOutside: CsiNode['seen'] = (path) =>
    driverRoot !== undefined && path.startsWith(`${rootDirectory}/`) ? `${driverRoot}${path.slice(rootDirectory.length)}` : path

  const infoOf = async (name: string, channel: CsiChannel): Promise<DriverInfo> => {
    const { nodeId = '', maxVolumesPerNode = 0, accessibleTopology } = await nodeOf(name, channel, asIs).call(nodeService.info, {})
    if (nodeId === '') throw new WherryError('Invalid', 'error adding CSI driver node info: driverNodeID must not be empty')
    return { name, nodeId, volumesMax: maxVolumesPerNode, topology: accessibleTopology?.segments ?? {} }
  }

  async function install(name: string, endpoint: string, version: Version, channel: CsiChannel): Promise<void> {
    try {
      await board.install(await infoOf(name, channel))
    } catch (error) {
      channel.close()
      throw error
    }
    drivers.get(name)?.channel.close()
    drivers.set(name, { version, endpoint, channel })
    onChange(name)
  }

  return {
    handler: {
      async validate(plugin) {
        try {
          checked(plugin, 'ValidatePlugin')
        } catch (error) {
          const { message } = error as Error
          throw new WherryError('Invalid', `validation failed for CSI Driver ${plugin.name} at endpoint ${plugin.endpoint}: ${message}`, {
            cause: error,
          })
        }
      },
      async register(plugin) {
        const version = checked(plugin, 'RegisterPlugin')
        await install(plugin.name, plugin.endpoint, version, options.dial(plugin.endpoint))
      },
      deregister({ name, endpoint }) {
        const known = drivers.get(name)
        // Another one took the name meanwhile; what is written of it stays.
        if (known === undefined || known.endpoint !== endpoint) return
        drivers.delete(name)
        known.channel.close()
        onChange(name)
        board.uninstall(name).catch((error: unknown) => log.error('a CSI driver could not be taken from the node', { driver: name, error }))
      },
    },
    node(driver) {
      const known = drivers.get(driver)
      if (known === undefined)
        throw new WherryError('ServiceUnavailable', `driver name ${driver} not found in the list of registered CSI drivers`)
      return nodeOf(driver, known.channel, known.endpoint === builtIn ? asIs : fromOutside)
    },
    has: (driver) => drivers.has(driver),
    async update(driver) {
      const known = drivers.get(driver)
      if (known !== undefined) await board.update(await infoOf(driver, known.channel))
    },
    add: (driver, channel) => install(driver, builtIn, [1, 0, 0], channel),
    close() {
      stopping.abort(new WherryError('ServiceUnavailable', 'the kubelet stops'))
      for (const { channel } of drivers.values()) channel.close()
      drivers.clear()
    },
  }
}

/** No socket has this path. */
const builtIn = 'built in'
const asIs: CsiNode['seen'] = (path) => path

type Version = readonly number[]

/** The highest 1.x of them: later majors may be something else, and 0.x is long gone. */
export function highestVersion(versions: readonly string[]): Version | undefined {
  return versions
    .map((text) => /^\s*v?(\d+(?:\.\d+)+)/.exec(text)?.[1]?.split('.').map(Number))
    .filter((version) => version !== undefined && version[0] === 1)
    .toSorted((a, b) => compareVersions(b!, a!))[0]
}

function compareVersions(a: Version, b: Version): number {
  for (let i = 0; i < Math.max(a.length, b.length); i += 1) {
    const difference = (a[i] ?? 0) - (b[i] ?? 0)
    if (difference !== 0) return difference
  }
  return 0
}
