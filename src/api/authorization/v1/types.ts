/** The types of authorization/v1, as data: names, wire numbers, merge keys and presence as Kubernetes v1.36 declares them. */

import * as meta from '#api/meta/v1/types.ts'
import type { Of } from '#schema/schema.ts'
import { bool, field, list, map, message, string } from '#schema/schema.ts'

export const FieldSelectorAttributes = message('k8s.io.api.authorization.v1.FieldSelectorAttributes', {
  rawSelector: field(1, string()),
  requirements: field(2, list(meta.FieldSelectorRequirement)),
})
export type FieldSelectorAttributes = Of<typeof FieldSelectorAttributes>

export const LabelSelectorAttributes = message('k8s.io.api.authorization.v1.LabelSelectorAttributes', {
  rawSelector: field(1, string()),
  requirements: field(2, list(meta.LabelSelectorRequirement)),
})
export type LabelSelectorAttributes = Of<typeof LabelSelectorAttributes>

export const ResourceAttributes = message('k8s.io.api.authorization.v1.ResourceAttributes', {
  namespace: field(1, string()),
  verb: field(2, string()),
  group: field(3, string()),
  version: field(4, string()),
  resource: field(5, string()),
  subresource: field(6, string()),
  name: field(7, string()),
  fieldSelector: field(8, FieldSelectorAttributes, { pointer: true }),
  labelSelector: field(9, LabelSelectorAttributes, { pointer: true }),
})
export type ResourceAttributes = Of<typeof ResourceAttributes>

export const NonResourceAttributes = message('k8s.io.api.authorization.v1.NonResourceAttributes', {
  path: field(1, string()),
  verb: field(2, string()),
})
export type NonResourceAttributes = Of<typeof NonResourceAttributes>

export const ExtraValue = list(string())
export type ExtraValue = Of<typeof ExtraValue>

export const SubjectAccessReviewSpec = message('k8s.io.api.authorization.v1.SubjectAccessReviewSpec', {
  resourceAttributes: field(1, ResourceAttributes, { pointer: true }),
  nonResourceAttributes: field(2, NonResourceAttributes, { pointer: true }),
  user: field(3, string()),
  groups: field(4, list(string())),
  extra: field(5, map(ExtraValue)),
  uid: field(6, string()),
})
export type SubjectAccessReviewSpec = Of<typeof SubjectAccessReviewSpec>

export const SubjectAccessReviewStatus = message('k8s.io.api.authorization.v1.SubjectAccessReviewStatus', {
  allowed: field(1, bool(), { required: true }),
  denied: field(4, bool()),
  reason: field(2, string()),
  evaluationError: field(3, string()),
})
export type SubjectAccessReviewStatus = Of<typeof SubjectAccessReviewStatus>

export const SubjectAccessReview = message('k8s.io.api.authorization.v1.SubjectAccessReview', {
  apiVersion: field(0, string()),
  kind: field(0, string()),
  metadata: field(1, meta.ObjectMeta, { always: true }),
  spec: field(2, SubjectAccessReviewSpec, { required: true }),
  status: field(3, SubjectAccessReviewStatus, { always: true }),
})
export type SubjectAccessReview = Of<typeof SubjectAccessReview>

export const SelfSubjectAccessReviewSpec = message('k8s.io.api.authorization.v1.SelfSubjectAccessReviewSpec', {
  resourceAttributes: field(1, ResourceAttributes, { pointer: true }),
  nonResourceAttributes: field(2, NonResourceAttributes, { pointer: true }),
})
export type SelfSubjectAccessReviewSpec = Of<typeof SelfSubjectAccessReviewSpec>

export const SelfSubjectAccessReview = message('k8s.io.api.authorization.v1.SelfSubjectAccessReview', {
  apiVersion: field(0, string()),
  kind: field(0, string()),
  metadata: field(1, meta.ObjectMeta, { always: true }),
  spec: field(2, SelfSubjectAccessReviewSpec, { required: true }),
  status: field(3, SubjectAccessReviewStatus, { always: true }),
})
export type SelfSubjectAccessReview = Of<typeof SelfSubjectAccessReview>

export const LocalSubjectAccessReview = message('k8s.io.api.authorization.v1.LocalSubjectAccessReview', {
  apiVersion: field(0, string()),
  kind: field(0, string()),
  metadata: field(1, meta.ObjectMeta, { always: true }),
  spec: field(2, SubjectAccessReviewSpec, { required: true }),
  status: field(3, SubjectAccessReviewStatus, { always: true }),
})
export type LocalSubjectAccessReview = Of<typeof LocalSubjectAccessReview>

export const SelfSubjectRulesReviewSpec = message('k8s.io.api.authorization.v1.SelfSubjectRulesReviewSpec', {
  namespace: field(1, string()),
})
export type SelfSubjectRulesReviewSpec = Of<typeof SelfSubjectRulesReviewSpec>

export const ResourceRule = message('k8s.io.api.authorization.v1.ResourceRule', {
  verbs: field(1, list(string()), { required: true }),
  apiGroups: field(2, list(string())),
  resources: field(3, list(string())),
  resourceNames: field(4, list(string())),
})
export type ResourceRule = Of<typeof ResourceRule>

export const NonResourceRule = message('k8s.io.api.authorization.v1.NonResourceRule', {
  verbs: field(1, list(string()), { required: true }),
  nonResourceURLs: field(2, list(string())),
})
export type NonResourceRule = Of<typeof NonResourceRule>

export const SubjectRulesReviewStatus = message('k8s.io.api.authorization.v1.SubjectRulesReviewStatus', {
  resourceRules: field(1, list(ResourceRule), { required: true }),
  nonResourceRules: field(2, list(NonResourceRule), { required: true }),
  incomplete: field(3, bool(), { required: true }),
  evaluationError: field(4, string()),
})
export type SubjectRulesReviewStatus = Of<typeof SubjectRulesReviewStatus>

export const SelfSubjectRulesReview = message('k8s.io.api.authorization.v1.SelfSubjectRulesReview', {
  apiVersion: field(0, string()),
  kind: field(0, string()),
  metadata: field(1, meta.ObjectMeta, { always: true }),
  spec: field(2, SelfSubjectRulesReviewSpec, { required: true }),
  status: field(3, SubjectRulesReviewStatus, { always: true }),
})
export type SelfSubjectRulesReview = Of<typeof SelfSubjectRulesReview>
