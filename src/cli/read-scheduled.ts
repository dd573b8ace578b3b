import { Node } from '#api/core/v1/node.ts'
import { Pod } from '#api/core/v1/pod.ts'
import type { AnyKind, KubeObject } from '#api/kind.ts'
import type { Client } from '#client/client.ts'
import { listAll } from '#client/http.ts'
import { isError } from '#lib/errors.ts'
import { neededKinds } from '#scheduler/needed-kinds.ts'

/** What decisions rest on, read once. */
export interface Scheduled {
  readonly objects: ReadonlyMap<AnyKind, readonly KubeObject[]>
  /** Lists that may not be read or are not served: decisions are made as if there were nothing in them. */
  readonly unread: readonly string[]
  /** Whether nodes and pods are among what was read: without them every decision is an invention. */
  readonly isUsable: boolean
}

/** Reads the lists that the scheduler watches, and `more` kinds. */
export async function readScheduled(client: Client, more: readonly AnyKind[] = []): Promise<Scheduled> {
  const unread: string[] = []
  let isUsable = true
  const read = async (kind: AnyKind): Promise<readonly [AnyKind, readonly KubeObject[]]> => {
    try {
      return [kind, (await listAll(client, kind)).items as readonly KubeObject[]]
    } catch (error) {
      if (!isError(error, 'Forbidden', 'NotFound', 'MethodNotAllowed')) throw error
      isUsable &&= kind !== (Node as AnyKind) && kind !== (Pod as AnyKind)
      unread.push(`${kind.plural} (${error.message})`)
      return [kind, []]
    }
  }
  const objects = new Map(await Promise.all([...new Set([...neededKinds, ...more])].map(read)))
  return { objects, unread, isUsable }
}
