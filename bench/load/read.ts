import { quantiles } from '../support/statistics.ts'
import { openConnections } from './connections.ts'
import type { Load, Outcome, Target } from './load.ts'

/** Reads a path again and again, and each answer to its end; the first one warms up and does not count. */
export async function read(target: Target, { path, accept, times }: Load & { do: 'read' }): Promise<Outcome> {
  const connections = await openConnections(target, 1)
  try {
    await connections.send('GET', path, { accept })
    process.send!({ measuring: true })
    const latencies: number[] = []
    let bytes = 0
    const cpuBefore = process.cpuUsage()
    const startedAt = performance.now()
    for (let i = 0; i < times; i += 1) {
      const sentAt = performance.now()
      const { status, body } = await connections.send('GET', path, { accept })
      if (status !== 200) throw new Error(`GET ${path}: ${status} ${body.toString().slice(0, 300)}`)
      latencies.push(performance.now() - sentAt)
      bytes = body.byteLength
    }
    const { user, system } = process.cpuUsage(cpuBefore)
    return {
      operations: times,
      seconds: (performance.now() - startedAt) / 1000,
      latencyMs: quantiles(latencies),
      cpuSeconds: (user + system) / 1e6,
      bytes,
      lost: 0,
    }
  } finally {
    connections.close()
  }
}
