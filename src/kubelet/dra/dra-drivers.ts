import { type Clock, sleep } from '#lib/clock.ts'
import { isError, WherryError } from '#lib/errors.ts'
import type { Log } from '#lib/log.ts'
import type { PluginHandler } from '../plugins/plugin-watcher.ts'
import type { DialRpc, RpcChannel } from '../plugins/rpc.ts'
import { type DraDeviceHealth, type DraService, draServices, watchHealth } from './dra-plugin-api.ts'

/** The drivers of dynamic resource allocation that have registered on this node; of one driver there may be several, during an upgrade. */
export interface DraDrivers {
  readonly plugins: PluginHandler
  /** The newest plug-in of a driver, one that is connected before all others. Throws `ServiceUnavailable` where none has registered. */
  get(driver: string): DraPlugin
  close(): void
}

export interface DraPlugin {
  readonly driver: string
  readonly endpoint: string
  readonly channel: RpcChannel
  readonly service: DraService
}

export interface DraDriversOptions {
  readonly dial: DialRpc
  readonly clock: Clock
  readonly log: Log
  /** A driver came. */
  readonly onRegistered: (driver: string) => void
  /** No plug-in of the driver could be reached for half a minute: what it offers on this node is to go. */
  readonly onUnusable: (driver: string) => void
  /** It can be reached. */
  readonly onUsable: (driver: string) => void
  /** How the driver's devices are; undefined: it does not tell any more. */
  readonly onHealth: (driver: string, devices: readonly DraDeviceHealth[] | undefined) => void
}

export function createDraDrivers(options: DraDriversOptions): DraDrivers {
  const { clock, log } = options
  const drivers = new Map<string, Registered[]>()
  /** Deadlines of drivers that cannot be reached. */
  const wipes = new Map<string, () => void>()

  /** Something about this driver's plug-ins changed. An earlier deadline goes on counting. */
  function look(driver: string): void {
    if (drivers.get(driver)?.some(({ isConnected }) => isConnected)) {
      wipes.get(driver)?.()
      wipes.delete(driver)
      options.onUsable(driver)
    } else if (!wipes.has(driver))
      wipes.set(
        driver,
        clock.schedule(clock.now() + WIPING_DELAY_MS, () => {
          wipes.delete(driver)
          options.onUnusable(driver)
        }),
      )
  }

  function remove(driver: string, endpoint: string): void {
    const all = drivers.get(driver) ?? []
    const gone = all.find((one) => one.endpoint === endpoint)
    if (gone === undefined) return
    const left = all.filter((one) => one !== gone)
    if (left.length === 0) drivers.delete(driver)
    else drivers.set(driver, left)
    gone.close()
    look(driver)
  }

  /** For as long as the connection stands; with the next one it begins anew. */
  async function followHealth(plugin: Registered, signal: AbortSignal): Promise<void> {
    const { driver, channel } = plugin
    if (plugin.isFollowed) return
    plugin.isFollowed = true
    try {
      while (plugin.isConnected && !signal.aborted) {
        try {
          for await (const { devices } of channel.stream(watchHealth, {}, signal)) options.onHealth(driver, devices ?? [])
        } catch (error) {
          // Most drivers do not have it; they will not learn it while they run.
          if (isError(error, 'MethodNotAllowed')) return
          log.info('the health of devices is not told any more', { driver, error })
        }
        options.onHealth(driver, undefined)
        if (!signal.aborted) await sleep(clock, HEALTH_RETRY_MS, signal)
      }
    } catch (error) {
      // Called off: nobody is to be asked any more.
      if (!signal.aborted) throw error
    } finally {
      plugin.isFollowed = false
    }
  }

  return {
    plugins: {
      async validate({ name, endpoint, supportedVersions }) {
        serviceOf(name, endpoint, supportedVersions)
      },
      async register({ name: driver, endpoint, supportedVersions }) {
        const service = serviceOf(driver, endpoint, supportedVersions)
        const all = drivers.get(driver) ?? []
        if (all.some((one) => one.endpoint === endpoint))
          throw new WherryError('AlreadyExists', `endpoint ${endpoint} already registered for DRA driver plugin ${driver}`)
        const channel = options.dial(endpoint)
        const ending = new AbortController()
        const plugin: Registered = {
          driver,
          endpoint,
          channel,
          service,
          isConnected: false,
          isFollowed: false,
          close() {
            ending.abort()
            unfollow()
            channel.close()
          },
        }
        drivers.set(driver, [...all, plugin])
        const unfollow = channel.followConnection((isConnected) => {
          plugin.isConnected = isConnected
          if (ending.signal.aborted) return
          look(driver)
          if (isConnected)
            followHealth(plugin, ending.signal).catch((error: unknown) => log.error('the health of devices cannot be followed', { error }))
        })
        look(driver)
        options.onRegistered(driver)
      },
      deregister: ({ name, endpoint }) => remove(name, endpoint),
    },
    get(driver) {
      const all = drivers.get(driver) ?? []
      const found = all.findLast(({ isConnected }) => isConnected) ?? all.at(-1)
      if (found === undefined) throw new WherryError('ServiceUnavailable', `DRA driver ${driver} is not registered`)
      return found
    },
    close() {
      for (const forget of wipes.values()) forget()
      for (const all of drivers.values()) for (const one of all) one.close()
    },
  }
}

interface Registered extends DraPlugin {
  isConnected: boolean
  /** Its devices' health is asked for already. */
  isFollowed: boolean
  close(): void
}

/** The first of a driver's services that we know too. */
function serviceOf(driver: string, endpoint: string, services: readonly string[]): DraService {
  const found = services.find((name) => draServices.has(name))
  if (found !== undefined) return draServices.get(found)!
  const quoted = (names: Iterable<string>) => `[${[...names].map((name) => `"${name}"`).join(' ')}]`
  const why =
    services.length === 0
      ? 'empty list of supported gRPC services (aka supported versions)'
      : `none of services supported by the plugin (${quoted(services)}) are supported by the kubelet (${quoted(draServices.keys())})`
  throw new WherryError('Invalid', `invalid supported gRPC versions of DRA driver plugin ${driver} at endpoint ${endpoint}: ${why}`)
}

/** The time that a driver has to be replaced before its ResourceSlices leave the node: enough for a container, or for a rolling update. */
const WIPING_DELAY_MS = 30_000
const HEALTH_RETRY_MS = 5_000
