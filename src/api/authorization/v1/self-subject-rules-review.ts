import * as types from '#api/authorization/v1/types.ts'
import { kind } from '#api/kind.ts'
import type { Of } from '#schema/schema.ts'

export const SelfSubjectRulesReview = kind(types.SelfSubjectRulesReview, {
  group: 'authorization.k8s.io',
  version: 'v1',
  kind: 'SelfSubjectRulesReview',
  plural: 'selfsubjectrulesreviews',
  singular: 'selfsubjectrulesreview',
  scope: 'Cluster',
  verbs: ['create'],
})
export type SelfSubjectRulesReview = Of<typeof SelfSubjectRulesReview>
