import type { AnyKind, KubeObject } from '#api/kind.ts'
import type { Client } from '#client/client.ts'
import { createClient } from '#client/http.ts'
import { errorOfAnswer } from '#client/status.ts'
import type { WriteEntry } from '#lib/cause.ts'
import { isError } from '#lib/errors.ts'
import { readBody, type Transport } from '#lib/http.ts'
import { discoveredKinds } from './target.ts'
import { type Ref, recordOfWrites } from './view.ts'

/** Reads for an explanation. What may not be read is noted in `unread`, and the explanation does without. */
export interface Reader {
  readonly client: Client
  /** Undefined where there is none. */
  object(kind: AnyKind, ref: Ref): Promise<KubeObject | undefined>
  /** What the server remembers of an object, oldest first; undefined where it keeps no such record. */
  writes(ref: Ref): Promise<readonly WriteEntry[] | undefined>
  /** Every kind that the server serves in named groups; asked once. */
  discover(): Promise<readonly AnyKind[]>
  /** A read that the explanation can do without: `fallback` where it is refused or there is no such kind. `what` is for the note. */
  optional<T>(what: string, read: () => Promise<T>, fallback: T): Promise<T>
  readonly unread: string[]
}

export function createReader(transport: Transport): Reader {
  const client = createClient(transport, { userAgent: 'wherry' })
  const unread: string[] = []
  let discovered: Promise<readonly AnyKind[]> | undefined
  /** Once it is known that there is no record, nobody asks again. */
  let hasJournal = true

  async function get(path: string, accept = 'application/json'): Promise<unknown> {
    const response = await transport({ method: 'GET', path, headers: { accept, 'user-agent': 'wherry' } })
    const body = await readBody(response.body, bodyLimitBytes)
    if (response.status !== 200) throw errorOfAnswer(response.status, body)
    return JSON.parse(new TextDecoder().decode(body))
  }

  async function optional<T>(what: string, read: () => Promise<T>, fallback: T): Promise<T> {
    try {
      return await read()
    } catch (error) {
      if (!isError(error, 'Forbidden', 'NotFound', 'MethodNotAllowed')) throw error
      const note = `${what} (${error.message})`
      if (!unread.includes(note)) unread.push(note)
      return fallback
    }
  }

  return {
    client,
    unread,
    optional,
    async object(kind, { namespace, name }) {
      try {
        return (await client.get(kind, name, namespace)) as KubeObject
      } catch (error) {
        if (isError(error, 'NotFound')) return undefined
        throw error
      }
    },
    async writes({ group, resource, namespace, name }) {
      if (!hasJournal) return undefined
      const path = ['/wherry/writes', group || 'core', resource, namespace || '-', encodeURIComponent(name)].join('/')
      try {
        const { items } = (await get(path)) as { readonly items?: readonly WriteEntry[] }
        return items ?? []
      } catch (error) {
        if (!isError(error, 'NotFound', 'Forbidden')) throw error
        hasJournal = false
        if (isError(error, 'Forbidden')) unread.push(`${recordOfWrites} (${error.message})`)
        return undefined
      }
    },
    discover: () => (discovered ??= get('/apis', aggregated).then(discoveredKinds)),
  }
}

const bodyLimitBytes = 64 * 1024 * 1024
const aggregated = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList'
