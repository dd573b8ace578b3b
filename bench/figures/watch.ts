import type { Figure, Row } from '../figure.ts'
import { drive } from '../load/drive.ts'
import { withServer } from '../support/with-server.ts'

/** Fan-out: each write is told to every watch, and none may be lost or late. */
export const watch: Figure = {
  name: 'watch',
  part: 'api',
  about: 'delay from a write to each of 1,000 watches, at 20 and at 200 writes a second',
  measure: ({ seconds, terminal, start }) =>
    withServer(start, 'bench-watch', async (server, namespace) => {
      const rows: Row[] = []
      for (const writesPerSecond of [20, 200]) {
        const figure = `delivery to 1,000 watches, ${writesPerSecond} writes/s: p99`
        terminal(`  ${figure}`)
        const load = { do: 'watch', watches: 1_000, writesPerSecond, seconds: Math.max(2, seconds * 2), namespace } as const
        const driven = await drive(server, load)
        const { p50: p50Ms, p99, max: maxMs } = driven.latencyMs
        const { perSecond: eventsPerSecond, kept: keptWatches = 0, lost, serverCpuMs, others } = driven
        const beside = { p50Ms, maxMs, keptWatches, lost, eventsPerSecond, serverCpuMs, others }
        rows.push({ figure, value: p99, unit: 'ms', better: 'less', beside })
      }
      return rows
    }),
}
