import { pipeline, Readable } from 'node:stream'
import { promisify } from 'node:util'
import { constants, createGzip, gzip } from 'node:zlib'
import { Status } from '#api/meta/v1/types.ts'
import type { HttpResponse } from '#lib/http.ts'
import type { AnyType } from '#schema/schema.ts'
import { formatYaml } from '#schema/yaml-writer.ts'
import { notAcceptable, objectTypes, parseAccept, protobufType, type Representation } from './negotiate.ts'
import { writeProtobufBody } from './protobuf-body.ts'
import { sortKeys } from './sort-keys.ts'
import { routeStatus, type StatusBody, statusOfError } from './status.ts'

/** A plain value as JSON. */
export const json = (value: unknown, status = 200): HttpResponse => jsonBytes(Buffer.from(JSON.stringify(value)), status)

/**
 * A value in the encoding that was asked for. Protobuf knows fields by the numbers of `type`; what has none (a Table) exists as text only,
 * and is refused with `NotAcceptable`.
 */
export function encoded(value: object, { encoding }: Representation, status = 200, type?: AnyType): HttpResponse {
  if (encoding === 'json') return json(value, status)
  if (encoding === 'yaml')
    return { status, headers: { ...noStore, 'content-type': 'application/yaml' }, body: Buffer.from(formatYaml(sortKeys(value))) }
  if (type === undefined) throw notAcceptable(objectTypes)
  // Only `/api` and resource lists of the core group leave it out, and so does their envelope.
  return protobufBytes(writeProtobufBody(type, { apiVersion: '', kind: '', ...value }), status)
}

/** An answer that is encoded already, and not to be cached. */
export const protobufBytes = (body: HttpResponse['body'], status = 200): HttpResponse => ({
  status,
  headers: { ...noStore, 'content-type': protobufType },
  body,
})

/** An answer that is encoded already, and not to be cached. */
export const jsonBytes = (body: HttpResponse['body'], status = 200): HttpResponse => ({
  status,
  headers: { ...noStore, 'content-type': 'application/json' },
  body,
})

/** A plain answer, which no browser may take for anything else. */
export const text = (body: string, status = 200, headers: Readonly<Record<string, string>> = {}): HttpResponse => ({
  status,
  headers: { ...noStore, 'content-type': 'text/plain; charset=utf-8', 'x-content-type-options': 'nosniff', ...headers },
  body: Buffer.from(body),
})

/** The same without the header against guessing, which the reference leaves out of some. */
export const bareText = (body: string, headers: Readonly<Record<string, string>> = {}): HttpResponse => ({
  status: 200,
  headers: { ...noStore, 'content-type': 'text/plain; charset=utf-8', ...headers },
  body: Buffer.from(body),
})

/** A Status as an answer, with `Retry-After` where its details say so. Absent representation: JSON. */
export function statusAnswer(body: StatusBody & { readonly code: number }, representation?: Representation): HttpResponse {
  const details = body.details as { readonly retryAfterSeconds?: number } | undefined
  const answer = encoded(body, representation ?? { encoding: 'json' }, body.code, Status)
  if (details?.retryAfterSeconds === undefined) return answer
  return { ...answer, headers: { ...answer.headers, 'retry-after': `${details.retryAfterSeconds}` } }
}

/** The router's refusal of a method. */
export const methodNotAllowed = (accept?: string): HttpResponse =>
  routeAnswer(accept, routeStatus(405, 'MethodNotAllowed', 'the server does not allow this method on the requested resource'))

/** What the router says of a path that leads nowhere. */
export const absentRoute = (accept?: string): HttpResponse =>
  routeAnswer(accept, routeStatus(404, 'NotFound', 'the server could not find the requested resource'))

/** A refusal of the router's own, in such a form as the client takes where there is one that objects come in. */
export function routeAnswer(accept: string | undefined, body: Parameters<typeof statusAnswer>[0]): HttpResponse {
  const form = parseAccept(accept ?? '').find(({ type, parameters }) => objectTypes.includes(type) && !parameters.has('as'))?.type
  return statusAnswer(body, { encoding: form === protobufType ? 'protobuf' : form === 'application/yaml' ? 'yaml' : 'json' })
}

/** The router's refusal to write in any form that the client would take. */
export const routeNotAcceptable = (accept: string | undefined, types: readonly string[]): HttpResponse =>
  routeAnswer(accept, routeStatus(406, 'NotAcceptable', `406: Not Acceptable\n\nAvailable representations: ${types.join(', ')}`))

/** Whatever was thrown as a Status; what is no `WherryError` becomes a 500 that tells nothing of ours. */
export const errorAnswer = (error: unknown, representation?: Representation): HttpResponse =>
  statusAnswer(statusOfError(error), representation)

/** Answers that are worth it go out compressed where the client takes it (the reference's threshold and level). */
export async function compressed(answer: HttpResponse, acceptEncoding: string | undefined): Promise<HttpResponse> {
  if (acceptEncoding === undefined || !/(?:^|,)\s*gzip\s*(?:;|,|$)/.test(acceptEncoding)) return answer
  const vary = [...new Set([answer.headers['vary'] ?? [], 'Accept-Encoding'].flat())]
  const headers = { ...answer.headers, 'content-encoding': 'gzip', vary }
  if (answer.body instanceof Uint8Array) {
    if (answer.body.byteLength < compressFromBytes) return answer
    return { ...answer, headers, body: await gzipAll(answer.body, { level: constants.Z_BEST_SPEED }) }
  }
  const stream = createGzip({ level: constants.Z_BEST_SPEED })
  // Whoever reads the compressed stream sees its failure; the callback only keeps it from being thrown twice.
  pipeline(Readable.from(answer.body), stream, () => {})
  return { ...answer, headers, body: stream }
}

/** Warnings in the form of RFC 9111 headers; texts that repeat are given once. */
export function warningHeaders(warnings: readonly string[]): readonly string[] {
  let room = warningBytes
  const out: string[] = []
  for (const warning of new Set(warnings)) {
    const header = `299 - "${warning.replace(/[\\"]/g, (special) => `\\${special}`).replace(/[\u0000-\u001f\u007f]/g, ' ')}"`
    room -= Buffer.byteLength(header)
    if (room < 0) break
    out.push(header)
  }
  return out
}

const gzipAll = promisify(gzip)
const noStore = { 'cache-control': 'no-cache, private' }
const compressFromBytes = 128 * 1024
// The reference cuts warnings off at 4 KiB in all.
const warningBytes = 4 * 1024
