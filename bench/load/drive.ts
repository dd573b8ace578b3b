import { fork } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { paths } from '#host/layout.ts'
import type { OwnServer } from '../support/own-server.ts'
import { cpuSecondsOf, machineCpuSeconds } from '../support/usage.ts'
import type { Load, Outcome, Target } from './load.ts'

export interface Driven extends Outcome {
  readonly perSecond: number
  /** Of the server process, for each operation. */
  readonly serverCpuMs: number
  /** Processors kept busy by neither server nor driver: above 0.3 the wall figures are too pessimistic. */
  readonly others: number
}

/** Runs one load against the server from a process of its own. */
export async function drive(server: OwnServer, load: Load): Promise<Driven> {
  const child = fork(fileURLToPath(import.meta.resolve('./driver-process.ts')), { execArgv: ['--disable-warning=ExperimentalWarning'] })
  let before = usage(server)
  try {
    const outcome = await new Promise<Outcome>((resolve, reject) => {
      child.on('message', (message: { measuring?: true; outcome?: Outcome; failure?: string }) => {
        if (message.measuring) before = usage(server)
        else if (message.outcome) resolve(message.outcome)
        else reject(new Error(message.failure))
      })
      child.once('exit', (code, signal) => reject(new Error(`the load driver ended with ${signal ?? code}`)))
      child.send({ target: targetOf(server), load })
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
    child.kill()
  }
}

const usage = ({ pid }: OwnServer) => ({ server: cpuSecondsOf(pid), machine: machineCpuSeconds() })

function targetOf({ layout, url }: OwnServer): Target {
  const read = (name: string): string => readFileSync(join(paths(layout).pki, name), 'utf8')
  return { url, ca: read('ca.crt'), certificate: read('admin.crt'), key: read('admin.key') }
}
