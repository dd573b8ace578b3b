import { Event } from '#api/core/v1/event.ts'
import type { Client } from '#client/client.ts'
import { type BackoffOptions, backoff } from '#lib/backoff.ts'
import { type Clock, type Instant, sleep } from '#lib/clock.ts'
import { isError } from '#lib/errors.ts'
import type { Log } from '#lib/log.ts'
import type { Random } from '#lib/random.ts'
import { rfc3339 } from '#lib/rfc3339.ts'
import { createTokenBucket, type Rate } from '#lib/token-bucket.ts'
import { createEventCorrelator, type Happening } from './event-correlator.ts'

/** Writes core/v1 Events without ever holding up or failing the one who reports. */
export interface EventRecorder {
  record(happening: Happening): void
  /** Happenings that were given up: too many at once, too many about one object, or refused by the server. */
  readonly dropped: number
  /** Resolves when everything recorded so far is written or given up. */
  idle(): Promise<void>
  /** Forgets what is not yet written. */
  close(): void
}

/** Whose events they are, and who writes them. */
export interface EventRecorderOptions {
  readonly client: Client
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  /** Who reports: `replicaset-controller`, `kubelet`. */
  readonly component: string
  /** On which node, for components that run on each. */
  readonly host?: string
  /** Awaited before each is written, given when it happened: whoever has something more urgent to do lets events wait for it. */
  readonly calm?: (happenedAt: Instant) => Promise<void>
  /** How fast they are written; the others wait. Absent: as fast as the server takes them. */
  readonly rate?: Rate
}

/** Writes events beside the work, which never waits for them; too many at once are dropped, and counted. */
export function createEventRecorder(options: EventRecorderOptions): EventRecorder {
  const { client, clock, random, log, component } = options
  const correlator = createEventCorrelator()
  const closing = new AbortController()
  const bucket = options.rate && createTokenBucket(options.rate, clock)
  const waiting: { readonly happening: Happening; readonly at: Instant }[] = []
  let sending: Promise<void> | undefined
  let dropped = 0

  async function send(): Promise<void> {
    // Correlated one after the other, since each depends on what became of the one before.
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      try {
        await options.calm?.(next.at)
        await bucket?.taken(closing.signal)
        await write(next.happening, next.at)
      } catch (error) {
        dropped += 1
        // Whoever deletes a namespace wants to hear no more of what was in it.
        const write = isNamespaceGone(error) ? log.debug : log.warn
        if (!closing.signal.aborted) write('an event could not be written', { reason: next.happening.reason, error })
      }
    }
    sending = undefined
  }

  async function write(happening: Happening, at: Instant): Promise<void> {
    const correlation = correlator.correlate(happening, at)
    if (correlation.do === 'drop') {
      dropped += 1
      return
    }
    const { series, message } = correlation
    const namespace = happening.regarding.metadata.namespace || 'default'
    if (correlation.do === 'count') {
      const body = { count: correlation.count, lastTimestamp: rfc3339(at), message }
      try {
        await insist(() => client.patch(Event, correlation.name, { type: 'merge', body }, { namespace }))
        correlator.recorded(series, correlation.name, correlation.count)
        return
      } catch (error) {
        // The server forgets Events after a while; the count then starts anew.
        if (!isError(error, 'NotFound')) throw error
      }
    }
    const name = eventName(happening.regarding.metadata.name, at, random)
    await insist(() => client.create(Event, eventOf(happening, message, name, namespace, at), { namespace }))
    correlator.recorded(series, name, 1)
  }

  /** A server that is away for a moment loses no event; one that refuses is not asked twice. */
  async function insist<T>(run: () => Promise<T>): Promise<T> {
    for (let attempt = 0; ; attempt += 1) {
      try {
        return await run()
      } catch (error) {
        const passing = isError(error, 'ServiceUnavailable', 'ServerTimeout', 'Timeout', 'TooManyRequests', 'InternalError')
        if (!passing || attempt >= retries) throw error
        await sleep(clock, backoff(retry, attempt, random), closing.signal)
      }
    }
  }

  function eventOf(
    { regarding, type, reason, action, fieldPath, annotations }: Happening,
    message: string,
    name: string,
    namespace: string,
    at: Instant,
  ) {
    const { apiVersion, kind, metadata } = regarding
    const host = options.host ?? ''
    return {
      metadata: { name, namespace, ...(annotations && { annotations }) },
      involvedObject: {
        apiVersion,
        kind,
        name: metadata.name,
        uid: metadata.uid,
        ...(metadata.namespace && { namespace: metadata.namespace }),
        ...(metadata.resourceVersion && { resourceVersion: metadata.resourceVersion }),
        ...(fieldPath && { fieldPath }),
      },
      reason,
      message: message.length > messageLimit ? `${message.slice(0, messageLimit - 1)}…` : message,
      source: { component, ...(host && { host }) },
      firstTimestamp: rfc3339(at),
      lastTimestamp: rfc3339(at),
      count: 1,
      type,
      ...(action && { action }),
      reportingComponent: component,
      reportingInstance: host,
    }
  }

  return {
    record(happening) {
      if (closing.signal.aborted) return
      if (waiting.length >= waitingLimit) {
        dropped += 1
        return
      }
      waiting.push({ happening, at: clock.now() })
      sending ??= Promise.resolve().then(send)
    },
    get dropped() {
      return dropped
    },
    async idle() {
      while (sending !== undefined) await sending
    },
    close() {
      closing.abort(new Error('the event recorder was closed'))
      dropped += waiting.length
      waiting.length = 0
    },
  }
}

/** Making something needs nothing but the namespace to be there. */
const isNamespaceGone = (error: unknown): boolean =>
  isError(error, 'NotFound') || (isError(error) && error.details.causes?.some(({ reason }) => reason === 'NamespaceTerminating') === true)

/** As the reference's broadcaster keeps. */
const waitingLimit = 1000
const retries = 6
const retry: BackoffOptions = { initialMs: 500, factor: 2, maxMs: 10_000, jitter: 1 }
/** The API's bound of a note is 1 kB; core/v1 messages keep to it too (API conventions, Events). */
const messageLimit = 1024

/** `<object>.<nanoseconds in hex>`, as the reference names them; a UUID where an object's name is none that an Event may have. */
function eventName(object: string, at: Instant, random: Random): string {
  const nanoseconds = BigInt(Math.trunc(at)) * 1_000_000n + BigInt(random.below(1_000_000))
  const name = `${object}.${nanoseconds.toString(16)}`
  return name.length <= 253 && subdomain.test(name) ? name : random.uuid()
}

const subdomain = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/
