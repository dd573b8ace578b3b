import type { Clock } from '#lib/clock.ts'
import type { Log } from '#lib/log.ts'
import type { Runtime, SandboxConfig } from '../runtime.ts'

/** A seccomp profile made for the pause process: its file, and the handlers of which is known that they call no more until they have become it. */
export interface PauseSeccomp {
  readonly profile: string
  readonly handlers: readonly string[]
  readonly clock: Pick<Clock, 'monotonicMs'>
  readonly log: Log
}

/**
 * The same runtime; the pause processes of these handlers are confined by a profile of their own. Another version of the program behind one may need
 * a call more, and no pod of the node would start. So the first sandbox that cannot live within it decides: from then on, until the agent starts
 * anew, those of its handler have the runtime's own profile, as all others have.
 */
export function withPauseSeccomp<R extends Runtime>(runtime: R, { profile, handlers, clock, log }: PauseSeccomp): R {
  const confined = new Set(handlers)
  /** When a confined sandbox was made of which pod, by what passes; the latest last. */
  const made = new Map<string, number>()

  function giveUp(handler: string, error: unknown): void {
    if (confined.delete(handler))
      log.warn('the pause process cannot live within its own seccomp profile; the one of the runtime is used', { handler, error })
  }

  async function runConfined(config: SandboxConfig): Promise<string> {
    const { security, metadata, runtimeHandler } = config
    try {
      const id = await runtime.runSandbox({ ...config, security: { ...security, seccomp: { type: 'Localhost', localhostRef: profile } } })
      const nowMs = clock.monotonicMs()
      for (const [uid, madeMs] of made) {
        if (nowMs - madeMs < SOON_MS) break
        made.delete(uid)
      }
      made.delete(metadata.uid)
      made.set(metadata.uid, nowMs)
      return id
    } catch (error) {
      if (!mayBeOfSeccomp(error)) throw error
      const id = await runtime.runSandbox(config)
      giveUp(runtimeHandler, error)
      return id
    }
  }

  return {
    ...runtime,
    runSandbox(config) {
      const { metadata, runtimeHandler } = config
      // Nobody waits for the last calls before the program: where one is refused, the sandbox was made all the same, and is over at once.
      const isAnother = clock.monotonicMs() - (made.get(metadata.uid) ?? -Infinity) < SOON_MS && metadata.attempt > 0
      if (isAnother) giveUp(runtimeHandler, `a sandbox of pod ${metadata.namespace}/${metadata.name} was over at once`)
      return confined.has(runtimeHandler) ? runConfined(config) : runtime.runSandbox(config)
    },
  }
}

/** By containerd's words for all that comes after the network of a pod, which is what fails most often. */
const mayBeOfSeccomp = (error: unknown): boolean =>
  error instanceof Error && /failed to (start sandbox container task|create containerd (task|container))|seccomp/.test(error.message)

/** Long enough for the next sandbox of one of many pods to get its turn, and short enough for what ends by something else to be rare. */
const SOON_MS = 10_000
