import type { Log } from '#lib/log.ts'
import type { Registry } from '#lib/metrics/registry.ts'

/** How full the kernel's table of connections is. */
export interface ConnectionTable {
  readonly entries: number
  readonly limit: number
}

export interface ConnectionTrackingOptions {
  /** Cheap; undefined where the kernel tracks no connections. */
  readonly read: () => ConnectionTable | undefined
  readonly log: Log
  readonly registry: Registry
  /** Hears when it becomes full, in words for the administrator. */
  readonly onFull: (message: string) => void
}

/** What is said of the node. */
export interface ConnectionCondition {
  readonly type: 'ConnectionTrackingPressure'
  readonly status: 'True' | 'False'
  readonly reason: string
  readonly message: string
}

/** A full table drops the first packet of every new connection: said before it is, and until there is room again. Shares of the limit. */
const fullShare = 0.95
const roomShare = 0.85

/**
 * Says whether the kernel still can follow new connections. Without that nothing reaches a Service, and nothing says why: packets vanish. It looks when
 * the node is looked at anyway, with each renewal of its Lease (every ten seconds), and keeps no time of its own.
 */
export function createConnectionTracking({ read, log, registry, onFull }: ConnectionTrackingOptions): () => readonly ConnectionCondition[] {
  let isFull = false
  const gauge = (name: string, help: string, value: (table: ConnectionTable) => number): void =>
    registry.observed({ name, help, type: 'gauge', stability: 'ALPHA' }, () => {
      const table = read()
      return table ? [{ labels: [], value: value(table) }] : []
    })
  gauge('wherry_connection_tracking_entries', 'Connections that the kernel of this node follows.', ({ entries }) => entries)
  gauge('wherry_connection_tracking_limit', 'Connections that the kernel of this node can follow.', ({ limit }) => limit)
  return () => {
    const table = read()
    if (!table) return []
    const { entries, limit } = table
    const was = isFull
    isFull = entries >= limit * (was ? roomShare : fullShare)
    const message = isFull
      ? `the kernel follows ${entries} of at most ${limit} connections, and drops new ones when it can follow no more; find who opens so many ("conntrack -L"), or raise net.netfilter.nf_conntrack_max`
      : 'the kernel can follow new connections'
    if (isFull && !was) {
      log.error('the table of connections is nearly full: new connections will be dropped', { entries, limit })
      onFull(message)
    }
    if (was && !isFull) log.info('the table of connections has room again', { entries, limit })
    return [
      {
        type: 'ConnectionTrackingPressure',
        status: isFull ? 'True' : 'False',
        reason: isFull ? 'ConnectionTableFull' : 'ConnectionTableHasRoom',
        message,
      },
    ]
  }
}
