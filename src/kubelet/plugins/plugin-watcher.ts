import { type BackoffOptions, backoff } from '#lib/backoff.ts'
import type { Clock } from '#lib/clock.ts'
import { WherryError } from '#lib/errors.ts'
import type { Log } from '#lib/log.ts'
import type { Random } from '#lib/random.ts'
import { getInfo, notifyRegistrationStatus } from './registration.ts'
import type { DialRpc, RpcChannel } from './rpc.ts'

/**
 * Finds the plug-ins of this node by the sockets that they put into the registry folder (`plugins_registry`), asks each what it is, and
 * hands it to whoever looks after its type. A plug-in whose socket goes is deregistered; one that made its socket anew is deregistered and
 * registered again; one whose registration failed is asked again with growing waits for as long as its socket is there.
 */
export interface PluginWatcher {
  /** Who looks after a type: `CSIPlugin`, `DRAPlugin`, `DevicePlugin`. To be said before the start. */
  handle(type: string, handler: PluginHandler): void
  /** Resolves once the folder is followed; the plug-ins that are there register meanwhile. */
  start(): Promise<void>
  /** Ends all following. The plug-ins stay registered: those of the next process find theirs again. */
  close(): Promise<void>
  /** The sockets that are there, for metrics. */
  sockets(): readonly { readonly path: string; readonly isRegistered: boolean }[]
}

/** No two calls for one socket run at once, and they come in order: validate, register, deregister. */
export interface PluginHandler {
  /** Throws where such a plug-in cannot be taken. Changes nothing. */
  validate(plugin: PluginInfo): Promise<void>
  /** Throws where it could not be taken this time: the plug-in is told, and asked again later. */
  register(plugin: PluginInfo): Promise<void>
  /** Its socket is gone. Called only after a `register` that succeeded. */
  deregister(plugin: PluginInfo): void
}

export interface PluginInfo {
  readonly type: string
  /** A CSI or DRA driver's name, or a device's resource name. */
  readonly name: string
  /** Path of the socket to speak to: the one that it registered by where it names no other. */
  readonly endpoint: string
  readonly supportedVersions: readonly string[]
}

/** What the watcher needs of the machine; `host/plugins/socket-folder.ts` implements it. */
export interface SocketFolder {
  /**
   * Makes the folder where it is missing and follows the sockets in it and in folders below, names that begin with a dot left out. `found`
   * is called for each that is there, and again with another identity when one was made anew in its place; `gone` for each that went.
   */
  watch(
    directory: string,
    listener: {
      found(path: string, identity: string): void
      gone(path: string): void
      failed(error: unknown): void
    },
  ): Promise<() => void>
}

export interface PluginWatcherOptions {
  /** Absolute: `<root>/plugins_registry`. */
  readonly directory: string
  readonly sockets: SocketFolder
  readonly dial: DialRpc
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
}

