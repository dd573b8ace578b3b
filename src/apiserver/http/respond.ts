import { pipeline, Readable } from 'node:stream'
import { promisify } from 'node:util'
import { constants, createGzip, gzip } from 'node:zlib'
import { type AnyKind, apiVersionOf } from '#api/kind.ts'
import { WherryError } from '#lib/errors.ts'
import type { HttpResponse } from '#lib/http.ts'
import { formatYaml } from '#schema/yaml.ts'
import { bytesOf, type Item, objectOf } from '../cacher/item.ts'
import type { Selection } from '../registry/select.ts'
import { goPackage } from './body.ts'
import { headOf, listBody, listItemBytes, openBrace } from './encode.ts'
import type { Representation } from './negotiate.ts'
import { type StatusBody, statusOfError } from './status.ts'
import { type IncludeObject, partialOf, tableOf } from './table.ts'

export interface Showing {
  readonly kind: AnyKind
  readonly representation: Representation
  readonly include: IncludeObject
  readonly now: number
}

/** One object in the representation that was asked for. */
export function showItem({ kind, representation, include, now }: Showing, item: Item, status: number): HttpResponse {
  const { as, version = 'v1' } = representation
  if (as === undefined)
    return representation.encoding === 'json'
      ? jsonBytes(bytesOf(item), status)
      : json(JSON.parse(Buffer.from(bytesOf(item)).toString()), representation, status)
  const object = objectOf(item)
  if (as === 'Table')
    return json(
      tableOf(kind, [object], { resourceVersion: object.metadata.resourceVersion ?? '' }, { now, include, version }),
      representation,
      status,
    )
  if (as === 'PartialObjectMetadata') return json(partialOf(object, `meta.k8s.io/${version}`), representation, status)
  throw new WherryError(
    'NotAcceptable',
    `you requested ${as}, but the requested object is not a list (*${goPackage(kind.group)}.${kind.kind})`,
  )
}

/** A list in the representation that was asked for. Plain lists share the objects' bytes. */
export function showList({ kind, representation, include, now }: Showing, selection: Selection): HttpResponse {
  const metadata = {
    resourceVersion: `${selection.revision}`,
    ...(selection.continue !== undefined && { continue: selection.continue }),
    ...(selection.remaining !== undefined && selection.remaining > 0 && { remainingItemCount: selection.remaining }),
  }
  const { as, version = 'v1' } = representation
  if (as === 'Table') return json(tableOf(kind, selection.items.map(objectOf), metadata, { now, include, version }), representation)
  if (as === 'PartialObjectMetadata')
    throw new WherryError(
      'NotAcceptable',
      `you requested PartialObjectMetadata, but the requested object is a list (*${goPackage(kind.group)}.${kind.kind}List)`,
    )
  if (as === 'PartialObjectMetadataList') {
    const apiVersion = `meta.k8s.io/${version}`
    const items = selection.items.map((item) => partialOf(objectOf(item), apiVersion))
    return json({ kind: 'PartialObjectMetadataList', apiVersion, metadata, items: items.length === 0 ? null : items }, representation)
  }
  const head = `{"kind":${JSON.stringify(`${kind.kind}List`)},"apiVersion":${JSON.stringify(apiVersionOf(kind))},"metadata":${JSON.stringify(metadata)},"items":[`
  const itemHead = Buffer.byteLength(headOf(kind))
  if (representation.encoding === 'yaml') {
    const items = selection.items.map((item) => {
      const { apiVersion: _apiVersion, kind: _kind, ...rest } = JSON.parse(Buffer.from(bytesOf(item)).toString())
      return rest
    })
    return json({ kind: `${kind.kind}List`, apiVersion: apiVersionOf(kind), metadata, items }, representation)
  }
  return {
    status: 200,
    headers: { ...noStore, 'content-type': 'application/json' },
    body: listBody(head, selection.items, (item) => [openBrace, listItemBytes(item, itemHead)], ']}'),
  }
}

/** A plain value as JSON or YAML. */
export function json(value: unknown, representation: Representation = { encoding: 'json' }, status = 200): HttpResponse {
  if (representation.encoding === 'json') return jsonBytes(Buffer.from(JSON.stringify(value)), status)
  return { status, headers: { ...noStore, 'content-type': 'application/yaml' }, body: Buffer.from(formatYaml(sortKeys(value))) }
}

export const jsonBytes = (body: Uint8Array, status = 200): HttpResponse => ({
  status,
  headers: { ...noStore, 'content-type': 'application/json' },
  body,
})

export const text = (body: string, status = 200, headers: Readonly<Record<string, string>> = {}): HttpResponse => ({
  status,
  headers: { ...noStore, 'content-type': 'text/plain; charset=utf-8', 'x-content-type-options': 'nosniff', ...headers },
  body: Buffer.from(body),
})

export function statusAnswer(body: StatusBody & { readonly code: number }, representation?: Representation): HttpResponse {
  const details = body.details as { readonly retryAfterSeconds?: number } | undefined
  const answer = json(body, representation, body.code)
  if (details?.retryAfterSeconds === undefined) return answer
  return { ...answer, headers: { ...answer.headers, 'retry-after': `${details.retryAfterSeconds}` } }
}

export const errorAnswer = (error: unknown, representation?: Representation): HttpResponse =>
  statusAnswer(statusOfError(error), representation)

/** Answers that are worth it go out compressed where the client takes it (the reference's threshold and level). */
export async function compressed(answer: HttpResponse, acceptEncoding: string | undefined): Promise<HttpResponse> {
  if (acceptEncoding === undefined || !/(?:^|,)\s*gzip\s*(?:;|,|$)/.test(acceptEncoding)) return answer
  const headers = { ...answer.headers, 'content-encoding': 'gzip', vary: 'Accept-Encoding' }
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

function sortKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sortKeys)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, item]) => item !== undefined)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, item]) => [key, sortKeys(item)]),
  )
}

const gzipAll = promisify(gzip)
const noStore = { 'cache-control': 'no-cache, private' }
const compressFromBytes = 128 * 1024
// The reference cuts warnings off at 4 KiB in all.
const warningBytes = 4 * 1024
