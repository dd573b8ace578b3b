import type { Figure, Row } from '../figure.ts'
import { drive } from '../load/drive.ts'
import { withServer } from '../support/with-server.ts'

/** The smallest read, closed loop: what a request itself costs. */
export const reads: Figure = {
  name: 'reads',
  part: 'api',
  about: 'GET of one of 200 pods by 1, 16 and 64 clients',
  measure: ({ seconds, terminal, start }) =>
    withServer(start, 'bench-reads', async (server, namespace) => {
      const rows: Row[] = []
      for (const clients of [1, 16, 64] as const) {
        const figure = `GET pod, ${clients} ${clients === 1 ? 'client' : 'clients'}`
        terminal(`  ${figure}`)
        const driven = await drive(server, { do: 'closed-loop', operation: 'get-pod', clients, seconds, namespace })
        const { p50: p50Ms, p99: p99Ms } = driven.latencyMs
        const beside = { p50Ms, p99Ms, serverCpuMs: driven.serverCpuMs, others: driven.others }
        rows.push({ figure, value: driven.perSecond, unit: '/s', better: 'more', beside })
      }
      return rows
    }),
}
