import { kind } from '#api/kind.ts'
import { checkPathSegment } from '#api/meta/v1/names.ts'
import { bindingColumns, defaultSubjects } from '#api/rbac/v1/bindings.ts'
import * as types from '#api/rbac/v1/types.ts'
import { validateBinding, validateBindingUpdate } from '#api/rbac/v1/validate.ts'
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
    validateName: checkPathSegment,
    validate: (binding) => validateBinding(binding, false),
    checksMetadata: 'whole',
    validateUpdate: (next, previous) => validateBindingUpdate(next, previous, false),
  },
)
export type ClusterRoleBinding = Of<typeof ClusterRoleBinding>
