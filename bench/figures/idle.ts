import { setTimeout as delay } from 'node:timers/promises'
import type { Figure } from '../figure.ts'
import { cpuSecondsOf, memoryOf } from '../support/usage.ts'

/** Until what a start left to do is done. */
const settleMs = 15_000

/** What the control plane costs while nothing happens: no timer may ask again and again. */
export const idle: Figure = {
  name: 'idle',
  part: 'api',
  about: 'memory and processor time of the control plane while nothing happens',
  async measure({ seconds, terminal, start }) {
    const server = await start()
    try {
      const idleSeconds = seconds * 12
      terminal(`  settling, then ${idleSeconds} s of doing nothing`)
      await delay(settleMs)
      const before = cpuSecondsOf(...server.pids)
      await delay(idleSeconds * 1000)
      const used = cpuSecondsOf(...server.pids) - before
      const { residentMb, anonymousMb, proportionalMb } = memoryOf(...server.pids)
      return [
        { figure: 'control plane idle, resident', value: residentMb, unit: 'MB', better: 'less', beside: { anonymousMb, proportionalMb } },
        { figure: 'control plane idle, processor', value: (used * 60) / idleSeconds, unit: 's in 60 s', better: 'less', beside: {} },
      ]
    } finally {
      await server.remove()
    }
  },
}
