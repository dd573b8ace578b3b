import type { KubeObject } from '#api/kind.ts'
import type { Instant } from '#lib/clock.ts'

/** Something that happened to an object, before it is told apart from what happened to it before. */
export interface Happening {
  readonly regarding: KubeObject
  readonly type: 'Normal' | 'Warning'
  readonly reason: string
  readonly message: string
  readonly action?: string | undefined
  readonly fieldPath?: string | undefined
  /** Of the Event object, for programs that read more than its message. */
  readonly annotations?: Readonly<Record<string, string>> | undefined
}

/** What becomes of a happening: a new Event object, a higher count on one that exists, or nothing. */
export type Correlation =
  | { readonly do: 'create'; readonly series: string; readonly message: string }
  | { readonly do: 'count'; readonly series: string; readonly message: string; readonly name: string; readonly count: number }
  | { readonly do: 'drop' }

/** Keeps what happens again and again from filling the store. */
export interface EventCorrelator {
  correlate(happening: Happening, now: Instant): Correlation
  /** The series is now recorded in the object named `name` with this count. */
  recorded(series: string, name: string, count: number): void
}

/**
 * Same reason and message about the same object: one Event with a count. More than ten different messages of one reason within ten
 * minutes: one Event for all that follow. More than 25 about one object, refilled by one in five minutes: dropped. These are the
 * reference's bounds (client-go, tools/record, its defaults). One correlator serves one source.
 */
export function createEventCorrelator(): EventCorrelator {
  const groups = bounded<Group>()
  const series = bounded<{ readonly name: string; readonly count: number }>()
  const buckets = bounded<Bucket>()

  return {
    correlate(happening, now) {
      const subject = subjectOf(happening)
      const group = JSON.stringify([subject, happening.type, happening.reason])
      const combined = isCrowded(groups, group, happening.message, now)
      const message = combined ? `(combined from similar events): ${happening.message}` : happening.message
      const key = combined ? group : JSON.stringify([subject, happening.type, happening.reason, happening.fieldPath ?? '', message])
      if (!takeToken(buckets, subject, now)) return { do: 'drop' }
      const known = series.get(key)
      return known === undefined
        ? { do: 'create', series: key, message }
        : { do: 'count', series: key, message, name: known.name, count: known.count + 1 }
    },
    recorded: (key, name, count) => series.set(key, { name, count }),
  }
}

const differentMessages = 10
const crowdMs = 600_000
const burst = 25
const refillMs = 300_000
/** Objects and series that are remembered, as in the reference; the one unused for longest makes room. */
const remembered = 4096

interface Group {
  readonly messages: Set<string>
  lastAt: Instant
}

interface Bucket {
  tokens: number
  at: Instant
}

function isCrowded(groups: Bounded<Group>, key: string, message: string, now: Instant): boolean {
  let group = groups.get(key)
  if (group === undefined || now - group.lastAt > crowdMs) groups.set(key, (group = { messages: new Set(), lastAt: now }))
  group.lastAt = now
  group.messages.add(message)
  if (group.messages.size < differentMessages) return false
  group.messages.delete(group.messages.values().next().value!)
  return true
}

function takeToken(buckets: Bounded<Bucket>, key: string, now: Instant): boolean {
  let bucket = buckets.get(key)
  if (bucket === undefined) buckets.set(key, (bucket = { tokens: burst, at: now }))
  bucket.tokens = Math.min(burst, bucket.tokens + (now - bucket.at) / refillMs)
  bucket.at = now
  if (bucket.tokens < 1) return false
  bucket.tokens -= 1
  return true
}

function subjectOf({ regarding: { apiVersion, kind, metadata } }: Happening): string {
  return JSON.stringify([apiVersion, kind, metadata.namespace ?? '', metadata.name, metadata.uid])
}

interface Bounded<V> {
  get(key: string): V | undefined
  set(key: string, value: V): void
}

/** A map that forgets what was used longest ago: a Map keeps the order of insertion, and each use inserts anew. */
function bounded<V>(): Bounded<V> {
  const values = new Map<string, V>()
  return {
    get(key) {
      const value = values.get(key)
      if (value !== undefined) {
        values.delete(key)
        values.set(key, value)
      }
      return value
    },
    set(key, value) {
      values.delete(key)
      values.set(key, value)
      if (values.size > remembered) values.delete(values.keys().next().value!)
    },
  }
}
