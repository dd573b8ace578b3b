import type { Readable } from 'node:stream'
import type { Clock } from '#lib/clock.ts'
import { WherryError } from '#lib/errors.ts'
import type { HttpRequest, HttpResponse } from '#lib/http.ts'
import type { Log } from '#lib/log.ts'
import type { ApiHandler } from '../contract.ts'
import { requestMs } from './handler.ts'
import { longRunning } from './long-running.ts'
import { parseRequest } from './request-info.ts'
import { errorAnswer } from './respond.ts'
import { abandonBody } from './send-body.ts'

/** What both versions of HTTP need to carry a request to the handler and its answer back. */
export interface ExchangeOptions {
  readonly handler: ApiHandler
  readonly clock: Clock
  readonly log: Log
}

/** Every request ends with it: made once, since an error with its stack for each would be a tenth of the work of a small request. */
const exchangeOver = new WherryError('ServiceUnavailable', 'the exchange is over')

/** A connection's or a stream's end, as far as it is needed here. */
interface Ending {
  readonly destroyed: boolean
  once(event: 'close', listener: () => void): unknown
}

/** The request with a signal that aborts at the end of the exchange. Most requests never ask for it, so it is made when somebody does. */
export function requestUntil(
  ending: Ending,
  method: string,
  path: string,
  headers: Readonly<Record<string, string>>,
  rawHeaders: readonly string[],
  body: Uint8Array | undefined,
): HttpRequest {
  let signal: AbortSignal | undefined
  const made = {
    method,
    path,
    headers,
    rawHeaders,
    get signal(): AbortSignal {
      signal ??= signalOf(ending)
      return signal
    },
  }
  return body === undefined || body.byteLength === 0 ? made : Object.assign(made, { body })
}

function signalOf(ending: Ending): AbortSignal {
  const aborter = new AbortController()
  if (ending.destroyed) aborter.abort(exchangeOver)
  else ending.once('close', () => aborter.abort(exchangeOver))
  return aborter.signal
}

/** The time of one exchange, from its headers to its answer's last byte. */
export interface Deadline {
  /** What the work comes to, or `late`. */
  within<T>(work: Promise<T>): Promise<T | 'late'>
  /** The handler's answer, for which a watch or a connection may take any time. One that comes too late is ended, since nobody reads it. */
  answer(made: Promise<HttpResponse>): Promise<HttpResponse>
  /** The answer is sent as it comes, so that one that lasts keeps its own time. */
  streams(): void
  forget(): void
}

/** Calls `onLate` where the answer is made and its reader does not take it. */
export function deadlineOf(clock: Clock, method: string, path: string, onLate: () => void): Deadline {
  const isLong = (): boolean => longRunning(parseRequest(method, path))
  let waiter: ((late: 'late') => void) | undefined
  let mayLast = false
  let isLate = false
  let forget = clock.schedule(clock.now() + requestMs, () => {
    if (mayLast && isLong()) return
    isLate = true
    if (waiter === undefined) return onLate()
    waiter('late')
    // That it was late must be taken in time as well.
    forget = clock.schedule(clock.now() + requestMs, onLate)
  })
  const within = <T>(work: Promise<T>): Promise<T | 'late'> => {
    if (isLate) return Promise.resolve('late')
    return new Promise((resolve, reject) => {
      waiter = resolve
      work.then(
        (value) => {
          waiter = undefined
          mayLast = false
          resolve(value)
        },
        (error: unknown) => {
          waiter = undefined
          reject(error)
        },
      )
    })
  }
  return {
    within,
    async answer(made) {
      mayLast = true
      const first = await within(made)
      if (first !== 'late') return first
      // A failure after that has been heard, and has nobody to go to.
      made.then(({ body }) => abandonBody(body), ignore)
      return timedOut()
    },
    streams() {
      mayLast = true
    },
    forget: () => forget(),
  }
}

/** The body as far as it may come: `broken` where its sender went away before its end. */
export function readRequestBody(incoming: Readable, contentLength: string | undefined): Promise<Uint8Array | 'tooLarge' | 'broken'> {
  if (Number(contentLength ?? 0) > bodyBytes) return Promise.resolve('tooLarge')
  return new Promise((resolve) => {
    const parts: Buffer[] = []
    let sizeBytes = 0
    const take = (part: Buffer): void => {
      sizeBytes += part.byteLength
      if (sizeBytes <= bodyBytes) parts.push(part)
      else {
        incoming.off('data', take).pause()
        resolve('tooLarge')
      }
    }
    incoming.on('data', take)
    incoming.once('end', () => resolve(parts.length === 1 ? parts[0]! : Buffer.concat(parts)))
    incoming.once('error', () => resolve('broken'))
    incoming.once('close', () => resolve('broken'))
  })
}

/**
 * Lets a sender of too much go on for a moment, and keeps nothing of it: a connection that is closed while it still writes breaks before it
 * reads the answer.
 */
export function discardBody(incoming: Readable, clock: Clock): Promise<void> {
  return new Promise((resolve) => {
    const forget = clock.schedule(clock.now() + discardMs, resolve)
    const end = (): void => {
      forget()
      resolve()
    }
    if (incoming.readableEnded || incoming.destroyed) end()
    incoming.once('end', end)
    incoming.once('close', end)
    incoming.resume()
  })
}

/** As long as the reference waits before it closes such a connection (net/http's rstAvoidanceDelay). */
const discardMs = 500

const ignore = (): void => {}

/** The answer to whoever took too long: 504, with the reference's words. */
export const timedOut = (): HttpResponse =>
  errorAnswer(new WherryError('Timeout', 'Timeout: request did not complete within the allotted timeout', {}))

/** The answer to a body above the limit: 413. */
export const tooLarge = (): HttpResponse =>
  errorAnswer(new WherryError('RequestEntityTooLarge', `Request entity too large: limit is ${bodyBytes}`))

/** The body limit of the reference's resource handlers. */
const bodyBytes = 3 * 1024 * 1024
