import type { Pod } from '#api/core/v1/pod.ts'
import { podLimits } from '#api/core/v1/resources.ts'
import type { ResourceStatus } from '#api/core/v1/types.ts'
import type { Clock } from '#lib/clock.ts'
import { WherryError } from '#lib/errors.ts'
import type { Log } from '#lib/log.ts'
import { quantityToInteger } from '#lib/quantity.ts'
import { isClaimed } from '../dra/claimed-resources.ts'
import type { ResourceManager, TopologyHint } from '../interfaces.ts'
import { type AnyContainer, containerNamed, isSidecar } from '../pod/containers.ts'
import { createKeyedLock } from '../volumes/keyed-lock.ts'
import { chooseDevices } from './device-choice.ts'
import { deviceGrant } from './device-grant.ts'
import { deviceHints } from './device-hints.ts'
import type { DeviceRecords, HeldDevice, HeldDevices } from './device-records.ts'
import { type DeviceResource, hasTopology, healthyDevices } from './device-resource.ts'
import { allocateDevices, preferredDevices, preStartContainer } from './plugin-session.ts'

export interface DeviceAllocatorOptions {
  readonly records: DeviceRecords
  /** Those of plug-ins, by name: read at each use. */
  readonly resources: ReadonlyMap<string, DeviceResource>
  readonly save: () => Promise<void>
  readonly clock: Pick<Clock, 'monotonicMs'>
  readonly log: Log
  readonly numaNodes: readonly number[]
  readonly isRunning: (podUid: string) => Promise<boolean>
  readonly activePods: () => ReadonlySet<string> | undefined
  readonly onChange: NonNullable<ResourceManager['onChange']>
  readonly metrics?: { allocated(resource: string, seconds: number): void }
}

