import type { Clock } from '#lib/clock.ts'
import type { HttpResponse } from '#lib/http.ts'
import type { Registry } from '#lib/metrics/registry.ts'
import { anonymous } from '../authentication/authenticate.ts'
import { attributesOf } from '../http/request-info.ts'
import type { RequestRecord } from '../request-record.ts'
import { auditEvent } from './event.ts'
import { type AuditConfig, auditConfigOf, type Policy, type Stage } from './policy.ts'

/** Where events go: one JSON object each. Never throws and never waits; what it cannot take it counts as dropped. */
export interface AuditBackend {
  /** For metrics: `log`, `webhook`. */
  readonly name: string
  send(event: string): void
  /** Events lost so far. */
  readonly dropped: number
  /** Sends what waits. */
  close(): Promise<void>
}

/** Keeps who did what, as far as the policy asks for it. */
export interface Audit {
  /** `undefined`: nothing of this request is kept. */
  begin(record: RequestRecord): AuditRun | undefined
  close(): Promise<void>
}

/** One request on its way through its stages. */
export interface AuditRun {
  stage(stage: Stage, answer?: HttpResponse): void
}

/** What is kept, and where. */
export interface AuditOptions {
  readonly policy: Policy
  readonly backends: readonly AuditBackend[]
  readonly clock: Clock
  readonly registry: Registry
}

/** Makes an event of each stage that the policy keeps, and gives it to all backends. */
export function createAudit({ policy, backends, clock, registry }: AuditOptions): Audit {
  const events = registry
    .counter({ name: 'apiserver_audit_event_total', help: 'Audit events made and sent to the backends.', stability: 'ALPHA' })
    .of()
  const levels = registry.counter({
    name: 'apiserver_audit_level_total',
    help: 'Requests by the level at which the policy keeps them.',
    stability: 'ALPHA',
    labels: ['level'],
  })
  registry.observed(
    {
      name: 'apiserver_audit_error_total',
      help: 'Audit events that a backend could not take.',
      stability: 'ALPHA',
      type: 'counter',
      labels: ['plugin'],
    },
    () => backends.map(({ name, dropped }) => ({ labels: [name], value: dropped })),
  )
  function emit(record: RequestRecord, config: AuditConfig, stage: Stage, answer: HttpResponse | undefined): void {
    if (config.omitStages.includes(stage)) return
    const event = auditEvent(record, config, stage, clock.now(), answer)
    events.inc()
    for (const backend of backends) backend.send(event)
  }
  return {
    begin(record) {
      const config = auditConfigOf(policy, attributesOf(record.info, record.user ?? anonymous))
      levels.of(config.level).inc()
      if (config.level === 'None') return undefined
      emit(record, config, 'RequestReceived', undefined)
      return { stage: (stage, answer) => emit(record, config, stage, answer) }
    },
    async close() {
      await Promise.all(backends.map((backend) => backend.close()))
    },
  }
}
