import { type Layout, paths } from '#host/layout.ts'
import { tryLock } from '#host/lock.ts'
import { WherryError } from '#lib/errors.ts'

/** Runs what starts, stops or removes the cluster: two such calls at once would undo each other's work, so the later one is refused. */
export async function alone<T>(layout: Layout, run: () => Promise<T>): Promise<T> {
  const { callLock } = paths(layout)
  const release = tryLock(callLock)
  if (!release)
    throw new WherryError(
      'Conflict',
      `another "wherry up", "down", "reset", "node" or "join" is at work on this cluster (it holds ${callLock}); wait until it has ended`,
    )
  try {
    return await run()
  } finally {
    release()
  }
}
