import type { ContainerAllocateResponse } from './device-plugin-api.ts'

/** Devices of one resource that a container holds, and what its plug-in said when it gave them. */
export interface HeldDevices {
  readonly resource: string
  readonly devices: readonly HeldDevice[]
  readonly response: ContainerAllocateResponse
}

export interface HeldDevice {
  readonly id: string
  /** NUMA nodes that it is near to; empty where its plug-in said none. */
  readonly nodes: readonly number[]
}

/** Who holds which devices: pod UID, container name, resource. Plain bookkeeping; `device-manager.ts` keeps it on disk. */
export interface DeviceRecords {
  /** All that a container holds, by resource. */
  of(podUid: string, container: string): readonly HeldDevices[]
  get(podUid: string, container: string, resource: string): HeldDevices | undefined
  set(podUid: string, container: string, held: HeldDevices): void
  /** True where there was something. */
  delete(podUid: string): boolean
  pods(): readonly string[]
  /** IDs of a resource that anybody holds. */
  inUse(resource: string): ReadonlySet<string>
  /** Resources of which anybody holds something. */
  resources(): ReadonlySet<string>
  /** Pods that hold one of these devices. */
  holders(resource: string, ids: ReadonlySet<string>): ReadonlySet<string>
  /** For the checkpoint. */
  entries(): readonly RecordEntry[]
}

/** One line of a checkpoint. */
export interface RecordEntry extends HeldDevices {
  readonly podUid: string
  readonly container: string
}

export function createDeviceRecords(): DeviceRecords {
  const pods = new Map<string, Map<string, Map<string, HeldDevices>>>()
  const all = function* (): Generator<RecordEntry> {
    for (const [podUid, containers] of pods)
      for (const [container, resources] of containers) for (const held of resources.values()) yield { podUid, container, ...held }
  }
  return {
    of: (podUid, container) => [...(pods.get(podUid)?.get(container)?.values() ?? [])],
    get: (podUid, container, resource) => pods.get(podUid)?.get(container)?.get(resource),
    set(podUid, container, held) {
      const containers = pods.get(podUid) ?? new Map<string, Map<string, HeldDevices>>()
      pods.set(podUid, containers)
      const resources = containers.get(container) ?? new Map<string, HeldDevices>()
      containers.set(container, resources)
      const { resource, devices, response } = held
      resources.set(resource, { resource, devices, response })
    },
    delete: (podUid) => pods.delete(podUid),
    pods: () => [...pods.keys()],
    inUse(resource) {
      const ids = new Set<string>()
      for (const held of all()) if (held.resource === resource) for (const { id } of held.devices) ids.add(id)
      return ids
    },
    resources: () => new Set([...all()].map(({ resource }) => resource)),
    holders: (resource, ids) =>
      new Set(
        [...all()].filter((held) => held.resource === resource && held.devices.some(({ id }) => ids.has(id))).map((one) => one.podUid),
      ),
    entries: () => [...all()],
  }
}
