import { createHash } from 'node:crypto'
import type { Pod } from '#api/core/v1/pod.ts'
import { WherryError } from '#lib/errors.ts'
import type { Files } from '../interfaces.ts'
import type { UserNamespace } from '../runtime.ts'
import { type IdRange, idUnit } from './id-range.ts'
import { podDirectory } from './names.ts'

/** Hands out ranges of users and groups of the node to pods that want none of the node's own (`hostUsers: false`, KEP-127). */
export interface UserNamespaces {
  /** Reads what former kubelets gave out, before anything is given: from then on out of `idsOfPods`. */
  load(idsOfPods: IdRange): Promise<void>
  /**
   * The pod's mapping, the same for all of its life; undefined for a pod that shares the node's users. Throws `Invalid` where the runtime cannot,
   * `ServiceUnavailable` when all ranges are taken.
   */
  of(pod: Pod, handler: { readonly name: string; readonly userNamespaces: boolean }): Promise<UserNamespace | undefined>
  /** Nothing of the pod is left. */
  release(podUid: string): void
}

export interface UserNamespacesOptions {
  readonly files: Files
  readonly rootDirectory: string
  /** A multiple of 65,536. */
  readonly idsPerPod: number
  /** Nodes of one machine begin at different ids, by their names. Absent: at the lowest. */
  readonly nodeName?: string
}

export function createUserNamespaces({ files, rootDirectory, idsPerPod, nodeName }: UserNamespacesOptions): UserNamespaces {
  let whole: IdRange = { hostId: idsPerPod, length: 0 }
  /**
   * What a pod keeps for all of its life, whatever the configuration says of later ones: its files belong to these ids, and its containers that restart
   * are mapped like those that run.
   */
  const taken = new Map<string, IdRange>()
  /** Records under way: whoever asks for the same pod meanwhile waits for its record too. */
  const writing = new Map<string, Promise<void>>()
  const fileOf = (uid: string) => `${podDirectory(rootDirectory, uid)}/userns`

  async function read(uid: string): Promise<IdRange | undefined> {
    const content = await files.read(fileOf(uid), RECORD_LIMIT_BYTES)
    if (content === undefined || content.length === 0) return undefined
    const { hostId, length } = JSON.parse(Buffer.from(content).toString()) as IdRange
    if (!isWholeUnits(hostId) || !isWholeUnits(length))
      throw new WherryError('InternalError', `the user namespace of pod ${uid} cannot be read: ${length} ids would begin at ${hostId}`)
    return { hostId, length }
  }

  return {
    async load(idsOfPods) {
      whole = idsOfPods
      for (const path of await files.list(`${rootDirectory}/pods`)) {
        const uid = path.slice(path.lastIndexOf('/') + 1)
        const range = await read(uid)
        if (range !== undefined) taken.set(uid, range)
      }
    },
    async of({ spec, metadata: { uid } }, handler) {
      if (spec.hostUsers !== false) return undefined
      if (!handler.userNamespaces) {
        const who = handler.name === '' ? 'runtime' : `RuntimeClass handler "${handler.name}"`
        throw new WherryError('Invalid', `can't set \`spec.hostUsers: false\`, ${who} does not support user namespaces`)
      }
      let range = taken.get(uid)
      if (range === undefined) {
        range = firstFree([...taken.values()], idsPerPod, whole, beginOf(nodeName, idsPerPod, whole))
        taken.set(uid, range)
        const write = files.write(fileOf(uid), JSON.stringify(range), 0o600)
        writing.set(
          uid,
          write.catch((error: unknown) => {
            // Without a record the pod has no ids: it asks again.
            taken.delete(uid)
            throw error
          }),
        )
      }
      // On disk before anything belongs to these ids: after a crash nobody else may have them.
      await writing.get(uid)?.finally(() => writing.delete(uid))
      const mappings = [{ hostId: range.hostId, containerId: 0, length: range.length }]
      return { mode: 'pod', uids: mappings, gids: mappings }
    },
    release: (podUid) => void taken.delete(podUid),
  }
}

const RECORD_LIMIT_BYTES = 4096

const isWholeUnits = (ids: number): boolean => Number.isSafeInteger(ids) && ids >= idUnit && ids % idUnit === 0

/** Several nodes of a machine know nothing of each other's pods, and should not give them the same users where there are plenty. */
function beginOf(nodeName: string | undefined, length: number, whole: IdRange): number {
  if (nodeName === undefined) return whole.hostId
  // Not among ids that some programs take for negative numbers.
  const end = Math.min(whole.hostId + whole.length, 2 ** 31)
  const places = Math.max(1, Math.floor((end - whole.hostId) / length))
  return whole.hostId + (createHash('sha256').update(nodeName).digest().readUInt32BE() % places) * length
}

/** The first range in `whole` from `begin` on, and else from its start, that overlaps none of those taken, which may be of other lengths, and of anywhere. */
function firstFree(taken: readonly IdRange[], length: number, whole: IdRange, begin: number): IdRange {
  const sorted = taken.toSorted((a, b) => a.hostId - b.hostId)
  const from = (start: number): IdRange | undefined => {
    let hostId = start
    for (const other of sorted) {
      if (other.hostId >= hostId + length) break
      const end = other.hostId + other.length
      if (end > hostId) hostId = Math.ceil(end / length) * length
    }
    return hostId + length <= whole.hostId + whole.length ? { hostId, length } : undefined
  }
  const found = from(begin) ?? from(whole.hostId)
  if (found !== undefined) return found
  throw new WherryError('ServiceUnavailable', 'could not find an empty slot to allocate a user namespace')
}