export function createPluginWatcher(options: PluginWatcherOptions): PluginWatcher {
  const { clock, random, log } = options
  const handlers = new Map<string, PluginHandler>()
  const sockets = new Map<string, Socket>()
  let isClosed = false
  let unwatch = () => {}

  /** One step after the other until what is registered is what is there; after a failure, later again. */
  async function settle(path: string, socket: Socket): Promise<void> {
    if (socket.isBusy || isClosed) return
    socket.isBusy = true
    socket.forget()
    try {
      while (!isClosed && socket.registered?.identity !== socket.identity) {
        if (socket.registered !== undefined) {
          const { handler, plugin } = socket.registered
          socket.registered = undefined
          log.info('a plug-in is gone', { plugin: plugin.name, type: plugin.type, path })
          handler.deregister(plugin)
          continue
        }
        const identity = socket.identity!
        try {
          socket.registered = { identity, ...(await register(path)) }
          socket.attempt = 0
        } catch (error) {
          if (isClosed) return
          log.warn('a plug-in could not be registered', { path, error })
          // Another socket stands there by now: nothing is known against that one.
          if (socket.identity !== identity) continue
          socket.forget = clock.schedule(clock.now() + backoff(again, socket.attempt, random), () => look(path, socket))
          socket.attempt += 1
          return
        }
      }
      if (socket.identity === undefined && sockets.get(path) === socket) sockets.delete(path)
    } finally {
      socket.isBusy = false
    }
  }

  function look(path: string, socket: Socket): void {
    settle(path, socket).catch((error: unknown) => log.error('a plug-in could not be looked after', { path, error }))
  }

  async function register(path: string): Promise<{ handler: PluginHandler; plugin: PluginInfo }> {
    const channel = options.dial(path)
    try {
      await channel.ready(CONNECT_MS)
      const info = await channel.call(getInfo, {}, { timeoutMs: INFO_MS })
      const plugin: PluginInfo = {
        type: info.type ?? '',
        name: info.name ?? '',
        endpoint: info.endpoint || path,
        supportedVersions: info.supportedVersions ?? [],
      }
      const handler = handlers.get(plugin.type)
      if (handler === undefined)
        throw await refused(channel, `RegisterPlugin error -- no handler registered for plugin type: ${plugin.type} at socket ${path}`)
      try {
        await handler.validate(plugin)
      } catch (error) {
        throw await refused(channel, `RegisterPlugin error -- plugin validation failed with err: ${(error as Error).message}`, error)
      }
      try {
        await handler.register(plugin)
      } catch (error) {
        throw await refused(channel, `RegisterPlugin error -- plugin registration failed with err: ${(error as Error).message}`, error)
      }
      try {
        await channel.call(notifyRegistrationStatus, { pluginRegistered: true, error: '' }, { timeoutMs: NOTIFY_MS })
      } catch (error) {
        handler.deregister(plugin)
        throw error
      }
      log.info('a plug-in has registered', { plugin: plugin.name, type: plugin.type, endpoint: plugin.endpoint })
      return { handler, plugin }
    } finally {
      channel.close()
    }
  }

  return {
    handle: (type, handler) => void handlers.set(type, handler),
    async start() {
      unwatch = await options.sockets.watch(options.directory, {
        found(path, identity) {
          const socket = sockets.get(path) ?? { identity: undefined, registered: undefined, attempt: 0, isBusy: false, forget: () => {} }
          sockets.set(path, socket)
          if (socket.identity === identity) return
          socket.identity = identity
          socket.attempt = 0
          look(path, socket)
        },
        gone(path) {
          const socket = sockets.get(path)
          if (socket === undefined) return
          socket.identity = undefined
          look(path, socket)
        },
        failed: (error) => log.error('the folder of plug-ins cannot be followed', { directory: options.directory, error }),
      })
    },
    async close() {
      isClosed = true
      unwatch()
      for (const socket of sockets.values()) socket.forget()
    },
    sockets: () => [...sockets].map(([path, { registered }]) => ({ path, isRegistered: registered !== undefined })),
  }
}

interface Socket {
  /** Of the socket that is there now; undefined: none is. */
  identity: string | undefined
  registered: { readonly identity: string; readonly handler: PluginHandler; readonly plugin: PluginInfo } | undefined
  /** Failures in a row. */
  attempt: number
  isBusy: boolean
  forget: () => void
}

/** As the reference: half a second at first, doubled up to about two minutes. */
const again: BackoffOptions = { initialMs: 500, factor: 2, maxMs: 122_000, jitter: 0.1 }
const CONNECT_MS = 10_000
const INFO_MS = 1_000
const NOTIFY_MS = 5_000

/** The plug-in hears why it was not taken. That it could not even be told adds nothing to what is wrong. */
async function refused(channel: RpcChannel, message: string, cause?: unknown): Promise<WherryError> {
  const told = channel.call(notifyRegistrationStatus, { pluginRegistered: false, error: message }, { timeoutMs: NOTIFY_MS })
  return told.then(
    () => new WherryError('Invalid', message, { cause }),
    (error: unknown) => new WherryError('Invalid', `${message}; nor could the plug-in be told: ${(error as Error).message}`, { cause }),
  )
}
