/** Chance, handed in. Each purpose takes a stream of its own, so that one more draw here moves nothing there. */
export interface Random {
  /** Uniform in [0, 1). */
  next(): number
  /** Uniform in 0 … below - 1. */
  below(below: number): number
  bytes(length: number): Uint8Array
  /** RFC 9562 version 4. */
  uuid(): string
  /** An independent stream named `purpose`. */
  fork(purpose: string): Random
}

/** The same seed gives the same history (mulberry32). */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = state
    t = Math.imul(t ^ (t >>> 15), t | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
  const bytes = (length: number) => Uint8Array.from({ length }, () => Math.floor(next() * 256))
  return {
    next,
    below: (below) => Math.floor(next() * below),
    bytes,
    uuid: () => formatUuid(bytes(16)),
    fork: (purpose) => seededRandom(hash(`${seed}/${purpose}`)),
  }
}

/** Sixteen random bytes as a version 4 UUID. */
export function formatUuid(bytes: Uint8Array): string {
  const b = Uint8Array.from(bytes)
  b[6] = (b[6]! & 0x0f) | 0x40
  b[8] = (b[8]! & 0x3f) | 0x80
  const hex = Buffer.from(b).toString('hex')
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`
}

/** FNV-1a, 32 bits. */
function hash(text: string): number {
  let h = 0x811c9dc5
  for (let i = 0; i < text.length; i += 1) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193)
  return h >>> 0
}
