import type { Clock, Instant } from '#lib/clock.ts'

/**
 * What a simulated process has of the world. Once it is killed nothing reaches it any more and nothing that it began goes on: calls are never
 * answered, deadlines never come. Nobody tells it, as nobody tells a process that the machine lost power.
 */
export interface SimulatedProcess {
  readonly name: string
  /** Goes at its own time: `jump` moves it against everybody else's. */
  readonly clock: Clock
  readonly isAlive: boolean
  /** Aborts when it is killed: for whoever serves the process, never for the process itself. */
  readonly killed: AbortSignal
  kill(): void
  /** Holds the whole process up, as a machine that is frozen does: what is on its way to it, and what it was about to do, waits for `resume`. */
  pause(): void
  /** It goes on, and does not know that time has passed. */
  resume(): void
  readonly isPaused: boolean
  /** Resolves at once, or when the process goes on. */
  running(): Promise<void>
  /** Sets the time of day forward, or back. Durations go on as before. */
  jump(ms: number): void
  /** Calls go out only while the process lives, and answers come back only then. */
  call<T>(run: () => Promise<T>): Promise<T>
  /** The same for every method of an object that answers with a promise or as an iteration. */
  guard<T extends object>(target: T): T
}

export function createSimulatedProcess(name: string, clock: Clock): SimulatedProcess {
  const killing = new AbortController()
  const forgets = new Set<() => void>()
  let aheadMs = 0
  let isAlive = true
  /** While it is paused: resolves when it goes on. */
  let pause: PromiseWithResolvers<void> | undefined

  function schedule(at: Instant, run: () => void): () => void {
    if (!isAlive || at === Infinity) return () => {}
    const cancel = clock.schedule(at - aheadMs, () => {
      if (pause !== undefined) {
        // Due while nobody looked at the clock: all such deadlines come at once, in order.
        void pause.promise.then(() => {
          if (forgets.delete(forget)) run()
        })
        return
      }
      forgets.delete(forget)
      run()
    })
    const forget = () => {
      forgets.delete(forget)
      cancel()
    }
    forgets.add(forget)
    return forget
  }

  function call<T>(run: () => Promise<T>): Promise<T> {
    if (!isAlive) return never()
    return new Promise((resolve, reject) => {
      const begun = pause === undefined ? run() : pause.promise.then(run)
      begun.then(
        (value) => arrive(() => resolve(value)),
        (error: unknown) => arrive(() => reject(error)),
      )
    })
  }

  /** What comes to a process reaches it when it goes on, or never. */
  function arrive(take: () => void): void {
    if (pause !== undefined) void pause.promise.then(() => arrive(take))
    else if (isAlive) take()
  }

  async function* follow<T>(source: AsyncIterable<T>): AsyncGenerator<T> {
    for await (const item of source) {
      while (pause !== undefined) await pause.promise
      if (!isAlive) await never()
      yield item
    }
    if (!isAlive) await never()
  }

  return {
    name,
    clock: { now: () => clock.now() + aheadMs, monotonicMs: () => clock.monotonicMs(), schedule },
    get isAlive() {
      return isAlive
    },
    killed: killing.signal,
    kill() {
      if (!isAlive) return
      isAlive = false
      pause = undefined
      for (const forget of [...forgets]) forget()
      killing.abort(new Error(`${name} was killed`))
    },
    pause: () => void (pause ??= Promise.withResolvers()),
    resume() {
      pause?.resolve()
      pause = undefined
    },
    get isPaused() {
      return pause !== undefined
    },
    running: async () => pause?.promise,
    jump: (ms) => void (aheadMs += ms),
    call,
    guard: <T extends object>(target: T): T =>
      new Proxy(target, {
        get(_, property) {
          const value: unknown = Reflect.get(target, property, target)
          if (typeof value !== 'function') return value
          return (...args: unknown[]) => {
            if (!isAlive) return never()
            const answer: unknown = value.apply(target, args)
            if (answer instanceof Promise) return call(() => answer)
            return isIteration(answer) ? follow(answer) : answer
          }
        },
      }),
  }
}

const never = <T>(): Promise<T> => new Promise(() => {})

const isIteration = (value: unknown): value is AsyncIterable<unknown> =>
  typeof value === 'object' && value !== null && Symbol.asyncIterator in value
