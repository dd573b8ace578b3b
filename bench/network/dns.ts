import { fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import type { Figure, MeasureOptions, Row } from '../figure.ts'
import { cpuSecondsOf, memoryOf } from '../support/usage.ts'
import { loadDns } from './dns-load.ts'

const services = 1_000
/** On their way at a time. One: how long a pod waits. Many: how much one processor can do. */
const windows = [1, 64]

/** Questions, by what they find. */
const loads: readonly { readonly name: string; readonly question: (n: number) => string }[] = [
  { name: 'Services', question: (n) => `service-${n % services}.shop.svc.cluster.local` },
  { name: 'search paths in vain', question: (n) => `www.example-${n % services}.org.shop.svc.cluster.local` },
  // More than it keeps answers of: each is made anew.
  { name: 'names that are not kept', question: (n) => `none-${n}.shop.svc.cluster.local` },
]

/**
 * The node's name server alone, over loopback UDP, a process for it and one for who asks; beside it a process that sends back what it gets. Both
 * count what their own processor takes for a question, since the asking process is as busy as they are.
 */
export const dns: Figure = {
  name: 'dns',
  part: 'cluster',
  about: `questions to a node's name server of ${services.toLocaleString('en-US')} Services, beside bare UDP`,
  async measure(options) {
    const rows = await measure('echo', loads.slice(0, 1), options)
    return [...rows, ...(await measure('names', loads, options))]
  },
}

async function measure(what: 'echo' | 'names', of: typeof loads, { seconds, terminal }: MeasureOptions): Promise<readonly Row[]> {
  const rows: Row[] = []
  const server = fork(join(import.meta.dirname, 'dns-process.ts'), [what, String(services)])
  try {
    const [{ port }] = (await once(server, 'message')) as [{ port: number }]
    for (const { name, question } of of)
      for (const window of windows) {
        const figure = what === 'echo' ? `dns, bare UDP, ${window} at a time` : `dns, ${name}, ${window} at a time`
        terminal(`  ${figure}`)
        const before = cpuSecondsOf(server.pid!)
        const { perSecond, latencyMs, answered, lost } = await loadDns(port, question, window, seconds)
        // The first fifth is not among the answers, and its processor time is.
        const cpuMicros = ((cpuSecondsOf(server.pid!) - before) * 0.8e6) / answered
        rows.push({
          figure,
          value: perSecond,
          unit: '/s',
          better: 'more',
          beside: { p50Ms: latencyMs.p50, p99Ms: latencyMs.p99, lost, cpuMicros, residentMb: memoryOf(server.pid!).residentMb },
        })
      }
  } finally {
    server.disconnect()
    await once(server, 'exit')
  }
  return rows
}
