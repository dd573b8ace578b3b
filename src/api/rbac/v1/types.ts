/** The types of rbac/v1, as data: names, wire numbers, merge keys and presence as Kubernetes v1.36 declares them. */

import { objectFields } from '#api/meta/v1/object-fields.ts'
import * as meta from '#api/meta/v1/types.ts'
import type { Of } from '#schema/schema.ts'
import { field, list, message, string } from '#schema/schema.ts'

export const PolicyRule = message(
  'k8s.io.api.rbac.v1.PolicyRule',
  {
    verbs: field(1, list(string()), { required: true, about: 'Allowed verbs, such as get, list or create; * means all of them.' }),
    apiGroups: field(2, list(string()), { about: 'API groups of the resources; the empty text is the core group, * all groups.' }),
    resources: field(3, list(string()), { about: 'Resources in plural, with subresources as pods/log; * means all of them.' }),
    resourceNames: field(4, list(string()), {
      about: 'Names of the only objects that are allowed; empty means all. A create request carries no name, so names never allow it.',
    }),
    nonResourceURLs: field(5, list(string()), {
      about: "Paths outside the API's resources, such as /healthz or, with * at the end, /healthz/*; in ClusterRoles only.",
    }),
  },
  { about: 'Allows some verbs on some resources or paths; what no rule allows is refused.' },
)
export type PolicyRule = Of<typeof PolicyRule>

export const Subject = message(
  'k8s.io.api.rbac.v1.Subject',
  {
    kind: field(1, string(), { required: true, about: 'User, Group or ServiceAccount.' }),
    apiGroup: field(2, string(), {
      about: 'rbac.authorization.k8s.io for users and groups, empty for service accounts; filled in when left out.',
    }),
    name: field(3, string(), { required: true, about: 'Name of the user, group or service account.' }),
    namespace: field(4, string(), { about: 'Namespace of the service account; not allowed for users and groups.' }),
  },
  { atomic: true, about: 'Who is given a role: a user, a group or a service account.' },
)
export type Subject = Of<typeof Subject>

export const RoleRef = message(
  'k8s.io.api.rbac.v1.RoleRef',
  {
    apiGroup: field(1, string(), {
      default: 'rbac.authorization.k8s.io',
      always: true,
      about: 'API group of the role, which is rbac.authorization.k8s.io.',
    }),
    kind: field(2, string(), { required: true, about: 'Role or ClusterRole.' }),
    name: field(3, string(), { required: true, about: 'Name of the role.' }),
  },
  { atomic: true, about: 'Role that a binding gives.' },
)
export type RoleRef = Of<typeof RoleRef>

export const Role = message(
  'k8s.io.api.rbac.v1.Role',
  {
    ...objectFields,
    rules: field(2, list(PolicyRule), { always: true, about: 'What the role allows.' }),
  },
  { about: 'Set of permissions within one namespace.' },
)
export type Role = Of<typeof Role>

export const RoleBinding = message(
  'k8s.io.api.rbac.v1.RoleBinding',
  {
    ...objectFields,
    subjects: field(2, list(Subject), { about: 'Who gets the role.' }),
    roleRef: field(3, RoleRef, { required: true, about: 'Role of the same namespace, or ClusterRole, that is given. Cannot be changed.' }),
  },
  { about: "Gives the permissions of a Role or ClusterRole to some subjects, within the binding's namespace." },
)
export type RoleBinding = Of<typeof RoleBinding>

export const AggregationRule = message(
  'k8s.io.api.rbac.v1.AggregationRule',
  {
    clusterRoleSelectors: field(1, list(meta.LabelSelector), { about: 'ClusterRoles that match any of these selectors lend their rules.' }),
  },
  { about: 'Fills a ClusterRole with the rules of others.' },
)
export type AggregationRule = Of<typeof AggregationRule>

export const ClusterRole = message(
  'k8s.io.api.rbac.v1.ClusterRole',
  {
    ...objectFields,
    rules: field(2, list(PolicyRule), {
      always: true,
      about: 'What the role allows; a controller writes them if there is an aggregationRule.',
    }),
    aggregationRule: field(3, AggregationRule, {
      pointer: true,
      about: 'Which ClusterRoles the rules are gathered from; rules written by hand are then overwritten.',
    }),
  },
  { about: 'Set of permissions in all namespaces, on objects without one and on paths; a binding says for whom.' },
)
export type ClusterRole = Of<typeof ClusterRole>

export const ClusterRoleBinding = message(
  'k8s.io.api.rbac.v1.ClusterRoleBinding',
  {
    ...objectFields,
    subjects: field(2, list(Subject), { about: 'Who gets the role.' }),
    roleRef: field(3, RoleRef, { required: true, about: 'ClusterRole that is given. Cannot be changed.' }),
  },
  { about: 'Gives the permissions of a ClusterRole to some subjects, in the whole cluster.' },
)
export type ClusterRoleBinding = Of<typeof ClusterRoleBinding>
