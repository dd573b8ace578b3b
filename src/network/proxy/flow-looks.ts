import { type Clock, sleep } from '#lib/clock.ts'
import type { Log } from '#lib/log.ts'
import type { Family } from './family.ts'
import type { FlowProtocol, ServiceHost } from './host.ts'
import { type ForwardedPort, type Frontends, frontendsOf, isStaleFlow } from './stale-flows.ts'

/** Makes the kernel forget flows to those who serve no more, beside the next transaction: to look through many takes longer than to write a rule. */
export interface FlowLooks {
  /** The next transaction writes these ports of an owner. `hasLeft`: an endpoint left since the last one, so that TCP clients may be knocking there. */
  changed(owner: string, family: Family, ports: readonly ForwardedPort[], hasLeft: boolean): void
  /** The kernel has all that was told: a flow that is forgotten before that would begin anew by the former rules. */
  written(): void
  settled(): Promise<void>
  /** Begins no more looks, and waits for the one that is under way. */
  stop(): Promise<void>
}

export interface FlowLooksOptions {
  readonly host: Pick<ServiceHost, 'forgetFlows'>
  readonly families: readonly Family[]
  readonly clock: Clock
  readonly log: Log
}

/** What is looked for of one owner in one family. */
interface Look {
  readonly family: Family
  readonly ports: readonly ForwardedPort[]
  readonly hasLeft: boolean
}

export function createFlowLooks({ host, families, clock, log }: FlowLooksOptions): FlowLooks {
  /** By owner and family: those whose rules are still to be written, those whose are, and those that are being looked for. */
  const coming = new Map<string, Look>()
  const due = new Map<string, Look>()
  const present = new Map<string, Look>()
  /** Of those that are being looked for. */
  let frontends: Frontends | undefined
  let running: Promise<void> | undefined
  let restUntilMs = 0
  const stopping = new AbortController()

  async function lookFor(family: Family, protocol: FlowProtocol): Promise<void> {
    const current = (): Frontends => {
      const looks = [...present.values()].filter((look) => look.family === family && (protocol === 'udp' || look.hasLeft))
      return frontendsOf(
        looks.flatMap(({ ports }) => ports),
        protocol,
      )
    }
    frontends = current()
    if (frontends.addresses.size === 0) return
    await host.forgetFlows(family, protocol, (flow) => {
      frontends ??= current()
      return isStaleFlow(frontends, flow)
    })
  }

  async function lookForAll(): Promise<void> {
    for (const [key, look] of due) present.set(key, look)
    due.clear()
    try {
      for (const family of families) for (const protocol of ['udp', 'tcp'] as const) await lookFor(family, protocol)
    } finally {
      present.clear()
    }
  }

  async function work(): Promise<void> {
    while (due.size > 0 && !stopping.signal.aborted) {
      const restMs = restUntilMs - clock.monotonicMs()
      if (restMs > 0) await sleep(clock, restMs, stopping.signal)
      const startedMs = clock.monotonicMs()
      try {
        await lookForAll()
      } catch (error) {
        log.warn('stale flows could not be forgotten', { error })
      }
      const endedMs = clock.monotonicMs()
      restUntilMs = endedMs + Math.min((endedMs - startedMs) * restShare, restMaxMs)
    }
  }

  function start(): void {
    if (due.size === 0 || stopping.signal.aborted) return
    running ??= work()
      .catch((error: unknown) => {
        if (!stopping.signal.aborted) throw error
      })
      .finally(() => {
        running = undefined
        // What came after its last look.
        start()
      })
  }

  return {
    changed(owner, family, ports, left) {
      const key = `${owner} ${family}`
      // Rules that were refused come with the next ones.
      const hasLeft = left || coming.get(key)?.hasLeft === true
      if (hasLeft || ports.some(({ protocol }) => protocol === 'udp')) coming.set(key, { family, ports, hasLeft })
      else coming.delete(key)
      // Whom these rules lead to may have flows before an earlier look has come to its end: they are not stale.
      for (const earlier of [due, present]) {
        const look = earlier.get(key)
        if (look !== undefined) earlier.set(key, { ...look, ports })
      }
      frontends = undefined
    },
    written() {
      for (const [key, look] of coming) due.set(key, { ...look, hasLeft: look.hasLeft || due.get(key)?.hasLeft === true })
      coming.clear()
      start()
    },
    async settled() {
      while (running !== undefined) await running
    },
    async stop() {
      stopping.abort(new Error('the proxy stops'))
      await running
    },
  }
}

/**
 * The kernel tells of all its connections each time: a hundred thousand take 0.2 s of a processor. Where endpoints come and go all the time, a fifth of
 * one is enough for that; and nobody who knocks tries again within a second.
 */
const restShare = 4
const restMaxMs = 1_000
