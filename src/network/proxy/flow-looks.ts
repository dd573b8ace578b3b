import type { Log } from '#lib/log.ts'
import type { Family } from './family.ts'
import type { FlowProtocol, ServiceHost } from './host.ts'
import type { ServicePort } from './service-ports.ts'
import { type Frontends, frontendsOf, isStaleFlow } from './stale-flows.ts'

/** Makes the kernel forget flows to those who serve no more, beside the next transaction: to look through many takes longer than to write a rule. */
export interface FlowLooks {
  /** The next transaction writes these ports of an owner. `hasLeft`: an endpoint left since the last one, so that TCP clients may be knocking there. */
  changed(owner: string, family: Family, ports: readonly ServicePort[], hasLeft: boolean): void
  /** The kernel has all that was told: a flow that is forgotten before that would begin anew by the former rules. */
  written(): void
  settled(): Promise<void>
  /** Begins no more looks, and waits for the one that is under way. */
  stop(): Promise<void>
}

export interface FlowLooksOptions {
  readonly host: Pick<ServiceHost, 'forgetFlows'>
  readonly families: readonly Family[]
  readonly log: Log
}

/** What is looked for of one owner in one family. */
interface Look {
  readonly family: Family
  readonly ports: readonly ServicePort[]
  readonly hasLeft: boolean
}

export function createFlowLooks({ host, families, log }: FlowLooksOptions): FlowLooks {
  /** By owner and family: those whose rules are still to be written, those whose are, and those that are being looked for. */
  const coming = new Map<string, Look>()
  const due = new Map<string, Look>()
  const present = new Map<string, Look>()
  /** Of those that are being looked for. */
  let frontends: Frontends | undefined
  let running: Promise<void> | undefined
  let isStopped = false

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

  function start(): void {
    if (running !== undefined || due.size === 0 || isStopped) return
    running = lookForAll()
      .catch((error: unknown) => log.warn('stale flows could not be forgotten', { error }))
      .finally(() => {
        running = undefined
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
      isStopped = true
      await running
    },
  }
}
