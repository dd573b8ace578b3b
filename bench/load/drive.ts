import { fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { Server } from '../support/server.ts'
import { cpuSecondsOf, machineCpuSeconds } from '../support/usage.ts'
import type { Load, Outcome } from './load.ts'

/** What a load came to, with what it cost both sides; `serverCpuMs` in milliseconds of processor time. */
export interface Driven extends Outcome {
  readonly perSecond: number
  /** Of all its processes, for each operation. */
  readonly serverCpuMs: number
  /** Processors kept busy by neither server nor driver: above 0.3 the wall figures are too pessimistic. */
  readonly others: number
}

/** Runs one load against the server from a process of its own. */
export async function drive(server: Server, load: Load): Promise<Driven> {
  const child = fork(fileURLToPath(import.meta.resolve('./driver-process.ts')), { execArgv: ['--disable-warning=ExperimentalWarning'] })
  let before = usage(server)
  let late: NodeJS.Timeout | undefined
  try {
    const outcome = await new Promise<Outcome>((resolve, reject) => {
      child.on('message', (message: { measuring?: true; outcome?: Outcome; failure?: string }) => {
        if (message.measuring) before = usage(server)
        else if (message.outcome) resolve(message.outcome)
        else reject(new Error(message.failure))
      })
      child.once('exit', (code, signal) => reject(new Error(`the load driver ended with ${signal ?? code}`)))
      child.send({ target: server.target, load })
      late = setTimeout(() => reject(new Error(`the load did not end within ${timeoutMs / 60_000} minutes`)), timeoutMs)
    })
    const after = usage(server)
    const serverCpuSeconds = after.server - before.server
    return {
      ...outcome,
      perSecond: outcome.operations / outcome.seconds,
      serverCpuMs: (serverCpuSeconds * 1000) / outcome.operations,
      others: Math.max(0, (after.machine - before.machine - serverCpuSeconds - outcome.cpuSeconds) / outcome.seconds),
    }
  } finally {
    clearTimeout(late)
    child.kill()
  }
}

/** A server that leaves requests without an answer ends the measurement, not the evening. */
const timeoutMs = 300_000

const usage = ({ pids }: Server) => ({ server: cpuSecondsOf(...pids), machine: machineCpuSeconds() })
