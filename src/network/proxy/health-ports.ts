import type { Clock } from '#lib/clock.ts'
import type { Log } from '#lib/log.ts'
import type { HttpAnswer, ServiceHost } from './host.ts'

/** Where a Service's balancer asks for its health on this node. */
export interface HealthPort {
  readonly addresses: readonly string[]
  readonly port: number
}

/** The health check ports of Services. */
export interface HealthPorts {
  /** Opens the port for the owner, moves it, or with undefined closes it. */
  set(owner: string, wanted: HealthPort | undefined): void
  /** Resolves when everything asked for so far is open or closed. */
  settled(): Promise<void>
  stop(): Promise<void>
}

/** A port that cannot be opened is tried again after this: whoever has it may have ended. */
const retryMs = 30_000

/** `failed` is told of each that cannot be opened, every time. */
export function createHealthPorts(options: {
  readonly host: Pick<ServiceHost, 'serveHttp'>
  readonly clock: Clock
  readonly log: Log
  readonly answer: (owner: string) => HttpAnswer
  readonly failed: (owner: string, port: number, error: unknown) => void
}): HealthPorts {
  const { host, clock, log, answer, failed } = options
  const wanted = new Map<string, HealthPort>()
  const open = new Map<string, { readonly is: string; readonly close: () => Promise<void> }>()
  const retries = new Map<string, () => void>()
  const waiting = new Set<string>()
  /** One after the other, so that a port that moves from one Service to another is free when it is asked for. */
  let work: Promise<void> = Promise.resolve()

  async function settle(owner: string): Promise<void> {
    const now = wanted.get(owner)
    const is = now === undefined ? '' : `${now.addresses.join()} ${now.port}`
    const present = open.get(owner)
    if ((present?.is ?? '') === is) return
    open.delete(owner)
    await present?.close()
    if (now === undefined) return
    try {
      const server = await host.serveHttp(now.addresses, now.port, () => answer(owner))
      open.set(owner, { is, close: () => server.close() })
    } catch (error) {
      failed(owner, now.port, error)
      retries.set(
        owner,
        clock.schedule(clock.now() + retryMs, () => enqueue(owner)),
      )
    }
  }

  function enqueue(owner: string): void {
    retries.get(owner)?.()
    retries.delete(owner)
    if (waiting.has(owner)) return
    waiting.add(owner)
    work = work
      .then(() => {
        waiting.delete(owner)
        return settle(owner)
      })
      .catch((error: unknown) => log.error('a health check port could not be closed', { owner, error }))
  }

  return {
    set(owner, next) {
      if (next === undefined && !wanted.has(owner)) return
      if (next === undefined) wanted.delete(owner)
      else wanted.set(owner, next)
      enqueue(owner)
    },
    settled: () => work,
    async stop() {
      for (const owner of [...wanted.keys()]) this.set(owner, undefined)
      await work
    },
  }
}
