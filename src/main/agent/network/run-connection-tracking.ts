import { readConnectionTable } from '#host/connection-table.ts'
import type { NodeSource } from '#kubelet/interfaces.ts'
import { createConnectionTracking } from '#network/connection-tracking/connection-tracking.ts'
import type { NetworkContext } from './network-context.ts'

/** Says of the node whether its kernel still follows new connections. */
export function runConnectionTracking({ config, caches, log, metrics, recorder }: NetworkContext): NodeSource {
  const conditions = createConnectionTracking({
    read: readConnectionTable,
    log: log.with({ part: 'connection-tracking' }),
    registry: metrics.registry,
    onFull(message) {
      const regarding = caches.nodes.get(config.nodeName)
      if (regarding) recorder.record({ regarding, type: 'Warning', reason: 'ConnectionTableFull', message })
    },
  })
  return { read: () => ({ conditions: conditions() }), onChange: () => () => {} }
}
