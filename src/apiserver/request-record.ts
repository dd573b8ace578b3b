import type { AnyKind } from '#api/kind.ts'
import type { HttpRequest } from '#lib/http.ts'
import type { Attributes, Caller, UserInfo } from './contract.ts'
import type { RequestInfo } from './http/request-info.ts'
import type { RequestTrace } from './tracing/tracer.ts'

/**
 * What is known of one request, from its arrival to its answer: the handler makes it, stages fill it in, and audit, metrics, tracing and
 * fairness read it. `Write.record` and `Admission.annotate` lead to it; what the server does on nobody's behalf has none.
 */
export interface RequestRecord {
  /** `Audit-Id`: the client's own as it came, else a new uuid. The answer carries it. */
  readonly id: string
  /** Milliseconds since the epoch when the request came. */
  readonly receivedMs: number
  /** The same moment on the clock that never goes back: for durations. */
  readonly startedMs: number
  readonly request: HttpRequest
  readonly caller: Caller
  readonly info: RequestInfo
  /** Who asks, once authenticated; while impersonating, who acts as somebody else. */
  user: UserInfo | undefined
  /** Whom the user acts as; undefined when as nobody else. */
  impersonated: UserInfo | undefined
  /** What is asked, once it is known who asks. */
  attributes: Attributes | undefined
  /** What kind the path names, once it is routed there. */
  kind: AnyKind | undefined
  /** Present while the request is traced. */
  trace: RequestTrace | undefined
  /** Set by what goes on after the answer was given (a watch): it then calls `over` itself, once. */
  lasts: boolean
  /** Somebody else answers: the answer is passed on as it is. */
  relayed: boolean
  /** Bytes that a lasting request has sent. */
  sentBytes: number
  /** Says that a lasting request has ended. */
  over: () => void
  /** Milliseconds spent waiting for others (webhooks, queues), which say nothing of our own speed. */
  elsewhereMs: number
  /** Times a step of admission; what it returns is told whether the step refused. */
  step: ((type: 'admit' | 'validate', operation: string) => (rejected: boolean) => void) | undefined
  /** Texts for Warning headers, in order. */
  readonly warnings: string[]
  /** Audit annotations by key; undefined until the first. */
  annotations: Map<string, string> | undefined
  /** Adds an audit annotation: a key such as `authorization.k8s.io/decision`. The first value of a key stays, as with the reference. */
  readonly annotate: (key: string, value: string) => void
  /** Adds a text for a Warning header. */
  readonly warn: (message: string) => void
}

/** A record of a request that has just come. */
export function createRequestRecord(
  given: Pick<RequestRecord, 'id' | 'receivedMs' | 'startedMs' | 'request' | 'caller' | 'info'>,
): RequestRecord {
  const warnings: string[] = []
  const record: RequestRecord = {
    id: given.id,
    receivedMs: given.receivedMs,
    startedMs: given.startedMs,
    request: given.request,
    caller: given.caller,
    info: given.info,
    user: undefined,
    impersonated: undefined,
    attributes: undefined,
    kind: undefined,
    trace: undefined,
    lasts: false,
    relayed: false,
    sentBytes: 0,
    over: noAnnotation,
    elsewhereMs: 0,
    step: undefined,
    warnings,
    annotations: undefined,
    annotate(key, value) {
      record.annotations ??= new Map()
      if (!record.annotations.has(key)) record.annotations.set(key, value)
    },
    warn: (message) => void warnings.push(message),
  }
  return record
}

/** For writes on nobody's behalf: nobody reads such annotations. */
export const noAnnotation = (): void => {}
