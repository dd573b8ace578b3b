import * as types from '#api/authorization/v1/types.ts'
import { kind } from '#api/kind.ts'
import type { Of } from '#schema/schema.ts'

export const SelfSubjectAccessReview = kind(types.SelfSubjectAccessReview, {
  group: 'authorization.k8s.io',
  version: 'v1',
  kind: 'SelfSubjectAccessReview',
  plural: 'selfsubjectaccessreviews',
  singular: 'selfsubjectaccessreview',
  scope: 'Cluster',
  verbs: ['create'],
})
export type SelfSubjectAccessReview = Of<typeof SelfSubjectAccessReview>
