import { constants, inflateRawSync } from 'node:zlib'
import { WherryError } from '#lib/errors.ts'
import { spdyDictionary } from './spdy-dictionary.ts'

/** Names in lower case; a header sent with several values has them joined by NUL (SPDY draft 3, section 2.6.10). */
export type SpdyHeaders = Readonly<Record<string, string>>

/** What a pod's streams carry is a handful of short headers: more is an attack or a fault. */
const maxHeaderBytes = 64 << 10
const windowBytes = 32 << 10
const zlibHeader = Buffer.from([0x78, 0x01])
/** An empty stored block: what a sync flush ends with, so that the peer's inflater hands out all it has. */
const syncFlush = Buffer.from([0x00, 0x00, 0x00, 0xff, 0xff])

/**
 * Compresses the header blocks of one direction of one connection. The stream is valid zlib made of stored blocks only: the few headers of
 * a kubelet stream gain nothing from compression, and a deflate state would hold 256 KiB for each connection.
 */
export function createHeaderEncoder(): (headers: SpdyHeaders) => Uint8Array {
  let first = true
  return (headers) => {
    const plain = encodePairs(headers)
    const parts: Uint8Array[] = first ? [zlibHeader] : []
    first = false
    for (let from = 0; from < plain.length; from += 0xffff) {
      const piece = plain.subarray(from, from + 0xffff)
      const head = Buffer.alloc(5)
      head.writeUInt16LE(piece.length, 1)
      head.writeUInt16LE(~piece.length & 0xffff, 3)
      parts.push(head, piece)
    }
    return Buffer.concat([...parts, syncFlush])
  }
}

/**
 * Decompresses the header blocks of one direction of one connection, in order. Each block ends on a byte boundary, so the state between two
 * blocks is only the last 32 KiB of text: no native stream has to be kept or freed. Throws `BadRequest` for anything malformed.
 */
export function createHeaderDecoder(): (block: Uint8Array) => SpdyHeaders {
  let window: Uint8Array = spdyDictionary
  let first = true
  return (block) => {
    let body = block
    if (first) {
      // CMF, FLG and, where FLG says so, the checksum of the dictionary (RFC 1950, section 2.2).
      body = block.subarray((block[1] ?? 0) & 0x20 ? 6 : 2)
      first = false
    }
    const plain = inflate(body, window)
    window = Buffer.concat([window, plain]).subarray(-windowBytes)
    return decodePairs(plain)
  }
}

function inflate(body: Uint8Array, dictionary: Uint8Array): Buffer {
  try {
    return inflateRawSync(body, { dictionary, finishFlush: constants.Z_SYNC_FLUSH, maxOutputLength: maxHeaderBytes })
  } catch (cause) {
    throw new WherryError('BadRequest', 'SPDY header block cannot be decompressed', { cause })
  }
}

function encodePairs(headers: SpdyHeaders): Buffer {
  const pairs = Object.entries(headers)
  const parts: Buffer[] = [uint32(pairs.length)]
  for (const [name, value] of pairs) {
    for (const text of [name.toLowerCase(), value]) {
      const bytes = Buffer.from(text)
      parts.push(uint32(bytes.length), bytes)
    }
  }
  return Buffer.concat(parts)
}

function decodePairs(plain: Buffer): SpdyHeaders {
  let at = 0
  const number = (): number => {
    if (at + 4 > plain.length) throw new WherryError('BadRequest', 'SPDY header block is cut short')
    const value = plain.readUInt32BE(at)
    at += 4
    return value
  }
  const text = (): string => {
    const length = number()
    if (at + length > plain.length) throw new WherryError('BadRequest', 'SPDY header block is cut short')
    at += length
    return plain.toString('utf8', at - length, at)
  }
  const headers: Record<string, string> = Object.create(null)
  for (let left = number(); left > 0; left -= 1) {
    const name = text().toLowerCase()
    headers[name] = text()
  }
  return headers
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value)
  return bytes
}
