import { isExtended } from '#api/core/v1/validation/resources.ts'
import type { Clock } from '#lib/clock.ts'
import { WherryError } from '#lib/errors.ts'
import type { Log } from '#lib/log.ts'
import type { NodeSource, ResourceManager } from '../interfaces.ts'
import { type CheckpointFile, createSaver } from '../plugins/checkpoint.ts'
import type { PluginHandler } from '../plugins/plugin-watcher.ts'
import type { DialRpc } from '../plugins/rpc.ts'
import { createDeviceAllocator } from './device-allocator.ts'
import { devicePluginVersion } from './device-plugin-api.ts'
import { createDeviceRecords, type HeldDevice, type RecordEntry } from './device-records.ts'
import { changedHealth, type DeviceResource, healthyDevices, knownDevices } from './device-resource.ts'
import { devicesOf, openPluginSession } from './plugin-session.ts'

/**
 * Hands out the devices of device plug-ins (KEP-3573; the API is `device-plugin-api.ts`). What a plug-in tells of becomes an extended
 * resource of the node; a container that asks for it gets devices when its pod is admitted, and keeps them until the pod is over.
 */
export interface DeviceManager {
  readonly manager: ResourceManager
  readonly node: NodeSource
  /** Plug-ins of the type `DevicePlugin` that register by the plug-in watcher. */
  readonly plugins: PluginHandler
  /** Reads what was given out before. Once, before anything else. */
  start(): Promise<void>
  close(): void
  /** A plug-in serves this resource at this socket. Resolves once it answered; throws where it does not, or where its name is none. */
  connect(resource: string, socketPath: string): Promise<void>
  /** No record was on the disk: the node is new, so extended resources of an old Node object are nobody's. */
  isNew(): boolean
  /** What a container holds, by resource. */
  devices(podUid: string, container: string): readonly DevicesOf[]
  /** Healthy devices of all resources, given out or not. */
  allocatableDevices(): readonly DevicesOf[]
}

export interface DevicesOf {
  readonly resource: string
  readonly devices: readonly HeldDevice[]
}

export interface DeviceManagerOptions {
  readonly dial: DialRpc
  readonly checkpoint: CheckpointFile
  readonly clock: Clock
  readonly log: Log
  /** Of the machine; default: one, 0. */
  readonly numaNodes?: readonly number[]
  /** Whether the runtime has a sandbox of this pod that stands: what it was given before, it has, whatever became of the plug-in since. */
  readonly isRunning: (podUid: string) => Promise<boolean>
  /** UIDs of the pods that are not over; undefined while they are not known yet. What others hold is free. */
  readonly activePods: () => ReadonlySet<string> | undefined
  readonly metrics?: DeviceMetrics
}

export interface DeviceMetrics {
  registered(resource: string): void
  allocated(resource: string, seconds: number): void
}

