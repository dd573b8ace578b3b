import type { Readable, Writable } from 'node:stream'

/**
 * The streams of one exec or attach as the client's side gives them, whatever protocol carries them. `stdin` ends when the client closes
 * it; `resize` carries JSON objects `{"Width":80,"Height":24}`, one after another.
 */
export interface Streams {
  readonly stdin?: Readable
  readonly stdout?: Writable
  readonly stderr?: Writable
  readonly resize?: Readable
  /** Aborted when the client is gone. */
  readonly closed: AbortSignal
  /** Says how it ended, after all output is sent, and closes. Never rejects: a client that is gone cannot be told anything. */
  finish(outcome: Outcome): Promise<void>
}

/** Which of them the client asked for. */
export interface StreamsAsked {
  readonly stdin: boolean
  readonly stdout: boolean
  readonly stderr: boolean
  readonly tty: boolean
}

/** A Status (API conventions) as the error channel of `v4.channel.k8s.io` and later carries it. */
export interface Outcome {
  readonly metadata?: object
  readonly status?: string
  readonly message?: string
  /** `NonZeroExitCode`: the cause `ExitCode` holds the number as text. */
  readonly reason?: string
  readonly details?: { readonly causes?: readonly { readonly reason?: string; readonly message?: string }[] }
  readonly code?: number
}

export const failure = (message: string): Outcome => ({ metadata: {}, status: 'Failure', message, reason: 'InternalError', code: 500 })

/** What stands on the error channel: JSON since version 4, before it the message of a failure or nothing. */
export function encodeOutcome(outcome: Outcome, protocolVersion: number): string {
  if (protocolVersion >= 4) return JSON.stringify(outcome)
  return outcome.status === 'Success' ? '' : (outcome.message ?? '')
}

/** Reads what a version 4 error channel held. */
export function decodeOutcome(text: string): Outcome {
  if (text === '') return failure('the connection to the container runtime ended before the command did')
  try {
    const outcome = JSON.parse(text) as unknown
    if (typeof outcome === 'object' && outcome !== null && 'status' in outcome) return outcome as Outcome
  } catch {
    // Not JSON: an old runtime's plain message, which is shown as it stands.
  }
  return failure(text)
}

/** `v4.channel.k8s.io` → 4; the first protocol, `channel.k8s.io` or none at all → 1. */
export function versionOf(protocol: string): number {
  return Number(/^v(\d+)\./.exec(protocol)?.[1] ?? 1)
}
