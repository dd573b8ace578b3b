import { localServiceStatus, localServices, optionalLocalServices } from '#api/apiregistration/local-services.ts'
import { APIService } from '#api/apiregistration/v1/api-service.ts'
import { ConfigMap } from '#api/core/v1/config-map.ts'
import { Namespace } from '#api/core/v1/namespace.ts'
import { Service } from '#api/core/v1/service.ts'
import type { Features } from '#api/features.ts'
import type { AnyKind, KubeObject } from '#api/kind.ts'
import { IngressClass } from '#api/networking/v1/ingress-class.ts'
import { defaultServiceCidrName, ServiceCIDR } from '#api/networking/v1/service-cidr.ts'
import { bootstrapRoleBindings, bootstrapRoles } from '#api/rbac/bootstrap.ts'
import { bootstrapOf } from '#api/rbac/bootstrap-of.ts'
import { ClusterRole } from '#api/rbac/v1/cluster-role.ts'
import { ClusterRoleBinding } from '#api/rbac/v1/cluster-role-binding.ts'
import { Role } from '#api/rbac/v1/role.ts'
import { RoleBinding } from '#api/rbac/v1/role-binding.ts'
import { systemPriorityClasses } from '#api/scheduling/bootstrap.ts'
import { PriorityClass } from '#api/scheduling/v1/priority-class.ts'
import { same } from '#api/strategy.ts'
import { authenticationFacts, type PublishedAuthentication } from '#apiserver/authentication/published.ts'
import { bootstrapBindings } from '#apiserver/authorization/bootstrap-bindings.ts'
import type { Objects } from '#apiserver/contract.ts'
import type { Client } from '#client/client.ts'
import { defaultServiceCidrOwner, readyCondition } from '#controllers/default-service-cidr/plan.ts'
import type { Instant } from '#lib/clock.ts'
import { isError } from '#lib/errors.ts'
import { rfc3339 } from '#lib/rfc3339.ts'
import { routerBinding, routerIngressClass, routerRole } from '#router/bootstrap-objects.ts'
import { type Kept, keptBinding, keptRole } from './kept-roles.ts'

/** Without `reconcile`, whatever is there stays. */
type Bootstrapped = Omit<Kept, 'reconcile'> & Partial<Pick<Kept, 'reconcile'>>

interface Wanted extends Bootstrapped {
  /** Written once the object is made; applied in the name of `statusOwner`, where there is one. */
  readonly status?: object
  readonly statusOwner?: string
}

/** An object that every cluster has, and that was not let in. */
export interface Refused {
  readonly kind: string
  readonly name: string
  readonly error: Error
}

/** What the first objects of a cluster say of it. */
export interface BootstrapOptions {
  readonly client: Client
  readonly objects: Objects
  readonly now: Instant
  /** The address of the cluster's name server; absent: there is none. */
  readonly dnsAddress?: string | undefined
  /** What extension API servers are told of how users prove who they are. */
  readonly authentication: PublishedAuthentication
  /** Ranges of service addresses. */
  readonly serviceCIDRs: readonly string[]
  /** Feature gates that are on beside the defaults. Absent: none. */
  readonly features?: Features
  /** What the server serves: kinds of versions that have to be turned on have an APIService as well. */
  readonly served?: readonly AnyKind[]
  /** Further objects that are made when they are missing, and brought up to date where they say how. */
  readonly further?: readonly Bootstrapped[]
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
      { apiGroups: [''], resources: ['services', 'namespaces', 'nodes', 'pods'], verbs: ['list', 'watch'] },
      { apiGroups: ['discovery.k8s.io'], resources: ['endpointslices'], verbs: ['list', 'watch'] },
      { apiGroups: ['networking.k8s.io'], resources: ['networkpolicies', 'servicecidrs'], verbs: ['list', 'watch'] },
    ],
  },
  binding: {
    metadata: { name: 'wherry:node-network' },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'wherry:node-network' },
    subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'Group', name: 'system:nodes' }],
  },
}

