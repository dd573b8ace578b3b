import { type AnyKind, apiVersionOf, type KubeObject } from '#api/kind.ts'
import { PartialObjectMetadata, PartialObjectMetadataList } from '#api/meta/v1/types.ts'
import { WherryError } from '#lib/errors.ts'
import type { HttpResponse } from '#lib/http.ts'
import { bytesOf, type Item, objectOf } from '../cacher/item.ts'
import type { Selection } from '../registry/select.ts'
import { goPackage } from './body.ts'
import { headOf, listBody, listItemBytes, openBrace } from './encode.ts'
import type { Representation } from './negotiate.ts'
import { protobufList } from './protobuf-list.ts'
import { encoded, jsonBytes, protobufBytes } from './respond.ts'
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
      : encoded(plainOf(item, representation), representation, status, kind)
  const object = objectOf(item)
  if (as === 'Table')
    return encoded(
      tableOf(kind, [object], { resourceVersion: object.metadata.resourceVersion ?? '' }, { now, include, version }),
      representation,
      status,
    )
  if (as === 'PartialObjectMetadata')
    return encoded(partialOf(kind, object, `meta.k8s.io/${version}`), representation, status, PartialObjectMetadata)
  throw new WherryError(
    'NotAcceptable',
    `you requested ${as}, but the requested object is not a list (*${goPackage(kind.group)}.${kind.kind})`,
  )
}

/** A list in the representation that was asked for. Plain lists share the objects' bytes. */
export async function showList({ kind, representation, include, now }: Showing, selection: Selection): Promise<HttpResponse> {
  const metadata = {
    resourceVersion: `${selection.revision}`,
    ...(selection.continue !== undefined && { continue: selection.continue }),
    ...(selection.remaining !== undefined && selection.remaining > 0 && { remainingItemCount: selection.remaining }),
  }
  const { as, version = 'v1' } = representation
  if (as === 'Table') return encoded(tableOf(kind, selection.items.map(objectOf), metadata, { now, include, version }), representation)
  if (as === 'PartialObjectMetadata')
    throw new WherryError(
      'NotAcceptable',
      `you requested PartialObjectMetadata, but the requested object is a list (*${goPackage(kind.group)}.${kind.kind}List)`,
    )
  if (as === 'PartialObjectMetadataList') {
    const apiVersion = `meta.k8s.io/${version}`
    const items = selection.items.map((item) => partialOf(kind, objectOf(item), apiVersion))
    const list = { kind: 'PartialObjectMetadataList', apiVersion, metadata, items: items.length === 0 ? null : items }
    return encoded(list, representation, 200, PartialObjectMetadataList)
  }
  const isCustom = kind.shape.kind === 'structural'
  const listKind = kind.listKind ?? `${kind.kind}List`
  // Lists of custom resources are untyped in the reference: nothing is left out of them, nor of their items.
  const shown = isCustom ? { continue: '', ...metadata } : metadata
  const head = `{"kind":${JSON.stringify(listKind)},"apiVersion":${JSON.stringify(apiVersionOf(kind))},"metadata":${JSON.stringify(shown)},"items":[`
  const itemHead = Buffer.byteLength(headOf(kind))
  if (representation.encoding === 'yaml') {
    const items = selection.items.map((item) => {
      const object = JSON.parse(Buffer.from(bytesOf(item)).toString())
      if (isCustom) return object
      const { apiVersion: _apiVersion, kind: _kind, ...rest } = object
      return rest
    })
    const list = { kind: listKind, apiVersion: apiVersionOf(kind), metadata: shown, items }
    return encoded(list, representation)
  }
  if (representation.encoding === 'protobuf') return protobufBytes(await protobufList(kind, metadata, selection.items))
  if (isCustom) return jsonBytes(listBody(head, selection.items, (item) => [bytesOf(item)], ']}'))
  return jsonBytes(listBody(head, selection.items, (item) => [openBrace, listItemBytes(item, itemHead)], ']}'))
}

/** In memory for protobuf, as it is printed for the rest. */
const plainOf = (item: Item, { encoding }: Representation): KubeObject =>
  encoding === 'protobuf' ? objectOf(item) : JSON.parse(Buffer.from(bytesOf(item)).toString())
