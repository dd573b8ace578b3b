import type { AnyKind, KubeObject } from '#api/kind.ts'
import { PartialObjectMetadata, Status } from '#api/meta/v1/types.ts'
import type { Clock } from '#lib/clock.ts'
import { noteMeaning } from '#lib/meaning.ts'
import { decode } from '#schema/decode.ts'
import { encodeJson } from '#schema/json.ts'
import type { Revision } from '#store/store.ts'
import { objectOf, partsOf } from '../cacher/item.ts'
import { bookmarkOf, type EventType, type Frames } from '../cacher/watch.ts'
import { notAcceptable, type Representation, watchTypes } from './negotiate.ts'
import { protobufFrame, writeProtobufBody } from './protobuf-body.ts'
import { statusOfError } from './status.ts'
import { type IncludeObject, partialOf, tableOf } from './table.ts'

/** How a watch of the kind writes its events in a representation: one JSON object a line, or protobuf with its length before it. */
export function framesOf(kind: AnyKind, representation: Representation, include: IncludeObject, clock: Clock): Frames {
  if (representation.encoding === 'protobuf') return protobufFrames(kind, representation)
  const failure: Frames['failure'] = (error) => line('ERROR', statusOfError(error))
  const { as, version = 'v1' } = representation
  if (as === 'Table') {
    let headed = true
    const table = (object: KubeObject, revision: Revision, shown = include): object => {
      const made = tableOf(kind, [object], { resourceVersion: `${revision}` }, { now: clock.now(), include: shown, version, headed })
      headed = false
      return made
    }
    return {
      // Columns stand in the first event only, so frames differ from watch to watch.
      representation: '',
      frame: (type, item) => line(type, table(objectOf(item), item.revision)),
      // A row like any other; whoever wants rows alone is told by its object that the objects of the beginning are through.
      bookmark: (revision, end) =>
        line('BOOKMARK', table(filledBookmark(kind, revision, end), revision, end && include === 'None' ? 'Metadata' : include)),
      failure,
    }
  }
  if (as === 'PartialObjectMetadata') {
    const apiVersion = `meta.k8s.io/${version}`
    return {
      representation: `partial/${version}`,
      frame: (type, item) => line(type, partialOf(kind, objectOf(item), apiVersion)),
      bookmark: (revision, end) => line('BOOKMARK', { ...bookmarkOf(kind, revision, end), apiVersion, kind: 'PartialObjectMetadata' }),
      failure,
    }
  }
  if (as === 'PartialObjectMetadataList') return { ...unsayable, failure }
  return {
    representation: 'json',
    frame(type, item) {
      const bytes = Buffer.concat([starts[type], ...partsOf(item), endOfLine])
      // The objects of custom resources are what a client makes of JSON.
      if (kind.shape.kind === 'message') noteMeaning(bytes, () => ({ type, object: objectOf(item) }))
      return bytes
    },
    bookmark(revision, end) {
      const object = blankBookmark(kind, revision, end)
      return kind.shape.kind === 'message'
        ? Buffer.from(`{"type":"BOOKMARK","object":${encodeJson(kind, object)}}\n`)
        : line('BOOKMARK', object)
    },
    failure,
  }
}

function protobufFrames(kind: AnyKind, { as, version = 'v1' }: Representation): Frames {
  const failure: Frames['failure'] = (error) => protobufFrame('ERROR', writeProtobufBody(Status, statusOfError(error)))
  if (as === 'PartialObjectMetadata') {
    const apiVersion = `meta.k8s.io/${version}`
    const frame = (type: string, object: KubeObject): Uint8Array =>
      protobufFrame(type, writeProtobufBody(PartialObjectMetadata, partialOf(kind, object, apiVersion)))
    return {
      representation: `protobuf/partial/${version}`,
      frame: (type, item) => frame(type, objectOf(item)),
      bookmark: (revision, end) => frame('BOOKMARK', bookmarkOf(kind, revision, end)),
      failure,
    }
  }
  if (as === 'PartialObjectMetadataList') return { ...unsayable, failure }
  if (as !== undefined) throw notAcceptable(watchTypes)
  return {
    representation: 'protobuf',
    frame: (type, item) => protobufFrame(type, writeProtobufBody(kind, objectOf(item))),
    bookmark: (revision, end) => protobufFrame('BOOKMARK', writeProtobufBody(kind, bookmarkOf(kind, revision, end))),
    failure,
  }
}

/** An object of Go's that nothing was said about: what is never left out is there, with its zero. */
function blankBookmark(kind: AnyKind, revision: Revision, end: boolean): KubeObject {
  const object = bookmarkOf(kind, revision, end)
  return (kind.rules.blank?.(object) ?? object) as KubeObject
}

/** With the zeros that the kind's type promises as well, so that columns find what they look for. */
const filledBookmark = (kind: AnyKind, revision: Revision, end: boolean): KubeObject =>
  decode(kind, blankBookmark(kind, revision, end)).value as KubeObject

const nothing = new Uint8Array()
/** No event is a list. */
const unsayable = { representation: 'none', frame: () => nothing, bookmark: () => nothing } as const
const line = (type: string, object: object): Uint8Array => Buffer.from(`${JSON.stringify({ type, object })}\n`)

const startOf = (type: EventType): Buffer => Buffer.from(`{"type":"${type}","object":`)
const starts: Readonly<Record<EventType, Buffer>> = { ADDED: startOf('ADDED'), MODIFIED: startOf('MODIFIED'), DELETED: startOf('DELETED') }
const endOfLine = Buffer.from('}\n')
