import type { Event } from '#api/core/v1/types.ts'
import type { Clock } from '#lib/clock.ts'
import { WherryError } from '#lib/errors.ts'
import type { Admission, AdmissionPlugin } from '../../contract.ts'
import { joined } from '../refusal.ts'

/** One limit: `qps` events a second, and `burst` at once. `cacheSize`: how many namespaces, users or objects are told apart; default 4096. */
export interface EventLimit {
  readonly type: 'Server' | 'Namespace' | 'User' | 'SourceAndObject'
  readonly qps: number
  readonly burst: number
  readonly cacheSize?: number
}

/** Refuses events that come faster than the limits allow: a controller in a loop must not fill the store. */
export function eventRateLimit(limits: readonly EventLimit[], clock: Clock): AdmissionPlugin {
  const enforcers = limits.map((limit) => createEnforcer(limit, clock))
  return {
    name: 'EventRateLimit',
    // Not those of events.k8s.io: the reference does not limit them either.
    resources: ['events'],
    operations: ['CREATE', 'UPDATE'],
    async validate(admission) {
      if (admission.dryRun) return
      const problems = enforcers.flatMap((accept) => accept(admission) ?? [])
      // Each limit is asked, so that each counts the event.
      if (problems.length > 0) throw new WherryError('TooManyRequests', `Too many requests: ${joined(problems)}`)
    },
  }
}

interface Bucket {
  tokens: number
  filledMs: number
}

/** A token bucket a key, the least recently used forgotten first. */
function createEnforcer({ type, qps, burst, cacheSize = 4096 }: EventLimit, clock: Clock): (admission: Admission) => string | undefined {
  const buckets = new Map<string, Bucket>()
  return (admission) => {
    const key = keyOf[type](admission)
    const now = clock.monotonicMs()
    const bucket = buckets.get(key) ?? { tokens: burst, filledMs: now }
    buckets.delete(key)
    if (buckets.size >= cacheSize) buckets.delete(buckets.keys().next().value!)
    buckets.set(key, bucket)
    bucket.tokens = Math.min(burst, bucket.tokens + ((now - bucket.filledMs) / 1000) * qps)
    bucket.filledMs = now
    if (bucket.tokens < 1) return `limit reached on type ${type} for key ${key}`
    bucket.tokens -= 1
    return undefined
  }
}

const keyOf: Readonly<Record<EventLimit['type'], (admission: Admission) => string>> = {
  Server: () => '',
  Namespace: ({ attributes }) => attributes.namespace,
  User: ({ attributes }) => attributes.user.name,
  SourceAndObject: ({ object }) => {
    const { source, involvedObject } = object as unknown as Event
    const { kind, namespace, name, uid, apiVersion } = involvedObject ?? {}
    return [source?.component, source?.host, kind, namespace, name, uid, apiVersion].map((part) => part ?? '').join('')
  },
}
