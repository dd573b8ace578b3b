import type { Pod } from '#api/core/v1/pod.ts'
import type { ResourceStatus } from '#api/core/v1/types.ts'
import { isExtended } from '#api/core/v1/validation/resources.ts'
import type { Clock } from '#lib/clock.ts'
import { WherryError } from '#lib/errors.ts'
import type { Log } from '#lib/log.ts'
import { quantityToInteger } from '#lib/quantity.ts'
import type { NodeSource, ResourceManager, TopologyHint } from '../interfaces.ts'
import { type CheckpointFile, createSaver } from '../plugins/checkpoint.ts'
import type { PluginHandler } from '../plugins/plugin-watcher.ts'
import type { DialRpc } from '../plugins/rpc.ts'
import { type AnyContainer, containerNamed, isSidecar } from '../pod/containers.ts'
import { createKeyedLock } from '../volumes/keyed-lock.ts'
import { chooseDevices } from './device-choice.ts'
import { deviceGrant } from './device-grant.ts'
import { deviceHints } from './device-hints.ts'
import { devicePluginVersion } from './device-plugin-api.ts'
import { createDeviceRecords, type HeldDevice, type RecordEntry } from './device-records.ts'
import { changedHealth, type DeviceResource, hasTopology, healthyDevices, knownDevices } from './device-resource.ts'
import { allocateDevices, devicesOf, openPluginSession, preferredDevices, preStartContainer } from './plugin-session.ts'

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
  /** Requests for one resource wait for each other, so that no device is given twice. */
  const inTurn = createKeyedLock()
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
    options.metrics?.registered(name)
    if (!isExtended(name)) throw new WherryError('Invalid', `the ResourceName "${name}" is invalid`)
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

  /** Whether it is ours to give: a plug-in told of it, or somebody holds it still. */
  const isOurs = (name: string): boolean => resources.has(name) || records.resources().has(name)

  function requests(pod: Pod, container: AnyContainer): readonly { readonly name: string; readonly required: number }[] {
    // Extended resources are never overcommitted, so limits say it all.
    return Object.entries(container.resources?.limits ?? {})
      .filter(([name]) => isOurs(name) && !isClaimed(pod, container, name))
      .map(([name, quantity]) => ({ name, required: quantityToInteger(quantity) }))
  }

  /** Held by init containers that end before this container starts. Sidecars and regular containers keep theirs. */
  function reusable(pod: Pod, container: string, resource: string): readonly string[] {
    const { uid } = pod.metadata
    const ids = new Set<string>()
    const named = (all: readonly AnyContainer[] | undefined) => (all ?? []).filter(({ name }) => name !== container)
    const idsOf = (name: string) => records.get(uid, name, resource)?.devices.map(({ id }) => id) ?? []
    const initial = named(pod.spec.initContainers)
    for (const one of initial) if (!isSidecar(one, 'init')) for (const id of idsOf(one.name)) ids.add(id)
    for (const one of [...initial.filter((each) => isSidecar(each, 'init')), ...named(pod.spec.containers)])
      for (const id of idsOf(one.name)) ids.delete(id)
    return [...ids]
  }

  /** What pods held that are over goes back, should nobody have said so. */
  function collect(): void {
    const active = options.activePods()
    if (active === undefined) return
    for (const uid of records.pods()) if (!active.has(uid)) records.delete(uid)
  }

  async function allocate(pod: Pod, container: AnyContainer, placement: TopologyHint | undefined): Promise<void> {
    let isChanged = false
    for (const { name, required } of requests(pod, container)) {
      collect()
      if (await inTurn(name, () => allocateResource(pod, container, name, required, placement))) isChanged = true
    }
    if (isChanged) await save()
  }

  /** True where devices were given out. */
  async function allocateResource(
    pod: Pod,
    container: AnyContainer,
    name: string,
    required: number,
    placement: TopologyHint | undefined,
  ): Promise<boolean> {
    const { uid } = pod.metadata
    const held = records.get(uid, container.name, name)
    if (held !== undefined && held.devices.length !== required)
      throw refusal(
        `pod "${uid}" container "${container.name}" changed request for resource "${name}" from ${held.devices.length} to ${required}`,
      )
    if (held !== undefined && (await options.isRunning(uid))) return false
    const resource = resources.get(name)
    if (resource === undefined) throw refusal(`cannot allocate unregistered device ${name}`)
    const healthy = new Map(healthyDevices(resource).map((device) => [device.id, device]))
    if (healthy.size === 0) throw refusal(`no healthy devices present; cannot allocate unhealthy devices ${name}`)
    if (held?.devices.some(({ id }) => !healthy.has(id)))
      throw refusal(`previously allocated devices are no longer healthy; cannot allocate unhealthy devices ${name}`)
    if (held !== undefined || required === 0) return false

    const again = reusable(pod, container.name, name)
    const inUse = records.inUse(name)
    const available = [...healthy.keys()].filter((id) => !inUse.has(id)).sort()
    const needed = required - again.length
    if (available.length < needed)
      throw refusal(`requested number of devices unavailable for ${name}. Requested: ${needed}, Available: ${available.length}`)
    const session = resource.session!
    const choice = chooseDevices({
      required,
      reusable: again,
      available,
      nodesOf: (id) => healthy.get(id)?.nodes ?? [],
      hasTopology: hasTopology(resource),
      placement,
    })
    const { question } = choice
    const canWish = question !== undefined && session.options.getPreferredAllocationAvailable === true
    const wish = canWish ? await told('GetPreferredAllocation', preferredDevices(session, question, required)) : []
    const chosen = [...choice.answer(wish)]
    if (chosen.length < required)
      throw refusal(`unexpectedly allocated less resources than required. Requested: ${required}, Got: ${chosen.length}`)

    const startedMs = clock.monotonicMs()
    const [response] = await allocateDevices(session, chosen).finally(() =>
      options.metrics?.allocated(name, (clock.monotonicMs() - startedMs) / 1000),
    )
    if (response === undefined) throw refusal(`no containers return in allocation response of ${name}`)
    records.set(uid, container.name, {
      resource: name,
      devices: chosen.map((id) => ({ id, nodes: resource.devices.get(id)?.nodes ?? [] })),
      response,
    })
    return true
  }

  const manager: ResourceManager = {
    name: 'devices',
    hints(pod, container) {
      collect()
      return new Map(requests(pod, container).map(({ name, required }) => [name, hintsFor(pod, container, name, required)]))
    },
    allocate: (pod, container, placement) =>
      allocate(pod, container, placement).catch((cause: unknown) => {
        const message = `Allocate failed due to ${(cause as Error).message}, which is unexpected`
        throw new WherryError('Conflict', message, { reason: 'UnexpectedAdmissionError', cause })
      }),
    async grant(pod, container) {
      const { uid } = pod.metadata
      const wanted = requests(pod, container).filter(({ required }) => required > 0)
      for (const { name } of wanted) {
        const session = resources.get(name)?.session
        if (session?.options.preStartRequired !== true) continue
        const held = records.get(uid, container.name, name)
        if (held === undefined)
          throw refusal(`no devices found allocated in local cache for pod ${uid}, container ${container.name}, resource ${name}`)
        await told(
          'PreStartContainer',
          preStartContainer(
            session,
            held.devices.map(({ id }) => id),
          ),
        )
      }
      // The plug-in may have come only after the pod was admitted.
      if (wanted.some(({ name }) => records.get(uid, container.name, name) === undefined)) await allocate(pod, container, undefined)
      return deviceGrant(records.of(uid, container.name).map(({ response }) => response))
    },
    status: (pod, container) => {
      const kind = containerNamed(pod, container)?.kind
      return kind === 'regular' ? records.of(pod.metadata.uid, container).map((held) => statusOf(held, resources.get(held.resource))) : []
    },
    onChange: (listener) => subscribe(podListeners, listener),
    async release(podUid) {
      if (records.delete(podUid)) await save()
    },
  }

  function hintsFor(pod: Pod, container: AnyContainer, name: string, requested: number): readonly TopologyHint[] | undefined {
    const resource = resources.get(name)
    if (resource === undefined || !hasTopology(resource)) return undefined
    const devices = new Map([...resource.devices.values()].map(({ id, nodes }) => [id, nodes]))
    const held = records.get(pod.metadata.uid, container.name, name)?.devices.map(({ id }) => id)
    if (held !== undefined && held.length > 0) {
      if (held.length !== requested) return []
      return deviceHints({ requested, devices, available: new Set(held), reusable: new Set(), numaNodes })
    }
    const inUse = records.inUse(name)
    const available = new Set(
      healthyDevices(resource)
        .map(({ id }) => id)
        .filter((id) => !inUse.has(id)),
    )
    const again = new Set(reusable(pod, container.name, name))
    if (new Set([...available, ...again]).size < requested) return []
    return deviceHints({ requested, devices, available, reusable: again, numaNodes })
  }

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
        kept = (await options.checkpoint.read()) as Checkpoint | undefined
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

