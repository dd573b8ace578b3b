import type { Lease } from '#api/coordination/v1/lease.ts'
import type { Node } from '#api/core/v1/node.ts'
import type { Instant } from '#lib/clock.ts'
import { conditionOf } from '../common/conditions.ts'
import { parseTime } from '../common/time.ts'

/** When each node last gave a sign of life, by this controller's own clock: node clocks may be wrong by more than the grace. */
export interface SignsOfLife {
  /** Notes what the node shows now and returns when it was first seen to show it. */
  seenAt(node: Node, lease: Lease | undefined, now: Instant): { readonly at: Instant; readonly isFirst: boolean }
  /** The uid of the node that was known by this name; undefined: none was. */
  forget(name: string): string | undefined
}

/** One entry a node. Empty after a start: then every node has its grace anew, as in the reference. */
export function createSignsOfLife(): SignsOfLife {
  const seen = new Map<string, { uid: string; sign: string; at: Instant }>()
  return {
    seenAt(node, lease, now) {
      const { name, uid, creationTimestamp } = node.metadata
      const ready = conditionOf(node.status.conditions, 'Ready')
      const sign = `${lease?.spec?.renewTime ?? ''} ${ready?.lastHeartbeatTime ?? ''}`
      const before = seen.get(name)
      if (before?.uid === uid && before.sign === sign) {
        // The clock was set back: silence counts from then on, and not from a time to come.
        before.at = Math.min(before.at, now)
        return { at: before.at, isFirst: false }
      }
      // A node that has never spoken counts from its creation.
      const at = ready === undefined && lease === undefined ? (parseTime(creationTimestamp) ?? now) : now
      seen.set(name, { uid, sign, at })
      return { at, isFirst: before?.uid !== uid }
    },
    forget(name) {
      const uid = seen.get(name)?.uid
      seen.delete(name)
      return uid
    },
  }
}
