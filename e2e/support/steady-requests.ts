/** Requests without a pause, from a thread of its own: whoever waits for kubectl asks nobody meanwhile. */
import { request } from 'node:https'
import { setTimeout as delay } from 'node:timers/promises'
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'

/** Where to, and for which host; each request is on a connection of its own. */
interface Target {
  readonly address: string
  readonly port: number
  readonly host: string
}

/** How many requests there were, and what was not answered with 200. */
interface Outcome {
  readonly count: number
  readonly failed: readonly string[]
}

/** Begins; `end` resolves once the last one was answered. */
export function steadyRequests(target: Target): { end(): Promise<Outcome> } {
  const worker = new Worker(new URL(import.meta.url), { workerData: target })
  return {
    end: () =>
      new Promise((resolve, reject) => {
        worker.once('message', resolve)
        worker.once('error', reject)
        worker.postMessage('end')
      }),
  }
}

if (!isMainThread && parentPort !== null) await work(workerData as Target, parentPort)

async function work({ address, port, host }: Target, parent: NonNullable<typeof parentPort>): Promise<void> {
  let isOver = false
  let count = 0
  const failed: string[] = []
  parent.once('message', () => {
    isOver = true
  })
  const ask = () =>
    new Promise<void>((resolve) => {
      const fail = (problem: string) => {
        failed.push(`${new Date().toISOString()} ${problem}`)
        resolve()
      }
      const sent = request({
        host: address,
        port,
        servername: host,
        headers: { host },
        agent: false,
        rejectUnauthorized: false,
        timeout: 20_000,
      })
      sent.once('response', (answer) => {
        answer.resume()
        answer.once('error', (error) => fail(error.message))
        answer.once('end', () => (answer.statusCode === 200 ? resolve() : fail(String(answer.statusCode))))
      })
      sent.once('timeout', () => sent.destroy(new Error('no answer within 20 s')))
      sent.once('error', (error) => fail(error.message))
      sent.end()
    })
  await Promise.all(
    Array.from({ length: 4 }, async () => {
      for (; !isOver; await delay(10)) {
        count += 1
        await ask()
      }
    }),
  )
  parent.postMessage({ count, failed } satisfies Outcome)
}