/** Gives devices to containers: chooses which, lets their plug-in make them usable, and notes who holds them. */
export function createDeviceAllocator(options: DeviceAllocatorOptions): ResourceManager {
  const { records, resources, save, clock, numaNodes } = options
  /** Requests for one resource wait for each other, so that no device is given twice. */
  const inTurn = createKeyedLock()

  /** Whether it is ours to give: a plug-in told of it, or somebody holds it still. */
  const isOurs = (name: string): boolean => resources.has(name) || records.resources().has(name)

  function requests(pod: Pod, container: AnyContainer): readonly { readonly name: string; readonly required: number }[] {
    // Extended resources are never overcommitted, so limits say it all.
    return Object.entries(container.resources?.limits ?? {})
      .filter(([name]) => isOurs(name) && !isClaimed(pod, container.name, name))
      .map(([name, quantity]) => ({ name, required: quantityToInteger(quantity) }))
  }

  /** Held by init containers that end before this container starts. Sidecars and regular containers keep theirs. */
  function reusable(pod: Pod, container: string, resource: string): readonly string[] {
    const { uid } = pod.metadata
    const ids = new Set<string>()
    const named = (all: readonly AnyContainer[] | undefined) => (all ?? []).filter(({ name }) => name !== container)
    const heldBy = (name: string) => idsOf(records.get(uid, name, resource)?.devices ?? [])
    const initial = named(pod.spec.initContainers)
    for (const one of initial) if (!isSidecar(one, 'init')) for (const id of heldBy(one.name)) ids.add(id)
    for (const one of [...initial.filter((each) => isSidecar(each, 'init')), ...named(pod.spec.containers)])
      for (const id of heldBy(one.name)) ids.delete(id)
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

  /** While the runtime is away nobody knows. Then what was given stays given: to refuse it would end a pod that most likely runs. */
  async function isRunning(podUid: string): Promise<boolean> {
    try {
      return await options.isRunning(podUid)
    } catch (error) {
      options.log.warn('whether a pod runs is not known; it keeps its devices', { podUid, error })
      return true
    }
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
    if (held !== undefined && (await isRunning(uid))) return false
    const resource = resources.get(name)
    if (resource === undefined) throw refusal(`cannot allocate unregistered device ${name}`)
    const healthy = new Map(healthyDevices(resource).map((device) => [device.id, device]))
    if (healthy.size === 0) throw refusal(`no healthy devices present; cannot allocate unhealthy devices ${name}`)
    if (held?.devices.some(({ id }) => !healthy.has(id)))
      throw refusal(`previously allocated devices are no longer healthy; cannot allocate unhealthy devices ${name}`)
    if (held !== undefined || required === 0) return false

    const again = reusable(pod, container.name, name)
    const available = freeDevices(resource)
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

  /** `held`: what those who ask have already; then it can only lie where it lies. */
  function hintsFor(
    name: string,
    requested: number,
    held: readonly string[],
    again: readonly string[],
  ): readonly TopologyHint[] | undefined {
    const resource = resources.get(name)
    if (resource === undefined || !hasTopology(resource)) return undefined
    const devices = new Map([...resource.devices.values()].map(({ id, nodes }) => [id, nodes]))
    if (held.length > 0) {
      if (held.length !== requested) return []
      return deviceHints({ requested, devices, available: held, reusable: [], numaNodes })
    }
    const available = freeDevices(resource)
    if (available.length + again.length < requested) return []
    return deviceHints({ requested, devices, available, reusable: again, numaNodes })
  }

  function freeDevices(resource: DeviceResource): readonly string[] {
    const inUse = records.inUse(resource.name)
    return healthyDevices(resource)
      .map(({ id }) => id)
      .filter((id) => !inUse.has(id))
      .sort()
  }

  return {
    name: 'devices',
    hints(pod, container) {
      collect()
      return new Map(
        requests(pod, container).map(({ name, required }) => {
          const held = records.get(pod.metadata.uid, container.name, name)?.devices ?? []
          return [name, hintsFor(name, required, idsOf(held), reusable(pod, container.name, name))]
        }),
      )
    },
    podHints(pod) {
      collect()
      const limits = Object.entries(podLimits({ ...pod.spec, overhead: undefined })).filter(([name]) => isOurs(name))
      return new Map(
        limits.map(([name, quantity]) => {
          const held = records.entries().filter((entry) => entry.podUid === pod.metadata.uid && entry.resource === name)
          const ids = new Set(held.flatMap(({ devices }) => idsOf(devices)))
          return [name, hintsFor(name, quantityToInteger(quantity), [...ids], [])]
        }),
      )
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
        await told('PreStartContainer', preStartContainer(session, idsOf(held.devices)))
      }
      // The plug-in may have come only after the pod was admitted.
      if (wanted.some(({ name }) => records.get(uid, container.name, name) === undefined)) await allocate(pod, container, undefined)
      return deviceGrant(records.of(uid, container.name).map(({ response }) => response))
    },
    status: (pod, container) => {
      const kind = containerNamed(pod, container)?.kind
      return kind === 'regular' ? records.of(pod.metadata.uid, container).map((held) => statusOf(held, resources.get(held.resource))) : []
    },
    onChange: options.onChange,
    async release(podUid) {
      if (records.delete(podUid)) await save()
    },
  }
}

const idsOf = (devices: readonly HeldDevice[]): readonly string[] => devices.map(({ id }) => id)
const refusal = (message: string): WherryError => new WherryError('Conflict', message)

async function told<T>(method: string, call: Promise<T>): Promise<T> {
  try {
    return await call
  } catch (cause) {
    throw new WherryError('Conflict', `device plugin ${method} rpc failed with err: ${(cause as Error).message}`, { cause })
  }
}

/** A device that nobody tells of any more passes for healthy, as with the reference. */
const statusOf = ({ resource: name, devices }: HeldDevices, resource: DeviceResource | undefined): ResourceStatus => ({
  name,
  resources: devices.map(({ id }) => ({
    resourceID: id,
    health: (resource?.devices.get(id)?.isHealthy ?? true) ? 'Healthy' : 'Unhealthy',
  })),
})
