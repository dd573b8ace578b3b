import { ResourceClaim } from '#api/resource/v1/resource-claim.ts'
import type { Instant } from '#lib/clock.ts'
import { WherryError } from '#lib/errors.ts'
import type { BindMeans } from '../../framework/plugin.ts'
import { readinessOf, readyUntil } from './binding-conditions.ts'
import { createClaimIndex } from './claim-index.ts'
import type { DeviceState } from './device-state.ts'

/**
 * Waits until all devices of the pod's claims are ready. Rejects in the reference's words when one failed, when it took too long, and when the
 * pod went away. Looks whenever a claim changes, and at the deadline.
 */
export function untilReady(state: DeviceState, { world, clock, signal }: BindMeans, bindingTimeoutMs: number): Promise<void> {
  const index = world.kept(createClaimIndex)
  const lookup = world.lookups.of(ResourceClaim)
  const endMs = clock.monotonicMs() + bindingTimeoutMs
  return new Promise((resolve, reject) => {
    const undo: (() => void)[] = []
    let forgetDeadline = (): void => {}
    const end = (settle: () => void): void => {
      forgetDeadline()
      for (const forget of undo) forget()
      settle()
    }

    function look(): void {
      const next = lookAt()
      forgetDeadline()
      if (next === undefined) end(resolve)
      else if (typeof next === 'string') end(() => reject(new WherryError('Timeout', next)))
      else forgetDeadline = clock.schedule(next, look)
    }

    /** When to look again at the latest; undefined: all is ready; a text: it never will be. */
    function lookAt(): Instant | string | undefined {
      // Read once, so that what one question finds still to come another does not find past; and what passes bounds it by a clock that is set back.
      const now = clock.now()
      const restMs = endMs - clock.monotonicMs()
      for (const [at, { metadata, status }] of state.claims.entries()) {
        if (status.allocation === undefined) continue
        const claim = lookup.get(metadata.name, metadata.namespace)
        if (claim === undefined) return `could not find ResourceClaim "${metadata.namespace}/${metadata.name}"`
        state.claims[at] = claim
        const readiness = readinessOf(claim)
        if (readiness === 'ready') continue
        if (readiness !== 'waiting') return readiness.failure
        const until = readyUntil(claim, bindingTimeoutMs)
        if (now > until) return `device binding timeout: claim=${metadata.name}`
        return restMs <= 0 ? 'device binding timeout: context deadline exceeded' : Math.min(now + restMs, until + 1)
      }
      return undefined
    }

    const stop = (): void => end(() => reject(signal.reason))
    if (signal.aborted) {
      stop()
      return
    }
    signal.addEventListener('abort', stop, { once: true })
    undo.push(() => signal.removeEventListener('abort', stop))
    for (const { metadata } of state.claims) undo.push(index.watch(metadata.name, metadata.namespace, look))
    look()
  })
}
