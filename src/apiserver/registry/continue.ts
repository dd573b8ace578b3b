import type { Revision } from '#store/store.ts'
import { badRequest } from '../http/status.ts'

/** Where a paged list goes on: after which key, and as of which revision. */
export interface Continue {
  /** First key wanted, relative to the listed prefix. */
  readonly start: string
  /** -1: as of now; given out when the older state is gone. */
  readonly revision: Revision
}

export const encodeContinue = ({ start, revision }: Continue): string =>
  Buffer.from(JSON.stringify({ v: 'meta.k8s.io/v1', rv: revision, start })).toString('base64url')

/** Throws `BadRequest` for a token that this server never gave. */
export function decodeContinue(token: string): Continue {
  let parsed: unknown
  try {
    parsed = JSON.parse(Buffer.from(token, 'base64url').toString())
  } catch {
    throw badRequest('continue key is not valid: not valid base64 encoded JSON')
  }
  const { v, rv, start } = (parsed ?? {}) as { v?: unknown; rv?: unknown; start?: unknown }
  if (v !== 'meta.k8s.io/v1')
    throw badRequest(`continue key is not valid: server does not recognize this encoded version ${JSON.stringify(v ?? '')}`)
  if (typeof rv !== 'number' || !Number.isSafeInteger(rv) || rv === 0)
    throw badRequest('continue key is not valid: incorrect encoded start resourceVersion (version meta.k8s.io/v1)')
  if (typeof start !== 'string' || start === '')
    throw badRequest('continue key is not valid: encoded start key empty (version meta.k8s.io/v1)')
  return { start, revision: rv }
}
