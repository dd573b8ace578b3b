import { Lease } from '#api/coordination/v1/lease.ts'
import { keyOf } from '#apiserver/registry/keys.ts'
import type { Client } from '#client/client.ts'
import { WherryError } from '#lib/errors.ts'
import type { Condition, Store } from '#store/store.ts'

/** Whose term begins, by which Lease. `store` is written past the API, `client` only reads. */
export interface FenceOptions {
  readonly store: Store
  readonly client: Client
  /** The Lease whose holder takes the fence. */
  readonly namespace: string
  readonly name: string
  readonly identity: string
}

/**
 * Marks in the store that a leader's term begins. What it answers holds until the next leader does the same: as a condition of every write it
 * keeps out a leader that was held up and does not know that its term is over, which no lease can, since a lease is read before and not with
 * the write. Only the holder of the Lease can take it, in one commit with the look at the Lease. Throws `Conflict` where another holds it, or
 * where it does not stay as it is for long enough.
 */
export async function takeFence({ store, client, namespace, name, identity }: FenceOptions): Promise<Condition> {
  const key = `${fenceRoot}${name}`
  const value = new TextEncoder().encode(JSON.stringify({ holderIdentity: identity }))
  for (let attempt = 0; attempt < attempts; attempt += 1) {
    const { metadata, spec } = await client.get(Lease, name, namespace)
    if (spec.holderIdentity !== identity) throw new WherryError('Conflict', `the lease "${namespace}/${name}" was taken over`)
    const isOwn: Condition = { key: keyOf(Lease, namespace, name), modRevision: Number(metadata.resourceVersion) }
    const result = await store.commit([{ do: 'put', key, value }], [isOwn])
    if (result.done) return { key, modRevision: result.revision }
    // Our own renewal came between, once in two seconds.
  }
  throw new WherryError('Conflict', `the lease "${namespace}/${name}" changed at each of ${attempts} tries to begin a term`)
}

/** Where fences stand in the store, beside the objects. */
const fenceRoot = '/wherry/fences/'
const attempts = 10
