import { Lease } from '#api/coordination/v1/lease.ts'
import type { Client } from '#client/client.ts'
import { createInformer } from '#client/informer.ts'
import { type Clock, sleep } from '#lib/clock.ts'
import { isError } from '#lib/errors.ts'
import type { Log } from '#lib/log.ts'
import type { Random } from '#lib/random.ts'
import { rfc3339Micro } from '#lib/rfc3339.ts'

/** Which Lease, who stands for it, and the times of an election. */
export interface LeaderElectionOptions {
  readonly client: Client
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  /** The Lease. */
  readonly namespace: string
  readonly name: string
  /** Unique to this process; the same identity takes its own lease back at once. */
  readonly identity: string
  /** How long others wait after the last renewal that they saw; default 15 s. */
  readonly leaseDurationMs?: number
  /** How long the leader goes on without a renewal; default 10 s. What it has under way may take the rest of the lease to end. */
  readonly renewDeadlineMs?: number
  /** Default 2 s. */
  readonly retryPeriodMs?: number
  /** What only one may do. Has to begin nothing more once its signal aborts, and to resolve when all it began has ended. */
  readonly lead: (signal: AbortSignal) => Promise<void>
  /** Ends the candidacy: the leader then hands its lease back. */
  readonly signal: AbortSignal
}

/**
 * One leader at a time, by a Lease (coordination.k8s.io/v1), with the reference's times. Nobody compares clocks: a candidate measures how
 * long it has itself seen no renewal, the leader counts from before it sent its last one. So the leader always stops first.
 */
export async function runLeaderElection(options: LeaderElectionOptions): Promise<void> {
  const { clock, log, signal, lead, identity, leaseDurationMs = 15_000, renewDeadlineMs = 10_000 } = options
  if (renewDeadlineMs >= leaseDurationMs) throw new RangeError('renewDeadlineMs has to be below leaseDurationMs')
  const election = { ...options, leaseDurationMs, renewDeadlineMs, retryPeriodMs: options.retryPeriodMs ?? 2_000 }
  while (!signal.aborted) {
    const term = await acquire(election)
    if (term === undefined) return
    log.info('leading', { lease: `${options.namespace}/${options.name}`, identity })
    const leading = new AbortController()
    const stop = () => leading.abort(signal.reason)
    signal.addEventListener('abort', stop, { once: true })
    if (signal.aborted) stop()
    const [held] = await Promise.all([renew(election, term, leading), leadUntil(lead, leading, log)])
    signal.removeEventListener('abort', stop)
    if (held !== undefined && clock.monotonicMs() < held.renewedAtMs + renewDeadlineMs) await release(election, held.lease)
    log.info('no longer leading', { lease: `${options.namespace}/${options.name}`, identity })
  }
}

interface Election extends LeaderElectionOptions {
  readonly leaseDurationMs: number
  readonly renewDeadlineMs: number
  readonly retryPeriodMs: number
}

interface Term {
  readonly lease: Lease
  /** On the monotonic clock, taken before the request was sent. */
  readonly renewedAtMs: number
}

/** Waits by watching, without asking again and again. Undefined: the signal came first. */
async function acquire(election: Election): Promise<Term | undefined> {
  const { client, clock, random, log, namespace, name, identity, signal, retryPeriodMs } = election
  const informer = createInformer(client, Lease, { clock, random, log, namespace, fieldSelector: `metadata.name=${name}` })
  const stop = () => void informer.close()
  signal.addEventListener('abort', stop, { once: true })
  const ended = new Promise<undefined>((resolve) => signal.addEventListener('abort', () => resolve(undefined), { once: true }))
  let seenAtMs = clock.monotonicMs()
  informer.onChange(() => {
    seenAtMs = clock.monotonicMs()
  })
  try {
    await informer.synced().catch(() => {})
    while (!signal.aborted) {
      const shown = informer.get(name, namespace)
      // Whole milliseconds: a rest too small to be added to the time would never pass.
      const waitMs = shown === undefined ? 0 : Math.ceil(seenAtMs + ownedForMs(shown, identity) - clock.monotonicMs())
      if (waitMs > 0) {
        await informer.until(() => informer.get(name, namespace) !== shown, waitMs)
        continue
      }
      const renewedAtMs = clock.monotonicMs()
      try {
        const lease: Lease | undefined = await Promise.race([write(election, shown), ended])
        return lease && { lease, renewedAtMs }
      } catch (error) {
        log.debug('the lease could not be taken', { error })
      }
      // Another candidate was faster, which the watch is about to show; or the server is away.
      await informer.until(() => informer.get(name, namespace) !== shown, retryPeriodMs * (1 + 0.2 * random.next()))
    }
    return undefined
  } finally {
    signal.removeEventListener('abort', stop)
    await informer.close()
  }
}

