import type { Clock } from '#lib/clock.ts'
import type { Log } from '#lib/log.ts'
import type { Random } from '#lib/random.ts'
import { changedRules, type ListedRules, listedRules, sameRules } from './listed-rules.ts'

/**
 * An empty chain that the last rule of a table's hook leads to. As long as that rule stands, the kernel refuses to delete the chain: trying to,
 * without meaning it, tells for the least that nft can be asked for whether the rules are still there.
 */
export const canary = 'canary'

/** What is asked of nft(8) about rules: `host/nft.ts` does it. */
export interface RulesHost {
  /** Whether these tables, such as `ip wherry`, are there and lead packets to their chain `canary`. */
  hasRules(tables: readonly string[]): Promise<boolean>
  /** Chains and rules of all tables of these tables' families, with handles, without elements and counters. */
  listRules(tables: readonly string[]): Promise<string>
}

/** Watches over rules of ours that somebody else may take away, or add to. */
export interface RulesCheck {
  /** A transaction that wrote everything went well. Resolves when it is known what rules that made, as long as nobody else could touch them. */
  wroteAll(): Promise<void>
  /** This transaction went well, which wrote a difference. */
  wroteChanges(transaction: string): void
  /** There is nothing to be watched over until the next `wroteAll`. */
  rest(): void
}

export interface RulesCheckOptions {
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  readonly host: RulesHost
  /** Family and name of each, such as `ip wherry`. */
  readonly tables: readonly string[]
  /** Whether it can be said just now what has to be there: not in the midst of a transaction, nor after a refused one. */
  readonly isCalm: () => boolean
  /** Everything is to be written anew: the rules are not what they were, or it is time. */
  readonly renew: () => void
  /** Absent: a minute. */
  readonly afterMs?: number
  /** Absent: an hour. */
  readonly renewAfterMs?: number
}

/**
 * For so long rules may be gone without our knowing. The kernel tells of changes, but nft's way to hear of them keeps a copy of all rules (150 MB with
 * 10,000 Services); looking costs 5 ms of processor time. Transactions put no look off: where only rules were flushed, elements are still taken.
 */
const usualAfterMs = 60_000
/** For so long elements of maps and sets may be gone: asking for them costs more than writing them. Nodes that started together do not do it together. */
const usualRenewAfterMs = 3_600_000
const renewJitter = 0.1
/**
 * A listing may take this long, once between two looks: usually it takes 8 ms. After one that took longer (0.2 s with 1,000 Services with affinity, more
 * where nft reads elements that it is not to show) looks ask for the canary alone, for so much longer.
 */
const listingMs = 20

const unknown: ListedRules = new Map()

/** One deadline; none while there are no rules. */
export function createRulesCheck(options: RulesCheckOptions): RulesCheck {
  const { clock, random, log, host, tables, isCalm, renew, afterMs = usualAfterMs, renewAfterMs = usualRenewAfterMs } = options
  /** Undefined: nothing is watched over. */
  let forget: (() => void) | undefined
  /** Counts what makes a look that began before it say nothing any more. */
  let turn = 0
  /** What has to be there; undefined: it could not be asked for. */
  let wanted: ListedRules | undefined
  let listAtMs = 0
  let renewAtMs = 0

  function expect(): void {
    const forgetThis = clock.schedule(clock.now() + afterMs, () => {
      look()
        .catch((error: unknown) => log.warn('the rules could not be looked at', { error }))
        .finally(() => forget === forgetThis && expect())
    })
    forget = forgetThis
  }

  async function look(): Promise<void> {
    if (!isCalm()) return
    if (clock.monotonicMs() >= renewAtMs) return renew()
    const before = turn
    const present = clock.monotonicMs() >= listAtMs ? await list() : undefined
    const isWhole = present !== undefined && wanted !== undefined ? sameRules(wanted, present) : await host.hasRules(tables)
    // What was written meanwhile put them there anew, or failed and will.
    if (before !== turn || !isCalm()) return
    if (isWhole) {
      wanted = present ?? wanted
      return
    }
    log.warn('somebody changed the rules; all of them are written anew')
    renew()
  }

  /** Undefined: a table is not there, or that cannot be said. */
  async function list(): Promise<ListedRules | undefined> {
    const startedMs = clock.monotonicMs()
    try {
      const found = listedRules(await host.listRules(tables), tables)
      return tables.every((table) => found.has(`${table} ${canary}`)) ? found : undefined
    } catch (error) {
      log.warn('the rules could not be listed', { error })
      return undefined
    } finally {
      const endedMs = clock.monotonicMs()
      listAtMs = endedMs + (afterMs * (endedMs - startedMs)) / listingMs
    }
  }

  return {
    async wroteAll() {
      turn += 1
      const learnt = turn
      wanted = undefined
      renewAtMs = clock.monotonicMs() + renewAfterMs * (1 - renewJitter * random.next())
      if (forget === undefined) expect()
      const present = await list()
      if (learnt === turn) wanted = present
    },
    wroteChanges(transaction) {
      const before = wanted ?? unknown
      const after = changedRules(before, transaction)
      if (after === before) return
      turn += 1
      if (wanted !== undefined) wanted = after
    },
    rest() {
      turn += 1
      wanted = undefined
      forget?.()
      forget = undefined
    },
  }
}
