import { WherryError } from '#lib/errors.ts'
import type { StatsProvider } from '../stats/stats-provider.ts'
import type { Summary } from '../stats/summary.ts'

/** `/stats/summary`; `?only_cpu_and_memory=true` asks for its short form. Nothing else is served below `/stats`. */
export async function statsSummary(stats: StatsProvider | undefined, url: URL): Promise<Summary> {
  if (url.pathname.replace(/\/$/, '') !== '/stats/summary') throw new WherryError('NotFound', '404 page not found')
  if (stats === undefined) throw new WherryError('ServiceUnavailable', 'this node does not measure what its pods use')
  const only = url.searchParams.getAll('only_cpu_and_memory')
  return stats.summary(only.length === 1 && only[0] === 'true' ? 'core' : 'all')
}
