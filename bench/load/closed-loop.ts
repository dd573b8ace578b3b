import { quantiles } from '../support/statistics.ts'
import { openConnections } from './connections.ts'
import type { Load, Outcome, Target } from './load.ts'
import { prepare } from './operations.ts'

/** As the original was measured: many clients share eight connections. */
const connectionsMax = 8

/** Runs the load; the first second warms up and does not count. */
export async function closedLoop(target: Target, load: Load & { do: 'closed-loop' }): Promise<Outcome> {
  const { clients, seconds, count = Infinity, namespace } = load
  const connections = await openConnections(target, Math.min(clients, connectionsMax))
  try {
    const run = await prepare(load.operation, connections, namespace, clients)
    let n = 0
    // The first requests are translated and their paths are not compiled yet.
    const warmUntil = performance.now() + (count === Infinity ? Math.min(1_000, seconds * 200) : 0)
    const all = async (until: number, most: number, latencies?: number[]): Promise<void> => {
      const first = n
      const one = async (client: number): Promise<void> => {
        while (performance.now() < until && n - first < most) {
          const startedAt = performance.now()
          await run(client, n++)
          latencies?.push(performance.now() - startedAt)
        }
      }
      await Promise.all(Array.from({ length: clients }, (_, client) => one(client)))
    }
    await all(warmUntil, Infinity)
    process.send!({ measuring: true })
    const latencies: number[] = []
    const cpuBefore = process.cpuUsage()
    const startedAt = performance.now()
    await all(count === Infinity ? startedAt + seconds * 1000 : Infinity, count, latencies)
    const elapsedMs = performance.now() - startedAt
    const { user, system } = process.cpuUsage(cpuBefore)
    return {
      operations: latencies.length,
      seconds: elapsedMs / 1000,
      latencyMs: quantiles(latencies),
      cpuSeconds: (user + system) / 1e6,
      bytes: 0,
      lost: 0,
    }
  } finally {
    connections.close()
  }
}
