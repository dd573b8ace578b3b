import type { Writable } from 'node:stream'
import type { Clock } from '#lib/clock.ts'
import type { HttpResponse } from '#lib/http.ts'

/**
 * Writes a body as it comes, never ahead of the reader: where the connection is full it waits, and gives up on one that takes nothing for
 * `stallMs`. The source is always told to end.
 */
export async function sendBody(out: Writable, body: AsyncIterable<Uint8Array>, clock: Clock, stallMs = 60_000): Promise<void> {
  const source = body[Symbol.asyncIterator]()
  // One promise a step: a race against one that lives as long as the watch would keep every step's in memory.
  let leave = (): void => {}
  let gone = out.destroyed
  out.once('close', () => {
    gone = true
    leave()
  })
  const unlessGone = <T>(step: Promise<T>): Promise<T | 'gone'> =>
    new Promise((resolve, reject) => {
      leave = () => resolve('gone')
      if (gone) leave()
      // Heard in any case: a step that fails after the reader went must not end the process.
      step.then(resolve, reject)
    })
  const isTaken = async (event: 'drain' | 'finish'): Promise<boolean> => (await unlessGone(taken(out, event, clock, stallMs))) === 'taken'
  try {
    for (;;) {
      const next = await unlessGone(source.next())
      if (next === 'gone') return
      if (next.done) break
      if (out.write(next.value)) continue
      if (await isTaken('drain')) continue
      out.destroy()
      return
    }
    out.end()
    // The last piece may be big, and its reader as slow as any.
    if (!out.writableFinished && !(await isTaken('finish'))) out.destroy()
  } catch (error) {
    // Headers are out, so the only way left to say that the answer is incomplete is to break it off.
    out.destroy()
    throw error
  } finally {
    await source.return?.()
  }
}

/**
 * Ends a body that nobody will read, so that whoever waits for its end hears of it. It is begun first: a generator that was never begun has no
 * end of its own to run. How it fails is nobody's concern any more.
 */
export async function abandonBody(body: HttpResponse['body']): Promise<void> {
  if (body instanceof Uint8Array) return
  const source = body[Symbol.asyncIterator]()
  await Promise.allSettled([source.next(), source.return?.()])
}

function taken(out: Writable, event: 'drain' | 'finish', clock: Clock, stallMs: number): Promise<'taken' | 'stalled'> {
  return new Promise((resolve) => {
    const end = (result: 'taken' | 'stalled'): void => {
      forget()
      out.off(event, done)
      out.off('close', done)
      resolve(result)
    }
    const done = (): void => end('taken')
    const forget = clock.schedule(clock.now() + stallMs, () => end('stalled'))
    out.once(event, done)
    // A connection that is gone takes no more.
    out.once('close', done)
  })
}
