import { setTimeout as delay } from 'node:timers/promises'
import type { Figure, Row } from '../figure.ts'
import { type Case, cases, podBody } from '../schedule/cases.ts'
import { openCluster, type Stage } from '../schedule/stage.ts'
import type { Server } from '../support/server.ts'
import { quantiles } from '../support/statistics.ts'
import { cpuSecondsOf, machineCpuSeconds, memoryOf } from '../support/usage.ts'

/**
 * Pods that wait for a node, all sent as fast as they are taken: from the first one's creation to the last one's binding. Nodes are objects
 * without machines, and no controller runs; so it is the API server and the scheduler that are measured, and nothing else.
 */
export const schedule: Figure = {
  name: 'schedule',
  part: 'api',
  about: 'pods of many sorts created and placed on 100, 1,000 and 5,000 nodes (--nodes, --pods, --only)',
  isUnlimited: true,
  runs: 'scheduling',
  async measure({ terminal, start, nodes, pods, only }) {
    const rows: Row[] = []
    for (const count of nodes ?? [100, 1000, 5000]) {
      const server = await start()
      try {
        terminal(`  ${count} nodes`)
        const cluster = await openCluster(server, count)
        try {
          await cluster.run('warm', (stage) => measure(stage, cases[0]!, 200))
          for (const size of pods ?? (count >= 5000 ? [1000, 5000] : [1000]))
            for (const each of cases) {
              if (only !== undefined && !only.includes(each.name)) continue
              if (each.fits?.(count, size) === false) continue
              const wanted = Math.min(size, each.podsMax?.(count) ?? size)
              const figure = figureOf(each.name, count, wanted)
              if (rows.some((row) => row.figure === figure)) continue
              terminal(`  ${figure}`)
              try {
                const measured = await cluster.run(`${each.name}-${wanted}`, (stage) => measure(stage, each, wanted))
                rows.push({ figure, ...measured })
              } catch (error) {
                // The other cases have their numbers; no aim is met by this one.
                terminal(`  ${figure}: ${(error as Error).message}`)
                rows.push({ figure, value: Number.NaN, unit: '/s', better: 'more', beside: {} })
              }
            }
        } finally {
          cluster.close()
        }
      } finally {
        await server.remove()
      }
    }
    return [...rows, ...growth(rows)]
  },
}

/** How a row is called. */
export const figureOf = (name: string, nodes: number, pods: number): string =>
  `schedule ${name}, ${nodes.toLocaleString('en-US')} nodes, ${pods.toLocaleString('en-US')} pods`

async function measure(stage: Stage, { prepare, meanwhile, pod, isPlaced }: Case, pods: number): Promise<Omit<Row, 'figure'>> {
  const { server, own, make, sideBySide } = stage
  await prepare?.(stage, pods)
  const bindings = await stage.bindings()
  // What the preparation has left to do is none of the pods' work.
  await delay(settleMs)
  const other = meanwhile?.(stage)
  try {
    const before = usageOf(server)
    const sentAt: number[] = []
    const begin = performance.now()
    const nameOf = (index: number): string => `pod-${index}`
    const created = sideBySide(pods, (index) => {
      sentAt[index] = performance.now()
      return make(`${own}/pods`, podBody(nameOf(index), pod(index)))
    }).then(() => performance.now() - begin)
    const placed = Array.from({ length: pods }, (_, index) => index).filter((index) => isPlaced?.(index) !== false)
    const [createsMs] = await Promise.all([created, bindings.reached(placed.length, idleMs)])
    const tookMs = Math.max(...placed.map((index) => bindings.at.get(nameOf(index))!)) - begin
    // Events and whatever else was put off belongs to the pods as well.
    await delay(settleMs)
    const after = usageOf(server)
    const perPod = (name: 'cpu' | 'store'): number => ((after[name] - before[name]) * 1000) / placed.length
    const { p50: p50Ms, p99: p99Ms } = quantiles(placed.map((index) => bindings.at.get(nameOf(index))! - sentAt[index]!))
    const seconds = (performance.now() - begin) / 1000
    const driver = process.cpuUsage(before.driver)
    const ours = after.cpu - before.cpu + after.store - before.store + (driver.user + driver.system) / 1e6
    return {
      value: (placed.length * 1000) / tookMs,
      unit: '/s',
      better: 'more',
      beside: {
        serverCpuMs: perPod('cpu'),
        ...(server.storePids.length > 0 && { storeCpuMs: perPod('store') }),
        residentMb: memoryOf(...server.pids.filter((pid) => !server.storePids.includes(pid))).residentMb,
        createsMs,
        p50Ms,
        p99Ms,
        others: Math.max(0, (after.machine - before.machine - ours) / seconds),
      },
    }
  } finally {
    await other?.stop()
    bindings.close()
  }
}

/** What a pod costs among many nodes, divided by what it costs among few. */
function growth(rows: readonly Row[]): readonly Row[] {
  return cases.flatMap(({ name }) => {
    const [few, many] = [100, 5000].map((nodes) => rows.find(({ figure }) => figure === figureOf(name, nodes, 1000))?.beside['serverCpuMs'])
    if (few === undefined || many === undefined) return []
    const figure = `schedule ${name}: processor time per pod, 5,000 nodes ÷ 100`
    return [{ figure, value: many / few, unit: '×', better: 'less', beside: {} } as const]
  })
}

const settleMs = 500
/** Where something has changed, the original tries a pod again after ten seconds at most. */
const idleMs = 30_000

const usageOf = ({ pids, storePids }: Server) => ({
  cpu: cpuSecondsOf(...pids.filter((pid) => !storePids.includes(pid))),
  store: cpuSecondsOf(...storePids),
  machine: machineCpuSeconds(),
  driver: process.cpuUsage(),
})
