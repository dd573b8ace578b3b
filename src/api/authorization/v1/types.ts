/** The types of authorization/v1, as data: names, wire numbers, merge keys and presence as Kubernetes v1.36 declares them. */

import { objectFields } from '#api/meta/v1/object-fields.ts'
import * as meta from '#api/meta/v1/types.ts'
import type { Of } from '#schema/schema.ts'
import { bool, field, list, map, message, string } from '#schema/schema.ts'

export const FieldSelectorAttributes = message(
  'k8s.io.api.authorization.v1.FieldSelectorAttributes',
  {
    rawSelector: field(1, string(), {
      about: 'Selector as text, such as status.phase=Running; not together with requirements.',
    }),
    requirements: field(2, list(meta.FieldSelectorRequirement), { about: 'Parsed selector: all of its requirements hold.' }),
  },
  { about: 'Field selector that narrows the request down; give either form of it.' },
)
export type FieldSelectorAttributes = Of<typeof FieldSelectorAttributes>

export const LabelSelectorAttributes = message(
  'k8s.io.api.authorization.v1.LabelSelectorAttributes',
  {
    rawSelector: field(1, string(), {
      about: 'Selector as text, such as tier=web; not together with requirements.',
    }),
    requirements: field(2, list(meta.LabelSelectorRequirement), { about: 'Parsed selector: all of its requirements hold.' }),
  },
  { about: 'Label selector that narrows the request down; give either form of it.' },
)
export type LabelSelectorAttributes = Of<typeof LabelSelectorAttributes>

export const ResourceAttributes = message(
  'k8s.io.api.authorization.v1.ResourceAttributes',
  {
    namespace: field(1, string(), { about: 'Namespace of the request; empty for resources without one, and for all namespaces.' }),
    verb: field(2, string(), { about: 'Verb such as get, list, create, or * for all of them.' }),
    group: field(3, string(), { about: 'API group of the resource; * means all of them.' }),
    version: field(4, string(), { about: 'API version of the resource; * means all of them.' }),
    resource: field(5, string(), { about: 'Resource in plural, such as pods; * means all of them.' }),
    subresource: field(6, string(), { about: 'Subresource, such as log; empty for none.' }),
    name: field(7, string(), { about: 'Name of the object; empty for all of them, or where there is none yet.' }),
    fieldSelector: field(8, FieldSelectorAttributes, {
      pointer: true,
      about: 'Fields that the objects of a list, watch or deletecollection are narrowed down by.',
    }),
    labelSelector: field(9, LabelSelectorAttributes, {
      pointer: true,
      about: 'Labels that the objects of a list, watch or deletecollection are narrowed down by.',
    }),
  },
  { about: 'Request for a resource of the API.' },
)
export type ResourceAttributes = Of<typeof ResourceAttributes>

export const NonResourceAttributes = message(
  'k8s.io.api.authorization.v1.NonResourceAttributes',
  {
    path: field(1, string(), { about: 'The path, such as /healthz.' }),
    verb: field(2, string(), { about: 'HTTP method in lower case, such as get.' }),
  },
  { about: "Request for a path outside the API's resources." },
)
export type NonResourceAttributes = Of<typeof NonResourceAttributes>

export const ExtraValue = list(string())
export type ExtraValue = Of<typeof ExtraValue>

export const SubjectAccessReviewSpec = message(
  'k8s.io.api.authorization.v1.SubjectAccessReviewSpec',
  {
    resourceAttributes: field(1, ResourceAttributes, { pointer: true, about: 'Request for a resource.' }),
    nonResourceAttributes: field(2, NonResourceAttributes, { pointer: true, about: 'Request for a path.' }),
    user: field(3, string(), { about: 'Name of the user; with groups alone, what a user without a name in them may do.' }),
    groups: field(4, list(string()), { about: 'Groups of the user.' }),
    extra: field(5, map(ExtraValue), { about: 'Further attributes of the user, by key.' }),
    uid: field(6, string(), { about: 'Uid of the user.' }),
  },
  { about: 'Who wants to do what; give exactly one of resourceAttributes and nonResourceAttributes.' },
)
export type SubjectAccessReviewSpec = Of<typeof SubjectAccessReviewSpec>

export const SubjectAccessReviewStatus = message(
  'k8s.io.api.authorization.v1.SubjectAccessReviewStatus',
  {
    allowed: field(1, bool(), { required: true, about: 'Whether the user may do it.' }),
    denied: field(4, bool(), { about: 'True if an authorizer refused outright; with both this and allowed false, none had an opinion.' }),
    reason: field(2, string(), { about: 'Why, in words.' }),
    evaluationError: field(3, string(), { about: 'What went wrong on the way; the answer can be right in spite of it.' }),
  },
  { about: 'Whether the request is allowed.' },
)
export type SubjectAccessReviewStatus = Of<typeof SubjectAccessReviewStatus>

