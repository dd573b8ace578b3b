import type { Figure, Row } from '../figure.ts'
import { drive } from '../load/drive.ts'
import type { Operation } from '../load/load.ts'
import { withServer } from '../support/with-server.ts'

/** Closed loop: each client's next write follows the answer to its last, which comes once it is on the disk. */
export const writes: Figure = {
  name: 'writes',
  part: 'api',
  about: 'durable writes: ConfigMaps and Pods of 1 kB made, applied, Leases and Pod statuses changed',
  measure: ({ seconds, terminal, start }) =>
    withServer(start, 'bench-writes', async (server, namespace) => {
      const rows: Row[] = []
      for (const [operation, name, counts] of operations)
        for (const clients of counts) {
          const figure = `${name}, ${clients} ${clients === 1 ? 'client' : 'clients'}`
          terminal(`  ${figure}`)
          const driven = await drive(server, { do: 'closed-loop', operation, clients, seconds, namespace })
          const { p50: p50Ms, p99: p99Ms } = driven.latencyMs
          const beside = { p50Ms, p99Ms, serverCpuMs: driven.serverCpuMs, others: driven.others }
          rows.push({ figure, value: driven.perSecond, unit: '/s', better: 'more', beside })
        }
      return rows
    }),
}

const operations: readonly (readonly [Operation, string, readonly number[]])[] = [
  ['create-configmap', 'create ConfigMap', [1, 16, 64]],
  ['update-lease', 'update Lease', [1, 16, 64]],
  ['apply-configmap', 'server-side apply of a ConfigMap', [1, 64]],
  ['create-pod', 'create Pod', [1, 64]],
  ['patch-pod-status', 'patch Pod status', [1, 64]],
]
