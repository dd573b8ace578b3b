import { type Features, noFeatures } from '#api/features.ts'
import { bootstrapBinding, bootstrapClusterRoleBindings, bootstrapClusterRoles, bootstrapRole } from './bootstrap.ts'
import type { PolicyRule } from './v1/types.ts'

const group = 'certificates.k8s.io'
const read = ['get', 'list', 'watch']

/** What nodes may do beside the rest, where a feature is on. */
export const nodeRulesOf = (features: Features): { readonly bundles: PolicyRule[]; readonly requests: PolicyRule[] } => ({
  bundles: features.has('ClusterTrustBundle') ? [{ verbs: read, apiGroups: [group], resources: ['clustertrustbundles'] }] : [],
  requests: features.has('PodCertificateRequest')
    ? [{ verbs: ['create', ...read], apiGroups: [group], resources: ['podcertificaterequests'] }]
    : [],
})

/** The cluster roles and bindings that a cluster begins with where features are on: the reference v1.36.3's, to the letter. */
export function bootstrapOf(features: Features = noFeatures) {
  const discovery = 'system:cluster-trust-bundle-discovery'
  const publisher = 'kube-apiserver-serving-clustertrustbundle-publisher'
  const cleaner = 'podcertificaterequestcleaner'
  const migrator = 'storage-version-migrator-controller'
  const ofController = (account: string) =>
    bootstrapBinding({
      name: `system:controller:${account}`,
      role: `system:controller:${account}`,
      subjects: [['ServiceAccount', account, 'kube-system']],
    })
  const onBundles = features.has('ClusterTrustBundle')
  const onRequests = features.has('PodCertificateRequest')
  const onMigrations = features.has('StorageVersionMigrator')
  return {
    roles: [
      ...bootstrapClusterRoles.map((role) =>
        role.metadata.name === 'system:node' ? { ...role, rules: withNodeRules(role.rules ?? [], features) } : role,
      ),
      ...(onBundles
        ? [
            bootstrapRole({ name: discovery, rules: [{ verbs: read, apiGroups: [group], resources: ['clustertrustbundles'] }] }),
            bootstrapRole({
              name: `system:controller:${publisher}`,
              rules: [
                {
                  verbs: ['attest'],
                  apiGroups: [group],
                  resources: ['signers'],
                  resourceNames: ['kubernetes.io/kube-apiserver-serving'],
                },
                { verbs: ['create', 'delete', 'list', 'update', 'watch'], apiGroups: [group], resources: ['clustertrustbundles'] },
                { verbs: ['create', 'patch', 'update'], apiGroups: ['', 'events.k8s.io'], resources: ['events'] },
              ],
            }),
          ]
        : []),
      ...(onRequests
        ? [
            bootstrapRole({
              name: `system:controller:${cleaner}`,
              rules: [{ verbs: ['delete', ...read], apiGroups: [group], resources: ['podcertificaterequests'] }],
            }),
          ]
        : []),
      ...(onMigrations ? [bootstrapRole({ name: `system:controller:${migrator}`, rules: migratorRules })] : []),
    ],
    bindings: [
      ...bootstrapClusterRoleBindings,
      ...(onBundles
        ? [bootstrapBinding({ name: discovery, role: discovery, subjects: [['Group', 'system:serviceaccounts']] }), ofController(publisher)]
        : []),
      ...(onRequests ? [ofController(cleaner)] : []),
      ...(onMigrations ? [ofController(migrator)] : []),
    ],
  }
}

/** An apply to an object that is gone counts as a create, so that has to be allowed as well; it is always refused for its uid. */
const migratorRules: PolicyRule[] = [
  { verbs: ['create', 'list', 'patch'], apiGroups: ['*'], resources: ['*'] },
  { verbs: ['get'], apiGroups: ['apiextensions.k8s.io'], resources: ['customresourcedefinitions'] },
  { verbs: ['patch'], apiGroups: ['apiextensions.k8s.io'], resources: ['customresourcedefinitions/status'] },
  { verbs: ['update'], apiGroups: ['storagemigration.k8s.io'], resources: ['storageversionmigrations/status'] },
]

/** In the reference's places: bundles before service accounts, which are the last of the others. */
function withNodeRules(rules: readonly PolicyRule[], features: Features): PolicyRule[] {
  const { bundles, requests } = nodeRulesOf(features)
  return [...rules.slice(0, -1), ...bundles, ...rules.slice(-1), ...requests]
}
