import type { Duplex } from 'node:stream'
import type { Clock } from '#lib/clock.ts'
import { WherryError } from '#lib/errors.ts'
import type { Frame } from './spdy-frames.ts'
import { createFrameDecoder, createFrameEncoder } from './spdy-frames.ts'
import type { SpdyHeaders } from './spdy-headers.ts'
import { SpdyStream } from './spdy-stream.ts'

export interface SpdyOptions {
  readonly side: 'client' | 'server'
  readonly clock: Clock
  /** The peer opened a stream: true takes it, false refuses it. Absent: all are refused. */
  readonly accept?: (stream: SpdyStream) => boolean
}

/** Streams open at one time; a port-forward of a browser has some dozens. More are refused, not queued. */
const maxStreams = 2000
/** What SPDY/3.1 lets a peer send before the first WINDOW_UPDATE, for each stream and for the connection (section 2.6.8). */
export const initialWindowBytes = 64 << 10
const maxDataBytes = 32 << 10
/** How long a closed connection may take to flush and to be closed by the peer. */
const closeMs = 10_000
/** A client that leaves while its connection is not read shows only when something is sent to it. */
const probeMs = 30_000
const resetStatus = { protocolError: 1, refused: 3, cancel: 5 } as const
const initialWindowSetting = 7

/**
 * One SPDY/3.1 connection over any byte stream: a socket after an Upgrade, or WebSocket messages. Memory is bounded by each stream's own
 * small buffers: when one of them is full the whole connection is read no further, because the peers of Kubernetes (spdystream) know no flow
 * control of their own. Toward a peer that sends WINDOW_UPDATE or a window setting, its windows are kept.
 */
export class SpdyConnection {
  /** Aborted when the connection has ended, whoever ended it. */
  readonly closed: AbortSignal
  readonly #ended = new AbortController()
  readonly #socket: Duplex
  readonly #options: SpdyOptions
  readonly #encode = createFrameEncoder()
  readonly #decode = createFrameDecoder()
  readonly #streams = new Map<number, SpdyStream>()
  readonly #full = new Set<SpdyStream>()
  /** Streams whose next piece waits until the socket takes more. */
  readonly #waiting = new Set<SpdyStream>()
  #nextId: number
  #lastPeerId = 0
  #closing = false
  #forgetDeadline: (() => void) | undefined
  #forgetProbe: (() => void) | undefined
  #nextPingId = 2
  /** Undefined until the peer shows that it keeps windows; counted from the start all the same. */
  #keepsStreamWindows = false
  #keepsConnectionWindow = false
  #sendWindow = initialWindowBytes
  #initialSendWindow = initialWindowBytes
  #receivedBytes = 0
  /**
   * Container runtimes are served by spdystream, which never waits for a window. Worse: it closes while our grants lie unread, the kernel
   * then resets the connection, and the end of the output that we have not read yet is lost. So only a server grants.
   */
  readonly #grants: boolean

