import type { Lease } from '#api/coordination/v1/lease.ts'
import { Event } from '#api/core/v1/event.ts'
import { prefixOf } from '#apiserver/registry/keys.ts'
import { leaderLease } from '../cluster.ts'
import type { Invariant, Scene } from './invariant.ts'

const events = prefixOf(Event)
/** Parts of every server, leading or not. */
const unled = new Set(['wherry-controllers', 'bootstrap', 'apiserver-identity', 'api server'])

/** Only the holder of the lease acts, and nobody takes a lease that is not handed back or over. */
export function oneLeader({ world }: Scene): Invariant {
  let renewedAt = -Infinity
  return {
    name: 'one leader',
    onCommit(changes, who, now) {
      const problems: string[] = []
      for (const { key, before, after } of changes) {
        if (key === leaderLease) {
          const [was, is] = [before as Lease | undefined, after as Lease | undefined]
          const holder = was?.spec.holderIdentity
          const leaseMs = (was?.spec.leaseDurationSeconds ?? 0) * 1000
          if (holder && is?.spec.holderIdentity && is.spec.holderIdentity !== holder && now - renewedAt < leaseMs)
            problems.push(`${is.spec.holderIdentity} took the lease of ${holder} ${now - renewedAt} ms after its renewal`)
          renewedAt = now
          continue
        }
        if (who.process === undefined || unled.has(who.name) || key.startsWith(events)) continue
        const holder = (world.byKey(leaderLease) as Lease | undefined)?.spec.holderIdentity
        if (holder !== who.process) problems.push(`${who.name} of ${who.process} wrote ${key} while ${holder || 'nobody'} leads`)
      }
      return problems
    },
  }
}
