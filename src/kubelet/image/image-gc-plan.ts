import type { Instant } from '#lib/clock.ts'
import { fullImageName } from './image-name.ts'

/** What is known of one image of the node, by its id. */
export interface ImageRecord {
  readonly id: string
  readonly sizeBytes: number
  /** The runtime itself needs it, as it does the pause image: never removed. */
  readonly isPinned: boolean
  /** When it was first seen. */
  readonly seenAt: Instant
  /** When somebody was last seen to use it; undefined: nobody was. */
  readonly usedAt: Instant | undefined
  readonly isUsed: boolean
}

/** KubeletConfiguration's imageGCHighThresholdPercent and so on, in numbers. */
export interface ImageGcPolicy {
  /** From this share of the disk on (percent) images are removed; 100 never. */
  readonly highPercent: number
  /** … down to this. */
  readonly lowPercent: number
  /** Younger images stay: one that was just pulled is used in a moment. */
  readonly minAgeMs: number
  /** Unused for longer goes whatever there is room; 0: never for that. */
  readonly maxAgeMs: number
}

export const defaultImageGcPolicy: ImageGcPolicy = { highPercent: 85, lowPercent: 80, minAgeMs: 120_000, maxAgeMs: 0 }

/** What the runtime lists, as far as it matters here. */
export interface SeenImage {
  readonly id: string
  readonly repoTags: readonly string[]
  readonly repoDigests: readonly string[]
  readonly sizeBytes: number
  readonly pinned: boolean
}

/** The records after one more look. `inUse` holds ids and names in any form: those of containers, and those that pods of this node ask for. */
export function noteImages(
  before: ReadonlyMap<string, ImageRecord>,
  images: readonly SeenImage[],
  inUse: ReadonlySet<string>,
  now: Instant,
): Map<string, ImageRecord> {
  return new Map(
    images.map(({ id, repoTags, repoDigests, sizeBytes, pinned }) => {
      const isUsed = [id, ...repoTags, ...repoDigests].some((name) => inUse.has(name))
      const known = before.get(id)
      const usedAt = isUsed ? now : known?.usedAt
      return [id, { id, sizeBytes, isPinned: pinned, seenAt: known?.seenAt ?? now, usedAt, isUsed }]
    }),
  )
}

/** Images that may go, in the order in which they do: the longest unused first. */
export const removable = (records: Iterable<ImageRecord>): ImageRecord[] =>
  [...records]
    .filter(({ isUsed, isPinned }) => !isUsed && !isPinned)
    .toSorted((a, b) => (a.usedAt ?? -Infinity) - (b.usedAt ?? -Infinity) || a.seenAt - b.seenAt)

/** Those that have not been used for too long. Nobody saw what happened before the kubelet started, so that long has to pass first. */
export function tooOld(candidates: readonly ImageRecord[], { maxAgeMs }: ImageGcPolicy, now: Instant, startedAt: Instant): ImageRecord[] {
  if (maxAgeMs === 0 || now - startedAt <= maxAgeMs) return []
  return candidates.filter(({ usedAt }) => now - (usedAt ?? -Infinity) > maxAgeMs)
}

/** Enough of them to win back so many bytes, as far as there are any; young ones stay. */
export function enoughFor(bytes: number, candidates: readonly ImageRecord[], { minAgeMs }: ImageGcPolicy, now: Instant): ImageRecord[] {
  const chosen: ImageRecord[] = []
  let won = 0
  for (const one of candidates) {
    if (won >= bytes) break
    // One from a time to come was seen before the clock was set back: it is not young for that.
    if (one.seenAt <= now && now - one.seenAt < minAgeMs) continue
    chosen.push(one)
    won += one.sizeBytes
  }
  return chosen
}

export interface DiskFill {
  readonly usedPercent: number
  /** 0 while the disk is below the upper threshold. */
  readonly bytesToFree: number
}

export function fillOf(fs: { readonly capacityBytes: number; readonly availableBytes: number }, policy: ImageGcPolicy): DiskFill {
  const available = Math.min(fs.availableBytes, fs.capacityBytes)
  const usedPercent = 100 - Math.floor((available * 100) / fs.capacityBytes)
  if (usedPercent < policy.highPercent || policy.highPercent >= 100) return { usedPercent, bytesToFree: 0 }
  return { usedPercent, bytesToFree: Math.max(0, Math.floor((fs.capacityBytes * (100 - policy.lowPercent)) / 100) - available) }
}

/** A name as the runtime lists it; one that is none names nothing. */
export function listedName(image: string): string | undefined {
  try {
    return fullImageName(image)
  } catch {
    // What cannot be read as a name cannot have been pulled, and the pod that asks for it shows why.
    return undefined
  }
}
