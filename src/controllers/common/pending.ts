import type { Command, Plan } from '#loop/controller.ts'

/** Which keys wait for something to be done to them later, so that it can be told when it will not be done after all. */
export interface Pending {
  /** The plan, with `cancelled` where the key waited at its last look and does not any more. */
  plan(key: string, plan: Plan, cancelled: () => Command): Plan
  forget(key: string): void
}

/** Forgets with the process: a new one does not know what an older one had announced. */
export function createPending(): Pending {
  const waiting = new Set<string>()
  return {
    plan(key, plan, cancelled) {
      const waited = waiting.delete(key)
      if (plan.commands.length > 0) return plan
      if (plan.wakeAt !== Infinity) waiting.add(key)
      else if (waited) return { ...plan, commands: [cancelled()] }
      return plan
    },
    forget: (key) => void waiting.delete(key),
  }
}
