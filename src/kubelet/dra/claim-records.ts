/** A device that a driver prepared for a claim. */
export interface PreparedDevice {
  readonly poolName: string
  readonly deviceName: string
  readonly shareId?: string
  /** Requests of the claim that it serves; empty: all. */
  readonly requestNames: readonly string[]
  readonly cdiDeviceIds: readonly string[]
}

/** A claim that pods of this node use, with what its drivers prepared for it. */
export interface ClaimRecord {
  readonly uid: string
  readonly name: string
  readonly namespace: string
  readonly podUids: ReadonlySet<string>
  /** Every driver that has a part in the claim, even one that gave no device. */
  readonly drivers: ReadonlyMap<string, readonly PreparedDevice[]>
  /** All drivers answered in this life of the kubelet: a new one asks them again, since they may have been restarted with the machine. */
  readonly isPrepared: boolean
}

/** The claims of this node's pods, by namespace and name. Plain bookkeeping; `dra-manager.ts` keeps it on disk. */
export interface ClaimRecords {
  get(namespace: string, name: string): ClaimRecord | undefined
  set(record: ClaimRecord): void
  delete(namespace: string, name: string): void
  all(): readonly ClaimRecord[]
  /** Claims that this pod uses. */
  ofPod(podUid: string): readonly ClaimRecord[]
}

export function createClaimRecords(): ClaimRecords {
  const claims = new Map<string, ClaimRecord>()
  return {
    get: (namespace, name) => claims.get(`${namespace}/${name}`),
    set: (record) => void claims.set(`${record.namespace}/${record.name}`, record),
    delete: (namespace, name) => void claims.delete(`${namespace}/${name}`),
    all: () => [...claims.values()],
    ofPod: (podUid) => [...claims.values()].filter(({ podUids }) => podUids.has(podUid)),
  }
}

/** Names of the Container Device Interface for one request of the claim; '' stands for all that it has. */
export const cdiDevices = ({ drivers }: ClaimRecord, request: string): readonly string[] =>
  [...drivers.values()]
    .flat()
    .filter(({ requestNames }) => request === '' || requestNames.length === 0 || requestNames.includes(request))
    .flatMap(({ cdiDeviceIds }) => cdiDeviceIds)

/** As the checkpoint has it. */
export interface ClaimEntry {
  readonly uid: string
  readonly name: string
  readonly namespace: string
  readonly podUids: readonly string[]
  readonly drivers: Readonly<Record<string, readonly PreparedDevice[]>>
}

export const toEntry = ({ uid, name, namespace, podUids, drivers }: ClaimRecord): ClaimEntry => ({
  uid,
  name,
  namespace,
  podUids: [...podUids],
  drivers: Object.fromEntries(drivers),
})

export const fromEntry = ({ podUids, drivers, ...rest }: ClaimEntry): ClaimRecord => ({
  ...rest,
  podUids: new Set(podUids),
  drivers: new Map(Object.entries(drivers)),
  isPrepared: false,
})
