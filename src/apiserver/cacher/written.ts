import type { AnyKind, KubeObject } from '#api/kind.ts'
import { deepFreeze } from '#lib/freeze.ts'
import { settled } from '#schema/settled.ts'
import type { Revision } from '#store/store.ts'

/**
 * Objects that this server has just written, by their bytes. They come back from the store a moment later, as the very same bytes: then they
 * need not be parsed. Only the latest are kept, so that what nobody reads as an object takes no memory as one.
 */
const written = new WeakMap<Uint8Array, Written>()
const latest: (Uint8Array | undefined)[] = []
let next = 0
let sizeBytes = 0

interface Written {
  readonly object: KubeObject
  readonly previous: KubeObject | undefined
  /** As readers get it, once one has asked: the cache's and the writer's own are then the same. */
  shown?: KubeObject
}

/**
 * Notes what `value` was made from: the object as the kind has it in memory, frozen or not, which nobody changes any more. `previous`: what it
 * takes the place of, as it came from the store; most of it is mostly shared.
 */
export function noteWritten(kind: AnyKind, value: Uint8Array, object: KubeObject, previous?: KubeObject): void {
  // Forms of one stored object, and custom resources, are made in other ways.
  if (kind.storedAs !== undefined || kind.shape.kind !== 'message') return
  forget(next)
  latest[next] = value
  sizeBytes += value.byteLength
  written.set(value, { object, previous })
  next = (next + 1) % latestMax
  for (let i = 0; sizeBytes > limitBytes && i < latestMax; i += 1) forget((next + i) % latestMax)
}

function forget(place: number): void {
  const value = latest[place]
  if (value === undefined) return
  written.delete(value)
  sizeBytes -= value.byteLength
  latest[place] = undefined
}

/** The object of these bytes with its resourceVersion, as decoding would give it, frozen; `undefined`: the bytes have to be decoded. */
export function writtenObject(kind: AnyKind, value: Uint8Array, revision: Revision): KubeObject | undefined {
  const noted = written.get(value)
  if (noted === undefined) return undefined
  const version = `${revision}`
  if (noted.shown?.metadata.resourceVersion === version) return noted.shown
  const whole = settled(kind, noted.object, noted.previous)
  noted.shown = deepFreeze({ ...whole, metadata: withVersion(whole.metadata, version) }) as KubeObject
  return noted.shown
}

/** In the place where the type declares it. */
function withVersion(metadata: KubeObject['metadata'], resourceVersion: string): object {
  const out: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(metadata)) {
    if (out['resourceVersion'] === undefined && !beforeVersion.has(name)) out['resourceVersion'] = resourceVersion
    if (name !== 'resourceVersion') out[name] = value
  }
  out['resourceVersion'] ??= resourceVersion
  return out
}

const beforeVersion: ReadonlySet<string> = new Set(['name', 'generateName', 'namespace', 'selfLink', 'uid'])
// A batch of commits, and those that wait behind it; of large objects fewer.
const latestMax = 1_024
const limitBytes = 8 * 1024 * 1024
