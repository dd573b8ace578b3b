import * as types from '#api/authorization/v1/types.ts'
import { kind } from '#api/kind.ts'
import type { Of } from '#schema/schema.ts'

export const LocalSubjectAccessReview = kind(types.LocalSubjectAccessReview, {
  group: 'authorization.k8s.io',
  version: 'v1',
  kind: 'LocalSubjectAccessReview',
  plural: 'localsubjectaccessreviews',
  singular: 'localsubjectaccessreview',
  scope: 'Namespaced',
  verbs: ['create'],
})
export type LocalSubjectAccessReview = Of<typeof LocalSubjectAccessReview>
