import type { Figure, Row } from '../figure.ts'
import { drive } from '../load/drive.ts'
import { withServer } from '../support/with-server.ts'

export const mixed: Figure = {
  name: 'mixed',
  part: 'api',
  about: 'what the parts of a cluster ask for, at 500 and 1,000 requests a second whether or not answers come',
  measure: async ({ seconds, terminal, start }) => {
    const rows: Row[] = []
    for (const perSecond of [500, 1_000])
      await withServer(start, 'bench-mixed', async (server, namespace) => {
        const figure = `mixed load, ${perSecond} requests/s: p99 of the slowest sort`
        terminal(`  ${figure}`)
        const driven = await drive(server, { do: 'mixed', perSecond, seconds: seconds * 2, namespace })
        const { p50: p50Ms, p99: p99Ms, max: maxMs } = driven.latencyMs
        const { perSecond: reachedPerSecond, lost: refused, serverCpuMs, others } = driven
        terminal(`    slowest: ${driven.worst!.name}`)
        const beside = { p50Ms, p99Ms, maxMs, reachedPerSecond, refused, serverCpuMs, others }
        rows.push({ figure, value: driven.worst!.p99, unit: 'ms', better: 'less', beside })
      })
    return rows
  },
}
