import { constants, type ServerHttp2Session } from 'node:http2'
import type { Clock } from '#lib/clock.ts'

/**
 * Bounds what an HTTP/2 connection may take beside its streams. One that asks nothing for `idleMs`, from its beginning on or any more, is
 * closed: a silent watch is a stream, and stays. One that pings in a flood is cut off.
 */
export function boundSession(session: ServerHttp2Session, clock: Clock, idleMs: number): void {
  closeWhenIdle(session, clock, idleMs)
  refuseFlood(session, clock)
}

function closeWhenIdle(session: ServerHttp2Session, clock: Clock, idleMs: number): void {
  let streams = 0
  let idleSinceMs = clock.monotonicMs()
  let forget: (() => void) | undefined
  // One deadline, looked at again when it comes: a busy connection becomes idle thousands of times a second.
  const watch = (): void => {
    forget ??= clock.schedule(clock.now() + idleSinceMs + idleMs - clock.monotonicMs(), () => {
      forget = undefined
      if (streams > 0) return
      if (clock.monotonicMs() - idleSinceMs >= idleMs) session.close()
      else watch()
    })
  }
  session.on('stream', (stream) => {
    streams += 1
    stream.once('close', () => {
      streams -= 1
      if (streams > 0 || session.closed) return
      idleSinceMs = clock.monotonicMs()
      watch()
    })
  })
  session.once('close', () => forget?.())
  watch()
}

/** Each ping is answered, which costs its sender as much as us; nobody who only looks whether we live sends many. */
function refuseFlood(session: ServerHttp2Session, clock: Clock): void {
  let pings = 0
  let countedSinceMs = clock.monotonicMs()
  session.on('ping', () => {
    const nowMs = clock.monotonicMs()
    if (nowMs - countedSinceMs > pingsWindowMs) {
      pings = 0
      countedSinceMs = nowMs
    }
    pings += 1
    if (pings > pingsMax) session.destroy(new Error('a client pings in a flood'), constants.NGHTTP2_ENHANCE_YOUR_CALM)
  })
}

/** A hundred times what the busiest known client sends: one ping each time its connection was silent for 30 s, some one with each answer. */
const pingsMax = 1_000
const pingsWindowMs = 10_000