  constructor(socket: Duplex, options: SpdyOptions, head?: Uint8Array) {
    this.#socket = socket
    this.#options = options
    this.closed = this.#ended.signal
    this.#nextId = options.side === 'client' ? 1 : 2
    this.#grants = options.side === 'server'
    socket.on('drain', () => this.#drained())
    socket.on('data', (bytes: Uint8Array) => this.#receive(bytes))
    socket.on('end', () => this.#peerEnded())
    socket.on('close', () => this.destroy())
    socket.on('error', (error) => this.destroy(error))
    if (head && head.length > 0) this.#receive(head)
    // The socket may have ended before anyone listened.
    if (socket.destroyed || socket.readableEnded) this.#peerEnded()
  }

  /** Opens a stream. Does not wait for the reply: what is written follows at once, and a refusal destroys the stream. */
  open(headers: SpdyHeaders): SpdyStream {
    if (this.closed.aborted || this.#closing) throw new WherryError('ServiceUnavailable', 'SPDY connection is closed')
    const stream = new SpdyStream(this.#nextId, headers, this.#initialSendWindow, this)
    this.#nextId += 2
    this.#streams.set(stream.id, stream)
    this.#send({ type: 'syn-stream', streamId: stream.id, associatedId: 0, priority: 0, fin: false, unidirectional: false, headers })
    return stream
  }

  /** Sends what is already written, says farewell and ends. Unfinished streams are destroyed. */
  close(): void {
    if (this.#closing || this.closed.aborted) return
    this.#closing = true
    this.#send({ type: 'goaway', lastStreamId: this.#lastPeerId, status: 0 })
    for (const stream of this.#streams.values()) stream.destroy()
    this.#socket.end()
    this.#socket.resume()
    const { clock } = this.#options
    this.#forgetDeadline = clock.schedule(clock.now() + closeMs, () => this.destroy())
  }

  /** Ends at once. */
  destroy(cause?: unknown): void {
    for (const stream of this.#end())
      stream.destroy(new WherryError('ServiceUnavailable', 'SPDY connection ended', cause === undefined ? {} : { cause }))
  }

  /**
   * The peer closed in good order. Its streams may not have been ended one by one (spdystream's are not): what has arrived on them is still
   * read to its end.
   */
  #peerEnded(): void {
    for (const stream of this.#end()) stream.receiveEnd()
  }

  /** Lets go of everything once; gives the streams that were open. */
  #end(): readonly SpdyStream[] {
    if (this.closed.aborted) return []
    const streams = [...this.#streams.values()]
    this.#streams.clear()
    this.#full.clear()
    this.#waiting.clear()
    this.#forgetDeadline?.()
    this.#forgetProbe?.()
    this.#socket.destroy()
    this.#ended.abort()
    for (const stream of streams) this.flush(stream)
    return streams
  }

  // --- for SpdyStream only ---

  /** Sends as much of the stream's outgoing bytes as windows and socket allow. */
  flush(stream: SpdyStream): void {
    while (stream.outgoing) {
      const { data, done } = stream.outgoing
      if (this.closed.aborted) {
        // Nobody is there to send to. An error here would throw away what the reader of this stream has not read yet.
        stream.outgoing = undefined
        done()
        return
      }
      const window = Math.min(
        this.#keepsStreamWindows ? stream.sendWindow : Infinity,
        this.#keepsConnectionWindow ? this.#sendWindow : Infinity,
        maxDataBytes,
      )
      if (window <= 0) return
      if (this.#socket.writableNeedDrain) {
        this.#waiting.add(stream)
        return
      }
      const piece = data.subarray(0, window)
      stream.sendWindow -= piece.length
      this.#sendWindow -= piece.length
      this.#send({ type: 'data', streamId: stream.id, fin: false, data: piece })
      if (piece.length < data.length) stream.outgoing = { data: data.subarray(piece.length), done }
      else {
        stream.outgoing = undefined
        done()
      }
    }
  }

  finish(stream: SpdyStream): void {
    this.#send({ type: 'data', streamId: stream.id, fin: true, data: new Uint8Array() })
  }

  /** The stream's buffer has room again. */
  relieved(stream: SpdyStream): void {
    if (!this.#full.delete(stream)) return
    this.#grant(stream)
    if (this.#full.size > 0) return
    this.#forgetProbe?.()
    this.#forgetProbe = undefined
    this.#socket.resume()
  }

  /** The stream is over. `abruptly`: the peer has to be told. */
  forget(stream: SpdyStream, abruptly: boolean): void {
    this.#streams.delete(stream.id)
    this.#waiting.delete(stream)
    if (abruptly && !this.#closing) this.#send({ type: 'rst-stream', streamId: stream.id, status: resetStatus.cancel })
    this.relieved(stream)
  }

  // --- receiving ---

  #receive(bytes: Uint8Array): void {
    // After close() only the end of the connection is awaited.
    if (this.#closing || this.closed.aborted) return
    try {
      for (const frame of this.#decode(bytes)) this.#handle(frame)
    } catch (error) {
      this.#send({ type: 'goaway', lastStreamId: this.#lastPeerId, status: resetStatus.protocolError })
      this.destroy(error)
    }
  }

  #handle(frame: Frame): void {
    switch (frame.type) {
      case 'data':
        this.#handleData(frame.streamId, frame.data, frame.fin)
        return
      case 'syn-stream':
        this.#handleOpen(frame.streamId, frame.headers, frame.fin)
        return
      case 'syn-reply':
      case 'headers':
        if (frame.fin) this.#streams.get(frame.streamId)?.receiveEnd()
        return
      case 'rst-stream':
        this.#streams.get(frame.streamId)?.receiveReset()
        return
      case 'ping':
        // Odd pings are a client's. One of our own numbers would be an answer; we ask none.
        if ((frame.id % 2 === 1) === (this.#options.side === 'server')) this.#send(frame)
        return
      case 'window-update':
        this.#handleWindow(frame.streamId, frame.delta)
        return
      case 'settings':
        for (const { id, value } of frame.entries) {
          if (id !== initialWindowSetting) continue
          this.#keepsStreamWindows = true
          for (const stream of this.#streams.values()) stream.sendWindow += value - this.#initialSendWindow
          this.#initialSendWindow = value
        }
        for (const stream of this.#streams.values()) this.flush(stream)
        return
      case 'goaway':
        // The peer opens nothing more and closes when its streams are done; so do we.
        return
    }
  }

  #handleOpen(id: number, headers: SpdyHeaders, fin: boolean): void {
    const parity = this.#options.side === 'server' ? 1 : 0
    if (id % 2 !== parity || id <= this.#lastPeerId) throw new WherryError('BadRequest', `SPDY stream ${id} is out of order`)
    this.#lastPeerId = id
    const stream = new SpdyStream(id, headers, this.#initialSendWindow, this)
    this.#streams.set(id, stream)
    if (this.#streams.size > maxStreams || !this.#options.accept?.(stream)) {
      this.#send({ type: 'rst-stream', streamId: id, status: resetStatus.refused })
      this.#streams.delete(id)
      stream.discard()
      return
    }
    this.#send({ type: 'syn-reply', streamId: id, fin: false, headers: {} })
    if (fin) stream.receiveEnd()
  }

  #handleData(id: number, data: Uint8Array, fin: boolean): void {
    const stream = this.#streams.get(id)
    // Bytes for a stream that is over are still bytes of the connection's window.
    this.#receivedBytes += data.length
    if (this.#grants && this.#receivedBytes >= initialWindowBytes / 2) {
      this.#send({ type: 'window-update', streamId: 0, delta: this.#receivedBytes })
      this.#receivedBytes = 0
    }
    if (!stream) return
    if (data.length > 0) {
      stream.ungrantedBytes += data.length
      if (stream.receive(data)) {
        if (stream.ungrantedBytes >= initialWindowBytes / 2) this.#grant(stream)
      } else {
        this.#full.add(stream)
        this.#socket.pause()
        if (this.#options.side === 'server' && !this.#forgetProbe) this.#probe()
      }
    }
    if (fin) stream.receiveEnd()
  }

  /** Not towards a runtime: it may have closed already, and a ping would cost us its output that we have not read yet. */
  #probe(): void {
    const { clock } = this.#options
    this.#forgetProbe = clock.schedule(clock.now() + probeMs, () => {
      this.#send({ type: 'ping', id: this.#nextPingId })
      this.#nextPingId += 2
      this.#probe()
    })
  }

  #handleWindow(id: number, delta: number): void {
    if (id === 0) {
      this.#keepsConnectionWindow = true
      this.#sendWindow += delta
      for (const stream of this.#streams.values()) this.flush(stream)
      return
    }
    this.#keepsStreamWindows = true
    const stream = this.#streams.get(id)
    if (!stream) return
    stream.sendWindow += delta
    this.flush(stream)
  }

  #grant(stream: SpdyStream): void {
    if (!this.#grants || stream.ungrantedBytes === 0 || stream.readableEnded || stream.destroyed) return
    this.#send({ type: 'window-update', streamId: stream.id, delta: stream.ungrantedBytes })
    stream.ungrantedBytes = 0
  }

  #drained(): void {
    const waiting = [...this.#waiting]
    this.#waiting.clear()
    for (const stream of waiting) this.flush(stream)
  }

  #send(frame: Frame): void {
    if (this.closed.aborted || !this.#socket.writable) return
    this.#socket.write(this.#encode(frame))
  }
}