/** Keeps the lease until it is lost, too old or handed back; aborts `leading` then. Answers the term that may be released. */
async function renew(election: Election, term: Term, leading: AbortController): Promise<Term | undefined> {
  const { clock, log, renewDeadlineMs, retryPeriodMs } = election
  let present: Term | undefined = term
  let forget = () => {}
  const setDeadline = (renewedAtMs: number) => {
    forget()
    const leftMs = renewedAtMs + renewDeadlineMs - clock.monotonicMs()
    forget = clock.schedule(clock.now() + leftMs, () => {
      present = undefined
      log.error('the lease could not be renewed in time', { renewDeadlineMs })
      leading.abort(new Error('the lease could not be renewed in time'))
    })
  }
  setDeadline(term.renewedAtMs)
  const stopped = new Promise<undefined>((resolve) => leading.signal.addEventListener('abort', () => resolve(undefined), { once: true }))
  try {
    while (!leading.signal.aborted && present !== undefined) {
      await sleep(clock, retryPeriodMs, leading.signal).catch(() => {})
      if (leading.signal.aborted) break
      const renewedAtMs = clock.monotonicMs()
      try {
        const lease: Lease | undefined = await Promise.race([write(election, present.lease), stopped])
        // A late answer, or none, renews nothing for one who has stopped already.
        if (lease === undefined || leading.signal.aborted) break
        present = { lease, renewedAtMs }
        setDeadline(renewedAtMs)
      } catch (error) {
        log.warn('the lease could not be renewed', { error })
        if (isError(error, 'Conflict', 'NotFound')) present = await Promise.race([lookAgain(election, present), stopped])
        if (present === undefined) leading.abort(new Error('the lease was taken over'))
      }
    }
    return present
  } finally {
    forget()
  }
}

/** After a conflict: whether somebody took the lease, or only touched the object. */
async function lookAgain({ client, name, namespace, identity }: Election, term: Term): Promise<Term | undefined> {
  try {
    const lease = await client.get(Lease, name, namespace)
    return lease.spec.holderIdentity === identity ? { ...term, lease } : undefined
  } catch (error) {
    // Without an answer the term runs on to its deadline; without a lease it is over.
    return isError(error, 'NotFound') ? undefined : term
  }
}

async function leadUntil(lead: LeaderElectionOptions['lead'], leading: AbortController, log: Log): Promise<void> {
  // The end came between taking the lease and beginning: then there is nothing to begin.
  if (leading.signal.aborted) return
  try {
    await lead(leading.signal)
  } catch (error) {
    log.error('leading failed', { error })
  }
  // One who has nothing more to do may not keep the lease from others.
  if (!leading.signal.aborted) leading.abort(new Error('the leader has ended'))
}

/** Creates or renews, only over the version that was looked at: of two who try, one gets a conflict. */
async function write({ client, clock, namespace, name, identity, leaseDurationMs }: Election, shown: Lease | undefined): Promise<Lease> {
  const now = rfc3339Micro(clock.now())
  const own = shown?.spec.holderIdentity === identity
  const spec = {
    ...shown?.spec,
    holderIdentity: identity,
    leaseDurationSeconds: Math.max(1, Math.round(leaseDurationMs / 1000)),
    acquireTime: own ? (shown.spec.acquireTime ?? now) : now,
    renewTime: now,
    leaseTransitions: (shown?.spec.leaseTransitions ?? 0) + (own || shown === undefined ? 0 : 1),
  }
  if (shown === undefined) return client.create(Lease, { metadata: { name, namespace }, spec }, { fieldManager: 'leader-election' })
  return client.update(Lease, { ...shown, spec }, { fieldManager: 'leader-election' })
}

/** Nobody has to wait for a lease whose holder went in order. */
async function release({ client, clock, log }: Election, lease: Lease): Promise<void> {
  const spec = { ...lease.spec, holderIdentity: '', leaseDurationSeconds: 1, renewTime: rfc3339Micro(clock.now()) }
  try {
    await client.update(Lease, { ...lease, spec }, { fieldManager: 'leader-election' })
  } catch (error) {
    log.warn('the lease could not be handed back; others wait until it is over', { error })
  }
}

function ownedForMs({ spec }: Lease, identity: string): number {
  if (!spec.holderIdentity || spec.holderIdentity === identity) return 0
  return (spec.leaseDurationSeconds ?? 15) * 1000
}
