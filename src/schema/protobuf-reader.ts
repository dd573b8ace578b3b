/** Reads protobuf's wire forms. Every method throws a `RangeError` where the bytes end too early or say something impossible. */
export class ProtoReader {
  position = 0
  readonly #bytes: Buffer

  constructor(bytes: Uint8Array) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

  /** Field number times eight, plus the wire type. */
  tag(): number {
    const tag = this.#uint32()
    if (tag >>> 3 === 0) throw new RangeError(`proto: illegal tag ${tag >>> 3} (wire type ${tag & 7})`)
    return tag
  }

  /** Reads a length and returns where the value stops. */
  length(end: number): number {
    const length = this.#uint32()
    const stop = this.position + length
    if (stop > end || stop > this.#bytes.length) throw unexpectedEnd()
    return stop
  }

  /** Signed 64 bits; beyond 2^53 the nearest double. */
  varint(): number {
    const first = this.#bytes[this.position]
    if (first !== undefined && first < 128) {
      this.position += 1
      return first
    }
    const value = this.#varint64()
    return Number(BigInt.asIntN(64, value))
  }

  /** Signed 64 bits; beyond 2^53 a `bigint`. */
  int64(): number | bigint {
    const first = this.#bytes[this.position]
    if (first !== undefined && first < 128) {
      this.position += 1
      return first
    }
    const value = BigInt.asIntN(64, this.#varint64())
    const near = Number(value)
    return Number.isSafeInteger(near) ? near : value
  }

  uint64(): number {
    return Number(this.#varint64())
  }

  int32(): number {
    const first = this.#bytes[this.position]
    if (first !== undefined && first < 128) {
      this.position += 1
      return first
    }
    return Number(BigInt.asIntN(32, this.#varint64()))
  }

  double(): number {
    if (this.position + 8 > this.#bytes.length) throw unexpectedEnd()
    this.position += 8
    return this.#bytes.readDoubleLE(this.position - 8)
  }

  bytes(end: number): Uint8Array {
    const start = this.position
    this.position = end
    return this.#bytes.subarray(start, end)
  }

  string(end: number): string {
    const start = this.position
    this.position = end
    if (end - start > SHORT) return this.#bytes.toString('utf8', start, end)
    // Most texts are short and ASCII; a call into the runtime costs more than reading them here.
    let text = ''
    for (let i = start; i < end; i += 1) {
      const byte = this.#bytes[i]!
      if (byte > 127) return this.#bytes.toString('utf8', start, end)
      text += String.fromCharCode(byte)
    }
    return text
  }

  /** Passes over the value of a field that nobody asked for. */
  skip(tag: number, end: number): void {
    const wire = tag & 7
    if (wire === 0) this.#varint64()
    else if (wire === 1) this.position += 8
    else if (wire === 2) this.position = this.length(end)
    else if (wire === 5) this.position += 4
    else if (wire === 3) this.#skipGroup(tag >>> 3, end)
    else throw new RangeError(`proto: illegal wireType ${wire}`)
    if (this.position > end) throw unexpectedEnd()
  }

  /** Groups nest, but a counter is enough to find the end of the outermost. */
  #skipGroup(number: number, end: number): void {
    let depth = 1
    while (depth > 0) {
      if (this.position >= end) throw unexpectedEnd()
      const tag = this.tag()
      if ((tag & 7) === 3) depth += 1
      else if ((tag & 7) === 4) depth -= 1
      else this.skip(tag, end)
      if (depth === 0 && tag >>> 3 !== number) throw new RangeError('proto: mismatched end of group')
    }
  }

  #uint32(): number {
    let value = 0
    // As long as the wire form allows: bytes that end too early are that, and not a number too large.
    for (let shift = 0; shift < 70; shift += 7) {
      const byte = this.#bytes[this.position]
      if (byte === undefined) throw unexpectedEnd()
      this.position += 1
      value += (byte & 127) * 2 ** shift
      if (byte >= 128) continue
      if (value > 0xffffffff) break
      return value
    }
    throw new RangeError('proto: integer overflow')
  }

  #varint64(): bigint {
    let low = 0
    let high = 0
    for (let i = 0; i < 10; i += 1) {
      const byte = this.#bytes[this.position]
      if (byte === undefined) throw unexpectedEnd()
      this.position += 1
      if (i < 4) low += (byte & 127) * 2 ** (7 * i)
      else if (i === 4) {
        low += (byte & 15) * 2 ** 28
        high += (byte & 127) >> 4
      } else high += (byte & 127) * 2 ** (7 * i - 32)
      if (byte < 128) return (BigInt.asUintN(32, BigInt(high)) << 32n) | BigInt(low)
    }
    throw new RangeError('proto: integer overflow')
  }
}

/** Bytes up to which a text is read one by one. */
const SHORT = 24

const unexpectedEnd = (): RangeError => new RangeError('unexpected EOF')
