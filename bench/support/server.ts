import type { Client } from '#client/client.ts'
import { createClient } from '#client/http.ts'
import { createHttpsTransport } from '#client/https-transport.ts'
import { systemClock } from '#host/clock.ts'
import { systemRandom } from '#host/random.ts'
import type { Transport } from '#lib/http.ts'
import type { Target } from '../load/load.ts'

/** A control plane under measurement: API server, controllers, scheduler, store; no node. */
export interface Server {
  /** Of everything that it consists of, so that processor time and memory are counted whole. */
  readonly pids: readonly number[]
  /** Those of them that are a store and nothing else, for figures that tell it apart. */
  readonly storePids: readonly number[]
  readonly target: Target
  /** From the start of its first process to the answer of `/readyz`. */
  readonly readyMs: number
  /** When that first process started, on `performance.now()`'s scale. */
  readonly startedAt: number
  /** Starts it again over what it kept; `SIGKILL` ends it as a crash does. */
  restart(signal?: NodeJS.Signals): Promise<Server>
  /** Ends it and removes what it made. */
  remove(): Promise<void>
}

/** Starts one with nothing in it. Resolves when it is ready. */
export type StartServer = () => Promise<Server>

/** An administrator's connection; opens nothing before the first call. */
export function connect({ url, ca, certificate, key }: Target): { readonly client: Client; readonly transport: Transport; close(): void } {
  const transport = createHttpsTransport({ server: url, ca, certificate, key, clock: systemClock, random: systemRandom })
  return { client: createClient(transport, { fieldManager: 'bench' }), transport, close: () => transport.close() }
}

/** Resolves once `/readyz` answers 200; `problem` says why waiting is in vain. */
export async function untilReady(target: () => Target, problem: () => string | undefined): Promise<void> {
  const until = performance.now() + 60_000
  while (performance.now() < until) {
    const hopeless = problem()
    if (hopeless !== undefined) throw new Error(hopeless)
    try {
      const { transport, close } = connect(target())
      try {
        const { status } = await transport({ method: 'GET', path: '/readyz', headers: {}, signal: AbortSignal.timeout(1_000) })
        if (status === 200) return
      } finally {
        close()
      }
    } catch {
      // Its certificates are not made yet, or its port is not open: both are what is waited for.
    }
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
  throw new Error('the server was not ready within a minute')
}
