import type { SubjectAccessReviewSpec, SubjectAccessReviewStatus } from '#api/authorization/v1/types.ts'
import { parseFieldSelector } from '#api/meta/v1/field-selector.ts'
import { parseSelector, type Requirement } from '#api/meta/v1/selector.ts'
import type { Clock } from '#lib/clock.ts'
import { isError } from '#lib/errors.ts'
import { createTtlCache } from '../authentication/ttl-cache.ts'
import type { ReviewWebhook } from '../authentication/webhook/review-webhook.ts'
import type { Attributes, Authorizer, Decision } from '../contract.ts'

/** How access is reviewed by somebody else, and how long an answer holds, in milliseconds. */
export interface WebhookAuthorizerOptions {
  readonly review: ReviewWebhook
  readonly clock: Clock
  /** How long an answer holds. 0: it is not remembered. */
  readonly authorizedTtlMs: number
  readonly unauthorizedTtlMs: number
  /** What a question that got no answer means. */
  readonly failurePolicy: 'NoOpinion' | 'Deny'
  /** Whether the webhook is asked at all; throws an Error where that cannot be told. Absent: always. */
  readonly matches?: (spec: SubjectAccessReviewSpec) => boolean
  readonly version?: 'v1' | 'v1beta1'
}

/** Asks a webhook (`SubjectAccessReview` of authorization.k8s.io) and remembers what it said. */
export function createWebhookAuthorizer(options: WebhookAuthorizerOptions): Authorizer {
  const { review, clock, version = 'v1' } = options
  const known = createTtlCache<SubjectAccessReviewStatus>(clock, answersMax)
  const failed = (error: unknown): Decision => ({
    allowed: false,
    ...(options.failurePolicy === 'Deny' && { denied: true }),
    reason: '',
    error: error instanceof Error ? error.message : String(error),
  })
  return async (attributes) => {
    const spec = specOf(attributes)
    try {
      if (options.matches?.(spec) === false) return { allowed: false, reason: '' }
      const key = JSON.stringify(spec)
      let status = known.get(key)
      if (status === undefined) {
        const answer = await review({
          apiVersion: `authorization.k8s.io/${version}`,
          kind: 'SubjectAccessReview',
          metadata: {},
          spec: inVersion(spec, version),
        })
        status = (answer.status ?? { allowed: false }) as SubjectAccessReviewStatus
        // Names that a client chose freely must not fill the memory.
        if (key.length < keyLengthMax) known.set(key, status, status.allowed ? options.authorizedTtlMs : options.unauthorizedTtlMs)
      }
      return decisionOf(status)
    } catch (error) {
      return failed(error)
    }
  }
}

const answersMax = 8192
const keyLengthMax = 10_000

function decisionOf({ allowed, denied, reason = '' }: SubjectAccessReviewStatus): Decision {
  if (denied === true && allowed)
    return { allowed: false, denied: true, reason, error: 'webhook subject access review returned both allow and deny response' }
  if (denied === true) return { allowed: false, denied: true, reason }
  return { allowed: allowed === true, reason }
}

/** The question as a review puts it. Selectors come as requirements; what cannot be read of them is left out, as it restricts nothing then. */
function specOf(attributes: Attributes): SubjectAccessReviewSpec {
  const { user, isResource, path, verb, group, version, resource, subresource, namespace, name } = attributes
  const fields = readOrNone(() => fieldRequirements(attributes.fieldSelector))
  const labels = readOrNone(() => parseSelector(attributes.labelSelector ?? '').requirements.flatMap(labelRequirement))
  const filled = (parts: Readonly<Record<string, string>>) => Object.fromEntries(Object.entries(parts).filter(([, value]) => value !== ''))
  return {
    ...(isResource
      ? {
          resourceAttributes: {
            ...filled({ namespace, verb, group, version, resource, subresource, name }),
            ...(fields.length > 0 && { fieldSelector: { requirements: fields } }),
            ...(labels.length > 0 && { labelSelector: { requirements: labels } }),
          },
        }
      : { nonResourceAttributes: filled({ path, verb }) }),
    user: user.name,
    groups: [...user.groups],
    ...(user.extra !== undefined && { extra: user.extra as Record<string, string[]> }),
    ...(user.uid !== undefined && { uid: user.uid }),
  } as SubjectAccessReviewSpec
}

/** v1beta1 calls the groups `group`. */
function inVersion(spec: SubjectAccessReviewSpec, version: 'v1' | 'v1beta1'): object {
  if (version === 'v1') return spec
  const { groups, ...rest } = spec
  return { ...rest, group: groups }
}

const fieldRequirements = (text: string | undefined) =>
  parseFieldSelector(text ?? '').map(({ field, operator, value }) => ({
    key: field,
    operator: operator === '=' ? 'In' : 'NotIn',
    values: [value],
  }))

function labelRequirement({ key, operator, values }: Requirement): { key: string; operator: string; values?: string[] }[] {
  switch (operator) {
    case '=':
    case '==':
    case 'in':
      return [{ key, operator: 'In', values: [...values] }]
    case '!=':
    case 'notin':
      return [{ key, operator: 'NotIn', values: [...values] }]
    case 'exists':
      return [{ key, operator: 'Exists' }]
    case '!':
      return [{ key, operator: 'DoesNotExist' }]
    default:
      return []
  }
}

function readOrNone<T>(read: () => readonly T[]): readonly T[] {
  try {
    return read()
  } catch (error) {
    if (isError(error, 'BadRequest')) return []
    throw error
  }
}
