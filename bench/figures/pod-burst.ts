import type { Figure, Row } from '../figure.ts'
import { withCluster } from '../support/cluster.ts'
import { withSeenPods } from '../support/seen-pods.ts'
import { quantiles } from '../support/statistics.ts'

const bursts = [30, 100] as const
const withinMs = 300_000

/** How soon many pods that are wished at once all run. */
export const podBurst: Figure = {
  name: 'pod-burst',
  part: 'cluster',
  about: '30 and 100 pods created at once on one node, until the last of them is seen Running, and until all are gone again',
  measure: ({ terminal }) =>
    withCluster(async ({ layout }) =>
      withSeenPods(layout, 'bench-burst', async (seen) => {
        await seen.create('warm')
        await seen.running(['warm'], withinMs)
        const rows: Row[] = []
        for (const count of bursts) {
          terminal(`  ${count} pods at once`)
          const names = Array.from({ length: count }, (_, index) => `burst-${count}-${index}`)
          const beginMs = performance.now()
          await Promise.all(names.map((name) => seen.create(name)))
          await seen.running(names, withinMs)
          const { p50 } = quantiles(names.map((name) => seen.at(name, 'running')! - beginMs))
          const value = (Math.max(...names.map((name) => seen.at(name, 'running')!)) - beginMs) / 1000
          const deletedMs = performance.now()
          await Promise.all(names.map((name) => seen.delete(name)))
          await seen.gone(names, withinMs)
          const goneMs = performance.now() - deletedMs
          rows.push({ figure: `${count} pods at once: all Running`, value, unit: 's', better: 'less', beside: { halfMs: p50, goneMs } })
        }
        return rows
      }),
    ),
}
