import type { Figure, Row } from '../figure.ts'
import { drive } from '../load/drive.ts'
import { original } from '../original.ts'
import { withServer } from '../support/with-server.ts'

export const reads: Figure = {
  name: 'reads',
  part: 'api',
  about: 'GET of one of 200 pods by 1, 16 and 64 clients',
  measure: ({ seconds, terminal }) =>
    withServer('bench-reads', async (server, namespace) => {
      const rows: Row[] = []
      for (const clients of [1, 16, 64] as const) {
        terminal(`  GET, ${clients} clients`)
        const driven = await drive(server, { do: 'closed-loop', operation: 'get-pod', clients, seconds, namespace })
        const { p50: p50Ms, p99: p99Ms } = driven.latencyMs
        rows.push({
          figure: `GET pod, ${clients} clients`,
          value: driven.perSecond,
          unit: '/s',
          better: 'more',
          original: original.getPod[clients],
          beside: { p50Ms, p99Ms, serverCpuMs: driven.serverCpuMs, others: driven.others },
        })
      }
      return rows
    }),
}
