import type { BehaviourOf, ImageBehaviour } from './runtime.ts'

/** Ready two seconds after its start, if it is asked. */
const ready: Pick<ImageBehaviour, 'exec'> = { exec: (_command, runMs) => ({ exitCode: runMs >= 2_000 ? 0 : 1 }) }

/** What a simulated cluster can run. */
export const images = {
  'web:1': { ...ready, stopMs: 100 },
  'web:2': { ...ready, stopMs: 1_000 },
  /** Has to be fetched first. */
  'web:3': { ...ready, isAbsent: true, pullMs: 3_000, stopMs: 500 },
  /** Does not hear TERM. */
  'deaf:1': { ...ready, stopMs: Infinity },
  /** Cannot be fetched. */
  'missing:1': { isAbsent: true, pullFails: 'not found' },
  /** Ends again and again. */
  'broken:1': { exit: { afterMs: 3_000, code: 1 } },
  /** End well. */
  'task:1': { exit: { afterMs: 1_500, code: 0 } },
  'task:2': { exit: { afterMs: 8_000, code: 0 } },
  'task:3': { exit: { afterMs: 75_000, code: 0 } },
  /** Fails. */
  'fails:1': { exit: { afterMs: 1_000, code: 3 } },
} satisfies Readonly<Record<string, ImageBehaviour>>

export const goodImages = ['web:1', 'web:2', 'web:3', 'deaf:1'] as const
export const badImages = ['missing:1', 'broken:1'] as const

/** `flaky:1` fails in about every third pod, by the pod's uid, so that a new one may succeed where the last did not. */
export const flaky: BehaviourOf = (image, container) => {
  if (image !== 'flaky:1' || container === undefined) return undefined
  const code = Number.parseInt(container.pod.uid.slice(0, 4), 16) % 3 === 0 ? 1 : 0
  return { exit: { afterMs: 1_000, code } }
}

export const taskImages = ['task:1', 'task:1', 'task:2', 'flaky:1', 'fails:1'] as const
