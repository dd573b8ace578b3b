import type { Clock } from '#lib/clock.ts'
import type { Log } from '#lib/log.ts'

/**
 * An empty chain that the last rule of a table's hook leads to. As long as that rule stands, the kernel refuses to delete the chain: trying to,
 * without meaning it, tells for the least that nft can be asked for whether the rules are still there.
 */
export const canary = 'canary'

/** Watches over rules of ours that somebody else may take away. */
export interface RulesCheck {
  /** A transaction went well: from now on there are rules to be missed. */
  written(): void
  /** There is nothing to be watched over until the next `written`. */
  rest(): void
}

export interface RulesCheckOptions {
  readonly clock: Clock
  readonly log: Log
  readonly isThere: () => Promise<boolean>
  /** Whether it can be said just now what has to be there: not in the midst of a transaction, nor after a refused one. */
  readonly isCalm: () => boolean
  /** The rules are gone. */
  readonly onLost: () => void
  /** Absent: a minute. */
  readonly afterMs?: number
}

/**
 * For so long rules may be gone without our knowing. The kernel tells of changes, but nft's way to hear of them keeps a copy of all rules (150 MB with
 * 10,000 Services); looking costs 3 ms of processor time. Transactions put no look off: where only rules were flushed, elements are still taken.
 */
const usualAfterMs = 60_000

/** One deadline; none while there are no rules. */
export function createRulesCheck({ clock, log, isThere, isCalm, onLost, afterMs = usualAfterMs }: RulesCheckOptions): RulesCheck {
  /** Undefined: nothing is watched over. */
  let forget: (() => void) | undefined
  /** Counts transactions: a look that began before one says nothing any more. */
  let turn = 0

  function expect(): void {
    const forgetThis = clock.schedule(clock.now() + afterMs, () => {
      look()
        .catch((error: unknown) => log.warn('the rules could not be looked at', { error }))
        .finally(() => forget === forgetThis && expect())
    })
    forget = forgetThis
  }

  async function look(): Promise<void> {
    const before = turn
    if (!isCalm() || (await isThere())) return
    // What was written meanwhile put them there anew, or failed and will.
    if (before !== turn || !isCalm()) return
    log.warn('somebody removed the rules; all of them are written anew')
    onLost()
  }

  return {
    written() {
      turn += 1
      if (forget === undefined) expect()
    },
    rest() {
      turn += 1
      forget?.()
      forget = undefined
    },
  }
}
