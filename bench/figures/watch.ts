import type { Figure } from '../figure.ts'
import { drive } from '../load/drive.ts'
import { original } from '../original.ts'
import { withServer } from '../support/with-server.ts'

export const watch: Figure = {
  name: 'watch',
  part: 'api',
  about: 'delay from a write to each of 1,000 watches, at 20 writes a second',
  measure: ({ seconds, terminal }) =>
    withServer('bench-watch', async (server, namespace) => {
      terminal('  1,000 watches, 20 writes/s')
      const load = { do: 'watch', watches: 1_000, writesPerSecond: 20, seconds: Math.max(2, seconds * 2), namespace } as const
      const driven = await drive(server, load)
      return [
        {
          figure: 'delivery to 1,000 watches, 20 writes/s, p50',
          value: driven.latencyMs.p50,
          unit: 'ms',
          better: 'less',
          original: original.watch1000x20P50Ms,
          beside: {
            p99Ms: driven.latencyMs.p99,
            maxMs: driven.latencyMs.max,
            eventsPerSecond: driven.perSecond,
            lost: driven.lost,
            serverCpuMs: driven.serverCpuMs,
            others: driven.others,
          },
        },
      ]
    }),
}
