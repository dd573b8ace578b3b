/** The types of authentication/v1, as data: names, wire numbers, merge keys and presence as Kubernetes v1.36 declares them. */

import * as meta from '#api/meta/v1/types.ts'
import type { Of } from '#schema/schema.ts'
import { bool, field, int64, list, map, message, nullable, string, time } from '#schema/schema.ts'

export const TokenReviewSpec = message('k8s.io.api.authentication.v1.TokenReviewSpec', {
  token: field(1, string()),
  audiences: field(2, list(string())),
})
export type TokenReviewSpec = Of<typeof TokenReviewSpec>

export const ExtraValue = list(string())
export type ExtraValue = Of<typeof ExtraValue>

export const UserInfo = message('k8s.io.api.authentication.v1.UserInfo', {
  username: field(1, string()),
  uid: field(2, string()),
  groups: field(3, list(string())),
  extra: field(4, map(ExtraValue)),
})
export type UserInfo = Of<typeof UserInfo>

export const TokenReviewStatus = message('k8s.io.api.authentication.v1.TokenReviewStatus', {
  authenticated: field(1, bool()),
  user: field(2, UserInfo, { always: true }),
  audiences: field(4, list(string())),
  error: field(3, string()),
})
export type TokenReviewStatus = Of<typeof TokenReviewStatus>

export const TokenReview = message('k8s.io.api.authentication.v1.TokenReview', {
  apiVersion: field(0, string()),
  kind: field(0, string()),
  metadata: field(1, meta.ObjectMeta, { always: true }),
  spec: field(2, TokenReviewSpec, { required: true }),
  status: field(3, TokenReviewStatus, { always: true }),
})
export type TokenReview = Of<typeof TokenReview>

export const BoundObjectReference = message('k8s.io.api.authentication.v1.BoundObjectReference', {
  kind: field(1, string()),
  apiVersion: field(2, string()),
  name: field(3, string()),
  uid: field(4, string()),
})
export type BoundObjectReference = Of<typeof BoundObjectReference>

export const TokenRequestSpec = message('k8s.io.api.authentication.v1.TokenRequestSpec', {
  audiences: field(1, list(string()), { always: true }),
  expirationSeconds: field(4, int64(), { default: 3600, always: true, pointer: true }),
  boundObjectRef: field(3, BoundObjectReference, { always: true, pointer: true }),
})
export type TokenRequestSpec = Of<typeof TokenRequestSpec>

export const TokenRequestStatus = message('k8s.io.api.authentication.v1.TokenRequestStatus', {
  token: field(1, string(), { always: true }),
  expirationTimestamp: field(2, nullable(time()), { always: true }),
})
export type TokenRequestStatus = Of<typeof TokenRequestStatus>

export const TokenRequest = message('k8s.io.api.authentication.v1.TokenRequest', {
  apiVersion: field(0, string()),
  kind: field(0, string()),
  metadata: field(1, meta.ObjectMeta, { always: true }),
  spec: field(2, TokenRequestSpec, { always: true }),
  status: field(3, TokenRequestStatus, { always: true }),
})
export type TokenRequest = Of<typeof TokenRequest>

export const SelfSubjectReviewStatus = message('k8s.io.api.authentication.v1.SelfSubjectReviewStatus', {
  userInfo: field(1, UserInfo, { always: true }),
})
export type SelfSubjectReviewStatus = Of<typeof SelfSubjectReviewStatus>

export const SelfSubjectReview = message('k8s.io.api.authentication.v1.SelfSubjectReview', {
  apiVersion: field(0, string()),
  kind: field(0, string()),
  metadata: field(1, meta.ObjectMeta, { always: true }),
  status: field(2, SelfSubjectReviewStatus, { always: true }),
})
export type SelfSubjectReview = Of<typeof SelfSubjectReview>
