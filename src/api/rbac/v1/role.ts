import { createdAt } from '#api/columns.ts'
import { kind } from '#api/kind.ts'
import { checkPathSegment } from '#api/meta/v1/names.ts'
import * as types from '#api/rbac/v1/types.ts'
import { validateRules } from '#api/rbac/v1/validate.ts'
import type { Of } from '#schema/schema.ts'

export const Role = kind(
  types.Role,
  {
    group: 'rbac.authorization.k8s.io',
    version: 'v1',
    kind: 'Role',
    plural: 'roles',
    singular: 'role',
    scope: 'Namespaced',
    columns: [createdAt],
  },
  {
    createOnUpdate: true,
    validateName: checkPathSegment,
    validate: (role) => validateRules(role.rules, true),
    checksMetadata: 'whole',
    validateUpdate: (role) => validateRules(role.rules, true),
  },
)
export type Role = Of<typeof Role>
