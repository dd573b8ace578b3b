import { createdAt } from '#api/columns.ts'
import { kind } from '#api/kind.ts'
import { checkPathSegment } from '#api/meta/v1/names.ts'
import * as types from '#api/rbac/v1/types.ts'
import { validateAggregation, validateRules } from '#api/rbac/v1/validate.ts'
import type { Of } from '#schema/schema.ts'

export const ClusterRole = kind(
  types.ClusterRole,
  {
    group: 'rbac.authorization.k8s.io',
    version: 'v1',
    kind: 'ClusterRole',
    plural: 'clusterroles',
    singular: 'clusterrole',
    scope: 'Cluster',
    columns: [createdAt],
  },
  {
    createOnUpdate: true,
    validateName: checkPathSegment,
    validate: (role) => [...validateRules(role.rules, false), ...validateAggregation(role.aggregationRule)],
    checksMetadata: 'whole',
    validateUpdate: (role) => [...validateRules(role.rules, false), ...validateAggregation(role.aggregationRule)],
  },
)
export type ClusterRole = Of<typeof ClusterRole>
