import type { SubjectAccessReview, SubjectAccessReviewSpec } from '#api/authorization/v1/types.ts'
import type { KubeObject } from '#api/kind.ts'
import { type Cause, WherryError } from '#lib/errors.ts'
import { invalid } from '#schema/validate.ts'
import type { Attributes, Authorizer, SubresourceCall, SubresourceHandler } from '../contract.ts'
import { badRequest } from '../http/status.ts'
import { nodeIdentity } from './node-identity.ts'
import type { Rbac } from './rbac.ts'
import { checkSelectors, readSelectors } from './selector-problems.ts'

/**
 * Answers to the kinds of authorization.k8s.io, which are asked by a create and never stored. Keyed by `group/resource`: the core calls the
 * handler found there with the decoded review as `call.body`, and answers 201 with what it returns.
 */
export function accessReviewHandlers(
  authorize: Authorizer,
  rbac: Rbac,
  unlisted: () => readonly string[] = () => [],
): Readonly<Record<string, SubresourceHandler>> {
  return {
    'authorization.k8s.io/subjectaccessreviews': async (call) => {
      const review = reviewOf(call)
      return answer(review, review.spec, [...checkSpec(review.spec, true), ...checkMetadata(review, false)], authorize)
    },
    'authorization.k8s.io/selfsubjectaccessreviews': async (call) => {
      const review = reviewOf(call)
      const { name, uid, groups, extra } = call.attributes.user
      const own = {
        user: name,
        ...(uid !== undefined && { uid }),
        groups: [...groups],
        ...(extra && { extra: extra as Record<string, string[]> }),
      }
      return answer(review, { ...review.spec, ...own }, [...checkSpec(review.spec, false), ...checkMetadata(review, false)], authorize)
    },
    'authorization.k8s.io/localsubjectaccessreviews': async (call) => {
      const review = reviewOf(call)
      const { namespace } = call.attributes
      const causes = [...checkSpec(review.spec, true), ...checkMetadata(review, true), ...checkLocal(review)]
      if (causes.length === 0 && review.metadata.namespace !== namespace)
        throw badRequest(`spec.resourceAttributes.namespace must match namespace: ${namespace}`)
      return answer(review, review.spec, causes, authorize)
    },
    'authorization.k8s.io/selfsubjectrulesreviews': async (call) => {
      const review = reviewOf(call) as unknown as { readonly spec: { readonly namespace?: string } }
      const namespace = review.spec.namespace ?? ''
      if (namespace === '') throw badRequest('no namespace on request')
      return {
        apiVersion,
        kind: 'SelfSubjectRulesReview',
        metadata: {},
        spec: {},
        status: rulesOf(call, rbac, namespace, unlisted()),
      } as unknown as KubeObject
    },
  }
}

const apiVersion = 'authorization.k8s.io/v1'

/** A body may leave out what is empty, also its whole spec. */
function reviewOf({ body }: SubresourceCall): SubjectAccessReview {
  const review = body as Partial<SubjectAccessReview>
  return { ...review, metadata: review.metadata ?? {}, spec: review.spec ?? {} } as SubjectAccessReview
}

async function answer(
  review: SubjectAccessReview,
  spec: SubjectAccessReviewSpec,
  causes: readonly Cause[],
  authorize: Authorizer,
): Promise<KubeObject> {
  if (causes.length > 0) throw invalidReview(causes)
  const selectors = readSelectors(spec.resourceAttributes)
  const decision = await authorize(attributesOf(spec, selectors))
  const problems = [...(decision.error === undefined ? [] : [decision.error]), ...selectors.problems]
  const status = {
    allowed: decision.allowed,
    ...(decision.denied === true && { denied: true }),
    ...(decision.reason !== '' && { reason: decision.reason }),
    ...(problems.length > 0 && { evaluationError: problems.join('; ') }),
  }
  return { ...review, status } as unknown as KubeObject
}

