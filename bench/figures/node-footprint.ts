import { setTimeout as delay } from 'node:timers/promises'
import type { Figure, Row } from '../figure.ts'
import { type Cluster, wherry, withCluster } from '../support/cluster.ts'
import { withSeenPods } from '../support/seen-pods.ts'
import { cpuSecondsOf, memoryOf } from '../support/usage.ts'

/** Until what a start, or a burst of pods, left to do is done. */
const settleMs = 15_000
const pods = 100

/** What the node agent costs while nothing happens, without pods and with a hundred. */
export const nodeFootprint: Figure = {
  name: 'node-footprint',
  part: 'cluster',
  about: `memory and processor time of the agent while nothing happens, with no pod and with ${pods}`,
  measure: ({ seconds, terminal }) =>
    withCluster(async (cluster) => {
      await wherry('down')
      await wherry('up', '--no-welcome')
      const idleSeconds = seconds * 6
      terminal(`  settling, then ${idleSeconds} s of doing nothing`)
      const empty = await idle(cluster, 'no pod', idleSeconds)
      return withSeenPods(cluster.layout, 'bench-footprint', async (seen) => {
        const names = Array.from({ length: pods }, (_, index) => `pod-${index}`)
        await Promise.all(names.map((name) => seen.create(name)))
        await seen.running(names, 300_000)
        terminal(`  ${pods} pods; settling, then ${idleSeconds} s of doing nothing`)
        return [...empty, ...(await idle(cluster, `${pods} pods`, idleSeconds))]
      })
    }),
}

async function idle(cluster: Cluster, of: string, idleSeconds: number): Promise<readonly Row[]> {
  await delay(settleMs)
  const { agentPid } = cluster
  const before = cpuSecondsOf(agentPid)
  await delay(idleSeconds * 1000)
  const percent = ((cpuSecondsOf(agentPid) - before) * 100) / idleSeconds
  const { residentMb, anonymousMb, proportionalMb } = memoryOf(agentPid)
  return [
    { figure: `agent, idle, ${of}: memory`, value: residentMb, unit: 'MB', better: 'less', beside: { anonymousMb, proportionalMb } },
    { figure: `agent, idle, ${of}: processor time`, value: percent, unit: '% of one', better: 'less', beside: {} },
  ]
}