/** Each node's name server reads its settings from ConfigMap `kube-system/kube-dns`, and from no other. */
const nameServerSettings = {
  role: {
    metadata: { name: 'wherry:name-server', namespace: 'kube-system' },
    rules: [{ apiGroups: [''], resources: ['configmaps'], resourceNames: ['kube-dns'], verbs: ['get', 'list', 'watch'] }],
  },
  binding: {
    metadata: { name: 'wherry:name-server', namespace: 'kube-system' },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'wherry:name-server' },
    subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'Group', name: 'system:nodes' }],
  },
}

/** The Service of the cluster's name server, which each node answers itself: it keeps the address from being given to another. */
const nameServer = (addresses: readonly string[]) => ({
  metadata: {
    name: 'kube-dns',
    namespace: 'kube-system',
    labels: { 'k8s-app': 'kube-dns', 'kubernetes.io/cluster-service': 'true', 'kubernetes.io/name': 'WherryDNS' },
  },
  spec: {
    clusterIP: addresses[0]!,
    ...(addresses.length > 1 && { clusterIPs: addresses, ipFamilyPolicy: 'RequireDualStack' }),
    ports: [
      { name: 'dns', port: 53, protocol: 'UDP' },
      { name: 'dns-tcp', port: 53, protocol: 'TCP' },
    ],
  },
})

/** The ranges that Services take their addresses from as long as nobody adds others. */
const defaultServiceCidr = (cidrs: readonly string[]) => ({ metadata: { name: defaultServiceCidrName }, spec: { cidrs: [...cidrs] } })

/** Since when the use of tokens in Secrets is noted on them: who judges one as unused must know how long that has been looked at. */
const tokenTracking = (now: Instant) => ({
  metadata: { name: 'kube-apiserver-legacy-service-account-token-tracking', namespace: 'kube-system' },
  data: { since: new Date(now).toISOString().slice(0, 10) },
})

/** One of ours that says something else is given back what a server of this version says; one that somebody took over, without the label, is left alone. */
const localService =
  ({ spec }: (typeof localServices)[number]) =>
  (present: KubeObject): KubeObject | undefined =>
    present.metadata.labels?.['kube-aggregator.kubernetes.io/automanaged'] === undefined || same((present as APIService).spec, spec)
      ? undefined
      : ({ ...present, spec } as KubeObject)
const make =
  (kind: AnyKind) =>
  (object: object): Wanted => ({ kind, object: object as Wanted['object'] })

const always: readonly Wanted[] = [
  ...namespaces.map(make(Namespace)),
  ...systemPriorityClasses.map(make(PriorityClass)),
  ...bootstrapRoles.map(keptRole(Role)),
  ...bootstrapRoleBindings.map(keptBinding(RoleBinding)),
  ...bootstrapBindings.map(make(ClusterRoleBinding)),
]

/**
 * Makes the objects that a cluster has from its first moment, those that are missing, and gives back what roles and bindings of the reference
 * have lost, as it does at every start of its own. What an administrator added stays. The namespaces come first; the rest needs no order.
 * Resolves with what admission refused, or lies in a namespace that was; rejects where the store cannot be written.
 */
