import * as types from '#api/authentication/v1/types.ts'
import { kind } from '#api/kind.ts'
import type { Of } from '#schema/schema.ts'

export const SelfSubjectReview = kind(types.SelfSubjectReview, {
  group: 'authentication.k8s.io',
  version: 'v1',
  kind: 'SelfSubjectReview',
  plural: 'selfsubjectreviews',
  singular: 'selfsubjectreview',
  scope: 'Cluster',
  verbs: ['create'],
})
export type SelfSubjectReview = Of<typeof SelfSubjectReview>
