import type { HttpResponse } from '#lib/http.ts'
import type { AuditRun } from '../audit/audit.ts'
import type { Context } from '../context.ts'
import type { UserInfo } from '../contract.ts'
import type { Admitted } from '../flow-control/flow-control.ts'
import { startsWithState } from '../flow-control/work-estimate.ts'
import type { RequestRecord } from '../request-record.ts'
import { longRunning } from './long-running.ts'
import { text } from './respond.ts'

/** What goes on around one request until its answer's last byte is made: counting, audit, a seat. */
export interface Life {
  /** Headers that go with any answer from now on. */
  readonly headers: Readonly<Record<string, string>>
  /** It is known who asks: audit begins. */
  begun(): void
  /** Waits for a seat; an answer when there is none. */
  seated(user: UserInfo): Promise<HttpResponse | undefined> | undefined
  /** It reached a path of our own, so it counts. */
  routed(): void
  timedOut(): void
  /** A fault of ours. */
  panicked(error: unknown): void
  /** The answer is there; what it returns is sent. Ends everything, at once or with the answer's last piece. */
  answered(answer: HttpResponse): HttpResponse
}

/** Begins what is done around a request: its place among others, its metrics, its audit events. */
export function lifeOf(context: Context, record: RequestRecord): Life {
  const { clock, metrics, audit, flowControl } = context
  const { info, request } = record
  const isLong = longRunning(info)
  const isMutating = request.method !== 'GET' && request.method !== 'HEAD'
  const headers: Record<string, string> = {}
  let run: AuditRun | undefined
  let seat: Extract<Admitted, { admitted: true }> | undefined
  let forgetWatch: (() => void) | undefined
  let endLong: (() => void) | undefined
  let isRouted = false
  let isOver = false
  let answer: HttpResponse | undefined
  let bytes = 0
  // What waits for a long time says nothing of how much is being done.
  if (!isLong) metrics.inflight.change(1, isMutating)

  function end(): void {
    if (isOver || answer === undefined) return
    isOver = true
    if (!isLong) metrics.inflight.change(-1, isMutating)
    seat?.finish()
    forgetWatch?.()
    endLong?.()
    if (isRouted || record.kind !== undefined) {
      const ms = clock.monotonicMs() - record.startedMs
      metrics.requests.answered(record, {
        code: answer.status,
        seconds: ms / 1000,
        ownSeconds: (ms - record.elsewhereMs) / 1000,
        bytes: bytes + record.sentBytes,
      })
    }
    run?.stage('ResponseComplete', answer)
  }
  record.over = end

  function take(admitted: Admitted): HttpResponse | undefined {
    const { schema, level } = admitted.by
    headers['x-kubernetes-pf-flowschema-uid'] = schema.uid
    headers['x-kubernetes-pf-prioritylevel-uid'] = level.uid
    if (admitted.admitted) {
      if (isOver) {
        // Its time was over while it waited, and its answer is out: nobody would give the seat back, and nobody waits for the work.
        admitted.finish()
        return text('the request was answered before its turn came\n', 504)
      }
      seat = admitted
      if (info.verb === 'watch') forgetWatch = flowControl!.watches.add(info)
      return undefined
    }
    record.kind = undefined
    metrics.requests.terminated(record, 429)
    return text('Too many requests, please try again later.\n', 429, { 'retry-after': `${admitted.retryAfterSeconds}` })
  }

  return {
    headers,
    begun() {
      run ??= audit?.begin(record)
    },
    seated(user) {
      if (flowControl === undefined || (isLong && info.verb !== 'watch')) return undefined
      const admitted = flowControl.admit(user, info, waitMs, request)
      if (!(admitted instanceof Promise)) {
        const refusal = take(admitted)
        return refusal === undefined ? undefined : Promise.resolve(refusal)
      }
      return admitted.then((settled) => {
        record.elsewhereMs += clock.monotonicMs() - record.startedMs
        return take(settled)
      })
    },
    routed() {
      isRouted = true
    },
    timedOut: () => metrics.requests.terminated(record, 504),
    panicked: (error) => run?.stage('Panic', text(`APIServer panic'd: ${error instanceof Error ? error.name : 'failure'}`, 500)),
    answered(made) {
      answer = made
      if (isLong && made.status < 300) {
        run?.stage('ResponseStarted', made)
        if (record.kind !== undefined) endLong = metrics.requests.began(record)
      }
      // A watch that ended before its answer was out: a failure told as an event.
      if (record.lasts && made.status !== 101 && made.body instanceof Uint8Array) record.lasts = false
      if (record.lasts) {
        if (startsWithState(info.query) && !(made.body instanceof Uint8Array))
          return { ...made, body: seatedUntilIdle(made.body, () => seat?.finish()) }
        // What goes over a web socket is not seen here.
        seat?.finish()
        return made
      }
      if (made.body instanceof Uint8Array) {
        bytes = made.body.byteLength
        end()
        return made
      }
      return { ...made, body: counted(made.body, (size) => void (bytes += size), end) }
    },
  }
}

/** The same stream, telling of its pieces and of its end, however it ends. */
function counted(body: AsyncIterable<Uint8Array>, onPiece: (size: number) => void, onEnd: () => void): AsyncIterable<Uint8Array> {
  return {
    [Symbol.asyncIterator]() {
      const source = body[Symbol.asyncIterator]()
      return {
        async next() {
          try {
            const next = await source.next()
            if (next.done) onEnd()
            else onPiece(next.value.byteLength)
            return next
          } catch (error) {
            onEnd()
            throw error
          }
        },
        async return() {
          onEnd()
          return (await source.return?.()) ?? { done: true, value: undefined }
        },
      }
    },
  }
}

/** A watch's stream that gives its seat back once it has nothing to send: the work of its start is then done. */
function seatedUntilIdle(body: AsyncIterable<Uint8Array>, leave: () => void): AsyncIterable<Uint8Array> {
  let isSeated = true
  const stand = (): void => {
    isSeated = false
    leave()
  }
  return {
    [Symbol.asyncIterator]() {
      const source = body[Symbol.asyncIterator]()
      return {
        next() {
          if (!isSeated) return source.next()
          let isWaiting = true
          const next = source.next().finally(() => {
            isWaiting = false
          })
          setImmediate(() => isWaiting && isSeated && stand())
          return next
        },
        return: async () => (await source.return?.()) ?? { done: true, value: undefined },
      }
    },
  }
}

/** A quarter of the time that a request has in all, as with the reference. */
const waitMs = 15_000
