import { same } from '#api/strategy.ts'
import type { Clock } from '#lib/clock.ts'
import { durationMs } from '#lib/duration.ts'
import { WherryError } from '#lib/errors.ts'
import type { Random } from '#lib/random.ts'
import { readConfiguration, refuseConfiguration } from '#schema/read-configuration.ts'
import { createReviewWebhook, webhookConnection } from '../authentication/webhook/review-webhook.ts'
import type { Authorizer } from '../contract.ts'
import type { Outbound } from '../outbound.ts'
import { anyAuthorizer, mastersAuthorizer } from './authorize.ts'
import { AuthorizationConfiguration, validateAuthorization, type WebhookConfiguration } from './configuration.ts'
import { conditionMatcher } from './match-conditions.ts'
import { createWebhookAuthorizer } from './webhook-authorizer.ts'

/** The file's text, and the authorizers that it puts in order. */
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
  /**
   * Takes another file's text up; answers whether that changed anything. Throws `Invalid` when it cannot be used, when it leaves out an
   * authorizer of the first text that is no webhook, or adds Node or RBAC, which only a start can: then all stays as it was.
   */
  update(text: string): boolean
  /** What a review of one's own rules has to say about rules that cannot be listed. */
  readonly unlisted: () => readonly string[]
}

/** Throws `Invalid` when the text cannot be used. */
export function createConfiguredAuthorization(options: ConfiguredAuthorizationOptions): ConfiguredAuthorization {
  let config = readAuthorization(options.text)
  let current = build(config, options)
  const firstTypes = ownTypes(config)
  return {
    authorize: (attributes) => current.authorize(attributes),
    update: (text) => {
      const next = readAuthorization(text, firstTypes)
      if (same(next, config)) return false
      const added = ownTypes(next).find((type) => startOnly.has(type) && !firstTypes.includes(type))
      if (added !== undefined)
        throw new WherryError('Invalid', `authorizer type ${added} is not allowed if it was not enabled at initial server startup`)
      current = build(next, options)
      config = next
      return true
    },
    unlisted: () => current.unlisted,
  }
}

/** What only a start can bring: each follows objects from there on. */
const startOnly: ReadonlySet<string> = new Set(['Node', 'RBAC'])

/** Types of authorizers that are part of this server, in the order of the text. */
const ownTypes = ({ authorizers = [] }: AuthorizationConfiguration): readonly string[] =>
  authorizers.flatMap(({ type = '' }) => (type === 'Webhook' ? [] : [type]))

interface Built {
  readonly authorize: Authorizer
  readonly unlisted: readonly string[]
}

/** Reads and validates the text of a file, which has to name the `wanted` types of authorizers at least. Errors: `Invalid`. */
export function readAuthorization(text: string, wanted: readonly string[] = []): AuthorizationConfiguration {
  const config = readConfiguration(AuthorizationConfiguration, 'AuthorizationConfiguration', text) as AuthorizationConfiguration
  refuseConfiguration(validateAuthorization(config))
  const problems = (config.authorizers ?? []).flatMap(({ type = '', name = '' }) =>
    type === 'Webhook' || name === type.toLowerCase()
      ? []
      : [`expected name ${type.toLowerCase()} for authorizer ${type} instead of ${name}`],
  )
  const missing = wanted.filter((type) => !ownTypes(config).includes(type)).toSorted()
  if (missing.length > 0) problems.push(`missing required types: [${missing.join(' ')}]`)
  if (problems.length > 0) throw new WherryError('Invalid', problems.length === 1 ? problems[0]! : `[${problems.join(', ')}]`)
  return config
}

function build(config: AuthorizationConfiguration, options: ConfiguredAuthorizationOptions): Built {
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
