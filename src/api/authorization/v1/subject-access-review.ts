import * as types from '#api/authorization/v1/types.ts'
import { kind } from '#api/kind.ts'
import type { Of } from '#schema/schema.ts'

export const SubjectAccessReview = kind(types.SubjectAccessReview, {
  group: 'authorization.k8s.io',
  version: 'v1',
  kind: 'SubjectAccessReview',
  plural: 'subjectaccessreviews',
  singular: 'subjectaccessreview',
  scope: 'Cluster',
  verbs: ['create'],
})
export type SubjectAccessReview = Of<typeof SubjectAccessReview>
