import type { PolicyRule } from '#api/rbac/v1/types.ts'

/** What every node may do alike: the rules of the bootstrap role `system:node`. Resources that are subdivided by node are not asked here. */
export const nodeRules: readonly PolicyRule[] = [
  rule(['authentication.k8s.io'], ['tokenreviews'], ['create']),
  rule(['authorization.k8s.io'], ['localsubjectaccessreviews', 'subjectaccessreviews'], ['create']),
  rule([''], ['services'], ['get', 'list', 'watch']),
  rule(['', 'events.k8s.io'], ['events'], ['create', 'patch', 'update']),
  rule([''], ['endpoints'], ['get']),
  rule(['certificates.k8s.io'], ['certificatesigningrequests'], ['create', 'get', 'list', 'watch']),
  rule(['storage.k8s.io'], ['csidrivers'], ['get', 'list', 'watch']),
  rule(['node.k8s.io'], ['runtimeclasses'], ['get', 'list', 'watch']),
]

function rule(apiGroups: string[], resources: string[], verbs: string[]): PolicyRule {
  return { apiGroups, resources, verbs }
}
