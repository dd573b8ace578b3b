import { Namespace } from '#api/core/v1/namespace.ts'
import { Service } from '#api/core/v1/service.ts'
import type { AnyKind } from '#api/kind.ts'
import { bootstrapClusterRoleBindings, bootstrapClusterRoles, bootstrapRoleBindings, bootstrapRoles } from '#api/rbac/bootstrap.ts'
import { ClusterRole } from '#api/rbac/v1/cluster-role.ts'
import { ClusterRoleBinding } from '#api/rbac/v1/cluster-role-binding.ts'
import { Role } from '#api/rbac/v1/role.ts'
import { RoleBinding } from '#api/rbac/v1/role-binding.ts'
import { bootstrapBindings } from '#apiserver/authorization/bootstrap-bindings.ts'
import type { Objects } from '#apiserver/contract.ts'
import type { Client } from '#client/client.ts'
import { isError } from '#lib/errors.ts'

interface Wanted {
  readonly kind: AnyKind
  readonly object: { readonly metadata: { readonly name: string; readonly namespace?: string } }
}

/** The four namespaces of every cluster. */
const namespaces = ['default', 'kube-system', 'kube-public', 'kube-node-lease'].map((name) => ({ metadata: { name } }))

/**
 * What the network part of an agent reads beside what the reference's node may: it does the work of kube-proxy and of the cluster DNS, on the
 * node's own certificate.
 */
const nodeNetwork = {
  role: {
    metadata: { name: 'wherry:node-network' },
    rules: [
      { apiGroups: [''], resources: ['services', 'namespaces'], verbs: ['list', 'watch'] },
      { apiGroups: ['discovery.k8s.io'], resources: ['endpointslices'], verbs: ['list', 'watch'] },
    ],
  },
  binding: {
    metadata: { name: 'wherry:node-network' },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'wherry:node-network' },
    subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'Group', name: 'system:nodes' }],
  },
}

/** The Service of the cluster's name server, which each node answers itself: it keeps the address from being given to another. */
const nameServer = (address: string) => ({
  metadata: {
    name: 'kube-dns',
    namespace: 'kube-system',
    labels: { 'k8s-app': 'kube-dns', 'kubernetes.io/cluster-service': 'true', 'kubernetes.io/name': 'WherryDNS' },
  },
  spec: {
    clusterIP: address,
    ports: [
      { name: 'dns', port: 53, protocol: 'UDP' },
      { name: 'dns-tcp', port: 53, protocol: 'TCP' },
    ],
  },
})

const always: readonly Wanted[] = [
  ...namespaces.map((object) => ({ kind: Namespace, object })),
  ...[...bootstrapClusterRoles, nodeNetwork.role].map((object) => ({ kind: ClusterRole, object })),
  ...[...bootstrapClusterRoleBindings, ...bootstrapBindings, nodeNetwork.binding].map((object) => ({ kind: ClusterRoleBinding, object })),
  ...bootstrapRoles.map((object) => ({ kind: Role, object: object as Wanted['object'] })),
  ...bootstrapRoleBindings.map((object) => ({ kind: RoleBinding, object: object as Wanted['object'] })),
]

/**
 * Makes the objects that a cluster has from its first moment, those that are missing. What an administrator changed stays. The namespaces come
 * first; the rest needs no order.
 */
export async function bootstrap(client: Client, objects: Objects, dnsAddress: string | undefined): Promise<void> {
  const wanted: readonly Wanted[] = dnsAddress === undefined ? always : [...always, { kind: Service, object: nameServer(dnsAddress) }]
  const missing = wanted.filter(({ kind, object }) => objects.get(kind, object.metadata.name, object.metadata.namespace) === undefined)
  const make = async ({ kind, object }: Wanted): Promise<void> => {
    const { namespace } = object.metadata
    try {
      await client.create(kind, object, namespace === undefined ? {} : { namespace })
    } catch (error) {
      // Another server was faster.
      if (!isError(error, 'AlreadyExists')) throw error
    }
  }
  await Promise.all(missing.filter(({ kind }) => kind === Namespace).map(make))
  await Promise.all(missing.filter(({ kind }) => kind !== Namespace).map(make))
}
