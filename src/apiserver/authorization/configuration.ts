import { durationMs } from '#lib/duration.ts'
import type { Cause } from '#lib/errors.ts'
import { checkDns1123Subdomain } from '#schema/formats.ts'
import { bool, duration, field, list, message, type Of, string } from '#schema/schema.ts'
import { duplicate, invalid, notSupported, required } from '#schema/validate.ts'
import { compileMatchCondition } from './match-conditions.ts'

/** The types of `AuthorizationConfiguration` of apiserver.config.k8s.io/v1, as data; no protobuf form exists, the numbers only order the fields. */

const WebhookConfiguration = message('apiserver.config.v1.WebhookConfiguration', {
  authorizedTTL: field(1, duration()),
  cacheAuthorizedRequests: field(2, bool(), { pointer: true }),
  unauthorizedTTL: field(3, duration()),
  cacheUnauthorizedRequests: field(4, bool(), { pointer: true }),
  timeout: field(5, duration()),
  subjectAccessReviewVersion: field(6, string()),
  matchConditionSubjectAccessReviewVersion: field(7, string()),
  failurePolicy: field(8, string()),
  connectionInfo: field(
    9,
    message('apiserver.config.v1.WebhookConnectionInfo', {
      type: field(1, string()),
      kubeConfigFile: field(2, string(), { pointer: true }),
    }),
    { always: true },
  ),
  matchConditions: field(10, list(message('apiserver.config.v1.WebhookMatchCondition', { expression: field(1, string()) }))),
})
/** A webhook that is asked what others leave undecided. */
export type WebhookConfiguration = Of<typeof WebhookConfiguration>

/** Who is asked whether a request may be served, in order. */
export const AuthorizationConfiguration = message('apiserver.config.v1.AuthorizationConfiguration', {
  apiVersion: field(0, string()),
  kind: field(0, string()),
  authorizers: field(
    1,
    list(
      message('apiserver.config.v1.AuthorizerConfiguration', {
        type: field(1, string()),
        name: field(2, string()),
        webhook: field(3, WebhookConfiguration, { pointer: true }),
      }),
    ),
  ),
})
/** The whole file: authorizers in the order in which they are asked. */
export type AuthorizationConfiguration = Of<typeof AuthorizationConfiguration>

/** Attribute-based policies (`ABAC`) are not among them: they are the reference's past. */
const knownTypes = ['AlwaysAllow', 'AlwaysDeny', 'Node', 'RBAC', 'Webhook']

/** All that is wrong with a configuration, in the reference's words. */
export function validateAuthorization({ authorizers = [] }: AuthorizationConfiguration): Cause[] {
  if (authorizers.length === 0) return [required('authorizers', 'at least one authorization mode must be defined')]
  const types = new Set<string>()
  const names = new Set<string>()
  return authorizers.flatMap(({ type = '', name = '', webhook }, position) => {
    const at = `authorizers[${position}]`
    if (type === '') return [required(`${at}.type`, '')]
    if (!knownTypes.includes(type)) return [notSupported(`${at}.type`, type, knownTypes)]
    if (types.has(type) && type !== 'Webhook') return [duplicate(`${at}.type`, type)]
    types.add(type)
    const causes: Cause[] = []
    const [problem] = checkDns1123Subdomain(name)
    if (name === '') causes.push(required(`${at}.name`, ''))
    else if (names.has(name)) causes.push(duplicate(`${at}.name`, name))
    else if (problem !== undefined) causes.push(invalid(`${at}.name`, name, `authorizer name is invalid: ${problem[0]}`))
    names.add(name)
    if (type !== 'Webhook')
      return webhook === undefined ? causes : [...causes, invalid(`${at}.webhook`, 'non-null', 'may only be specified when type=Webhook')]
    return [
      ...causes,
      ...(webhook === undefined ? [required(`${at}.webhook`, 'required when type=Webhook')] : validateWebhook(webhook, at)),
    ]
  })
}

function validateWebhook(webhook: WebhookConfiguration, at: string): Cause[] {
  const { subjectAccessReviewVersion: version = '', matchConditionSubjectAccessReviewVersion: matchVersion = '' } = webhook
  const { failurePolicy = '', matchConditions = [] } = webhook
  const causes: Cause[] = []
  const timeoutMs = durationMs(webhook.timeout || '0s')
  if (timeoutMs === 0) causes.push(required(`${at}.timeout`, ''))
  else if (timeoutMs > 30_000 || timeoutMs < 0) causes.push(invalid(`${at}.timeout`, webhook.timeout, 'must be > 0s and <= 30s'))
  for (const field of ['authorizedTTL', 'unauthorizedTTL'] as const)
    if (durationMs(webhook[field] || '0s') < 0) causes.push(invalid(`${at}.${field}`, webhook[field], 'must be > 0s'))
  if (version === '') causes.push(required(`${at}.subjectAccessReviewVersion`, ''))
  else if (version !== 'v1' && version !== 'v1beta1')
    causes.push(notSupported(`${at}.subjectAccessReviewVersion`, version, ['v1', 'v1beta1']))
  if (matchVersion === '') {
    if (matchConditions.length > 0)
      causes.push(required(`${at}.matchConditionSubjectAccessReviewVersion`, 'required if match conditions are specified'))
  } else if (matchVersion !== 'v1') causes.push(notSupported(`${at}.matchConditionSubjectAccessReviewVersion`, matchVersion, ['v1']))
  if (failurePolicy === '') causes.push(required(`${at}.failurePolicy`, ''))
  else if (failurePolicy !== 'NoOpinion' && failurePolicy !== 'Deny')
    causes.push(notSupported(`${at}.failurePolicy`, failurePolicy, ['NoOpinion', 'Deny']))
  return [...causes, ...validateConnection(webhook, `${at}.connectionInfo`), ...validateConditions(webhook, `${at}.matchConditions`)]
}

function validateConnection({ connectionInfo: { type = '', kubeConfigFile: file } }: WebhookConfiguration, at: string): Cause[] {
  if (type === '') return [required(`${at}.type`, '')]
  // The API server cannot ask itself: it is this authorizer that it would have to ask first.
  if (type !== 'KubeConfigFile') return [notSupported(`${at}.type`, type, ['KubeConfigFile'])]
  if (!file) return [required(`${at}.kubeConfigFile`, '')]
  return file.startsWith('/') ? [] : [invalid(`${at}.kubeConfigFile`, file, 'must be an absolute path')]
}

const conditionsMax = 64

function validateConditions({ matchConditions: conditions = [] }: WebhookConfiguration, path: string): Cause[] {
  if (conditions.length > conditionsMax)
    return [
      { reason: 'FieldValueTooMany', field: path, message: `Too many: ${conditions.length}: must have at most ${conditionsMax} items` },
    ]
  const seen = new Set<string>()
  return conditions.flatMap(({ expression = '' }, position) => {
    const at = `${path}[${position}].expression`
    if (expression.trim() === '') return [required(at, '')]
    if (seen.has(expression)) return [duplicate(at, expression)]
    seen.add(expression)
    const result = compileMatchCondition(expression)
    return 'problem' in result ? [invalid(at, expression, result.problem)] : []
  })
}
