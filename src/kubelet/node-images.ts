import type { Clock } from '#lib/clock.ts'
import type { NodeSource } from './interfaces.ts'
import type { Runtime } from './runtime.ts'

/** Several images come together: one look at the node is for all of them. */
const settleMs = 1_000

/**
 * The scheduler weighs which images a node has, so the node is looked at soon after one came or went. Gives the runtime to use from then on,
 * and what the node is to listen to.
 */
export function watchImages<T extends Pick<Runtime, 'pullImage' | 'removeImage'>>(
  runtime: T,
  clock: Clock,
): { readonly runtime: T; readonly source: NodeSource } {
  const listeners = new Set<() => void>()
  let isWaiting = false
  const changed = (): void => {
    if (isWaiting || listeners.size === 0) return
    isWaiting = true
    clock.schedule(clock.now() + settleMs, () => {
      isWaiting = false
      for (const listener of listeners) listener()
    })
  }
  const after =
    <A extends readonly unknown[], R>(call: (...args: A) => Promise<R>) =>
    async (...args: A): Promise<R> => {
      const answer = await call(...args)
      changed()
      return answer
    }
  return {
    runtime: { ...runtime, pullImage: after(runtime.pullImage), removeImage: after(runtime.removeImage) },
    source: {
      // What images there are, the runtime says at each look.
      read: () => ({}),
      onChange(listener) {
        listeners.add(listener)
        return () => listeners.delete(listener)
      },
    },
  }
}