function attributesOf(spec: SubjectAccessReviewSpec, selectors: ReturnType<typeof readSelectors>): Attributes {
  const resource = spec.resourceAttributes
  const { problems: _problems, ...raw } = selectors
  return {
    user: {
      name: spec.user ?? '',
      groups: spec.groups ?? [],
      ...(spec.uid !== undefined && { uid: spec.uid }),
      ...(spec.extra !== undefined && { extra: spec.extra }),
    },
    verb: (resource ?? spec.nonResourceAttributes)?.verb ?? '',
    isResource: resource !== undefined,
    path: spec.nonResourceAttributes?.path ?? '',
    group: resource?.group ?? '',
    version: resource?.version || '*',
    resource: resource?.resource ?? '',
    subresource: resource?.subresource ?? '',
    namespace: resource?.namespace ?? '',
    name: resource?.name ?? '',
    ...raw,
  }
}

function checkSpec(spec: SubjectAccessReviewSpec, needsUser: boolean): Cause[] {
  const { resourceAttributes: resource, nonResourceAttributes: other } = spec
  const causes: Cause[] = []
  if (resource !== undefined && other !== undefined)
    causes.push(invalid('spec.nonResourceAttributes', dump(other), 'cannot be specified in combination with resourceAttributes'))
  if (resource === undefined && other === undefined)
    causes.push(invalid('spec.resourceAttributes', null, 'exactly one of nonResourceAttributes or resourceAttributes must be specified'))
  if (needsUser && !spec.user && (spec.groups ?? []).length === 0)
    causes.push(invalid('spec.user', '', 'at least one of user or group must be specified'))
  return [...causes, ...checkSelectors(resource)]
}

/** The reference prints its own structure, whose field names are Go's. */
const dump = (other: NonNullable<SubjectAccessReviewSpec['nonResourceAttributes']>) => ({ Path: other.path ?? '', Verb: other.verb ?? '' })

function checkMetadata(review: SubjectAccessReview, mayHaveNamespace: boolean): Cause[] {
  const { managedFields: _managed, namespace, ...rest } = review.metadata
  const isEmpty = Object.values(rest).every((value) => value === undefined || value === null || value === '')
  if (isEmpty && (mayHaveNamespace || namespace === undefined || namespace === '')) return []
  return [invalid('metadata', review.metadata, mayHaveNamespace ? 'must be empty except for namespace' : 'must be empty')]
}

function checkLocal(review: SubjectAccessReview): Cause[] {
  const { resourceAttributes: resource, nonResourceAttributes: other } = review.spec
  const causes: Cause[] = []
  if (resource !== undefined && (resource.namespace ?? '') !== (review.metadata.namespace ?? ''))
    causes.push(invalid('spec.resourceAttributes.namespace', resource.namespace ?? '', 'must match metadata.namespace'))
  if (other !== undefined) causes.push(invalid('spec.nonResourceAttributes', dump(other), 'disallowed on this kind of request'))
  return causes
}

/** A review has no name, and the reference forgets its kind here: clients see `.authorization.k8s.io "" is invalid: …`. */
function invalidReview(causes: readonly Cause[]): WherryError {
  const texts = [...new Set(causes.map(({ field, message }) => `${field}: ${message}`))]
  const joined = texts.length === 1 ? texts[0] : `[${texts.join(', ')}]`
  return new WherryError('Invalid', `.authorization.k8s.io "" is invalid: ${joined}`, { group: 'authorization.k8s.io', causes })
}

function rulesOf({ attributes: { user } }: SubresourceCall, rbac: Rbac, namespace: string, unlisted: readonly string[]): object {
  const { rules, errors } = rbac.rulesFor(user, namespace)
  const isNode = nodeIdentity(user) !== undefined
  const problems = [...(isNode ? ['node authorizer does not support user rule resolution'] : []), ...errors, ...unlisted]
  return {
    resourceRules: rules
      .filter((rule) => (rule.resources?.length ?? 0) > 0)
      .map(({ verbs, apiGroups, resources, resourceNames }) => ({
        verbs,
        ...(apiGroups && { apiGroups }),
        resources,
        ...(resourceNames?.length && { resourceNames }),
      })),
    nonResourceRules: rules
      .filter((rule) => (rule.nonResourceURLs?.length ?? 0) > 0)
      .map(({ verbs, nonResourceURLs }) => ({ verbs, nonResourceURLs })),
    incomplete: isNode || unlisted.length > 0,
    ...(problems.length > 0 && { evaluationError: problems.length === 1 ? problems[0] : `[${problems.join(', ')}]` }),
  }
}