/** As the reference: time for a plug-in to be replaced before its resource leaves the node. */
const STOPPED_GRACE_MS = 5 * 60_000

const refusal = (message: string): WherryError => new WherryError('Conflict', message)

async function told<T>(method: string, call: Promise<T>): Promise<T> {
  try {
    return await call
  } catch (cause) {
    throw new WherryError('Conflict', `device plugin ${method} rpc failed with err: ${(cause as Error).message}`, { cause })
  }
}

/** Devices of a resource claim stand behind the resource here; the plug-in of that claim gives them. */
const isClaimed = (pod: Pod, container: AnyContainer, resource: string): boolean =>
  pod.status?.extendedResourceClaimStatus?.requestMappings?.some(
    (one) => one.containerName === container.name && one.resourceName === resource,
  ) ?? false

/** A device that nobody tells of any more passes for healthy, as with the reference. */
const statusOf = ({ resource: name, devices }: DevicesOf, resource: DeviceResource | undefined): ResourceStatus => ({
  name,
  resources: devices.map(({ id }) => ({
    resourceID: id,
    health: (resource?.devices.get(id)?.isHealthy ?? true) ? 'Healthy' : 'Unhealthy',
  })),
})

function subscribe<T>(listeners: Set<T>, listener: T): () => void {
  listeners.add(listener)
  return () => listeners.delete(listener)
}
