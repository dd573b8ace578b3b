import { age, column } from '#api/columns.ts'
import type { Column } from '#api/kind.ts'
import type { RoleBinding, Subject } from '#api/rbac/v1/types.ts'

/** What RoleBinding and ClusterRoleBinding share. */
export const bindingColumns: readonly Column[] = [
  column<RoleBinding>('Role', ({ roleRef }) => `${roleRef.kind}/${roleRef.name}`),
  age,
  column<RoleBinding>('Users', (binding) => names(binding, 'User'), { wide: true }),
  column<RoleBinding>('Groups', (binding) => names(binding, 'Group'), { wide: true }),
  column<RoleBinding>('ServiceAccounts', (binding) => names(binding, 'ServiceAccount'), { wide: true }),
]

/** Users and groups belong to the RBAC group; service accounts to the core group, which has no name. */
export const defaultSubjects = <B extends { readonly subjects?: Subject[] | undefined }>(binding: B): B =>
  binding.subjects === undefined
    ? binding
    : {
        ...binding,
        subjects: binding.subjects.map((subject) =>
          !subject.apiGroup && (subject.kind === 'User' || subject.kind === 'Group')
            ? { ...subject, apiGroup: 'rbac.authorization.k8s.io' }
            : subject,
        ),
      }

const names = ({ subjects = [] }: RoleBinding, kind: string): string =>
  subjects
    .filter((subject) => subject.kind === kind)
    .map(({ name, namespace }) => (kind === 'ServiceAccount' ? `${namespace ?? ''}/${name}` : name))
    .join(', ')
