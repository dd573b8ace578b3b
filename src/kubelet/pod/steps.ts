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

/** Collects commands, dropping those that are under way. */
export class Steps {
  readonly #view: PodView
  readonly #commands: PodCommand[] = []
  readonly waiting = new Map<string, Waiting>()
  #wakeAt: Instant = Infinity

  constructor(view: PodView) {
    this.#view = view
  }

  add(command: PodCommand): void {
    const key = operationKey(command)
    if (command.do === 'event' ? this.#view.told.has(key) : this.#view.busy.has(key)) return
    this.#commands.push(command)
  }

  /** Even if one like it is under way: a stop with a shorter grace. */
  addAgain(command: PodCommand): void {
    this.#commands.push(command)
  }

  /** Now if it is time, else a wake-up then. */
  retry(at: Instant, command: PodCommand): void {
    if (at <= this.#view.now) this.add(command)
    else this.wake(at)
  }

  wake(at: Instant): void {
    if (at > this.#view.now) this.#wakeAt = Math.min(this.#wakeAt, at)
  }

  plan(isOver: boolean): PodPlan {
    return { commands: this.#commands, wakeAt: this.#wakeAt, waiting: this.waiting, isOver }
  }
}