export function createDeviceManager(options: DeviceManagerOptions): DeviceManager {
  const { clock, log, numaNodes = [0] } = options
  const records = createDeviceRecords()
  const resources = new Map<string, DeviceResource>()
  /** Resources whose plug-ins stayed away: the node has none of them. */
  const retired = new Set<string>()
  const nodeListeners = new Set<() => void>()
  const podListeners = new Set<(podUid: string) => void>()
  let isNew = true
  let isClosed = false

  const save = createSaver(options.checkpoint, (): Checkpoint => ({ resources: [...resources.keys()], entries: records.entries() }))
  const saveSoon = (): void => {
    save().catch((error: unknown) => log.error('the record of devices could not be written', { error }))
  }
  const nodeChanged = (): void => {
    for (const listener of nodeListeners) listener()
  }

  function resourceOf(name: string): DeviceResource {
    const known = resources.get(name) ?? { name, devices: new Map(), session: undefined, forgetExpiry: () => {} }
    resources.set(name, known)
    retired.delete(name)
    return known
  }

  async function connect(name: string, socketPath: string): Promise<void> {
    if (!isExtended(name)) throw new WherryError('Invalid', `the ResourceName "${name}" is invalid`)
    options.metrics?.registered(name)
    const session = await openPluginSession(options.dial, name, socketPath)
    if (isClosed) return session.close()
    const isFirst = !resources.has(name)
    const resource = resourceOf(name)
    resource.session?.close()
    resource.session = session
    resource.forgetExpiry()
    log.info('a device plug-in is there', { resource: name, socketPath })
    if (isFirst) saveSoon()
    void follow(resource, session)
  }

  async function follow(resource: DeviceResource, session: Awaited<ReturnType<typeof openPluginSession>>): Promise<void> {
    let reason: unknown
    try {
      for await (const { devices } of devicesOf(session)) if (resource.session === session) update(resource, knownDevices(devices ?? []))
    } catch (error) {
      reason = error
    }
    if (resource.session === session && !isClosed) disconnected(resource, reason)
  }

  function update(resource: DeviceResource, devices: DeviceResource['devices']): void {
    const changed = changedHealth(resource.devices, devices)
    resource.devices = devices
    nodeChanged()
    for (const podUid of records.holders(resource.name, changed)) for (const listener of podListeners) listener(podUid)
  }

  function disconnected(resource: DeviceResource, error?: unknown): void {
    log.warn('a device plug-in went away', { resource: resource.name, error })
    resource.session?.close()
    resource.session = undefined
    expireLater(resource)
    nodeChanged()
  }

  function expireLater(resource: DeviceResource): void {
    resource.forgetExpiry = clock.schedule(clock.now() + STOPPED_GRACE_MS, () => {
      resources.delete(resource.name)
      retired.add(resource.name)
      nodeChanged()
      saveSoon()
    })
  }

  const manager = createDeviceAllocator({
    ...options,
    numaNodes,
    records,
    resources,
    save,
    onChange: (listener) => subscribe(podListeners, listener),
  })

  return {
    manager,
    node: {
      read() {
        const capacity: Record<string, string> = {}
        const allocatable: Record<string, string> = {}
        // The reference leaves a resource that is gone in the Node, with nothing of it.
        for (const name of retired) capacity[name] = allocatable[name] = '0'
        for (const resource of resources.values()) {
          capacity[resource.name] = String(resource.devices.size)
          allocatable[resource.name] = String(healthyDevices(resource).length)
        }
        return { capacity, allocatable }
      },
      onChange: (listener) => subscribe(nodeListeners, listener),
    },
    plugins: {
      async validate({ name, supportedVersions }) {
        if (!supportedVersions.includes(devicePluginVersion))
          throw new WherryError(
            'Invalid',
            `manager version, ${devicePluginVersion}, is not among plugin supported versions [${supportedVersions.join(' ')}]`,
          )
        if (!isExtended(name))
          throw new WherryError('Invalid', `invalid name of device plugin socket: the ResourceName "${name}" is invalid`)
      },
      register: ({ name, endpoint }) => connect(name, endpoint),
      deregister({ name, endpoint }) {
        const resource = resources.get(name)
        if (resource?.session?.socketPath === endpoint) disconnected(resource)
      },
    },
    async start() {
      let kept: Checkpoint | undefined
      try {
        kept = checkpointOf(await options.checkpoint.read())
      } catch (error) {
        // Without it devices may be given twice, but a node that does not start serves nobody.
        log.error('the record of devices could not be read', { error })
        isNew = false
      }
      if (kept === undefined) return
      isNew = false
      for (const { podUid, container, ...held } of kept.entries) records.set(podUid, container, held)
      // None of them can be given out until its plug-in comes back, but all of them were there.
      for (const name of kept.resources) expireLater(resourceOf(name))
    },
    close() {
      isClosed = true
      for (const { session, forgetExpiry } of resources.values()) {
        forgetExpiry()
        session?.close()
      }
    },
    connect,
    isNew: () => isNew,
    devices: (podUid, container) => records.of(podUid, container).map(({ resource, devices }) => ({ resource, devices })),
    allocatableDevices: () => [...resources.values()].map((resource) => ({ resource: resource.name, devices: healthyDevices(resource) })),
  }
}

interface Checkpoint {
  readonly resources: readonly string[]
  readonly entries: readonly RecordEntry[]
}

/** Undefined: none was written. Throws for what another version of the agent may have written otherwise. */
function checkpointOf(read: unknown): Checkpoint | undefined {
  if (read === undefined) return undefined
  const { resources, entries } = (read ?? {}) as Partial<Checkpoint>
  if (Array.isArray(resources) && Array.isArray(entries)) return { resources, entries }
  throw new WherryError('Invalid', 'the record of devices is of a form that this agent does not know')
}

/** As the reference: time for a plug-in to be replaced before its resource leaves the node. */
const STOPPED_GRACE_MS = 5 * 60_000

function subscribe<T>(listeners: Set<T>, listener: T): () => void {
  listeners.add(listener)
  return () => listeners.delete(listener)
}
