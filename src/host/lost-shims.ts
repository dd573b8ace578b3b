import type { Runtime } from '#kubelet/runtime.ts'
import type { Clock } from '#lib/clock.ts'
import type { Log } from '#lib/log.ts'
import { type Shim, shimsOf } from './shims.ts'

export interface LostShimOptions {
  readonly runtime: Pick<Runtime, 'containers' | 'sandboxes'>
  readonly socket: string
  readonly clock: Clock
  readonly log: Log
  readonly shims?: (socket: string) => readonly Shim[]
  readonly kill?: (pid: number) => void
}

/** Looks for shims that nobody will ever ask for again. */
export interface LostShims {
  /** containerd was started: what it has forgotten shows a while later. */
  expect(): void
  close(): void
}

/**
 * A containerd that dies while it makes a container leaves the container's shim behind, without a process and, once the container was removed,
 * without a name by which it could be found. Such end here. One that is being made just now has no name either, but is young.
 */
export function lostShims({ runtime, socket, clock, log, shims = shimsOf, kill = end }: LostShimOptions): LostShims {
  let forget = (): void => {}
  let isClosed = false

  async function look(): Promise<void> {
    const [containers, sandboxes] = await Promise.all([runtime.containers(), runtime.sandboxes()])
    const known = new Set([...containers, ...sandboxes].map(({ id }) => id))
    const lost = shims(socket).filter(({ id, hasChildren }) => !hasChildren && !known.has(id))
    for (const { pid, id, ageMs } of lost) {
      if (ageMs < youngMs) continue
      log.info('ending a shim whose container is forgotten', { pid, id })
      kill(pid)
    }
    if (lost.some(({ ageMs }) => ageMs < youngMs)) later()
  }

  function later(): void {
    forget()
    if (isClosed) return
    forget = clock.schedule(clock.now() + youngMs, () => {
      look().catch((error: unknown) => {
        // Away again: its next start is a reason to look.
        if (!isClosed) log.debug('cannot look for forgotten shims', { error })
      })
    })
  }

  return {
    expect: later,
    close() {
      isClosed = true
      forget()
    },
  }
}

/** Nothing takes so long to be made, not even on a machine that is busy. */
const youngMs = 60_000

function end(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}
