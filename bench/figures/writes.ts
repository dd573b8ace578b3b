import type { Figure, Row } from '../figure.ts'
import { drive } from '../load/drive.ts'
import type { Operation } from '../load/load.ts'
import { original } from '../original.ts'
import { withServer } from '../support/with-server.ts'

export const writes: Figure = {
  name: 'writes',
  part: 'api',
  about: 'durable writes by 1, 16 and 64 clients: 1 kB ConfigMaps made, Leases updated',
  measure: ({ seconds, terminal }) =>
    withServer('bench-writes', async (server, namespace) => {
      const rows: Row[] = []
      for (const [operation, figure, reference] of operations)
        for (const clients of [1, 16, 64] as const) {
          terminal(`  ${figure}, ${clients} clients`)
          const driven = await drive(server, { do: 'closed-loop', operation, clients, seconds, namespace })
          rows.push({
            figure: `${figure}, ${clients} clients`,
            value: driven.perSecond,
            unit: '/s',
            better: 'more',
            original: reference[clients],
            beside: {
              p50Ms: driven.latencyMs.p50,
              p99Ms: driven.latencyMs.p99,
              serverCpuMs: driven.serverCpuMs,
              others: driven.others,
            },
          })
        }
      return rows
    }),
}

const operations: readonly (readonly [Operation, string, Readonly<Record<1 | 16 | 64, number>>])[] = [
  ['create-configmap', 'create ConfigMap', original.createConfigMap],
  ['update-lease', 'update Lease', original.updateLease],
]
