import type { AnyKind } from '#api/kind.ts'
import type { Cause } from '#lib/cause.ts'
import type { Clock } from '#lib/clock.ts'
import { WherryError } from '#lib/errors.ts'
import type { Log } from '#lib/log.ts'
import type { Cache, Command, Controller, Measure, Single } from './controller.ts'
import { execute, type Hands } from './executor.ts'
import { areMet, type Expectation } from './expectation.ts'
import type { Outcome } from './work-queue.ts'

/** One controller's work on one key: wait for our own last writes to show, view, plan, execute. */
export interface Reconciler {
  reconcile(key: string): Promise<Outcome>
  /** Says which change made the key want to be looked at. */
  because(key: string, change: NotedChange): void
  /**
   * The keys to look at again where a kind was listed anew: what they wrote of it may have been undone before any watch told of it, and
   * nothing else would bring them back.
   */
  unseen(kind: AnyKind): readonly string[]
  readonly counters: Readonly<Counters>
}

/** A change as the cause of what a controller does about it. */
export interface NotedChange extends Cause {
  /** Somebody wished something new: that counts for more than what the world made of an older wish. */
  readonly isWish: boolean
}

/** Since the start, for `/metrics`. */
export interface Counters {
  /** Views taken. */
  looks: number
  /** Commands that were executed without failure, by plans that succeeded or not. */
  plansWithCommands: number
  /** Plans that met an older world than the present one. */
  stale: number
  failures: number
  /** Waits for our own writes that were given up. */
  lateCaches: number
}

/** A controller, and all that it sees and acts with. */
export interface ReconcilerOptions<View, Gathered = undefined> {
  readonly controller: Controller<View, Gathered>
  readonly cache: Cache
  readonly clock: Clock
  readonly log: Log
  readonly hands: Hands
  /** Takes what `measured` gives. Absent: nobody counts. */
  readonly measure?: ((measures: readonly Measure[]) => void) | undefined
}

/** One key at a time: view, plan, commands; a key waits until the cache shows what its last commands did. */
export function createReconciler<View, Gathered = undefined>(options: ReconcilerOptions<View, Gathered>): Reconciler {
  const { controller, cache, clock, log, hands, measure } = options
  /** What the cache has to show before the key may be decided on again. */
  const awaited = new Map<string, readonly Expectation[]>()
  const inWork = new Set<string>()
  const staleInARow = new Map<string, number>()
  /** Since the last look that had an end: the latest wish, else the latest change. */
  const causes = new Map<string, NotedChange>()
  const counters: Counters = { looks: 0, plansWithCommands: 0, stale: 0, failures: 0, lateCaches: 0 }

  async function reconcile(key: string): Promise<Outcome> {
    const expectations = awaited.get(key)
    if (expectations !== undefined) {
      // Deciding before our own writes are visible would repeat them. A cache that stays behind means waiting on, never deciding.
      if (!(await areMet(expectations, hands.informerOf, ownWritesMs))) {
        if (hands.signal?.aborted) return never
        counters.lateCaches += 1
        // What an acting subresource changes is a guess, and it may have changed nothing; our writes are certain.
        awaited.set(
          key,
          expectations.filter((expectation) => expectation.show !== 'change'),
        )
        log.warn('the cache does not show our own last write yet', { key, waitedMs: ownWritesMs })
        return { again: 'later' }
      }
      awaited.delete(key)
    }
    if (hands.signal?.aborted) return never

    counters.looks += 1
    const beganMs = clock.monotonicMs()
    const elapsedMs = (): number => clock.monotonicMs() - beganMs
    const gathered = await controller.gather?.(key, cache, clock.now(), elapsedMs)
    if (hands.signal?.aborted) return never
    const view = controller.view(key, cache, clock.now(), gathered)
    if (view === undefined) {
      staleInARow.delete(key)
      causes.delete(key)
      return never
    }
    const plan = controller.plan(view)
    const ends = new Map<Command, 'done' | 'refused'>()
    const became = (command: Command) => ends.get(command)
    const count = (isDone: boolean): void =>
      measure?.(controller.measured?.(view, plan, { isDone, became, seconds: elapsedMs() / 1000 }) ?? [])
    if (plan.commands.length === 0) {
      count(true)
      staleInARow.delete(key)
      causes.delete(key)
      return { again: 'at', at: plan.wakeAt }
    }
    counters.plansWithCommands += 1
    const cause = causes.get(key)
    causes.delete(key)
    const execution = await execute(plan.commands, cause === undefined ? hands : { ...hands, client: hands.client.because(cause) }, {
      answered(command, answer) {
        ends.set(command, answer instanceof WherryError ? 'refused' : 'done')
        return controller.answered?.(view, command, answer) ?? []
      },
      failed: controller.failed?.bind(controller, view),
    })
    count(execution.end === 'done')
    // What was not done yet still has the same cause, unless a newer one came meanwhile.
    if (cause !== undefined && (execution.end === 'stale' || execution.end === 'failed')) becauseBefore(key, cause)
    if (execution.expectations.length > 0) awaited.set(key, execution.expectations)
    switch (execution.end) {
      case 'done':
        staleInARow.delete(key)
        return { again: 'at', at: plan.wakeAt }
      case 'stopped':
        return never
      case 'stale': {
        counters.stale += 1
        const inARow = (staleInARow.get(key) ?? 0) + 1
        staleInARow.set(key, inARow)
        log.debug('the view was old', { key, command: execution.command.do, error: execution.error })
        // Looking at the same old cache again would plan the same again.
        await areMet(execution.change, hands.informerOf, changeMs)
        return inARow <= staleLimit ? { again: 'now' } : { again: 'later' }
      }
      case 'failed':
        counters.failures += 1
        log.warn('a command failed', { key, ...described(execution.command), error: execution.error })
        return { again: 'later' }
    }
  }

  function because(key: string, change: NotedChange): void {
    if (change.isWish || causes.get(key)?.isWish !== true) causes.set(key, change)
  }

  function becauseBefore(key: string, older: NotedChange): void {
    const newer = causes.get(key)
    causes.set(key, newer !== undefined && (newer.isWish || !older.isWish) ? newer : older)
  }

  return {
    because,
    unseen(kind) {
      const written = [...awaited].filter(([, expectations]) => expectations.some((one) => one.kind === kind)).map(([key]) => key)
      return [...new Set([...inWork, ...written])]
    },
    async reconcile(key) {
      inWork.add(key)
      try {
        return await reconcile(key)
      } catch (error) {
        counters.failures += 1
        log.error('cannot decide', { key, error })
        return { again: 'later' }
      } finally {
        inWork.delete(key)
      }
    },
    counters,
  }
}

const never: Outcome = { again: 'at', at: Infinity }

/** A watch is late by milliseconds, an interrupted one by seconds. */
const ownWritesMs = 30_000
/** Not needed for being right, only for not asking in vain. */
const changeMs = 1_000
/** Then something other than lateness is wrong. */
const staleLimit = 3

/** What a log line says of a command: never its body, which may be a Secret. */
function described(command: Single): object {
  if (command.do === 'event') return { command: command.do, reason: command.reason }
  if (command.do === 'confirmNone' || command.do === 'each') return { command: command.do, kind: command.kind.kind }
  const subresource = 'subresource' in command ? command.subresource : undefined
  const name = 'name' in command ? command.name : (command.object as { metadata?: { name?: string } }).metadata?.name
  return { command: command.do, kind: command.kind.kind, name, ...(subresource !== undefined && { subresource }) }
}
