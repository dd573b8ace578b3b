import { kind } from '#api/kind.ts'
import { checkPathSegment } from '#api/meta/v1/names.ts'
import { bindingColumns, defaultSubjects } from '#api/rbac/v1/bindings.ts'
import * as types from '#api/rbac/v1/types.ts'
import { validateBinding, validateBindingUpdate } from '#api/rbac/v1/validate.ts'
import type { Of } from '#schema/schema.ts'

export const RoleBinding = kind(
  types.RoleBinding,
  {
    group: 'rbac.authorization.k8s.io',
    version: 'v1',
    kind: 'RoleBinding',
    plural: 'rolebindings',
    singular: 'rolebinding',
    scope: 'Namespaced',
    columns: bindingColumns,
  },
  {
    defaults: defaultSubjects,
    createOnUpdate: true,
    validateName: checkPathSegment,
    validate: (binding) => validateBinding(binding, true),
    checksMetadata: 'whole',
    validateUpdate: (next, previous) => validateBindingUpdate(next, previous, true),
  },
)
export type RoleBinding = Of<typeof RoleBinding>
