import type { Figure, MeasureOptions, Row } from '../figure.ts'
import { original } from '../original.ts'
import { startOwnServer } from '../support/own-server.ts'
import { median } from '../support/statistics.ts'
import { memoryOf } from '../support/usage.ts'

const times = 5

export const serverStart: Figure = {
  name: 'server-start',
  part: 'api',
  about: 'from the start of the server process to its answer "ready": fresh, with kept data, after a crash',
  async measure({ terminal }: MeasureOptions): Promise<Row[]> {
    let server = await startOwnServer()
    try {
      const fresh = server.readyMs
      const kept: number[] = []
      const crashed: number[] = []
      for (let i = 0; i < times; i += 1) {
        terminal(`  start ${i + 1} of ${times}`)
        server = await server.restart()
        kept.push(server.readyMs)
        await server.stop('SIGKILL')
        server = await server.restart()
        crashed.push(server.readyMs)
      }
      const { residentMb, anonymousMb } = memoryOf(server.pid)
      return [
        { figure: 'server ready, first start', value: fresh, unit: 'ms', better: 'less', beside: {} },
        {
          figure: 'server ready, kept data',
          value: median(kept),
          unit: 'ms',
          better: 'less',
          original: original.readyKeptMs,
          beside: { maxMs: Math.max(...kept), residentMb, anonymousMb },
        },
        {
          figure: 'server ready, after kill -9',
          value: median(crashed),
          unit: 'ms',
          better: 'less',
          beside: { maxMs: Math.max(...crashed) },
        },
      ]
    } finally {
      await server.remove()
    }
  },
}
