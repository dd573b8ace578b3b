import { posix } from 'node:path'
import { isObject } from '#schema/fields.ts'
import type { Revision } from '#store/store.ts'
import { jsonProblem } from '../http/json-problem.ts'
import { badRequest } from '../http/status.ts'

/** Where a paged list goes on: after which key, and as of which revision. */
export interface Continue {
  /** First key wanted, relative to the listed prefix. */
  readonly start: string
  /** -1: as of now; given out when the older state is gone. */
  readonly revision: Revision
}

/** As a client is given it: base64url of JSON, in the reference's form. */
export const encodeContinue = ({ start, revision }: Continue): string =>
  Buffer.from(JSON.stringify({ v: 'meta.k8s.io/v1', rv: revision, start })).toString('base64url')

/** Error: `BadRequest` for a token that this server never gave, in the words of the reference's own decoder. */
export function decodeContinue(token: string): Continue {
  const refuse = (why: string) => badRequest(`invalid continue token: continue key is not valid: ${why}`)
  const byte = /[^\w-]/.exec(token)?.index ?? (token.length % 4 === 1 ? token.length - 1 : undefined)
  if (byte !== undefined) throw refuse(`illegal base64 data at input byte ${byte}`)
  const text = Buffer.from(token, 'base64url')
  let parsed: unknown
  try {
    parsed = JSON.parse(text.toString())
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
    throw refuse(jsonProblem(text))
  }
  const fields = parsed ?? {}
  if (!isObject(fields)) throw refuse(`json: cannot unmarshal ${goKind(fields)} into Go value of type storage.continueToken`)
  const { v, rv = 0, start } = fields
  for (const [name, type, value] of [
    ['v', 'string', v ?? ''],
    ['start', 'string', start ?? ''],
  ] as const)
    if (typeof value !== 'string')
      throw refuse(`json: cannot unmarshal ${goKind(value)} into Go struct field continueToken.${name} of type ${type}`)
  if (!Number.isInteger(rv)) {
    const given = typeof rv === 'number' ? `number ${rv}` : goKind(rv)
    throw refuse(`json: cannot unmarshal ${given} into Go struct field continueToken.rv of type int64`)
  }
  if (v !== 'meta.k8s.io/v1') throw refuse(`server does not recognize this encoded version ${v ?? ''}`)
  if (rv === 0) throw refuse('incorrect encoded start resourceVersion (version meta.k8s.io/v1)')
  if (!start) throw refuse('encoded start key empty (version meta.k8s.io/v1)')
  // A key that leads elsewhere is none of ours.
  if (posix.normalize(`/${start}`) !== `/${start}` || `${start}`.endsWith('/')) throw refuse(`${start}`)
  return { start: start as string, revision: rv as number }
}

const goKind = (value: unknown): string =>
  Array.isArray(value) ? 'array' : isObject(value) ? 'object' : typeof value === 'boolean' ? 'bool' : typeof value
