import { Lease } from '#api/coordination/v1/lease.ts'
import type { Client } from '#client/client.ts'
import { type Clock, sleep } from '#lib/clock.ts'
import { isError } from '#lib/errors.ts'
import type { Log } from '#lib/log.ts'
import type { Random } from '#lib/random.ts'
import { type ApiServerFacts, identityLease, isExpired, leaseNamespace, leaseSelector } from './identity-lease.ts'

export interface KeepIdentityOptions extends ApiServerFacts {
  /** Acts as the API server itself. */
  readonly client: Client
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
}

export interface KeptIdentity {
  /** Resolves once what a former process of this host left is gone, or could not be removed. */
  readonly begun: Promise<void>
  /** Takes the Lease away: nobody is to speak to a server that is gone. */
  close(): Promise<void>
}

/**
 * Tells, by a Lease in `kube-system`, that this API server is there (KEP-1965), and removes the Leases of those that are not any more. It is
 * no controller of the leader's: each API server speaks for itself.
 */
export function keepIdentity(options: KeepIdentityOptions): KeptIdentity {
  const stopping = new AbortController()
  const begun = remove(options)
  const running = begun.then(() => Promise.all([renewAlways(options, stopping.signal), cleanAlways(options, stopping.signal)]))
  return {
    begun,
    async close() {
      stopping.abort(new Error('the API server stops'))
      // Who is about to end must not wait for a store that answers no more. The last renewal comes first: it would make the Lease again.
      const removed = new AbortController()
      const removing = running.then(() => remove(options)).finally(() => removed.abort())
      await Promise.race([removing, pause(options.clock, removeTimeoutMs, removed.signal)])
    },
  }
}

/** The reference's: IdentityLeaseRenewIntervalPeriod, and a little at random, so that servers started together do not write together. */
const renewMs = 10_000
const renewJitter = 0.04
const retryMaxMs = 7_000
const removeTimeoutMs = 10_000
/** IdentityLeaseGCPeriod of the reference: no Lease expires sooner after it was last seen. */
const cleanMs = 3_600_000

async function renewAlways(options: KeepIdentityOptions, signal: AbortSignal): Promise<void> {
  const { clock, random, log } = options
  let held: Lease | undefined
  let retryMs = 100
  while (!signal.aborted) {
    let waitMs = renewMs * (1 + renewJitter * random.next())
    try {
      held = await renew(options, held)
      retryMs = 100
    } catch (error) {
      held = undefined
      waitMs = retryMs = Math.min(retryMs * 2, retryMaxMs)
      log.warn('the lease of this API server could not be renewed', { error })
    }
    await pause(clock, waitMs, signal)
  }
}

/** Over the version that was written last, without asking: hardly anybody else writes it. */
async function renew(options: KeepIdentityOptions, held: Lease | undefined): Promise<Lease> {
  const { client, clock, id } = options
  const update = (lease: Lease): Promise<Lease> => client.update(Lease, identityLease(options, clock.now(), lease) as Lease)
  if (held !== undefined)
    try {
      return await update(held)
    } catch (error) {
      if (!isError(error, 'Conflict', 'NotFound')) throw error
    }
  const present = await client.get(Lease, id, leaseNamespace).catch(orAbsent)
  return present === undefined ? client.create(Lease, identityLease(options, clock.now()), { namespace: leaseNamespace }) : update(present)
}

async function cleanAlways(options: KeepIdentityOptions, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    try {
      await clean(options)
    } catch (error) {
      options.log.warn('leases of API servers that are gone could not be removed', { error })
    }
    await pause(options.clock, cleanMs, signal)
  }
}

async function clean({ client, clock }: KeepIdentityOptions): Promise<void> {
  const { items } = await client.list(Lease, { namespace: leaseNamespace, labelSelector: leaseSelector })
  for (const { metadata } of items.filter((lease) => isExpired(lease, clock.now())))
    await client
      // Of this version only: who came back meanwhile has renewed it.
      .delete(Lease, metadata.name, { namespace: leaseNamespace, preconditions: { resourceVersion: metadata.resourceVersion } })
      .catch((error: unknown) => {
        if (!isError(error, 'Conflict', 'NotFound')) throw error
      })
}

async function remove({ client, id, log }: KeepIdentityOptions): Promise<void> {
  try {
    await client.delete(Lease, id, { namespace: leaseNamespace }).catch(orAbsent)
  } catch (error) {
    log.warn('the lease of this API server could not be removed', { error })
  }
}

function orAbsent(error: unknown): undefined {
  if (!isError(error, 'NotFound')) throw error
}

/** Waits, or not until the end when the signal comes. */
const pause = (clock: Clock, ms: number, signal: AbortSignal): Promise<void> =>
  sleep(clock, ms, signal).catch((error: unknown) => {
    if (!signal.aborted) throw error
  })
