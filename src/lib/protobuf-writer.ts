/**
 * Writes protobuf backwards, from the last byte to the first: the length of a nested message is then known when it has to be written, and
 * no byte is moved or measured twice.
 */
export class ProtoWriter {
  #bytes: Buffer = Buffer.allocUnsafe(1024)
  #position = 1024

  finish(): Uint8Array {
    return new Uint8Array(this.#bytes.subarray(this.#position))
  }

  /** Where we are, counted from the end: stays true when the buffer grows. */
  mark(): number {
    return this.#bytes.length - this.#position
  }

  lengthSince(mark: number): void {
    this.varint(this.mark() - mark)
  }

  tag(number: number, wire: number): void {
    this.varint(number * 8 + wire)
  }

  /** Negative numbers take ten bytes, as int32 and int64 do on the wire. */
  varint(value: number | bigint): void {
    if (typeof value === 'bigint' || value < 0 || value > Number.MAX_SAFE_INTEGER) {
      this.#bigVarint(BigInt.asUintN(64, BigInt(value)))
      return
    }
    let length = 1
    for (let rest = value; rest >= 128; rest = Math.floor(rest / 128)) length += 1
    let at = this.#reserve(length)
    let rest = value
    while (rest >= 128) {
      this.#bytes[at++] = (rest % 128) | 128
      rest = rest < 2 ** 31 ? rest >>> 7 : Math.floor(rest / 128)
    }
    this.#bytes[at] = rest
  }

  double(value: number): void {
    const at = this.#reserve(8)
    this.#bytes.writeDoubleLE(value, at)
  }

  bytes(value: Uint8Array): void {
    const at = this.#reserve(value.length)
    this.#bytes.set(value, at)
  }

  string(value: string): void {
    const length = value.length
    if (length < 24) {
      let at = this.#reserve(length)
      let i = 0
      for (; i < length; i += 1) {
        const code = value.charCodeAt(i)
        if (code > 127) break
        this.#bytes[at++] = code
      }
      if (i === length) return
      this.#position += length
    }
    const sizeBytes = Buffer.byteLength(value)
    const at = this.#reserve(sizeBytes)
    this.#bytes.write(value, at, sizeBytes, 'utf8')
  }

  #bigVarint(value: bigint): void {
    const bytes: number[] = []
    let rest = value
    while (rest >= 128n) {
      bytes.push(Number(rest & 127n) | 128)
      rest >>= 7n
    }
    bytes.push(Number(rest))
    this.bytes(Uint8Array.from(bytes))
  }

  /** Makes room before what is written, and returns where it starts. */
  #reserve(sizeBytes: number): number {
    if (this.#position < sizeBytes) {
      const used = this.mark()
      const larger = Buffer.allocUnsafe(Math.max(this.#bytes.length * 2, used + sizeBytes))
      this.#bytes.copy(larger, larger.length - used, this.#position)
      this.#position = larger.length - used
      this.#bytes = larger
    }
    return (this.#position -= sizeBytes)
  }
}
