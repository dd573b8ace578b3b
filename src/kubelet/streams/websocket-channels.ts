import { Readable, Writable } from 'node:stream'
import type { RawData, WebSocket } from 'ws'
import type { Clock } from '#lib/clock.ts'

/** Bytes that one channel holds for its reader before the connection is read no further. */
const bufferBytes = 128 << 10
const maxMessageBytes = 32 << 10
const closeSignal = 255
/** A client that leaves while its connection is not read shows only when something is sent to it. */
const probeMs = 30_000

/**
 * The channels of a Kubernetes WebSocket: each message begins with the channel's number, as a byte or (base64 protocols) as a digit before
 * base64 text. In version 5 a message of 255 and a number closes that channel. `keepsReceived`: when the client leaves, what it sent can still be
 * read to its end.
 */
export interface Channels {
  /** What the client sends on a channel. Must be called in the turn in which the connection was accepted, or messages are lost. */
  reader(channel: number): Readable
  writer(channel: number): Writable
  readonly closed: AbortSignal
  /** Sends the close frame after all that was written. */
  close(): void
}

export function webSocketChannels(
  socket: WebSocket,
  encoding: { readonly base64: boolean; readonly closeSignals: boolean; readonly keepsReceived?: boolean },
  clock: Clock,
): Channels {
  const ended = new AbortController()
  const readers = new Map<number, Readable>()
  const writers: Writable[] = []
  const full = new Set<Readable>()
  let forgetProbe: (() => void) | undefined
  const probe = (): void => {
    forgetProbe = clock.schedule(clock.now() + probeMs, () => {
      if (socket.readyState === socket.OPEN) socket.ping()
      probe()
    })
  }
  const stopProbe = (): void => {
    forgetProbe?.()
    forgetProbe = undefined
  }
  const relieved = (reader: Readable) => {
    if (!full.delete(reader) || full.size > 0) return
    stopProbe()
    socket.resume()
  }

  socket.on('message', (data: RawData, isBinary: boolean) => {
    const message = decodeMessage(data, encoding.base64 && !isBinary)
    if (!message) return
    if (encoding.closeSignals && message.channel === closeSignal) {
      const closing = readers.get(message.body[0] ?? closeSignal)
      if (closing && !closing.destroyed && !closing.readableEnded) closing.push(null)
      return
    }
    const reader = readers.get(message.channel)
    // A channel that nobody reads, or reads any more: a client may well go on typing after the command closed its input.
    if (!reader || reader.destroyed || message.body.length === 0) return
    if (reader.push(message.body) || reader.readableLength < bufferBytes) return
    full.add(reader)
    socket.pause()
    if (!forgetProbe) probe()
  })
  socket.once('close', () => {
    ended.abort()
    for (const writer of writers) writer.destroy()
    for (const reader of readers.values()) {
      if (!encoding.keepsReceived) reader.destroy()
      else if (!reader.destroyed && !reader.readableEnded) reader.push(null)
    }
    stopProbe()
  })

  return {
    closed: ended.signal,
    reader: (channel) => {
      const reader = new Readable({
        highWaterMark: bufferBytes,
        read: () => relieved(reader),
        destroy: (error, done) => {
          relieved(reader)
          done(error)
        },
      })
      reader.on('error', () => {})
      readers.set(channel, reader)
      return reader
    },
    writer: (channel) => {
      const writer = new Writable({
        highWaterMark: bufferBytes,
        write: (data: Uint8Array, _encoding, done) => sendPieces(socket, channel, data, encoding.base64, done),
      })
      writer.on('error', () => {})
      writers.push(writer)
      return writer
    },
    close: () => socket.close(1000),
  }
}

/** Calls `done` when the last piece has left our memory: the back-pressure of the connection. */
function sendPieces(socket: WebSocket, channel: number, data: Uint8Array, base64: boolean, done: (error?: Error | null) => void): void {
  const rest = data.subarray(maxMessageBytes)
  socket.send(encodeMessage(channel, data.subarray(0, maxMessageBytes), base64), (error) => {
    if (error || rest.length === 0) done(error ?? null)
    else sendPieces(socket, channel, rest, base64, done)
  })
}

/** The empty message on a channel that tells a client that the connection stands. */
export function greet(socket: WebSocket, channel: number, base64: boolean): void {
  socket.send(encodeMessage(channel, new Uint8Array(), base64))
}

function encodeMessage(channel: number, data: Uint8Array, base64: boolean): Uint8Array | string {
  if (base64) return String.fromCharCode(0x30 + channel) + Buffer.from(data).toString('base64')
  const message = Buffer.allocUnsafe(data.length + 1)
  message[0] = channel
  message.set(data, 1)
  return message
}

function decodeMessage(data: RawData, base64: boolean): { readonly channel: number; readonly body: Buffer } | undefined {
  const bytes = Array.isArray(data) ? Buffer.concat(data) : Buffer.from(data as Buffer)
  if (bytes.length === 0) return undefined
  if (!base64) return { channel: bytes[0]!, body: bytes.subarray(1) }
  return { channel: bytes[0]! - 0x30, body: Buffer.from(bytes.toString('latin1', 1), 'base64') }
}
