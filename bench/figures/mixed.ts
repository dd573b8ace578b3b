import type { Figure, Row } from '../figure.ts'
import { drive } from '../load/drive.ts'
import { withServer } from '../support/with-server.ts'

/** Open loop: requests are due whether or not answers come, so an answer that is late makes none after it later. */
export const mixed: Figure = {
  name: 'mixed',
  part: 'api',
  about: 'what the parts of a cluster ask for, at 500 and 1,000 requests a second whether or not answers come',
  measure: async ({ seconds, terminal, start }) => {
    const rows: Row[] = []
    for (const perSecond of [500, 1_000])
      await withServer(start, 'bench-mixed', async (server, namespace) => {
        const load = `mixed load, ${perSecond.toLocaleString('en-US')} requests/s`
        terminal(`  ${load}`)
        const driven = await drive(server, { do: 'mixed', perSecond, seconds: seconds * 2, namespace })
        const { p50: p50Ms, p99: p99Ms, max: maxMs } = driven.latencyMs
        const { perSecond: held, lost: refused, serverCpuMs, others } = driven
        const beside = { p50Ms, p99Ms, maxMs, refused, serverCpuMs, others }
        rows.push({ figure: `${load}: rate held`, value: held, unit: '/s', better: 'more', beside })
        for (const { name, latencyMs } of driven.sorts ?? []) {
          const own = { p50Ms: latencyMs.p50, maxMs: latencyMs.max }
          rows.push({ figure: `${load}: p99 of ${name}`, value: latencyMs.p99, unit: 'ms', better: 'less', beside: own })
        }
      })
    return rows
  },
}
