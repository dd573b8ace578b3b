import type { Readable, Writable } from 'node:stream'
import { finished, pipeline } from 'node:stream/promises'
import type { Clock } from '#lib/clock.ts'
import type { RuntimeStreams } from './runtime-streams.ts'
import type { Streams } from './streams.ts'
import { failure } from './streams.ts'

/**
 * Joins a client's streams to the runtime's until the command ends or the client goes. Output is complete before the outcome is told, and input
 * that the client sent before it left still reaches the command: clients that only send, leave once they have. Nothing is held beyond the
 * buffers of the streams themselves. Never rejects.
 */
export async function relay(front: Streams, back: RuntimeStreams, clock: Clock): Promise<void> {
  const stop = new AbortController()
  const gone = Promise.withResolvers<undefined>()
  const clientLeft = () => gone.resolve(undefined)
  if (front.closed.aborted) clientLeft()
  else front.closed.addEventListener('abort', clientLeft, { once: true })

  // Input ends when the command does, or earlier from either side: its failure is nobody's error.
  const input = pump(front.stdin, back.stdin, stop.signal)
  void pump(front.resize, back.resize, stop.signal)
  const output = Promise.all([pump(back.stdout, front.stdout, stop.signal), pump(back.stderr, front.stderr, stop.signal)])

  const outcome = await Promise.race([back.outcome, gone.promise])
  if (outcome) {
    await output
    await front.finish(outcome)
  } else if (front.stdin) {
    const late = Promise.withResolvers<void>()
    const forget = clock.schedule(clock.now() + leftMs, late.resolve)
    // A command that reads its input to the end is done then; of another nobody waits for the end.
    await Promise.race([input.then(() => back.outcome), late.promise])
    forget()
  }
  front.closed.removeEventListener('abort', clientLeft)
  stop.abort()
  back.close()
  if (!outcome) await front.finish(failure('client left'))
}

/** How long the command of a client that left may take to read what it was sent. */
const leftMs = 10_000

/** Aborts when a client has been gone for as long as its input is waited for. */
export function longGone(closed: AbortSignal, clock: Clock): AbortSignal {
  const late = new AbortController()
  const wait = () => clock.schedule(clock.now() + leftMs, () => late.abort(new Error('client left')))
  if (closed.aborted) wait()
  else closed.addEventListener('abort', wait, { once: true })
  return late.signal
}

/** Resolves when everything went over, or when one of the two ended or was cut off. */
async function pump(from: Readable | undefined, to: Writable | undefined, signal: AbortSignal): Promise<void> {
  if (!from || !to) return
  await pipeline(from, to, { signal }).catch(() => {
    // The other end closed, or all is over. Unread input is let go so that it does not hold up the rest of the connection.
    if (!from.destroyed) from.resume()
  })
}

/** Ends a stream and waits until its bytes are handed on; resolves too when that can no longer happen. */
export async function endOf(stream: Writable | undefined, last?: string): Promise<void> {
  if (!stream || stream.destroyed) return
  if (!stream.writableEnded) stream.end(last)
  await finished(stream, { readable: false }).catch(() => {})
}
