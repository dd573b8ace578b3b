import { createdAt } from '#api/columns.ts'
import { kind } from '#api/kind.ts'
import * as types from '#api/rbac/v1/types.ts'
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
  },
)
export type Role = Of<typeof Role>
