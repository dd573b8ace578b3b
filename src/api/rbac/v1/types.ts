/** The types of rbac/v1, as data: names, wire numbers, merge keys and presence as Kubernetes v1.36 declares them. */

import * as meta from '#api/meta/v1/types.ts'
import type { Of } from '#schema/schema.ts'
import { field, list, message, string } from '#schema/schema.ts'

export const PolicyRule = message('k8s.io.api.rbac.v1.PolicyRule', {
  verbs: field(1, list(string()), { required: true }),
  apiGroups: field(2, list(string())),
  resources: field(3, list(string())),
  resourceNames: field(4, list(string())),
  nonResourceURLs: field(5, list(string())),
})
export type PolicyRule = Of<typeof PolicyRule>

export const Subject = message(
  'k8s.io.api.rbac.v1.Subject',
  {
    kind: field(1, string(), { required: true }),
    apiGroup: field(2, string()),
    name: field(3, string(), { required: true }),
    namespace: field(4, string()),
  },
  { atomic: true },
)
export type Subject = Of<typeof Subject>

export const RoleRef = message(
  'k8s.io.api.rbac.v1.RoleRef',
  {
    apiGroup: field(1, string(), { default: 'rbac.authorization.k8s.io', always: true }),
    kind: field(2, string(), { required: true }),
    name: field(3, string(), { required: true }),
  },
  { atomic: true },
)
export type RoleRef = Of<typeof RoleRef>

export const Role = message('k8s.io.api.rbac.v1.Role', {
  apiVersion: field(0, string()),
  kind: field(0, string()),
  metadata: field(1, meta.ObjectMeta, { always: true }),
  rules: field(2, list(PolicyRule), { always: true }),
})
export type Role = Of<typeof Role>

export const RoleBinding = message('k8s.io.api.rbac.v1.RoleBinding', {
  apiVersion: field(0, string()),
  kind: field(0, string()),
  metadata: field(1, meta.ObjectMeta, { always: true }),
  subjects: field(2, list(Subject)),
  roleRef: field(3, RoleRef, { required: true }),
})
export type RoleBinding = Of<typeof RoleBinding>

export const AggregationRule = message('k8s.io.api.rbac.v1.AggregationRule', {
  clusterRoleSelectors: field(1, list(meta.LabelSelector)),
})
export type AggregationRule = Of<typeof AggregationRule>

export const ClusterRole = message('k8s.io.api.rbac.v1.ClusterRole', {
  apiVersion: field(0, string()),
  kind: field(0, string()),
  metadata: field(1, meta.ObjectMeta, { always: true }),
  rules: field(2, list(PolicyRule), { always: true }),
  aggregationRule: field(3, AggregationRule, { pointer: true }),
})
export type ClusterRole = Of<typeof ClusterRole>

export const ClusterRoleBinding = message('k8s.io.api.rbac.v1.ClusterRoleBinding', {
  apiVersion: field(0, string()),
  kind: field(0, string()),
  metadata: field(1, meta.ObjectMeta, { always: true }),
  subjects: field(2, list(Subject)),
  roleRef: field(3, RoleRef, { required: true }),
})
export type ClusterRoleBinding = Of<typeof ClusterRoleBinding>
