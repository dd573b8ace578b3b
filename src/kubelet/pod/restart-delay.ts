import type { Instant } from '#lib/clock.ts'
import { durationMs } from '#lib/duration.ts'
import type { KubeletConfig } from '../config.ts'
import type { AnyContainer } from './containers.ts'
import type { RestartDelay } from './view.ts'

/** The wait before another try of a container that ended (Kubernetes documentation, "Pod Lifecycle", restart policy): 10 s doubling to 5 min. */
export const INITIAL_DELAY_MS = 10_000
export const MAX_DELAY_MS = 300_000
/** A container that ran for this long without a restart starts from the shortest wait again. */
const FORGET_AFTER_MS = 2 * MAX_DELAY_MS

/** What a delay is for: with another image, or other resources, a container is another one that may well run. */
export const delayKey = ({ image = '', resources = {} }: Pick<AnyContainer, 'image' | 'resources'>): string =>
  JSON.stringify([image, resources.limits ?? {}, resources.requests ?? {}])

/** The delay, if it is for this container as it is now. */
export const delayOf = (delay: RestartDelay | undefined, container: AnyContainer): RestartDelay | undefined =>
  delay?.key === delayKey(container) ? delay : undefined

/** From when on a container that ended at `finishedAt` may start again. The first restart is free. */
export function restartAt(delay: RestartDelay | undefined, finishedAt: Instant): Instant {
  if (delay === undefined || finishedAt - delay.raisedAt > FORGET_AFTER_MS) return finishedAt
  return finishedAt + delay.delayMs
}

/** The wait that applies after the restart now being made; `maxMs` is the node's own bound (KEP-4603). */
export function raiseRestartDelay(
  delay: RestartDelay | undefined,
  finishedAt: Instant,
  now: Instant,
  key: string,
  maxMs: number = MAX_DELAY_MS,
): RestartDelay {
  const isForgotten = delay === undefined || finishedAt - delay.raisedAt > FORGET_AFTER_MS
  return { delayMs: Math.min(isForgotten ? INITIAL_DELAY_MS : delay.delayMs * 2, maxMs), raisedAt: now, key }
}

/** `crashLoopBackOff.maxContainerRestartPeriod` of the node's configuration. */
export const maxRestartDelayMs = ({ configuration }: Pick<KubeletConfig, 'configuration'>): number =>
  configuration === undefined ? MAX_DELAY_MS : durationMs(configuration.crashLoopBackOff.maxContainerRestartPeriod)
