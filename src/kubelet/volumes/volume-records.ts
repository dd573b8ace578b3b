import type { VolumeHost } from './volume-host.ts'

/** What is kept on disk of a volume from before it is set up until it is torn down: enough for whoever comes after a crash. */
export interface VolumeRecord {
  readonly podUid: string
  /** Of the plug-in. */
  readonly folder: string
  /** `VolumeSpec.name`. */
  readonly name: string
  readonly path: string
  readonly uniqueName?: string
  /** The attach-detach controller brings it here, and must not take it away. */
  readonly isAttachable?: boolean
  /** It was once set up whole, and its files were given to the pod's group, which happens once. */
  readonly isSetUp?: boolean
  /** To which this node has let it grow. */
  readonly capacity?: string
  /** What the plug-in remembers. */
  readonly data?: unknown
}

/** The records of all pods of this node, in memory and on disk. */
export interface VolumeRecords {
  /** Reads what former processes left; once. */
  load(podUids: readonly string[]): Promise<void>
  ofPod(podUid: string): readonly VolumeRecord[]
  all(): readonly VolumeRecord[]
  get(podUid: string, folder: string, name: string): VolumeRecord | undefined
  put(record: VolumeRecord): Promise<void>
  remove(record: VolumeRecord): Promise<void>
}

export function createVolumeRecords(host: VolumeHost, podDirectory: (uid: string) => string): VolumeRecords {
  const records = new Map<string, Map<string, VolumeRecord>>()
  const directoryOf = (uid: string) => `${podDirectory(uid)}/volume-records`
  const fileOf = (record: VolumeRecord) => `${directoryOf(record.podUid)}/${record.folder}/${record.name}`
  const keep = (record: VolumeRecord): void => {
    const ofPod = records.get(record.podUid) ?? new Map<string, VolumeRecord>()
    records.set(record.podUid, ofPod)
    ofPod.set(keyOf(record.folder, record.name), record)
  }
  const loadFolder = async (podUid: string, folder: string): Promise<void> => {
    for (const name of await host.list(`${directoryOf(podUid)}/${folder}`)) {
      // What a crash left of a write.
      if (name.startsWith('.')) continue
      const text = await host.readRecord(`${directoryOf(podUid)}/${folder}/${name}`)
      if (text !== undefined) keep({ path: `${podDirectory(podUid)}/volumes/${folder}/${name}`, ...parse(text), podUid, folder, name })
    }
  }
  return {
    async load(podUids) {
      for (const uid of podUids) for (const folder of await host.list(directoryOf(uid))) await loadFolder(uid, folder)
    },
    ofPod: (uid) => [...(records.get(uid)?.values() ?? [])],
    all: () => [...records.values()].flatMap((ofPod) => [...ofPod.values()]),
    get: (uid, folder, name) => records.get(uid)?.get(keyOf(folder, name)),
    async put(record) {
      // Known before it is written: what is half on disk counts as being there.
      keep(record)
      await host.writeRecord(fileOf(record), JSON.stringify(record))
    },
    async remove(record) {
      await host.remove(fileOf(record))
      const ofPod = records.get(record.podUid)
      ofPod?.delete(keyOf(record.folder, record.name))
      if (ofPod?.size === 0) records.delete(record.podUid)
    },
  }
}

const keyOf = (folder: string, name: string): string => `${folder}/${name}`

/** A record that a broken disk spoilt still says by its place which volume there is: enough to unmount it. */
function parse(text: string): Partial<VolumeRecord> {
  try {
    return JSON.parse(text) as VolumeRecord
  } catch (error) {
    if (error instanceof SyntaxError) return {}
    throw error
  }
}
