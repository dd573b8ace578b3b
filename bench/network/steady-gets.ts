import { get } from 'node:http'

/** One request that was begun at `atMs` (as `performance.now` counts), and who answered it, if it was answered with 200. */
export interface Asked {
  readonly atMs: number
  readonly replica: string | undefined
}

/** How many of them were sent, which failed, and who answered from when on. */
export interface SteadyGets {
  readonly asked: readonly Asked[]
  /** Whether a request was answered by this one. */
  answered(replica: string): boolean
  stop(): Promise<void>
}

const everyMs = 50
/** A person would have given up by then. */
const timeoutMs = 1_000

/** Asks the welcome application at this URL twenty times a second, each time over a new connection and whatever became of those before. */
export function steadyGets(url: string): SteadyGets {
  const asked: Asked[] = []
  const open = new Set<Promise<void>>()
  const timer = setInterval(() => {
    const one = ask(url, asked).finally(() => open.delete(one))
    open.add(one)
  }, everyMs)
  return {
    asked,
    answered: (wanted) => asked.some(({ replica }) => replica === wanted),
    async stop() {
      clearInterval(timer)
      await Promise.all(open)
    },
  }
}

async function ask(url: string, asked: Asked[]): Promise<void> {
  const atMs = performance.now()
  const replica = await new Promise<string | undefined>((resolve) => {
    const request = get(url, { agent: false, timeout: timeoutMs }, (answer) => {
      answer.resume()
      resolve(answer.statusCode === 200 ? String(answer.headers['x-replica']) : undefined)
    })
    request.once('timeout', () => request.destroy())
    request.once('error', () => resolve(undefined))
    // Once it is destroyed there may be no error any more.
    request.once('close', () => resolve(undefined))
  })
  asked.push({ atMs, replica })
}
