import type { Clock } from '#lib/clock.ts'
import { durationMs } from '#lib/duration.ts'
import type { Random } from '#lib/random.ts'
import { readConfiguration, refuseConfiguration } from '../authentication/read-configuration.ts'
import { createReviewWebhook, webhookConnection } from '../authentication/webhook/review-webhook.ts'
import type { Authorizer } from '../contract.ts'
import type { Outbound } from '../outbound.ts'
import { anyAuthorizer, mastersAuthorizer } from './authorize.ts'
import { AuthorizationConfiguration, validateAuthorization, type WebhookConfiguration } from './configuration.ts'
import { conditionMatcher } from './match-conditions.ts'
import { createWebhookAuthorizer } from './webhook-authorizer.ts'

export interface ConfiguredAuthorizationOptions {
  /** An AuthorizationConfiguration as YAML or JSON. */
  readonly text: string
  readonly node: Authorizer
  readonly rbac: Authorizer
  readonly outbound: Outbound
  readonly clock: Clock
  readonly random: Random
  /** The text of a file: a kubeconfig, or what one points to. */
  readonly readFile: (path: string) => string
}

/** Authorizers as a configuration file says, for as long as it says so. Members of `system:masters` pass in any case. */
export interface ConfiguredAuthorization {
  readonly authorize: Authorizer
  /** Takes another file's text up. Throws `Invalid` when it cannot be used; then all stays as it was. */
  update(text: string): void
  /** What a review of one's own rules has to say about rules that cannot be listed. */
  readonly unlisted: () => readonly string[]
}

/** Throws `Invalid` when the text cannot be used. */
export function createConfiguredAuthorization(options: ConfiguredAuthorizationOptions): ConfiguredAuthorization {
  let current = build(options.text, options)
  return {
    authorize: (attributes) => current.authorize(attributes),
    update: (text) => {
      current = build(text, options)
    },
    unlisted: () => current.unlisted,
  }
}

interface Built {
  readonly authorize: Authorizer
  readonly unlisted: readonly string[]
}

function build(text: string, options: ConfiguredAuthorizationOptions): Built {
  const config = readConfiguration(AuthorizationConfiguration, 'AuthorizationConfiguration', text) as AuthorizationConfiguration
  refuseConfiguration(validateAuthorization(config))
  const fixed: Readonly<Record<string, Authorizer>> = {
    Node: options.node,
    RBAC: options.rbac,
    AlwaysAllow: alwaysAllow,
    AlwaysDeny: noOpinion,
  }
  const authorizers = (config.authorizers ?? []).map(({ type = '', webhook }) => fixed[type] ?? webhookOf(webhook!, options))
  const hasWebhook = (config.authorizers ?? []).some(({ type }) => type === 'Webhook')
  return {
    authorize: anyAuthorizer(mastersAuthorizer, ...authorizers),
    unlisted: hasWebhook ? ['webhook authorizer does not support user rule resolution'] : [],
  }
}

const alwaysAllow: Authorizer = async () => ({ allowed: true, reason: '' })
/** The reference's `AlwaysDeny` has no opinion either: those after it may still allow. */
const noOpinion: Authorizer = async () => ({ allowed: false, reason: 'Everything is forbidden.' })

function webhookOf(webhook: WebhookConfiguration, options: ConfiguredAuthorizationOptions): Authorizer {
  const { clock, outbound, random, readFile } = options
  const connection = webhookConnection(readFile(webhook.connectionInfo.kubeConfigFile!), readFile)
  const ttlMs = (ttl: string | undefined, isOn: boolean | undefined, absent: string) =>
    isOn === false ? 0 : durationMs(ttl && durationMs(ttl) !== 0 ? ttl : absent)
  const conditions = (webhook.matchConditions ?? []).map(({ expression = '' }) => expression)
  return createWebhookAuthorizer({
    review: createReviewWebhook({ outbound, connection, clock, random, timeoutMs: durationMs(webhook.timeout!) }),
    clock,
    authorizedTtlMs: ttlMs(webhook.authorizedTTL, webhook.cacheAuthorizedRequests, '5m'),
    unauthorizedTtlMs: ttlMs(webhook.unauthorizedTTL, webhook.cacheUnauthorizedRequests, '30s'),
    failurePolicy: webhook.failurePolicy as 'NoOpinion' | 'Deny',
    version: webhook.subjectAccessReviewVersion as 'v1' | 'v1beta1',
    ...(conditions.length > 0 && { matches: conditionMatcher(conditions) }),
  })
}
