import { setTimeout as delay } from 'node:timers/promises'
import type { Figure, Row } from '../figure.ts'
import { wherry, withCluster } from '../support/cluster.ts'
import { cpuSecondsOf, memoryOf } from '../support/usage.ts'

/** Until what a start left to do is done. */
const settleMs = 15_000

/** What an idle node costs, once its start is over. */
export const footprint: Figure = {
  name: 'footprint',
  part: 'cluster',
  about: 'memory and processor time of server and agent while nothing happens, for a minute',
  measure: ({ seconds, terminal }) =>
    withCluster(async (cluster) => {
      await wherry('down')
      await wherry('up', '--no-welcome')
      const idleSeconds = seconds * 12
      terminal(`  settling, then ${idleSeconds} s of doing nothing`)
      await delay(settleMs)
      const pids = { server: cluster.serverPid, agent: cluster.agentPid }
      const before = { server: cpuSecondsOf(pids.server), agent: cpuSecondsOf(pids.agent) }
      await delay(idleSeconds * 1000)
      const percent = (name: 'server' | 'agent'): number => ((cpuSecondsOf(pids[name]) - before[name]) * 100) / idleSeconds
      const [serverPercent, agentPercent] = [percent('server'), percent('agent')]
      const [server, agent] = [memoryOf(pids.server), memoryOf(pids.agent)]
      const rows: Row[] = [
        {
          figure: 'memory of server + agent, idle',
          value: server.residentMb + agent.residentMb,
          unit: 'MB',
          better: 'less',
          beside: {
            serverMb: server.residentMb,
            agentMb: agent.residentMb,
            anonymousMb: server.anonymousMb + agent.anonymousMb,
            proportionalMb: server.proportionalMb + agent.proportionalMb,
          },
        },
        {
          figure: 'processor time of server + agent, idle',
          value: serverPercent + agentPercent,
          unit: '% of one',
          better: 'less',
          beside: { serverPercent, agentPercent },
        },
      ]
      return rows
    }),
}
