/** The types of authentication/v1, as data: names, wire numbers, merge keys and presence as Kubernetes v1.36 declares them. */

import { objectFields } from '#api/meta/v1/object-fields.ts'
import type { Of } from '#schema/schema.ts'
import { bool, field, int64, list, map, message, nullable, string, time } from '#schema/schema.ts'

export const TokenReviewSpec = message(
  'k8s.io.api.authentication.v1.TokenReviewSpec',
  {
    token: field(1, string(), { listed: true, about: 'The bearer token.' }),
    audiences: field(2, list(string()), { about: 'Whom the token may be meant for, any one of them; by default the API server itself.' }),
  },
  { about: 'Token to be checked.' },
)
export type TokenReviewSpec = Of<typeof TokenReviewSpec>

export const ExtraValue = list(string())
export type ExtraValue = Of<typeof ExtraValue>

export const UserInfo = message(
  'k8s.io.api.authentication.v1.UserInfo',
  {
    username: field(1, string(), { about: 'Name of the user, unique among all users.' }),
    uid: field(2, string(), { about: 'Identifier that tells this user from later ones of the same name.' }),
    groups: field(3, list(string()), { about: 'Groups that the user belongs to.' }),
    extra: field(4, map(ExtraValue), { about: 'Further attributes from the authenticator, by key.' }),
  },
  { about: 'Who a user is.' },
)
export type UserInfo = Of<typeof UserInfo>

export const TokenReviewStatus = message(
  'k8s.io.api.authentication.v1.TokenReviewStatus',
  {
    authenticated: field(1, bool(), { about: 'Whether the token belongs to a known user.' }),
    user: field(2, UserInfo, { always: true, about: 'The user, if authenticated.' }),
    audiences: field(4, list(string()), {
      about: 'Audiences that both the token and the request name; empty says that the API server itself is meant.',
    }),
    error: field(3, string(), { about: 'Why the token could not be checked.' }),
  },
  { about: 'Result of checking a token.' },
)
export type TokenReviewStatus = Of<typeof TokenReviewStatus>

export const TokenReview = message(
  'k8s.io.api.authentication.v1.TokenReview',
  {
    ...objectFields,
    spec: field(2, TokenReviewSpec, { required: true, about: 'Token to be checked.' }),
    status: field(3, TokenReviewStatus, { always: true, about: 'The user, or that there is none.' }),
  },
  { about: 'Asks whose a bearer token is; the answer comes at once and nothing is stored.' },
)
export type TokenReview = Of<typeof TokenReview>

export const BoundObjectReference = message(
  'k8s.io.api.authentication.v1.BoundObjectReference',
  {
    kind: field(1, string(), { about: 'Pod, Node or Secret.' }),
    apiVersion: field(2, string(), { about: 'Group and version of the object, v1.' }),
    name: field(3, string(), { about: 'Name of the object.' }),
    uid: field(4, string(), { about: "Uid of the object; if given, it has to be the present one's." }),
  },
  { about: 'Object that a token depends on: once it is deleted, the token is no longer good.' },
)
export type BoundObjectReference = Of<typeof BoundObjectReference>

export const TokenRequestSpec = message(
  'k8s.io.api.authentication.v1.TokenRequestSpec',
  {
    audiences: field(1, list(string()), {
      always: true,
      about: 'Whom the token is meant for; by default the API server. Others have to refuse it.',
    }),
    expirationSeconds: field(4, int64(), {
      default: 3600,
      always: true,
      pointer: true,
      about: 'Wanted lifetime in seconds, at least 600; 3600 by default. The server may choose another one.',
    }),
    boundObjectRef: field(3, BoundObjectReference, {
      always: true,
      pointer: true,
      about: 'Object whose deletion makes the token void; without it only that of the service account does.',
    }),
  },
  { about: 'Token that is asked for.' },
)
export type TokenRequestSpec = Of<typeof TokenRequestSpec>

export const TokenRequestStatus = message(
  'k8s.io.api.authentication.v1.TokenRequestStatus',
  {
    token: field(1, string(), { always: true, about: 'The token, a JWT.' }),
    expirationTimestamp: field(2, nullable(time()), { always: true, about: 'When it expires; get another one before.' }),
  },
  { about: 'Token that was issued.' },
)
export type TokenRequestStatus = Of<typeof TokenRequestStatus>

export const TokenRequest = message(
  'k8s.io.api.authentication.v1.TokenRequest',
  {
    ...objectFields,
    spec: field(2, TokenRequestSpec, { always: true, about: 'Audience, lifetime and binding.' }),
    status: field(3, TokenRequestStatus, { always: true, about: 'The token.' }),
  },
  { about: "Asks for a token of a service account, posted to the account's token subresource; it is not stored." },
)
export type TokenRequest = Of<typeof TokenRequest>

export const SelfSubjectReviewStatus = message(
  'k8s.io.api.authentication.v1.SelfSubjectReviewStatus',
  {
    userInfo: field(1, UserInfo, { always: true, about: 'User as the API server sees it.' }),
  },
  { about: 'Who made the request.' },
)
export type SelfSubjectReviewStatus = Of<typeof SelfSubjectReviewStatus>

export const SelfSubjectReview = message(
  'k8s.io.api.authentication.v1.SelfSubjectReview',
  {
    ...objectFields,
    status: field(2, SelfSubjectReviewStatus, { always: true, about: 'The user; filled in by the server.' }),
  },
  { about: 'Asks the API server who one is to it; nothing is stored. Impersonation is taken into account.' },
)
export type SelfSubjectReview = Of<typeof SelfSubjectReview>
