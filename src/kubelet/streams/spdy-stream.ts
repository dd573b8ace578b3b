import { Duplex } from 'node:stream'
import { WherryError } from '#lib/errors.ts'
import type { SpdyHeaders } from './spdy-headers.ts'

/** What a stream asks of its connection. */
export interface StreamOwner {
  flush(stream: SpdyStream): void
  finish(stream: SpdyStream): void
  relieved(stream: SpdyStream): void
  forget(stream: SpdyStream, abruptly: boolean): void
}

/** Bytes that one stream holds for its reader before the connection is read no further. */
const bufferBytes = 128 << 10

/**
 * One stream of a SPDY connection, as a Node stream: `end()` closes our direction only (FLAG_FIN), `destroy()` before both directions are
 * done resets it. Made by `SpdyConnection` alone.
 */
export class SpdyStream extends Duplex {
  readonly id: number
  readonly headers: SpdyHeaders
  sendWindow: number
  /** Bytes received and not yet given back to the peer's window. */
  ungrantedBytes = 0
  /** The piece being sent; the connection takes from it as windows and socket allow. */
  outgoing: { readonly data: Uint8Array; readonly done: () => void } | undefined
  readonly #owner: StreamOwner
  #peerDone = false
  #quiet = false

  constructor(id: number, headers: SpdyHeaders, sendWindow: number, owner: StreamOwner) {
    super({ readableHighWaterMark: bufferBytes, writableHighWaterMark: bufferBytes })
    this.id = id
    this.headers = headers
    this.sendWindow = sendWindow
    this.#owner = owner
    // Whoever pipes the stream learns of a reset there; a stream that nobody uses any more must not end the process.
    this.on('error', () => {})
  }

  /** False when the buffer is full. */
  receive(data: Uint8Array): boolean {
    if (this.#peerDone || this.destroyed) return true
    return this.push(data) || this.readableLength < bufferBytes
  }

  receiveEnd(): void {
    if (this.#peerDone) return
    this.#peerDone = true
    this.push(null)
  }

  receiveReset(): void {
    this.#quiet = true
    this.destroy(new WherryError('ServiceUnavailable', 'SPDY stream was reset by the peer'))
  }

  /** Ends it without a word to the peer. */
  discard(): void {
    this.#quiet = true
    this.destroy()
  }

  override _read(): void {
    this.#owner.relieved(this)
  }

  override _write(data: Uint8Array, _encoding: BufferEncoding, done: () => void): void {
    this.outgoing = { data, done }
    this.#owner.flush(this)
  }

  override _final(done: () => void): void {
    this.#owner.finish(this)
    done()
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.outgoing = undefined
    this.#owner.forget(this, !this.#quiet && !(this.#peerDone && this.writableFinished))
    done(error)
  }
}
