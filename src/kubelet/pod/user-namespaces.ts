import type { Pod } from '#api/core/v1/pod.ts'
import { WherryError } from '#lib/errors.ts'
import type { Files } from '../interfaces.ts'
import type { UserNamespace } from '../runtime.ts'
import { podDirectory } from './names.ts'

/** Hands out ranges of users and groups of the node to pods that want none of the node's own (`hostUsers: false`, KEP-127). */
export interface UserNamespaces {
  /** Reads what former kubelets gave out, before anything is given. */
  load(): Promise<void>
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
}

/** The first range is the node's own users; ids are of 32 bits. */
const ID_LIMIT = 2 ** 32

export function createUserNamespaces({ files, rootDirectory, idsPerPod }: UserNamespacesOptions): UserNamespaces {
  /** First id, by pod. */
  const taken = new Map<string, number>()
  /** Records under way: whoever asks for the same pod meanwhile waits for its record too. */
  const writing = new Map<string, Promise<void>>()
  const fileOf = (uid: string) => `${podDirectory(rootDirectory, uid)}/userns`

  async function read(uid: string): Promise<number | undefined> {
    const content = await files.read(fileOf(uid), RECORD_LIMIT_BYTES)
    if (content === undefined || content.length === 0) return undefined
    const { hostId, length } = JSON.parse(Buffer.from(content).toString()) as { hostId: number; length: number }
    // Whoever changed the length since lets pods that ran before keep what they have: their files belong to those ids.
    if (!Number.isSafeInteger(hostId) || hostId < 65_536 || length % 65_536 !== 0)
      throw new WherryError('InternalError', `the user namespace of pod ${uid} cannot be read: it would begin at ${hostId}`)
    return hostId
  }

  return {
    async load() {
      for (const path of await files.list(`${rootDirectory}/pods`)) {
        const uid = path.slice(path.lastIndexOf('/') + 1)
        const hostId = await read(uid)
        if (hostId !== undefined) taken.set(uid, hostId)
      }
    },
    async of({ spec, metadata: { uid } }, handler) {
      if (spec.hostUsers !== false) return undefined
      if (!handler.userNamespaces) {
        const who = handler.name === '' ? 'runtime' : `RuntimeClass handler "${handler.name}"`
        throw new WherryError('Invalid', `can't set \`spec.hostUsers: false\`, ${who} does not support user namespaces`)
      }
      let hostId = taken.get(uid)
      if (hostId === undefined) {
        hostId = firstFree(new Set(taken.values()), idsPerPod)
        taken.set(uid, hostId)
        const write = files.write(fileOf(uid), JSON.stringify({ hostId, length: idsPerPod }), 0o600)
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
      const mappings = [{ hostId, containerId: 0, length: idsPerPod }]
      return { mode: 'pod', uids: mappings, gids: mappings }
    },
    release: (podUid) => void taken.delete(podUid),
  }
}

const RECORD_LIMIT_BYTES = 4096

function firstFree(taken: ReadonlySet<number>, length: number): number {
  for (let first = length; first + length <= ID_LIMIT; first += length) if (!taken.has(first)) return first
  throw new WherryError('ServiceUnavailable', 'could not find an empty slot to allocate a user namespace')
}
