import { kind } from '#api/kind.ts'
import { bindingColumns, defaultSubjects } from '#api/rbac/v1/bindings.ts'
import * as types from '#api/rbac/v1/types.ts'
import type { Of } from '#schema/schema.ts'

export const ClusterRoleBinding = kind(
  types.ClusterRoleBinding,
  {
    group: 'rbac.authorization.k8s.io',
    version: 'v1',
    kind: 'ClusterRoleBinding',
    plural: 'clusterrolebindings',
    singular: 'clusterrolebinding',
    scope: 'Cluster',
    columns: bindingColumns,
  },
  {
    defaults: defaultSubjects,
    createOnUpdate: true,
  },
)
export type ClusterRoleBinding = Of<typeof ClusterRoleBinding>