export const SubjectAccessReview = message(
  'k8s.io.api.authorization.v1.SubjectAccessReview',
  {
    ...objectFields,
    spec: field(2, SubjectAccessReviewSpec, { required: true, about: 'User and request.' }),
    status: field(3, SubjectAccessReviewStatus, { always: true, about: 'The answer; filled in by the server.' }),
  },
  { about: 'Asks whether some user may do something; the answer comes at once and nothing is stored.' },
)
export type SubjectAccessReview = Of<typeof SubjectAccessReview>

export const SelfSubjectAccessReviewSpec = message(
  'k8s.io.api.authorization.v1.SelfSubjectAccessReviewSpec',
  {
    resourceAttributes: field(1, ResourceAttributes, { pointer: true, about: 'Request for a resource.' }),
    nonResourceAttributes: field(2, NonResourceAttributes, { pointer: true, about: 'Request for a path.' }),
  },
  { about: 'What the caller wants to do; give exactly one of the fields.' },
)
export type SelfSubjectAccessReviewSpec = Of<typeof SelfSubjectAccessReviewSpec>

export const SelfSubjectAccessReview = message(
  'k8s.io.api.authorization.v1.SelfSubjectAccessReview',
  {
    ...objectFields,
    spec: field(2, SelfSubjectAccessReviewSpec, { required: true, about: 'The request.' }),
    status: field(3, SubjectAccessReviewStatus, { always: true, about: 'The answer; filled in by the server.' }),
  },
  { about: 'Asks whether the caller may do something; the answer comes at once and nothing is stored.' },
)
export type SelfSubjectAccessReview = Of<typeof SelfSubjectAccessReview>

export const LocalSubjectAccessReview = message(
  'k8s.io.api.authorization.v1.LocalSubjectAccessReview',
  {
    ...objectFields,
    spec: field(2, SubjectAccessReviewSpec, {
      required: true,
      about: 'User and request, which has to be for a resource in the namespace of this object.',
    }),
    status: field(3, SubjectAccessReviewStatus, { always: true, about: 'The answer; filled in by the server.' }),
  },
  { about: 'Asks whether some user may do something in one namespace, so that the right to ask can be given for it alone.' },
)
export type LocalSubjectAccessReview = Of<typeof LocalSubjectAccessReview>

export const SelfSubjectRulesReviewSpec = message(
  'k8s.io.api.authorization.v1.SelfSubjectRulesReviewSpec',
  {
    namespace: field(1, string(), { about: 'Namespace that the permissions are wanted for; required.' }),
  },
  { about: 'Which permissions of the caller are asked for.' },
)
export type SelfSubjectRulesReviewSpec = Of<typeof SelfSubjectRulesReviewSpec>

export const ResourceRule = message(
  'k8s.io.api.authorization.v1.ResourceRule',
  {
    verbs: field(1, list(string()), { required: true, about: 'Allowed verbs; * means all of them.' }),
    apiGroups: field(2, list(string()), { about: 'API groups of the resources; * means all of them.' }),
    resources: field(3, list(string()), { about: 'Resources in plural, with subresources as pods/log; * means all of them.' }),
    resourceNames: field(4, list(string()), { about: 'Names of the only objects that are allowed; empty means all.' }),
  },
  { about: 'Verbs that are allowed on some resources.' },
)
export type ResourceRule = Of<typeof ResourceRule>

export const NonResourceRule = message(
  'k8s.io.api.authorization.v1.NonResourceRule',
  {
    verbs: field(1, list(string()), { required: true, about: 'Allowed HTTP methods in lower case; * means all of them.' }),
    nonResourceURLs: field(2, list(string()), { about: 'Paths, perhaps with * as their last step.' }),
  },
  { about: 'Verbs that are allowed on some paths.' },
)
export type NonResourceRule = Of<typeof NonResourceRule>

export const SubjectRulesReviewStatus = message(
  'k8s.io.api.authorization.v1.SubjectRulesReviewStatus',
  {
    resourceRules: field(1, list(ResourceRule), { required: true, about: 'Permissions on resources.' }),
    nonResourceRules: field(2, list(NonResourceRule), { required: true, about: 'Permissions on paths.' }),
    incomplete: field(3, bool(), {
      required: true,
      about: 'True if some permissions could not be listed, as with authorizers that cannot tell all.',
    }),
    evaluationError: field(4, string(), { about: 'Why the list is incomplete, if something went wrong.' }),
  },
  { about: 'What the caller may do in a namespace, in no particular order and perhaps with repetitions.' },
)
export type SubjectRulesReviewStatus = Of<typeof SubjectRulesReviewStatus>

export const SelfSubjectRulesReview = message(
  'k8s.io.api.authorization.v1.SelfSubjectRulesReview',
  {
    ...objectFields,
    spec: field(2, SelfSubjectRulesReviewSpec, { required: true, about: 'Namespace that is asked about.' }),
    status: field(3, SubjectRulesReviewStatus, { always: true, about: 'The permissions; filled in by the server.' }),
  },
  { about: 'Asks for everything the caller may do in a namespace; good for showing, not for deciding.' },
)
export type SelfSubjectRulesReview = Of<typeof SelfSubjectRulesReview>
