import type { Clock } from '#lib/clock.ts'
import type { Log } from '#lib/log.ts'

/** Asks drivers again how many volumes fit on the node, as often as they want to be asked (KEP-4876), and never those that don't. */
export interface AllocatableUpdates {
  /** The driver came or went, or what is said of it changed. */
  look(driver: string): void
  close(): void
}

export function createAllocatableUpdates(options: {
  readonly clock: Clock
  readonly log: Log
  /** 0: not to be asked. */
  readonly periodMs: (driver: string) => number
  readonly update: (driver: string) => Promise<void>
}): AllocatableUpdates {
  const { clock, log, periodMs, update } = options
  const waiting = new Map<string, { readonly periodMs: number; readonly forget: () => void }>()

  function schedule(driver: string, period: number): void {
    const forget = clock.schedule(clock.now() + period, () => {
      update(driver)
        .catch((error: unknown) => log.warn('a CSI driver did not say how many volumes fit on the node', { driver, error }))
        .finally(() => {
          // Told otherwise meanwhile, somebody else goes on.
          if (waiting.get(driver)?.forget === forget) schedule(driver, period)
        })
    })
    waiting.set(driver, { periodMs: period, forget })
  }

  return {
    look(driver) {
      const period = periodMs(driver)
      const former = waiting.get(driver)
      if ((former?.periodMs ?? 0) === period) return
      former?.forget()
      waiting.delete(driver)
      if (period > 0) schedule(driver, period)
    },
    close() {
      for (const { forget } of waiting.values()) forget()
      waiting.clear()
    },
  }
}
