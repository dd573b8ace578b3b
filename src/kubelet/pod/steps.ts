import type { Instant } from '#lib/clock.ts'
import { operationKey, type PodCommand } from './command.ts'
import type { PodView } from './view.ts'

/** What to do next for a pod. `waiting`: why a container that should run does not, by its name; the status shows it. */
export interface PodPlan {
  readonly commands: readonly PodCommand[]
  readonly wakeAt: Instant
  readonly waiting: ReadonlyMap<string, Waiting>
  /** Nothing will run any more: the phase is final once all has stopped. */
  readonly isOver: boolean
}

export interface Waiting {
  readonly reason: string
  readonly message: string
}

/** Of the reference's pod defaults, where the API server filled in none. */
export const DEFAULT_GRACE_SECONDS = 30

/** A plan in the making: commands that are under way are dropped. */
export interface Steps {
  add(command: PodCommand): void
  /** Even if one like it is under way: a stop with a shorter grace. */
  addAgain(command: PodCommand): void
  /** Now if it is time, else a wake-up then. */
  retry(at: Instant, command: PodCommand): void
  wake(at: Instant): void
  wait(container: string, waiting: Waiting): void
  plan(isOver: boolean): PodPlan
}

export function createSteps({ now, told, busy }: Pick<PodView, 'now' | 'told' | 'busy'>): Steps {
  const commands: PodCommand[] = []
  const waiting = new Map<string, Waiting>()
  let wakeAt: Instant = Infinity

  const add = (command: PodCommand): void => {
    const key = operationKey(command)
    if (!(command.do === 'event' ? told : busy).has(key)) commands.push(command)
  }
  const wake = (at: Instant): void => {
    if (at > now) wakeAt = Math.min(wakeAt, at)
  }
  return {
    add,
    addAgain: (command) => void commands.push(command),
    retry(at, command) {
      if (at <= now) add(command)
      else wake(at)
    },
    wake,
    wait: (container, why) => void waiting.set(container, why),
    plan: (isOver) => ({ commands, wakeAt, waiting, isOver }),
  }
}
