import type { Clock } from '#lib/clock.ts'
import { WherryError } from '#lib/errors.ts'
import type { Registry } from '#lib/metrics/registry.ts'
import type { Random } from '#lib/random.ts'
import type { Outbound } from '../outbound.ts'
import { type Audit, createAudit } from './audit.ts'
import { type AuditFiles, createLogBackend, type LogBackendOptions } from './log-backend.ts'
import { parsePolicy } from './policy.ts'
import { createWebhookBackend, type WebhookBackendOptions } from './webhook-backend.ts'

/** What is to be kept, and where: at least one of both places. */
export interface AuditChoices {
  /** Text of a Policy (audit.k8s.io/v1). */
  readonly policy: string
  readonly log?: Pick<LogBackendOptions, 'path' | 'maxSizeBytes' | 'maxBackups' | 'maxAgeMs'> & { readonly files: AuditFiles }
  readonly webhook?: Pick<WebhookBackendOptions, 'url' | 'connection' | 'batchMax' | 'batchWaitMs' | 'bufferMax'>
}

/** What backends work with. `onFailure` hears of events that were lost. */
export interface AuditMeans {
  readonly clock: Clock
  /** Spreads what is tried again. */
  readonly random: Random
  readonly registry: Registry
  /** Needed for a webhook. */
  readonly outbound: Outbound | undefined
  readonly onFailure: (error: unknown) => void
}

/** Audit as chosen. Errors: `Invalid` for a policy that is wrong, or events that would go nowhere. */
export function composeAudit({ policy, log, webhook }: AuditChoices, means: AuditMeans): Audit {
  const { clock, random, outbound, onFailure } = means
  if (log === undefined && webhook === undefined)
    throw new WherryError('Invalid', 'an audit policy needs a log or a webhook to keep events in')
  if (webhook !== undefined && outbound === undefined) throw new WherryError('Invalid', 'an audit webhook needs a way out of this server')
  return createAudit({
    ...means,
    policy: parsePolicy(policy),
    backends: [
      ...(log === undefined ? [] : [createLogBackend({ ...log, clock, onFailure })]),
      ...(webhook === undefined ? [] : [createWebhookBackend({ ...webhook, clock, random, outbound: outbound!, onFailure })]),
    ],
  })
}
