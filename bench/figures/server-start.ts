import { setTimeout as delay } from 'node:timers/promises'
import type { Figure, MeasureOptions, Row } from '../figure.ts'
import { pod } from '../load/bodies.ts'
import { connect, type Server, type StartServer } from '../support/server.ts'
import { median } from '../support/statistics.ts'

const times = 3

/** How long a client waits for a server that starts: with nothing, with what it kept, and after a crash. */
export const serverStart: Figure = {
  name: 'server-start',
  part: 'api',
  about: 'from the start of the first process to "ready" and to the first Pod: fresh, with kept data, after a crash',
  async measure({ terminal, start }: MeasureOptions & { readonly start: StartServer }): Promise<Row[]> {
    const fresh: number[] = []
    const firstPod: number[] = []
    const kept: number[] = []
    const crashed: number[] = []
    for (let i = 0; i < times; i += 1) {
      terminal(`  start ${i + 1} of ${times}`)
      let server = await start()
      try {
        fresh.push(server.readyMs)
        firstPod.push(await firstPodMs(server))
        server = await server.restart()
        kept.push(server.readyMs)
        server = await server.restart('SIGKILL')
        crashed.push(server.readyMs)
      } finally {
        await server.remove()
      }
    }
    return [
      row('ready, fresh store', fresh),
      row('first Pod accepted, fresh store', firstPod),
      row('ready, kept data', kept),
      row('ready, after kill -9', crashed),
    ]
  },
}

const row = (figure: string, values: readonly number[]): Row => ({
  figure,
  value: median(values),
  unit: 'ms',
  better: 'less',
  beside: { minMs: Math.min(...values), maxMs: Math.max(...values) },
})

/** A Pod is refused until its namespace has a service account. */
async function firstPodMs({ target, startedAt }: Server): Promise<number> {
  const { transport, close } = connect(target)
  try {
    for (let left = 6_000; left > 0; left -= 1) {
      const body = new TextEncoder().encode(pod('first'))
      const { status } = await transport({
        method: 'POST',
        path: '/api/v1/namespaces/default/pods',
        headers: { 'content-type': 'application/json' },
        body,
      })
      if (status === 201) return performance.now() - startedAt
      await delay(10)
    }
    throw new Error('no Pod was accepted within a minute')
  } finally {
    close()
  }
}
