import { parse, stringify } from 'yaml'
import { ConfigMap } from '#api/core/v1/config-map.ts'
import type { KubeObject } from '#api/kind.ts'
import { ClusterRole } from '#api/rbac/v1/cluster-role.ts'
import { ClusterRoleBinding } from '#api/rbac/v1/cluster-role-binding.ts'
import { Role } from '#api/rbac/v1/role.ts'
import { RoleBinding } from '#api/rbac/v1/role-binding.ts'
import { same } from '#api/strategy.ts'
import { clusterFactsPlace } from '#host/cluster-facts.ts'
import { type Kept, keptBinding, keptRole } from './kept-roles.ts'

/** By what machines find the cluster and join it. */
export interface JoinFacts {
  /** URL of the API server for other machines, unless an administrator wrote another into `kube-public/cluster-info`. */
  readonly server: string
  /** Data of ConfigMap `kube-system/wherry-cluster`: see `host/cluster-facts.ts`. */
  readonly facts: Readonly<Record<string, string>>
}

const apiGroup = 'rbac.authorization.k8s.io'
/** Everybody with a bootstrap token, and those whose token was made for machines to join by: kubeadm's group. */
const everyToken = 'system:bootstrappers'
const nodeTokens = 'system:bootstrappers:kubeadm:default-node-token'

/**
 * What machines join by. Roles and bindings are kubeadm's, by its names, so that its tokens serve here and ours there, but for one: the cluster's
 * information is read by who has a token, not by everybody. Nobody needs it without: `wherry join` knows the authority by its hash before
 * it says anything. `ca`: PEM of the cluster's authority.
 */
export function joinObjects({ server, facts }: JoinFacts, ca: string): readonly Kept[] {
  return [
    clusterInfo(server, ca),
    configMap(clusterFactsPlace, facts),
    ...reader('kubeadm:bootstrap-signer-clusterinfo', { namespace: 'kube-public', name: 'cluster-info' }, [everyToken]),
    // Nodes look there as well, for what changed since they joined.
    ...reader('wherry:cluster-facts', clusterFactsPlace, [everyToken, 'system:nodes']),
    clusterBinding('kubeadm:kubelet-bootstrap', 'system:node-bootstrapper', nodeTokens),
    clusterBinding('kubeadm:node-autoapprove-bootstrap', 'system:certificates.k8s.io:certificatesigningrequests:nodeclient', nodeTokens),
    // Who joins looks whether there is a node of its name already.
    keptRole(ClusterRole)({ metadata: { name: 'kubeadm:get-nodes' }, rules: [{ apiGroups: [''], resources: ['nodes'], verbs: ['get'] }] }),
    clusterBinding('kubeadm:get-nodes', 'kubeadm:get-nodes', nodeTokens),
  ]
}

/** What lets the approver of certificates approve those of kubelets' ports, which the reference's roles do not. */
export const servingApprover: readonly Kept[] = [
  keptRole(ClusterRole)({
    metadata: { name: 'wherry:kubelet-serving-approver' },
    rules: [
      {
        apiGroups: ['certificates.k8s.io'],
        resources: ['signers'],
        resourceNames: ['kubernetes.io/kubelet-serving'],
        verbs: ['approve'],
      },
    ],
  }),
  keptBinding(ClusterRoleBinding)({
    metadata: { name: 'wherry:kubelet-serving-approver' },
    roleRef: { apiGroup, kind: 'ClusterRole', name: 'wherry:kubelet-serving-approver' },
    subjects: [{ kind: 'ServiceAccount', name: 'certificate-controller', namespace: 'kube-system' }],
  }),
]

/** As kubeadm writes it: a kubeconfig without a user. */
const clusterKubeconfig = (server: string, ca: string): string =>
  stringify(
    {
      apiVersion: 'v1',
      clusters: [{ cluster: { 'certificate-authority-data': Buffer.from(ca).toString('base64'), server }, name: '' }],
      contexts: null,
      'current-context': '',
      kind: 'Config',
      users: null,
    },
    { lineWidth: 0 },
  )

/** What we told as the server at our last start: an administrator's own, a balancer for several servers, is what differs from it. */
const toldServer = 'wherry.dev/server'

/** What others added, such as signatures, stays; a signature of the former text is made anew by who signs. */
function clusterInfo(server: string, ca: string): Kept {
  const wanted = (url: string): string => clusterKubeconfig(url, ca)
  const annotations = { [toldServer]: server }
  return {
    kind: ConfigMap,
    object: {
      metadata: { namespace: 'kube-public', name: 'cluster-info', annotations },
      data: { kubeconfig: wanted(server) },
    } as Kept['object'],
    reconcile: (present) => {
      const { data = {}, metadata } = present as ConfigMap
      const info = readInfo(data['kubeconfig'])
      const told = metadata.annotations?.[toldServer]
      if (told !== undefined && info?.server !== undefined && info.server !== told) {
        if (info.ca?.includes(ca.trim())) return undefined
        return { ...present, data: { ...data, kubeconfig: wanted(info.server) } } as KubeObject
      }
      const next = {
        ...present,
        metadata: { ...metadata, annotations: { ...metadata.annotations, ...annotations } },
        data: { ...data, kubeconfig: wanted(server) },
      }
      return same(present, next) ? undefined : (next as KubeObject)
    },
  }
}

function readInfo(kubeconfig = ''): { readonly server?: string; readonly ca?: string } | undefined {
  try {
    const { clusters } = (parse(kubeconfig) ?? {}) as {
      readonly clusters?: readonly { readonly cluster?: Readonly<Record<string, string>> }[]
    }
    const { server, 'certificate-authority-data': ca = '' } = clusters?.[0]?.cluster ?? {}
    return { ...(server !== undefined && { server }), ca: Buffer.from(ca, 'base64').toString() }
  } catch {
    // Nobody can join by what nobody can read: it is written anew.
    return undefined
  }
}

const configMap = (place: { readonly namespace: string; readonly name: string }, data: Readonly<Record<string, string>>): Kept => ({
  kind: ConfigMap,
  object: { metadata: place, data } as Kept['object'],
  reconcile: (present) => {
    const next = { ...(present as ConfigMap).data, ...data }
    return same((present as ConfigMap).data, next) ? undefined : ({ ...present, data: next } as KubeObject)
  },
})

function reader(
  name: string,
  { namespace, name: configMapName }: { readonly namespace: string; readonly name: string },
  groups: readonly string[],
): readonly Kept[] {
  const rules = [{ apiGroups: [''], resources: ['configmaps'], resourceNames: [configMapName], verbs: ['get'] }]
  const roleRef = { apiGroup, kind: 'Role', name }
  return [
    keptRole(Role)({ metadata: { namespace, name }, rules }),
    keptBinding(RoleBinding)({ metadata: { namespace, name }, roleRef, subjects: groups.map(group) }),
  ]
}

const clusterBinding = (name: string, role: string, to: string): Kept =>
  keptBinding(ClusterRoleBinding)({
    metadata: { name },
    roleRef: { apiGroup, kind: 'ClusterRole', name: role },
    subjects: [group(to)],
  })

const group = (name: string) => ({ apiGroup, kind: 'Group', name })