export async function bootstrap(options: BootstrapOptions): Promise<readonly Refused[]> {
  const { client, objects, now } = options
  const facts = authenticationFacts(options.authentication)
  const { roles, bindings } = bootstrapOf(options.features)
  const isServed = ({ spec: { group = '', version } }: (typeof localServices)[number]): boolean =>
    (options.served ?? []).some((kind) => kind.group === group && kind.version === version)
  const services = [...localServices, ...optionalLocalServices.filter(isServed)]
  const wanted: readonly Wanted[] = [
    ...always,
    ...roles.map(keptRole(ClusterRole)),
    ...bindings.map(keptBinding(ClusterRoleBinding)),
    { kind: ConfigMap, object: facts.object, reconcile: (present) => facts.reconcile(present as ConfigMap, now) },
    make(ConfigMap)(tokenTracking(now)),
    // Nodes of ours answer for names; where nobody does, there are none, and other nodes may no more than the reference's.
    ...(options.dnsAddress === undefined
      ? []
      : [
          make(Service)(nameServer(options.dnsAddress.split(',').map((address) => address.trim()))),
          keptRole(ClusterRole)(nodeNetwork.role),
          keptBinding(ClusterRoleBinding)(nodeNetwork.binding),
          keptRole(Role)(nameServerSettings.role),
          keptBinding(RoleBinding)(nameServerSettings.binding),
          keptRole(ClusterRole)(routerRole),
          keptBinding(ClusterRoleBinding)(routerBinding),
          make(IngressClass)(routerIngressClass(objects.list(IngressClass) as readonly IngressClass[])),
        ]),
    {
      ...make(ServiceCIDR)(defaultServiceCidr(options.serviceCIDRs)),
      status: { conditions: [readyCondition(rfc3339(now))] },
      statusOwner: defaultServiceCidrOwner,
    },
    ...(options.further ?? []),
    ...services.map((object) => ({
      ...make(APIService)(object),
      reconcile: localService(object),
      status: localServiceStatus(rfc3339(now)),
    })),
  ]
  const ensure = (one: Wanted) => ensureObject(client, one, objects.get(one.kind, one.object.metadata.name, one.object.metadata.namespace))
  const spaces = await Promise.all(wanted.filter(({ kind }) => kind === Namespace).map(ensure))
  const others = await Promise.all(wanted.filter(({ kind }) => kind !== Namespace).map(ensure))
  return [...spaces, ...others].filter((refused) => refused !== undefined)
}

async function ensureObject(client: Client, wanted: Wanted, present: KubeObject | undefined): Promise<Refused | undefined> {
  const { kind, object } = wanted
  const { name, namespace } = object.metadata
  const place = namespace === undefined ? {} : { namespace }
  const next = present === undefined ? 'recreate' : wanted.reconcile?.(present)
  if (next === undefined && (present === undefined || !owesStatus(wanted, present))) return undefined
  try {
    let made = present
    if (next === 'recreate') {
      if (present !== undefined) await client.delete(kind, name, { ...place, preconditions: { uid: present.metadata.uid } })
      made = (await client.create(kind, object, place)) as KubeObject
    } else if (next !== undefined) made = (await client.update(kind, next)) as KubeObject
    if (made !== undefined && (next === 'recreate' || owesStatus(wanted, made))) await writeStatus(client, wanted, made)
  } catch (error) {
    // Another server was faster, and wants the same.
    if (isError(error, 'AlreadyExists', 'Conflict')) return undefined
    if (isError(error, ...refusals)) return { kind: kind.kind, name, error }
    throw error
  }
  return undefined
}

/**
 * An object of ours that was made, and whose status was refused then: nobody has judged it since. One that somebody gave another spec is
 * theirs to judge.
 */
function owesStatus({ object, status }: Wanted, present: KubeObject): boolean {
  const { spec, status: told } = present as KubeObject & {
    readonly spec?: unknown
    readonly status?: { readonly conditions?: readonly unknown[] }
  }
  const isOurs = present.metadata.deletionTimestamp === undefined && same(spec, (object as { readonly spec?: unknown }).spec)
  return status !== undefined && isOurs && (told?.conditions ?? []).length === 0
}

async function writeStatus(client: Client, { kind, object, status, statusOwner: fieldManager }: Wanted, made: KubeObject): Promise<void> {
  const { name } = object.metadata
  if (status === undefined) return
  if (fieldManager === undefined) await client.update(kind, { ...made, status } as KubeObject, { subresource: 'status' })
  else
    await client.patch(
      kind,
      name,
      { type: 'apply', body: { metadata: { name }, status }, force: true },
      { fieldManager, subresource: 'status' },
    )
}

/** What plug-ins, policies and webhooks answer with (a webhook that cannot be reached: `InternalError`), and a missing namespace. */
const refusals = ['Forbidden', 'Invalid', 'BadRequest', 'NotFound', 'TooManyRequests', 'InternalError'] as const
