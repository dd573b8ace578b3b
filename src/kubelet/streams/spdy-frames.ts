import { WherryError } from '#lib/errors.ts'
import type { SpdyHeaders } from './spdy-headers.ts'
import { createHeaderDecoder, createHeaderEncoder } from './spdy-headers.ts'

/** The frames of SPDY/3.1 (SPDY draft 3.1, section 2.6) as far as they have a meaning between Kubernetes' peers. */
export type Frame =
  | { readonly type: 'data'; readonly streamId: number; readonly fin: boolean; readonly data: Uint8Array }
  | {
      readonly type: 'syn-stream'
      readonly streamId: number
      readonly associatedId: number
      readonly priority: number
      readonly fin: boolean
      readonly unidirectional: boolean
      readonly headers: SpdyHeaders
    }
  | { readonly type: 'syn-reply' | 'headers'; readonly streamId: number; readonly fin: boolean; readonly headers: SpdyHeaders }
  | { readonly type: 'rst-stream'; readonly streamId: number; readonly status: number }
  | { readonly type: 'settings'; readonly entries: readonly { readonly id: number; readonly value: number }[] }
  | { readonly type: 'ping'; readonly id: number }
  | { readonly type: 'goaway'; readonly lastStreamId: number; readonly status: number }
  | { readonly type: 'window-update'; readonly streamId: number; readonly delta: number }

const version = 3
const finFlag = 0x01
const unidirectionalFlag = 0x02
const maxControlBytes = 64 << 10
const controlTypes = {
  1: 'syn-stream',
  2: 'syn-reply',
  3: 'rst-stream',
  4: 'settings',
  6: 'ping',
  7: 'goaway',
  8: 'headers',
  9: 'window-update',
} as const
type ControlType = (typeof controlTypes)[keyof typeof controlTypes]
const typeNumbers = Object.fromEntries(Object.entries(controlTypes).map(([number, name]) => [name, Number(number)])) as Record<
  ControlType,
  number
>

/** Turns frames into bytes. One for each direction of a connection, since header blocks build on each other. */
export function createFrameEncoder(): (frame: Frame) => Uint8Array {
  const encodeHeaders = createHeaderEncoder()
  return (frame) => {
    switch (frame.type) {
      case 'data': {
        const head = Buffer.alloc(8)
        head.writeUInt32BE(frame.streamId)
        head.writeUInt32BE(frame.data.length, 4)
        head[4] = frame.fin ? finFlag : 0
        return Buffer.concat([head, frame.data])
      }
      case 'syn-stream': {
        const flags = (frame.fin ? finFlag : 0) | (frame.unidirectional ? unidirectionalFlag : 0)
        const priority = Buffer.from([frame.priority << 5, 0])
        return control(frame.type, flags, words(frame.streamId, frame.associatedId), priority, encodeHeaders(frame.headers))
      }
      case 'syn-reply':
      case 'headers':
        return control(frame.type, frame.fin ? finFlag : 0, words(frame.streamId), encodeHeaders(frame.headers))
      case 'rst-stream':
        return control(frame.type, 0, words(frame.streamId, frame.status))
      case 'settings':
        return control(frame.type, 0, words(frame.entries.length, ...frame.entries.flatMap(({ id, value }) => [id, value])))
      case 'ping':
        return control(frame.type, 0, words(frame.id))
      case 'goaway':
        return control(frame.type, 0, words(frame.lastStreamId, frame.status))
      case 'window-update':
        return control(frame.type, 0, words(frame.streamId, frame.delta))
    }
  }
}

/**
 * Turns bytes into frames as they come. A data frame is handed out in the pieces in which it arrives, so that a frame of 16 MiB is never
 * held; `fin` stands on the last piece. Control frames are at most 64 KiB. Throws `BadRequest` for anything malformed; the connection is then
 * beyond repair. Frames of unknown type are passed over, as the draft demands.
 */
