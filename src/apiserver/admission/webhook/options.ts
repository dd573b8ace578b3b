import type { Tell } from '../../context.ts'
import type { Objects } from '../../contract.ts'
import type { CallOptions } from './call.ts'
import type { MatchOptions } from './match.ts'

/** What both sorts of webhooks are composed with. */
export interface WebhookOptions extends CallOptions, MatchOptions {
  readonly objects: Objects
  readonly log: Tell
  /** Never goes back: for durations. */
  readonly now: () => number
  readonly observer?: WebhookObserver
}

/** Told of each call of a webhook. */
export type WebhookObserver = (call: {
  readonly name: string
  readonly type: 'admit' | 'validating'
  readonly operation: string
  /** What became of it: undefined where the write was let through. */
  readonly error: unknown
  /** Whether a failed call is passed over. */
  readonly ignored: boolean
  readonly elapsedMs: number
}) => void
