import { createdAt } from '#api/columns.ts'
import { kind } from '#api/kind.ts'
import * as types from '#api/rbac/v1/types.ts'
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
  },
)
export type ClusterRole = Of<typeof ClusterRole>