export function createFrameDecoder(): (bytes: Uint8Array) => Frame[] {
  const decodeHeaders = createHeaderDecoder()
  let pending: Buffer = Buffer.alloc(0)
  /** The rest of a data frame whose head was read, or of a frame that is passed over (`streamId` undefined). */
  let rest: { readonly streamId: number | undefined; readonly fin: boolean; leftBytes: number } | undefined

  return (bytes) => {
    let input = pending.length === 0 ? Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength) : Buffer.concat([pending, bytes])
    const frames: Frame[] = []
    while (true) {
      if (rest) {
        const data = input.subarray(0, rest.leftBytes)
        rest.leftBytes -= data.length
        input = input.subarray(data.length)
        const done = rest.leftBytes === 0
        const fin = done && rest.fin
        if (rest.streamId !== undefined && (data.length > 0 || fin)) frames.push({ type: 'data', streamId: rest.streamId, fin, data })
        if (!done) break
        rest = undefined
      }
      if (input.length < 8) break
      const flags = input[4]!
      const length = input.readUIntBE(5, 3)
      if (!(input[0]! & 0x80)) {
        rest = { streamId: input.readUInt32BE(0), fin: (flags & finFlag) !== 0, leftBytes: length }
        input = input.subarray(8)
        continue
      }
      if ((input.readUInt16BE(0) & 0x7fff) !== version) throw new WherryError('BadRequest', 'peer does not speak SPDY version 3')
      const type = controlTypes[input.readUInt16BE(2) as keyof typeof controlTypes] as ControlType | undefined
      if (!type) {
        rest = { streamId: undefined, fin: false, leftBytes: length }
        input = input.subarray(8)
        continue
      }
      if (length > maxControlBytes) throw new WherryError('BadRequest', `SPDY ${type} frame of ${length} bytes exceeds ${maxControlBytes}`)
      if (input.length < 8 + length) break
      frames.push(decodeControl(type, flags, input.subarray(8, 8 + length), decodeHeaders))
      input = input.subarray(8 + length)
    }
    // A copy, so that a few left bytes do not keep a whole socket buffer alive.
    pending = Buffer.from(input)
    return frames
  }
}

function decodeControl(type: ControlType, flags: number, body: Buffer, decodeHeaders: (block: Uint8Array) => SpdyHeaders): Frame {
  const need = (sizeBytes: number) => {
    if (body.length < sizeBytes) throw new WherryError('BadRequest', `SPDY ${type} frame is cut short`)
  }
  need(4)
  const fin = (flags & finFlag) !== 0
  const streamId = body.readUInt32BE(0) & 0x7fffffff
  switch (type) {
    case 'syn-stream':
      need(10)
      return {
        type,
        streamId,
        associatedId: body.readUInt32BE(4) & 0x7fffffff,
        priority: body[8]! >> 5,
        fin,
        unidirectional: (flags & unidirectionalFlag) !== 0,
        headers: decodeHeaders(body.subarray(10)),
      }
    case 'syn-reply':
    case 'headers':
      return { type, streamId, fin, headers: decodeHeaders(body.subarray(4)) }
    case 'ping':
      return { type, id: body.readUInt32BE(0) }
    case 'settings': {
      const count = body.readUInt32BE(0)
      need(4 + count * 8)
      const entries = Array.from({ length: count }, (_, i) => ({
        id: body.readUIntBE(5 + i * 8, 3),
        value: body.readUInt32BE(8 + i * 8),
      }))
      return { type, entries }
    }
    case 'rst-stream':
      need(8)
      return { type, streamId, status: body.readUInt32BE(4) }
    case 'goaway':
      need(8)
      return { type, lastStreamId: streamId, status: body.readUInt32BE(4) }
    case 'window-update':
      need(8)
      return { type, streamId, delta: body.readUInt32BE(4) & 0x7fffffff }
  }
}

function control(type: ControlType, flags: number, ...body: readonly Uint8Array[]): Uint8Array {
  const head = Buffer.alloc(8)
  head.writeUInt16BE(0x8000 | version)
  head.writeUInt16BE(typeNumbers[type], 2)
  head.writeUInt32BE(
    body.reduce((sum, part) => sum + part.length, 0),
    4,
  )
  head[4] = flags
  return Buffer.concat([head, ...body])
}

function words(...values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(values.length * 4)
  for (const [i, value] of values.entries()) bytes.writeUInt32BE(value >>> 0, i * 4)
  return bytes
}
