import type { Random } from '#lib/random.ts'

/** No input grows past this. */
const inputBytesMax = 64 * 1024

/** Another input made of one that is known, and at times of a second: a few small changes, in bytes or in words of the language. */
export function mutate(input: Uint8Array, other: Uint8Array, words: readonly Uint8Array[], random: Random): Uint8Array {
  let bytes: Uint8Array = input
  for (let changes = 1 + random.below(4); changes > 0; changes -= 1) bytes = changed(bytes, other, words, random)
  return bytes.length > inputBytesMax ? bytes.subarray(0, inputBytesMax) : bytes
}

function changed(bytes: Uint8Array, other: Uint8Array, words: readonly Uint8Array[], random: Random): Uint8Array {
  const at = random.below(bytes.length + 1)
  const end = Math.min(bytes.length, at + 1 + random.below(random.below(8) === 0 ? 256 : 8))
  switch (random.below(9)) {
    case 0:
      return spliced(bytes, at, end, new Uint8Array())
    case 1:
      return spliced(bytes, at, end, bytes.subarray(at, end), bytes.subarray(at, end))
    case 2:
      return spliced(bytes, at, at, Uint8Array.of(random.below(256)))
    case 3: {
      if (bytes.length === 0) return bytes
      const copy = bytes.slice()
      copy[Math.min(at, copy.length - 1)]! ^= 1 << random.below(8)
      return copy
    }
    case 4:
    case 5:
      return words.length === 0 ? bytes : spliced(bytes, at, random.below(2) === 0 ? at : end, words[random.below(words.length)]!)
    case 6: {
      const from = random.below(other.length + 1)
      return spliced(bytes, at, end, other.subarray(from, from + random.below(64)))
    }
    case 7:
      return repeated(bytes, at, end, random)
    default:
      return Buffer.concat([bytes.subarray(0, at), other.subarray(random.below(other.length + 1))])
  }
}

/** What is linear in one and ruinous in many. */
function repeated(bytes: Uint8Array, at: number, end: number, random: Random): Uint8Array {
  const piece = bytes.subarray(at, end)
  const times = 1 << random.below(random.below(4) === 0 ? 14 : 7)
  if (piece.length === 0 || piece.length * times > inputBytesMax) return bytes
  return spliced(bytes, at, end, ...Array.from({ length: times }, () => piece))
}

const spliced = (bytes: Uint8Array, from: number, to: number, ...middle: readonly Uint8Array[]): Uint8Array =>
  Buffer.concat([bytes.subarray(0, from), ...middle, bytes.subarray(to)])
