/**
 * The roles and bindings that a cluster has from its first moment, as Kubernetes v1.36 makes them: what each component, controller and kind of
 * user may do. All carry the label and the annotation by which administrators know them.
 */
import type { PolicyRule, RoleRef, Subject } from './v1/types.ts'

const labels = { 'kubernetes.io/bootstrapping': 'rbac-defaults' }
const annotations = { 'rbac.authorization.kubernetes.io/autoupdate': 'true' }
const group = 'rbac.authorization.k8s.io'

interface RoleFacts {
  readonly name: string
  readonly namespace?: string
  readonly labels?: Readonly<Record<string, string>>
  readonly rules?: readonly Partial<PolicyRule>[]
  /** Rules are gathered from roles with this label. */
  readonly gathers?: string
}

interface BindingFacts {
  readonly name: string
  readonly namespace?: string
  readonly role: string
  readonly of?: 'Role'
  readonly subjects?: readonly (readonly [kind: 'User' | 'Group' | 'ServiceAccount', name: string, namespace?: string])[]
}

const role = ({ name, namespace, labels: more, rules, gathers }: RoleFacts) => ({
  metadata: { name, ...(namespace && { namespace }), labels: { ...labels, ...more }, annotations },
  // Rules that are gathered come by the controller that gathers them.
  ...(gathers === undefined && { rules: (rules ?? []) as PolicyRule[] }),
  ...(gathers && { aggregationRule: { clusterRoleSelectors: [{ matchLabels: { [gathers]: 'true' } }] } }),
})

export { binding as bootstrapBinding, role as bootstrapRole }

const binding = ({ name, namespace, role: to, of, subjects = [] }: BindingFacts) => ({
  metadata: { name, ...(namespace && { namespace }), labels, annotations },
  roleRef: { apiGroup: group, kind: of ?? 'ClusterRole', name: to } as RoleRef,
  subjects: subjects.map(
    ([kind, subject, of]): Subject => ({ kind, name: subject, ...(of ? { namespace: of } : { apiGroup: group }) }) as Subject,
  ),
})

/** ClusterRoles that a cluster begins with; missing ones and missing rules are put back when the server starts. */
export const bootstrapClusterRoles = [
  role({ name: 'admin', gathers: 'rbac.authorization.k8s.io/aggregate-to-admin' }),
  role({
    name: 'cluster-admin',
    rules: [
      { verbs: ['*'], apiGroups: ['*'], resources: ['*'] },
      { verbs: ['*'], nonResourceURLs: ['*'] },
    ],
  }),
  role({
    name: 'edit',
    labels: { 'rbac.authorization.k8s.io/aggregate-to-admin': 'true' },
    gathers: 'rbac.authorization.k8s.io/aggregate-to-edit',
  }),
  role({
    name: 'system:aggregate-to-admin',
    labels: { 'rbac.authorization.k8s.io/aggregate-to-admin': 'true' },
    rules: [
      { verbs: ['create'], apiGroups: ['authorization.k8s.io'], resources: ['localsubjectaccessreviews'] },
      {
        verbs: ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'],
        apiGroups: ['rbac.authorization.k8s.io'],
        resources: ['rolebindings', 'roles'],
      },
    ],
  }),
  role({
    name: 'system:aggregate-to-edit',
    labels: { 'rbac.authorization.k8s.io/aggregate-to-edit': 'true' },
    rules: [
      {
        verbs: ['get', 'list', 'watch'],
        apiGroups: [''],
        resources: ['pods/attach', 'pods/exec', 'pods/portforward', 'pods/proxy', 'secrets', 'services/proxy'],
      },
      { verbs: ['impersonate'], apiGroups: [''], resources: ['serviceaccounts'] },
      {
        verbs: ['create', 'delete', 'deletecollection', 'patch', 'update'],
        apiGroups: [''],
        resources: ['pods', 'pods/attach', 'pods/exec', 'pods/portforward', 'pods/proxy'],
      },
      { verbs: ['create'], apiGroups: [''], resources: ['pods/eviction'] },
      {
        verbs: ['create', 'delete', 'deletecollection', 'patch', 'update'],
        apiGroups: [''],
        resources: [
          'configmaps',
          'persistentvolumeclaims',
          'replicationcontrollers',
          'replicationcontrollers/scale',
          'secrets',
          'serviceaccounts',
          'services',
          'services/proxy',
        ],
      },
      { verbs: ['create'], apiGroups: [''], resources: ['serviceaccounts/token'] },
      { verbs: ['create', 'delete', 'deletecollection', 'patch', 'update'], apiGroups: ['', 'events.k8s.io'], resources: ['events'] },
      {
        verbs: ['create', 'delete', 'deletecollection', 'patch', 'update'],
        apiGroups: ['apps'],
        resources: [
          'daemonsets',
          'deployments',
          'deployments/rollback',
          'deployments/scale',
          'replicasets',
          'replicasets/scale',
          'statefulsets',
          'statefulsets/scale',
        ],
      },
      {
        verbs: ['create', 'delete', 'deletecollection', 'patch', 'update'],
        apiGroups: ['autoscaling'],
        resources: ['horizontalpodautoscalers'],
      },
      { verbs: ['create', 'delete', 'deletecollection', 'patch', 'update'], apiGroups: ['batch'], resources: ['cronjobs', 'jobs'] },
      {
        verbs: ['create', 'delete', 'deletecollection', 'patch', 'update'],
        apiGroups: ['extensions'],
        resources: [
          'daemonsets',
          'deployments',
          'deployments/rollback',
          'deployments/scale',
          'ingresses',
          'networkpolicies',
          'replicasets',
          'replicasets/scale',
          'replicationcontrollers/scale',
        ],
      },
      { verbs: ['create', 'delete', 'deletecollection', 'patch', 'update'], apiGroups: ['policy'], resources: ['poddisruptionbudgets'] },
      {
        verbs: ['create', 'delete', 'deletecollection', 'patch', 'update'],
        apiGroups: ['networking.k8s.io'],
        resources: ['ingresses', 'networkpolicies'],
      },
      {
        verbs: ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'],
        apiGroups: ['coordination.k8s.io'],
        resources: ['leases'],
      },
      {
        verbs: ['create', 'delete', 'deletecollection', 'patch', 'update'],
        apiGroups: ['resource.k8s.io'],
        resources: ['resourceclaims', 'resourceclaimtemplates'],
      },
    ],
  }),
  role({
    name: 'system:aggregate-to-view',
    labels: { 'rbac.authorization.k8s.io/aggregate-to-view': 'true' },
    rules: [
      {
        verbs: ['get', 'list', 'watch'],
        apiGroups: [''],
        resources: [
          'configmaps',
          'endpoints',
          'persistentvolumeclaims',
          'persistentvolumeclaims/status',
          'pods',
          'replicationcontrollers',
          'replicationcontrollers/scale',
          'serviceaccounts',
          'services',
          'services/status',
        ],
      },
      {
        verbs: ['get', 'list', 'watch'],
        apiGroups: [''],
        resources: [
          'bindings',
          'limitranges',
          'namespaces/status',
          'pods/log',
          'pods/status',
          'replicationcontrollers/status',
          'resourcequotas',
          'resourcequotas/status',
        ],
      },
      { verbs: ['get', 'list', 'watch'], apiGroups: [''], resources: ['namespaces'] },
      { verbs: ['get', 'list', 'watch'], apiGroups: ['', 'events.k8s.io'], resources: ['events'] },
      { verbs: ['get', 'list', 'watch'], apiGroups: ['discovery.k8s.io'], resources: ['endpointslices'] },
      {
        verbs: ['get', 'list', 'watch'],
        apiGroups: ['apps'],
        resources: [
          'controllerrevisions',
          'daemonsets',
          'daemonsets/status',
          'deployments',
          'deployments/scale',
          'deployments/status',
          'replicasets',
          'replicasets/scale',
          'replicasets/status',
          'statefulsets',
          'statefulsets/scale',
          'statefulsets/status',
        ],
      },
      {
        verbs: ['get', 'list', 'watch'],
        apiGroups: ['autoscaling'],
        resources: ['horizontalpodautoscalers', 'horizontalpodautoscalers/status'],
      },
      { verbs: ['get', 'list', 'watch'], apiGroups: ['batch'], resources: ['cronjobs', 'cronjobs/status', 'jobs', 'jobs/status'] },
      {
        verbs: ['get', 'list', 'watch'],
        apiGroups: ['extensions'],
        resources: [
          'daemonsets',
          'daemonsets/status',
          'deployments',
          'deployments/scale',
          'deployments/status',
          'ingresses',
          'ingresses/status',
          'networkpolicies',
          'replicasets',
          'replicasets/scale',
          'replicasets/status',
          'replicationcontrollers/scale',
        ],
      },
      { verbs: ['get', 'list', 'watch'], apiGroups: ['policy'], resources: ['poddisruptionbudgets', 'poddisruptionbudgets/status'] },
      {
        verbs: ['get', 'list', 'watch'],
        apiGroups: ['networking.k8s.io'],
        resources: ['ingresses', 'ingresses/status', 'networkpolicies'],
      },
      {
        verbs: ['get', 'list', 'watch'],
        apiGroups: ['resource.k8s.io'],
        resources: ['resourceclaims', 'resourceclaims/status', 'resourceclaimtemplates'],
      },
    ],
  }),
  role({
    name: 'system:auth-delegator',
    rules: [
      { verbs: ['create'], apiGroups: ['authentication.k8s.io'], resources: ['tokenreviews'] },
      { verbs: ['create'], apiGroups: ['authorization.k8s.io'], resources: ['subjectaccessreviews'] },
    ],
  }),
  role({
    name: 'system:basic-user',
    rules: [
      { verbs: ['create'], apiGroups: ['authorization.k8s.io'], resources: ['selfsubjectaccessreviews', 'selfsubjectrulesreviews'] },
      { verbs: ['create'], apiGroups: ['authentication.k8s.io'], resources: ['selfsubjectreviews'] },
    ],
  }),
  role({
    name: 'system:certificates.k8s.io:certificatesigningrequests:nodeclient',
    rules: [{ verbs: ['create'], apiGroups: ['certificates.k8s.io'], resources: ['certificatesigningrequests/nodeclient'] }],
  }),
  role({
    name: 'system:certificates.k8s.io:certificatesigningrequests:selfnodeclient',
    rules: [{ verbs: ['create'], apiGroups: ['certificates.k8s.io'], resources: ['certificatesigningrequests/selfnodeclient'] }],
  }),
  role({
    name: 'system:certificates.k8s.io:kube-apiserver-client-approver',
    rules: [
      {
        verbs: ['approve'],
        apiGroups: ['certificates.k8s.io'],
        resources: ['signers'],
        resourceNames: ['kubernetes.io/kube-apiserver-client'],
      },
    ],
  }),
  role({
    name: 'system:certificates.k8s.io:kube-apiserver-client-kubelet-approver',
    rules: [
      {
        verbs: ['approve'],
        apiGroups: ['certificates.k8s.io'],
        resources: ['signers'],
        resourceNames: ['kubernetes.io/kube-apiserver-client-kubelet'],
      },
    ],
  }),
  role({
    name: 'system:certificates.k8s.io:kubelet-serving-approver',
    rules: [
      { verbs: ['approve'], apiGroups: ['certificates.k8s.io'], resources: ['signers'], resourceNames: ['kubernetes.io/kubelet-serving'] },
    ],
  }),
  role({
    name: 'system:certificates.k8s.io:legacy-unknown-approver',
    rules: [
      { verbs: ['approve'], apiGroups: ['certificates.k8s.io'], resources: ['signers'], resourceNames: ['kubernetes.io/legacy-unknown'] },
    ],
  }),
  role({
    name: 'system:controller:attachdetach-controller',
    rules: [
      { verbs: ['list', 'watch'], apiGroups: [''], resources: ['persistentvolumeclaims', 'persistentvolumes'] },
      { verbs: ['get', 'list', 'watch'], apiGroups: [''], resources: ['nodes'] },
      { verbs: ['patch', 'update'], apiGroups: [''], resources: ['nodes/status'] },
      { verbs: ['list', 'watch'], apiGroups: [''], resources: ['pods'] },
      { verbs: ['create', 'patch', 'update'], apiGroups: ['', 'events.k8s.io'], resources: ['events'] },
      { verbs: ['create', 'delete', 'get', 'list', 'watch'], apiGroups: ['storage.k8s.io'], resources: ['volumeattachments'] },
      { verbs: ['get', 'list', 'watch'], apiGroups: ['storage.k8s.io'], resources: ['csidrivers'] },
      { verbs: ['get', 'list', 'watch'], apiGroups: ['storage.k8s.io'], resources: ['csinodes'] },
    ],
  }),
  role({
    name: 'system:controller:certificate-controller',
    rules: [
      { verbs: ['delete', 'get', 'list', 'watch'], apiGroups: ['certificates.k8s.io'], resources: ['certificatesigningrequests'] },
      {
        verbs: ['update'],
        apiGroups: ['certificates.k8s.io'],
        resources: ['certificatesigningrequests/approval', 'certificatesigningrequests/status'],
      },
      {
        verbs: ['approve'],
        apiGroups: ['certificates.k8s.io'],
        resources: ['signers'],
        resourceNames: ['kubernetes.io/kube-apiserver-client-kubelet'],
      },
      {
        verbs: ['sign'],
        apiGroups: ['certificates.k8s.io'],
        resources: ['signers'],
        resourceNames: [
          'kubernetes.io/kube-apiserver-client',
          'kubernetes.io/kube-apiserver-client-kubelet',
          'kubernetes.io/kubelet-serving',
          'kubernetes.io/legacy-unknown',
        ],
      },
      { verbs: ['create'], apiGroups: ['authorization.k8s.io'], resources: ['subjectaccessreviews'] },
      { verbs: ['create', 'patch', 'update'], apiGroups: ['', 'events.k8s.io'], resources: ['events'] },
    ],
  }),
  role({
    name: 'system:controller:clusterrole-aggregation-controller',
    rules: [
      {
        verbs: ['escalate', 'get', 'list', 'patch', 'update', 'watch'],
        apiGroups: ['rbac.authorization.k8s.io'],
        resources: ['clusterroles'],
      },
    ],
  }),
  role({
    name: 'system:controller:cronjob-controller',
    rules: [
      { verbs: ['get', 'list', 'update', 'watch'], apiGroups: ['batch'], resources: ['cronjobs'] },
      { verbs: ['create', 'delete', 'get', 'list', 'patch', 'update', 'watch'], apiGroups: ['batch'], resources: ['jobs'] },
      { verbs: ['update'], apiGroups: ['batch'], resources: ['cronjobs/status'] },
      { verbs: ['update'], apiGroups: ['batch'], resources: ['cronjobs/finalizers'] },
      { verbs: ['delete', 'list', 'watch'], apiGroups: [''], resources: ['pods'] },
      { verbs: ['create', 'patch', 'update'], apiGroups: ['', 'events.k8s.io'], resources: ['events'] },
    ],
  }),
  role({
    name: 'system:controller:daemon-set-controller',
    rules: [
      { verbs: ['get', 'list', 'watch'], apiGroups: ['apps', 'extensions'], resources: ['daemonsets'] },
      { verbs: ['update'], apiGroups: ['apps', 'extensions'], resources: ['daemonsets/status'] },
      { verbs: ['update'], apiGroups: ['apps', 'extensions'], resources: ['daemonsets/finalizers'] },
      { verbs: ['list', 'watch'], apiGroups: [''], resources: ['nodes'] },
      { verbs: ['create', 'delete', 'list', 'patch', 'watch'], apiGroups: [''], resources: ['pods'] },
      { verbs: ['create'], apiGroups: [''], resources: ['pods/binding'] },
      { verbs: ['create', 'delete', 'get', 'list', 'patch', 'update', 'watch'], apiGroups: ['apps'], resources: ['controllerrevisions'] },
      { verbs: ['create', 'patch', 'update'], apiGroups: ['', 'events.k8s.io'], resources: ['events'] },
    ],
  }),
  role({
    name: 'system:controller:deployment-controller',
    rules: [
      { verbs: ['get', 'list', 'update', 'watch'], apiGroups: ['apps', 'extensions'], resources: ['deployments'] },
      { verbs: ['update'], apiGroups: ['apps', 'extensions'], resources: ['deployments/status'] },
      { verbs: ['update'], apiGroups: ['apps', 'extensions'], resources: ['deployments/finalizers'] },
      {
        verbs: ['create', 'delete', 'get', 'list', 'patch', 'update', 'watch'],
        apiGroups: ['apps', 'extensions'],
        resources: ['replicasets'],
      },
      { verbs: ['get', 'list', 'update', 'watch'], apiGroups: [''], resources: ['pods'] },
      { verbs: ['create', 'patch', 'update'], apiGroups: ['', 'events.k8s.io'], resources: ['events'] },
    ],
  }),
  role({
    name: 'system:controller:device-taint-eviction-controller',
    rules: [
      { verbs: ['delete', 'get', 'list', 'watch'], apiGroups: [''], resources: ['pods'] },
      { verbs: ['patch', 'update'], apiGroups: [''], resources: ['pods/status'] },
      { verbs: ['get', 'list', 'watch'], apiGroups: ['resource.k8s.io'], resources: ['resourceclaims'] },
      { verbs: ['get', 'list', 'watch'], apiGroups: ['resource.k8s.io'], resources: ['resourceslices'] },
      { verbs: ['get', 'list', 'watch'], apiGroups: ['resource.k8s.io'], resources: ['deviceclasses'] },
      { verbs: ['create', 'patch', 'update'], apiGroups: ['', 'events.k8s.io'], resources: ['events'] },
    ],
  }),
  role({
    name: 'system:controller:disruption-controller',
    rules: [
      { verbs: ['get', 'list', 'watch'], apiGroups: ['apps', 'extensions'], resources: ['deployments'] },
      { verbs: ['get', 'list', 'watch'], apiGroups: ['apps', 'extensions'], resources: ['replicasets'] },
      { verbs: ['get', 'list', 'watch'], apiGroups: [''], resources: ['replicationcontrollers'] },
      { verbs: ['get', 'list', 'watch'], apiGroups: ['policy'], resources: ['poddisruptionbudgets'] },
      { verbs: ['get', 'list', 'watch'], apiGroups: ['apps'], resources: ['statefulsets'] },
      { verbs: ['update'], apiGroups: ['policy'], resources: ['poddisruptionbudgets/status'] },
      { verbs: ['patch', 'update'], apiGroups: [''], resources: ['pods/status'] },
      { verbs: ['get'], apiGroups: ['*'], resources: ['*/scale'] },
      { verbs: ['create', 'patch', 'update'], apiGroups: ['', 'events.k8s.io'], resources: ['events'] },
    ],
  }),
  role({
    name: 'system:controller:endpoint-controller',
    rules: [
      { verbs: ['get', 'list', 'watch'], apiGroups: [''], resources: ['pods', 'services'] },
      { verbs: ['create', 'delete', 'get', 'list', 'update', 'watch'], apiGroups: [''], resources: ['endpoints'] },
      { verbs: ['create'], apiGroups: [''], resources: ['endpoints/restricted'] },
      { verbs: ['create', 'patch', 'update'], apiGroups: ['', 'events.k8s.io'], resources: ['events'] },
    ],
  }),
  role({
    name: 'system:controller:endpointslice-controller',
    rules: [
      { verbs: ['get', 'list', 'watch'], apiGroups: [''], resources: ['nodes', 'pods', 'services'] },
      { verbs: ['update'], apiGroups: [''], resources: ['services/finalizers'] },
      { verbs: ['create', 'delete', 'get', 'list', 'update', 'watch'], apiGroups: ['discovery.k8s.io'], resources: ['endpointslices'] },
      { verbs: ['create', 'patch', 'update'], apiGroups: ['', 'events.k8s.io'], resources: ['events'] },
    ],
  }),
  role({
    name: 'system:controller:endpointslicemirroring-controller',
    rules: [
      { verbs: ['get', 'list', 'watch'], apiGroups: [''], resources: ['endpoints', 'services'] },
      { verbs: ['update'], apiGroups: [''], resources: ['services/finalizers'] },
      { verbs: ['update'], apiGroups: [''], resources: ['endpoints/finalizers'] },
      { verbs: ['create', 'delete', 'get', 'list', 'update', 'watch'], apiGroups: ['discovery.k8s.io'], resources: ['endpointslices'] },
      { verbs: ['create', 'patch', 'update'], apiGroups: ['', 'events.k8s.io'], resources: ['events'] },
    ],
  }),
  role({
    name: 'system:controller:ephemeral-volume-controller',
    rules: [
      { verbs: ['get', 'list', 'watch'], apiGroups: [''], resources: ['pods'] },
      { verbs: ['update'], apiGroups: [''], resources: ['pods/finalizers'] },
      { verbs: ['create', 'get', 'list', 'watch'], apiGroups: [''], resources: ['persistentvolumeclaims'] },
      { verbs: ['create', 'patch', 'update'], apiGroups: ['', 'events.k8s.io'], resources: ['events'] },
    ],
  }),
  role({
    name: 'system:controller:expand-controller',
    rules: [
      { verbs: ['get', 'list', 'patch', 'update', 'watch'], apiGroups: [''], resources: ['persistentvolumes'] },
      { verbs: ['patch', 'update'], apiGroups: [''], resources: ['persistentvolumeclaims/status'] },
      { verbs: ['get', 'list', 'watch'], apiGroups: [''], resources: ['persistentvolumeclaims'] },
      { verbs: ['create', 'patch', 'update'], apiGroups: ['', 'events.k8s.io'], resources: ['events'] },
    ],
  }),
  role({
    name: 'system:controller:generic-garbage-collector',
    rules: [
      { verbs: ['delete', 'get', 'list', 'patch', 'update', 'watch'], apiGroups: ['*'], resources: ['*'] },
      { verbs: ['create', 'patch', 'update'], apiGroups: ['', 'events.k8s.io'], resources: ['events'] },
    ],
  }),
  role({
    name: 'system:controller:horizontal-pod-autoscaler',
    rules: [
      { verbs: ['get', 'list', 'watch'], apiGroups: ['autoscaling'], resources: ['horizontalpodautoscalers'] },
      { verbs: ['update'], apiGroups: ['autoscaling'], resources: ['horizontalpodautoscalers/status'] },
      { verbs: ['get', 'update'], apiGroups: ['*'], resources: ['*/scale'] },
      { verbs: ['list', 'watch'], apiGroups: [''], resources: ['pods'] },
      { verbs: ['list', 'watch'], apiGroups: ['metrics.k8s.io'], resources: ['pods'] },
      { verbs: ['get', 'list', 'watch'], apiGroups: ['custom.metrics.k8s.io'], resources: ['*'] },
      { verbs: ['get', 'list', 'watch'], apiGroups: ['external.metrics.k8s.io'], resources: ['*'] },
      { verbs: ['create', 'patch', 'update'], apiGroups: ['', 'events.k8s.io'], resources: ['events'] },
    ],
  }),
  role({
    name: 'system:controller:job-controller',
    rules: [
      { verbs: ['get', 'list', 'patch', 'update', 'watch'], apiGroups: ['batch'], resources: ['jobs'] },
      { verbs: ['update'], apiGroups: ['batch'], resources: ['jobs/status'] },
      { verbs: ['update'], apiGroups: ['batch'], resources: ['jobs/finalizers'] },
      { verbs: ['create', 'delete', 'list', 'patch', 'watch'], apiGroups: [''], resources: ['pods'] },
      { verbs: ['create', 'patch', 'update'], apiGroups: ['', 'events.k8s.io'], resources: ['events'] },
    ],
  }),
  role({
    name: 'system:controller:legacy-service-account-token-cleaner',
    rules: [
      {
        verbs: ['get'],
        apiGroups: [''],
        resources: ['configmaps'],
        resourceNames: ['kube-apiserver-legacy-service-account-token-tracking'],
      },
      { verbs: ['delete', 'patch'], apiGroups: [''], resources: ['secrets'] },
    ],
  }),
  role({
    name: 'system:controller:namespace-controller',
    rules: [
      { verbs: ['delete', 'get', 'list', 'watch'], apiGroups: [''], resources: ['namespaces'] },
      { verbs: ['update'], apiGroups: [''], resources: ['namespaces/finalize', 'namespaces/status'] },
      { verbs: ['delete', 'deletecollection', 'get', 'list', 'watch'], apiGroups: ['*'], resources: ['*'] },
    ],
  }),
  role({
    name: 'system:controller:node-controller',
    rules: [
      { verbs: ['delete', 'get', 'list', 'patch', 'update', 'watch'], apiGroups: [''], resources: ['nodes'] },
      { verbs: ['patch', 'update'], apiGroups: [''], resources: ['nodes/status'] },
      { verbs: ['patch', 'update'], apiGroups: [''], resources: ['pods/status'] },
      { verbs: ['delete', 'get', 'list', 'watch'], apiGroups: [''], resources: ['pods'] },
      { verbs: ['create', 'patch', 'update'], apiGroups: ['', 'events.k8s.io'], resources: ['events'] },
    ],
  }),
  role({
    name: 'system:controller:persistent-volume-binder',
    rules: [
      { verbs: ['create', 'delete', 'get', 'list', 'update', 'watch'], apiGroups: [''], resources: ['persistentvolumes'] },
      { verbs: ['update'], apiGroups: [''], resources: ['persistentvolumes/status'] },
      { verbs: ['get', 'list', 'update', 'watch'], apiGroups: [''], resources: ['persistentvolumeclaims'] },
      { verbs: ['update'], apiGroups: [''], resources: ['persistentvolumeclaims/status'] },
      { verbs: ['create', 'delete', 'get', 'list', 'watch'], apiGroups: [''], resources: ['pods'] },
      { verbs: ['get', 'list', 'watch'], apiGroups: ['storage.k8s.io'], resources: ['storageclasses'] },
      { verbs: ['list', 'watch'], apiGroups: [''], resources: ['nodes'] },
      { verbs: ['create', 'patch', 'update'], apiGroups: ['', 'events.k8s.io'], resources: ['events'] },
      { verbs: ['watch'], apiGroups: [''], resources: ['events'] },
    ],
  }),
  role({
    name: 'system:controller:pod-garbage-collector',
    rules: [
      { verbs: ['delete', 'list', 'watch'], apiGroups: [''], resources: ['pods'] },
      { verbs: ['get', 'list', 'watch'], apiGroups: [''], resources: ['nodes'] },
      { verbs: ['patch'], apiGroups: [''], resources: ['pods/status'] },
    ],
  }),
  role({
    name: 'system:controller:pv-protection-controller',
    rules: [
      { verbs: ['get', 'list', 'update', 'watch'], apiGroups: [''], resources: ['persistentvolumes'] },
      { verbs: ['create', 'patch', 'update'], apiGroups: ['', 'events.k8s.io'], resources: ['events'] },
    ],
  }),
  role({
    name: 'system:controller:pvc-protection-controller',
    rules: [
      { verbs: ['get', 'list', 'update', 'watch'], apiGroups: [''], resources: ['persistentvolumeclaims'] },
      { verbs: ['update'], apiGroups: [''], resources: ['persistentvolumeclaims/status'] },
      { verbs: ['get', 'list', 'watch'], apiGroups: [''], resources: ['pods'] },
      { verbs: ['create', 'patch', 'update'], apiGroups: ['', 'events.k8s.io'], resources: ['events'] },
    ],
  }),
  role({
    name: 'system:controller:replicaset-controller',
    rules: [
      { verbs: ['get', 'list', 'update', 'watch'], apiGroups: ['apps', 'extensions'], resources: ['replicasets'] },
      { verbs: ['update'], apiGroups: ['apps', 'extensions'], resources: ['replicasets/status'] },
      { verbs: ['update'], apiGroups: ['apps', 'extensions'], resources: ['replicasets/finalizers'] },
      { verbs: ['create', 'delete', 'list', 'patch', 'watch'], apiGroups: [''], resources: ['pods'] },
      { verbs: ['create', 'patch', 'update'], apiGroups: ['', 'events.k8s.io'], resources: ['events'] },
    ],
  }),
  role({
    name: 'system:controller:replication-controller',
    rules: [
      { verbs: ['get', 'list', 'update', 'watch'], apiGroups: [''], resources: ['replicationcontrollers'] },
      { verbs: ['update'], apiGroups: [''], resources: ['replicationcontrollers/status'] },
      { verbs: ['update'], apiGroups: [''], resources: ['replicationcontrollers/finalizers'] },
      { verbs: ['create', 'delete', 'list', 'patch', 'watch'], apiGroups: [''], resources: ['pods'] },
      { verbs: ['create', 'patch', 'update'], apiGroups: ['', 'events.k8s.io'], resources: ['events'] },
    ],
  }),
  role({
    name: 'system:controller:resource-claim-controller',
    rules: [
      { verbs: ['get', 'list', 'watch'], apiGroups: [''], resources: ['pods'] },
      { verbs: ['update'], apiGroups: [''], resources: ['pods/finalizers'] },
      { verbs: ['create', 'delete', 'get', 'list', 'watch'], apiGroups: ['resource.k8s.io'], resources: ['resourceclaims'] },
      { verbs: ['patch', 'update'], apiGroups: ['resource.k8s.io'], resources: ['resourceclaims', 'resourceclaims/status'] },
      { verbs: ['patch', 'update'], apiGroups: [''], resources: ['pods/status'] },
      { verbs: ['create', 'patch', 'update'], apiGroups: ['', 'events.k8s.io'], resources: ['events'] },
      { verbs: ['patch', 'update'], apiGroups: ['resource.k8s.io'], resources: ['resourceclaims/binding'] },
    ],
  }),
  role({
    name: 'system:controller:resourcequota-controller',
    rules: [
      { verbs: ['list', 'watch'], apiGroups: ['*'], resources: ['*'] },
      { verbs: ['update'], apiGroups: [''], resources: ['resourcequotas/status'] },
      { verbs: ['create', 'patch', 'update'], apiGroups: ['', 'events.k8s.io'], resources: ['events'] },
    ],
  }),
  role({
    name: 'system:controller:root-ca-cert-publisher',
    rules: [
      { verbs: ['create', 'update'], apiGroups: [''], resources: ['configmaps'] },
      { verbs: ['create', 'patch', 'update'], apiGroups: ['', 'events.k8s.io'], resources: ['events'] },
    ],
  }),
  role({
    name: 'system:controller:route-controller',
    rules: [
      { verbs: ['list', 'watch'], apiGroups: [''], resources: ['nodes'] },
      { verbs: ['patch'], apiGroups: [''], resources: ['nodes/status'] },
      { verbs: ['create', 'patch', 'update'], apiGroups: ['', 'events.k8s.io'], resources: ['events'] },
    ],
  }),
  role({
    name: 'system:controller:selinux-warning-controller',
    rules: [
      { verbs: ['create', 'patch', 'update'], apiGroups: ['', 'events.k8s.io'], resources: ['events'] },
      { verbs: ['get', 'list', 'watch'], apiGroups: [''], resources: ['persistentvolumes'] },
      { verbs: ['get', 'list', 'watch'], apiGroups: [''], resources: ['persistentvolumeclaims'] },
      { verbs: ['get', 'list', 'watch'], apiGroups: [''], resources: ['pods'] },
      { verbs: ['get', 'list', 'watch'], apiGroups: ['storage.k8s.io'], resources: ['csidrivers'] },
    ],
  }),
  role({
    name: 'system:controller:service-account-controller',
    rules: [
      { verbs: ['create'], apiGroups: [''], resources: ['serviceaccounts'] },
      { verbs: ['create', 'patch', 'update'], apiGroups: ['', 'events.k8s.io'], resources: ['events'] },
    ],
  }),
  role({
    name: 'system:controller:service-cidrs-controller',
    rules: [
      { verbs: ['get', 'list', 'patch', 'update', 'watch'], apiGroups: ['networking.k8s.io'], resources: ['servicecidrs'] },
      { verbs: ['patch', 'update'], apiGroups: ['networking.k8s.io'], resources: ['servicecidrs/finalizers'] },
      { verbs: ['patch', 'update'], apiGroups: ['networking.k8s.io'], resources: ['servicecidrs/status'] },
      { verbs: ['get', 'list', 'watch'], apiGroups: ['networking.k8s.io'], resources: ['ipaddresses'] },
      { verbs: ['create', 'patch', 'update'], apiGroups: ['', 'events.k8s.io'], resources: ['events'] },
    ],
  }),
  role({
    name: 'system:controller:service-controller',
    rules: [
      { verbs: ['get', 'list', 'watch'], apiGroups: [''], resources: ['services'] },
      { verbs: ['patch', 'update'], apiGroups: [''], resources: ['services/status'] },
      { verbs: ['list', 'watch'], apiGroups: [''], resources: ['nodes'] },
      { verbs: ['create', 'patch', 'update'], apiGroups: ['', 'events.k8s.io'], resources: ['events'] },
    ],
  }),
  role({
    name: 'system:controller:statefulset-controller',
    rules: [
      { verbs: ['list', 'watch'], apiGroups: [''], resources: ['pods'] },
      { verbs: ['get', 'list', 'watch'], apiGroups: ['apps'], resources: ['statefulsets'] },
      { verbs: ['update'], apiGroups: ['apps'], resources: ['statefulsets/status'] },
      { verbs: ['update'], apiGroups: ['apps'], resources: ['statefulsets/finalizers'] },
      { verbs: ['create', 'delete', 'get', 'patch', 'update'], apiGroups: [''], resources: ['pods'] },
      { verbs: ['create', 'delete', 'get', 'list', 'patch', 'update', 'watch'], apiGroups: ['apps'], resources: ['controllerrevisions'] },
      { verbs: ['create', 'get', 'list', 'watch'], apiGroups: [''], resources: ['persistentvolumeclaims'] },
      { verbs: ['delete', 'update'], apiGroups: [''], resources: ['persistentvolumeclaims'] },
      { verbs: ['update'], apiGroups: [''], resources: ['pods/finalizers'] },
      { verbs: ['create', 'patch', 'update'], apiGroups: ['', 'events.k8s.io'], resources: ['events'] },
    ],
  }),
  role({
    name: 'system:controller:ttl-after-finished-controller',
    rules: [
      { verbs: ['delete', 'get', 'list', 'watch'], apiGroups: ['batch'], resources: ['jobs'] },
      { verbs: ['create', 'patch', 'update'], apiGroups: ['', 'events.k8s.io'], resources: ['events'] },
    ],
  }),
  role({
    name: 'system:controller:ttl-controller',
    rules: [
      { verbs: ['list', 'patch', 'update', 'watch'], apiGroups: [''], resources: ['nodes'] },
      { verbs: ['create', 'patch', 'update'], apiGroups: ['', 'events.k8s.io'], resources: ['events'] },
    ],
  }),
  role({
    name: 'system:controller:validatingadmissionpolicy-status-controller',
    rules: [
      { verbs: ['get', 'list', 'watch'], apiGroups: ['admissionregistration.k8s.io'], resources: ['validatingadmissionpolicies'] },
      { verbs: ['get', 'patch', 'update'], apiGroups: ['admissionregistration.k8s.io'], resources: ['validatingadmissionpolicies/status'] },
      { verbs: ['create', 'patch', 'update'], apiGroups: ['', 'events.k8s.io'], resources: ['events'] },
    ],
  }),
  role({
    name: 'system:controller:volumeattributesclass-protection-controller',
    rules: [
      { verbs: ['get', 'list', 'watch'], apiGroups: [''], resources: ['persistentvolumeclaims'] },
      { verbs: ['get', 'list', 'watch'], apiGroups: [''], resources: ['persistentvolumes'] },
      { verbs: ['get', 'list', 'update', 'watch'], apiGroups: ['storage.k8s.io'], resources: ['volumeattributesclasses'] },
      { verbs: ['create', 'patch', 'update'], apiGroups: ['', 'events.k8s.io'], resources: ['events'] },
    ],
  }),
  role({
    name: 'system:discovery',
    rules: [
      {
        verbs: ['get'],
        nonResourceURLs: [
          '/api',
          '/api/*',
          '/apis',
          '/apis/*',
          '/healthz',
          '/livez',
          '/openapi',
          '/openapi/*',
          '/readyz',
          '/version',
          '/version/',
        ],
      },
    ],
  }),
  role({
    name: 'system:heapster',
    rules: [
      { verbs: ['get', 'list', 'watch'], apiGroups: [''], resources: ['events', 'namespaces', 'nodes', 'pods'] },
      { verbs: ['get', 'list', 'watch'], apiGroups: ['extensions'], resources: ['deployments'] },
    ],
  }),
  role({
    name: 'system:kube-aggregator',
    rules: [{ verbs: ['get', 'list', 'watch'], apiGroups: [''], resources: ['endpoints', 'services'] }],
  }),
  role({
    name: 'system:kube-controller-manager',
    rules: [
      { verbs: ['create', 'patch', 'update'], apiGroups: ['', 'events.k8s.io'], resources: ['events'] },
      { verbs: ['create'], apiGroups: ['coordination.k8s.io'], resources: ['leases'] },
      { verbs: ['get', 'update'], apiGroups: ['coordination.k8s.io'], resources: ['leases'], resourceNames: ['kube-controller-manager'] },
      { verbs: ['create'], apiGroups: [''], resources: ['secrets', 'serviceaccounts'] },
      { verbs: ['delete'], apiGroups: [''], resources: ['secrets'] },
      { verbs: ['get'], apiGroups: [''], resources: ['configmaps', 'namespaces', 'secrets', 'serviceaccounts'] },
      { verbs: ['update'], apiGroups: [''], resources: ['secrets', 'serviceaccounts'] },
      { verbs: ['create'], apiGroups: ['authentication.k8s.io'], resources: ['tokenreviews'] },
      { verbs: ['create'], apiGroups: ['authorization.k8s.io'], resources: ['subjectaccessreviews'] },
      { verbs: ['list', 'watch'], apiGroups: ['*'], resources: ['*'] },
      { verbs: ['create'], apiGroups: [''], resources: ['serviceaccounts/token'] },
    ],
  }),
  role({ name: 'system:kube-dns', rules: [{ verbs: ['list', 'watch'], apiGroups: [''], resources: ['endpoints', 'services'] }] }),
  role({
    name: 'system:kube-scheduler',
    rules: [
      { verbs: ['create', 'patch', 'update'], apiGroups: ['', 'events.k8s.io'], resources: ['events'] },
      { verbs: ['create'], apiGroups: ['coordination.k8s.io'], resources: ['leases'] },
      {
        verbs: ['get', 'list', 'update', 'watch'],
        apiGroups: ['coordination.k8s.io'],
        resources: ['leases'],
        resourceNames: ['kube-scheduler'],
      },
      {
        verbs: ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'],
        apiGroups: ['coordination.k8s.io'],
        resources: ['leasecandidates'],
      },
      { verbs: ['get', 'list', 'watch'], apiGroups: [''], resources: ['nodes'] },
      { verbs: ['delete', 'get', 'list', 'watch'], apiGroups: [''], resources: ['pods'] },
      { verbs: ['create'], apiGroups: [''], resources: ['bindings', 'pods/binding'] },
      { verbs: ['patch', 'update'], apiGroups: [''], resources: ['pods/status'] },
      { verbs: ['get', 'list', 'watch'], apiGroups: [''], resources: ['replicationcontrollers', 'services'] },
      { verbs: ['get', 'list', 'watch'], apiGroups: ['apps', 'extensions'], resources: ['replicasets'] },
      { verbs: ['get', 'list', 'watch'], apiGroups: ['apps'], resources: ['statefulsets'] },
      { verbs: ['get', 'list', 'watch'], apiGroups: ['policy'], resources: ['poddisruptionbudgets'] },
      { verbs: ['get', 'list', 'watch'], apiGroups: [''], resources: ['persistentvolumeclaims', 'persistentvolumes'] },
      { verbs: ['create'], apiGroups: ['authentication.k8s.io'], resources: ['tokenreviews'] },
      { verbs: ['create'], apiGroups: ['authorization.k8s.io'], resources: ['subjectaccessreviews'] },
      { verbs: ['get', 'list', 'watch'], apiGroups: ['storage.k8s.io'], resources: ['csinodes'] },
      { verbs: ['get', 'list', 'watch'], apiGroups: ['storage.k8s.io'], resources: ['volumeattachments'] },
      { verbs: ['get', 'list', 'watch'], apiGroups: [''], resources: ['namespaces'] },
      { verbs: ['get', 'list', 'watch'], apiGroups: ['storage.k8s.io'], resources: ['csidrivers'] },
      { verbs: ['get', 'list', 'watch'], apiGroups: ['storage.k8s.io'], resources: ['csistoragecapacities'] },
      { verbs: ['get', 'list', 'watch'], apiGroups: ['resource.k8s.io'], resources: ['deviceclasses'] },
      { verbs: ['get', 'list', 'patch', 'update', 'watch'], apiGroups: ['resource.k8s.io'], resources: ['resourceclaims'] },
      { verbs: ['get', 'list', 'patch', 'update', 'watch'], apiGroups: ['resource.k8s.io'], resources: ['resourceclaims/status'] },
      { verbs: ['update'], apiGroups: [''], resources: ['pods/finalizers'] },
      { verbs: ['get', 'list', 'watch'], apiGroups: ['resource.k8s.io'], resources: ['resourceslices'] },
      { verbs: ['create', 'delete'], apiGroups: ['resource.k8s.io'], resources: ['resourceclaims'] },
      { verbs: ['patch', 'update'], apiGroups: ['resource.k8s.io'], resources: ['resourceclaims/binding'] },
    ],
  }),
  role({
    name: 'system:kubelet-api-admin',
    rules: [
      { verbs: ['get', 'list', 'watch'], apiGroups: [''], resources: ['nodes'] },
      { verbs: ['proxy'], apiGroups: [''], resources: ['nodes'] },
      { verbs: ['*'], apiGroups: [''], resources: ['nodes/log', 'nodes/metrics', 'nodes/proxy', 'nodes/stats'] },
      { verbs: ['*'], apiGroups: [''], resources: ['nodes/configz', 'nodes/healthz', 'nodes/pods'] },
    ],
  }),
  role({
    name: 'system:monitoring',
    rules: [
      {
        verbs: ['get'],
        nonResourceURLs: [
          '/flagz',
          '/healthz',
          '/healthz/*',
          '/livez',
          '/livez/*',
          '/metrics',
          '/metrics/slis',
          '/readyz',
          '/readyz/*',
          '/statusz',
        ],
      },
      { verbs: ['get'], apiGroups: [''], resources: ['nodes/metrics'] },
    ],
  }),
  role({
    name: 'system:node',
    rules: [
      { verbs: ['create'], apiGroups: ['authentication.k8s.io'], resources: ['tokenreviews'] },
      { verbs: ['create'], apiGroups: ['authorization.k8s.io'], resources: ['localsubjectaccessreviews', 'subjectaccessreviews'] },
      { verbs: ['get', 'list', 'watch'], apiGroups: [''], resources: ['services'] },
      { verbs: ['create', 'get', 'list', 'watch'], apiGroups: [''], resources: ['nodes'] },
      { verbs: ['patch', 'update'], apiGroups: [''], resources: ['nodes/status'] },
      { verbs: ['patch', 'update'], apiGroups: [''], resources: ['nodes'] },
      { verbs: ['create', 'patch', 'update'], apiGroups: ['', 'events.k8s.io'], resources: ['events'] },
      { verbs: ['get', 'list', 'watch'], apiGroups: [''], resources: ['pods'] },
      { verbs: ['create', 'delete'], apiGroups: [''], resources: ['pods'] },
      { verbs: ['patch', 'update'], apiGroups: [''], resources: ['pods/status'] },
      { verbs: ['create'], apiGroups: [''], resources: ['pods/eviction'] },
      { verbs: ['get', 'list', 'watch'], apiGroups: [''], resources: ['configmaps', 'secrets'] },
      { verbs: ['get'], apiGroups: [''], resources: ['persistentvolumeclaims', 'persistentvolumes'] },
      { verbs: ['get'], apiGroups: [''], resources: ['endpoints'] },
      { verbs: ['create', 'get', 'list', 'watch'], apiGroups: ['certificates.k8s.io'], resources: ['certificatesigningrequests'] },
      { verbs: ['create', 'delete', 'get', 'patch', 'update'], apiGroups: ['coordination.k8s.io'], resources: ['leases'] },
      { verbs: ['get'], apiGroups: ['storage.k8s.io'], resources: ['volumeattachments'] },
      { verbs: ['create'], apiGroups: [''], resources: ['serviceaccounts/token'] },
      { verbs: ['get', 'patch', 'update'], apiGroups: [''], resources: ['persistentvolumeclaims/status'] },
      { verbs: ['get', 'list', 'watch'], apiGroups: ['storage.k8s.io'], resources: ['csidrivers'] },
      { verbs: ['create', 'delete', 'get', 'patch', 'update'], apiGroups: ['storage.k8s.io'], resources: ['csinodes'] },
      { verbs: ['get', 'list', 'watch'], apiGroups: ['node.k8s.io'], resources: ['runtimeclasses'] },
      { verbs: ['get'], apiGroups: ['resource.k8s.io'], resources: ['resourceclaims'] },
      { verbs: ['deletecollection'], apiGroups: ['resource.k8s.io'], resources: ['resourceslices'] },
      { verbs: ['get'], apiGroups: [''], resources: ['serviceaccounts'] },
    ],
  }),
  role({
    name: 'system:node-bootstrapper',
    rules: [{ verbs: ['create', 'get', 'list', 'watch'], apiGroups: ['certificates.k8s.io'], resources: ['certificatesigningrequests'] }],
  }),
  role({
    name: 'system:node-problem-detector',
    rules: [
      { verbs: ['get'], apiGroups: [''], resources: ['nodes'] },
      { verbs: ['patch'], apiGroups: [''], resources: ['nodes/status'] },
      { verbs: ['create', 'patch', 'update'], apiGroups: ['', 'events.k8s.io'], resources: ['events'] },
    ],
  }),
  role({
    name: 'system:node-proxier',
    rules: [
      { verbs: ['list', 'watch'], apiGroups: [''], resources: ['endpoints', 'services'] },
      { verbs: ['get', 'list', 'watch'], apiGroups: [''], resources: ['nodes'] },
      { verbs: ['create', 'patch', 'update'], apiGroups: ['', 'events.k8s.io'], resources: ['events'] },
      { verbs: ['list', 'watch'], apiGroups: ['networking.k8s.io'], resources: ['servicecidrs'] },
      { verbs: ['list', 'watch'], apiGroups: ['discovery.k8s.io'], resources: ['endpointslices'] },
    ],
  }),
  role({
    name: 'system:persistent-volume-provisioner',
    rules: [
      { verbs: ['create', 'delete', 'get', 'list', 'watch'], apiGroups: [''], resources: ['persistentvolumes'] },
      { verbs: ['get', 'list', 'update', 'watch'], apiGroups: [''], resources: ['persistentvolumeclaims'] },
      { verbs: ['get', 'list', 'watch'], apiGroups: ['storage.k8s.io'], resources: ['storageclasses'] },
      { verbs: ['watch'], apiGroups: [''], resources: ['events'] },
      { verbs: ['create', 'patch', 'update'], apiGroups: ['', 'events.k8s.io'], resources: ['events'] },
    ],
  }),
  role({
    name: 'system:public-info-viewer',
    rules: [{ verbs: ['get'], nonResourceURLs: ['/healthz', '/livez', '/readyz', '/version', '/version/'] }],
  }),
  role({
    name: 'system:service-account-issuer-discovery',
    rules: [
      {
        verbs: ['get'],
        nonResourceURLs: ['/.well-known/openid-configuration', '/.well-known/openid-configuration/', '/openid/v1/jwks', '/openid/v1/jwks/'],
      },
    ],
  }),
  role({
    name: 'system:volume-scheduler',
    rules: [
      { verbs: ['get', 'list', 'patch', 'update', 'watch'], apiGroups: [''], resources: ['persistentvolumes'] },
      { verbs: ['get', 'list', 'watch'], apiGroups: ['storage.k8s.io'], resources: ['storageclasses'] },
      { verbs: ['get', 'list', 'patch', 'update', 'watch'], apiGroups: [''], resources: ['persistentvolumeclaims'] },
    ],
  }),
  role({
    name: 'view',
    labels: { 'rbac.authorization.k8s.io/aggregate-to-edit': 'true' },
    gathers: 'rbac.authorization.k8s.io/aggregate-to-view',
  }),
] as const

/** Roles in namespaces of the system, likewise. */
export const bootstrapRoles = [
  role({
    name: 'system:controller:bootstrap-signer',
    namespace: 'kube-public',
    rules: [
      { verbs: ['get', 'list', 'watch'], apiGroups: [''], resources: ['configmaps'] },
      { verbs: ['update'], apiGroups: [''], resources: ['configmaps'], resourceNames: ['cluster-info'] },
      { verbs: ['create', 'patch', 'update'], apiGroups: ['', 'events.k8s.io'], resources: ['events'] },
    ],
  }),
  role({
    name: 'extension-apiserver-authentication-reader',
    namespace: 'kube-system',
    rules: [
      {
        verbs: ['get', 'list', 'watch'],
        apiGroups: [''],
        resources: ['configmaps'],
        resourceNames: ['extension-apiserver-authentication'],
      },
    ],
  }),
  role({
    name: 'system::leader-locking-kube-controller-manager',
    namespace: 'kube-system',
    rules: [
      { verbs: ['create', 'get', 'list', 'update', 'watch'], apiGroups: ['coordination.k8s.io'], resources: ['leases'] },
      { verbs: ['create', 'get', 'list', 'update', 'watch'], apiGroups: ['coordination.k8s.io'], resources: ['leasecandidates'] },
    ],
  }),
  role({
    name: 'system::leader-locking-kube-scheduler',
    namespace: 'kube-system',
    rules: [
      { verbs: ['create', 'get', 'list', 'update', 'watch'], apiGroups: ['coordination.k8s.io'], resources: ['leases'] },
      { verbs: ['create', 'get', 'list', 'update', 'watch'], apiGroups: ['coordination.k8s.io'], resources: ['leasecandidates'] },
    ],
  }),
  role({
    name: 'system:controller:bootstrap-signer',
    namespace: 'kube-system',
    rules: [{ verbs: ['get', 'list', 'watch'], apiGroups: [''], resources: ['secrets'] }],
  }),
  role({
    name: 'system:controller:cloud-provider',
    namespace: 'kube-system',
    rules: [{ verbs: ['create', 'get', 'list', 'watch'], apiGroups: [''], resources: ['configmaps'] }],
  }),
  role({
    name: 'system:controller:token-cleaner',
    namespace: 'kube-system',
    rules: [
      { verbs: ['delete', 'get', 'list', 'watch'], apiGroups: [''], resources: ['secrets'] },
      { verbs: ['create', 'patch', 'update'], apiGroups: ['', 'events.k8s.io'], resources: ['events'] },
    ],
  }),
] as const

/** Who has those ClusterRoles, likewise. */
export const bootstrapClusterRoleBindings = [
  binding({ name: 'cluster-admin', role: 'cluster-admin', subjects: [['Group', 'system:masters']] }),
  binding({ name: 'system:basic-user', role: 'system:basic-user', subjects: [['Group', 'system:authenticated']] }),
  binding({
    name: 'system:controller:attachdetach-controller',
    role: 'system:controller:attachdetach-controller',
    subjects: [['ServiceAccount', 'attachdetach-controller', 'kube-system']],
  }),
  binding({
    name: 'system:controller:certificate-controller',
    role: 'system:controller:certificate-controller',
    subjects: [['ServiceAccount', 'certificate-controller', 'kube-system']],
  }),
  binding({
    name: 'system:controller:clusterrole-aggregation-controller',
    role: 'system:controller:clusterrole-aggregation-controller',
    subjects: [['ServiceAccount', 'clusterrole-aggregation-controller', 'kube-system']],
  }),
  binding({
    name: 'system:controller:cronjob-controller',
    role: 'system:controller:cronjob-controller',
    subjects: [['ServiceAccount', 'cronjob-controller', 'kube-system']],
  }),
  binding({
    name: 'system:controller:daemon-set-controller',
    role: 'system:controller:daemon-set-controller',
    subjects: [['ServiceAccount', 'daemon-set-controller', 'kube-system']],
  }),
  binding({
    name: 'system:controller:deployment-controller',
    role: 'system:controller:deployment-controller',
    subjects: [['ServiceAccount', 'deployment-controller', 'kube-system']],
  }),
  binding({
    name: 'system:controller:device-taint-eviction-controller',
    role: 'system:controller:device-taint-eviction-controller',
    subjects: [['ServiceAccount', 'device-taint-eviction-controller', 'kube-system']],
  }),
  binding({
    name: 'system:controller:disruption-controller',
    role: 'system:controller:disruption-controller',
    subjects: [['ServiceAccount', 'disruption-controller', 'kube-system']],
  }),
  binding({
    name: 'system:controller:endpoint-controller',
    role: 'system:controller:endpoint-controller',
    subjects: [['ServiceAccount', 'endpoint-controller', 'kube-system']],
  }),
  binding({
    name: 'system:controller:endpointslice-controller',
    role: 'system:controller:endpointslice-controller',
    subjects: [['ServiceAccount', 'endpointslice-controller', 'kube-system']],
  }),
  binding({
    name: 'system:controller:endpointslicemirroring-controller',
    role: 'system:controller:endpointslicemirroring-controller',
    subjects: [['ServiceAccount', 'endpointslicemirroring-controller', 'kube-system']],
  }),
  binding({
    name: 'system:controller:ephemeral-volume-controller',
    role: 'system:controller:ephemeral-volume-controller',
    subjects: [['ServiceAccount', 'ephemeral-volume-controller', 'kube-system']],
  }),
  binding({
    name: 'system:controller:expand-controller',
    role: 'system:controller:expand-controller',
    subjects: [['ServiceAccount', 'expand-controller', 'kube-system']],
  }),
  binding({
    name: 'system:controller:generic-garbage-collector',
    role: 'system:controller:generic-garbage-collector',
    subjects: [['ServiceAccount', 'generic-garbage-collector', 'kube-system']],
  }),
  binding({
    name: 'system:controller:horizontal-pod-autoscaler',
    role: 'system:controller:horizontal-pod-autoscaler',
    subjects: [['ServiceAccount', 'horizontal-pod-autoscaler', 'kube-system']],
  }),
  binding({
    name: 'system:controller:job-controller',
    role: 'system:controller:job-controller',
    subjects: [['ServiceAccount', 'job-controller', 'kube-system']],
  }),
  binding({
    name: 'system:controller:legacy-service-account-token-cleaner',
    role: 'system:controller:legacy-service-account-token-cleaner',
    subjects: [['ServiceAccount', 'legacy-service-account-token-cleaner', 'kube-system']],
  }),
  binding({
    name: 'system:controller:namespace-controller',
    role: 'system:controller:namespace-controller',
    subjects: [['ServiceAccount', 'namespace-controller', 'kube-system']],
  }),
  binding({
    name: 'system:controller:node-controller',
    role: 'system:controller:node-controller',
    subjects: [['ServiceAccount', 'node-controller', 'kube-system']],
  }),
  binding({
    name: 'system:controller:persistent-volume-binder',
    role: 'system:controller:persistent-volume-binder',
    subjects: [['ServiceAccount', 'persistent-volume-binder', 'kube-system']],
  }),
  binding({
    name: 'system:controller:pod-garbage-collector',
    role: 'system:controller:pod-garbage-collector',
    subjects: [['ServiceAccount', 'pod-garbage-collector', 'kube-system']],
  }),
  binding({
    name: 'system:controller:pv-protection-controller',
    role: 'system:controller:pv-protection-controller',
    subjects: [['ServiceAccount', 'pv-protection-controller', 'kube-system']],
  }),
  binding({
    name: 'system:controller:pvc-protection-controller',
    role: 'system:controller:pvc-protection-controller',
    subjects: [['ServiceAccount', 'pvc-protection-controller', 'kube-system']],
  }),
  binding({
    name: 'system:controller:replicaset-controller',
    role: 'system:controller:replicaset-controller',
    subjects: [['ServiceAccount', 'replicaset-controller', 'kube-system']],
  }),
  binding({
    name: 'system:controller:replication-controller',
    role: 'system:controller:replication-controller',
    subjects: [['ServiceAccount', 'replication-controller', 'kube-system']],
  }),
  binding({
    name: 'system:controller:resource-claim-controller',
    role: 'system:controller:resource-claim-controller',
    subjects: [['ServiceAccount', 'resource-claim-controller', 'kube-system']],
  }),
  binding({
    name: 'system:controller:resourcequota-controller',
    role: 'system:controller:resourcequota-controller',
    subjects: [['ServiceAccount', 'resourcequota-controller', 'kube-system']],
  }),
  binding({
    name: 'system:controller:root-ca-cert-publisher',
    role: 'system:controller:root-ca-cert-publisher',
    subjects: [['ServiceAccount', 'root-ca-cert-publisher', 'kube-system']],
  }),
  binding({
    name: 'system:controller:route-controller',
    role: 'system:controller:route-controller',
    subjects: [['ServiceAccount', 'route-controller', 'kube-system']],
  }),
  binding({
    name: 'system:controller:selinux-warning-controller',
    role: 'system:controller:selinux-warning-controller',
    subjects: [['ServiceAccount', 'selinux-warning-controller', 'kube-system']],
  }),
  binding({
    name: 'system:controller:service-account-controller',
    role: 'system:controller:service-account-controller',
    subjects: [['ServiceAccount', 'service-account-controller', 'kube-system']],
  }),
  binding({
    name: 'system:controller:service-cidrs-controller',
    role: 'system:controller:service-cidrs-controller',
    subjects: [['ServiceAccount', 'service-cidrs-controller', 'kube-system']],
  }),
  binding({
    name: 'system:controller:service-controller',
    role: 'system:controller:service-controller',
    subjects: [['ServiceAccount', 'service-controller', 'kube-system']],
  }),
  binding({
    name: 'system:controller:statefulset-controller',
    role: 'system:controller:statefulset-controller',
    subjects: [['ServiceAccount', 'statefulset-controller', 'kube-system']],
  }),
  binding({
    name: 'system:controller:ttl-after-finished-controller',
    role: 'system:controller:ttl-after-finished-controller',
    subjects: [['ServiceAccount', 'ttl-after-finished-controller', 'kube-system']],
  }),
  binding({
    name: 'system:controller:ttl-controller',
    role: 'system:controller:ttl-controller',
    subjects: [['ServiceAccount', 'ttl-controller', 'kube-system']],
  }),
  binding({
    name: 'system:controller:validatingadmissionpolicy-status-controller',
    role: 'system:controller:validatingadmissionpolicy-status-controller',
    subjects: [['ServiceAccount', 'validatingadmissionpolicy-status-controller', 'kube-system']],
  }),
  binding({
    name: 'system:controller:volumeattributesclass-protection-controller',
    role: 'system:controller:volumeattributesclass-protection-controller',
    subjects: [['ServiceAccount', 'volumeattributesclass-protection-controller', 'kube-system']],
  }),
  binding({ name: 'system:discovery', role: 'system:discovery', subjects: [['Group', 'system:authenticated']] }),
  binding({
    name: 'system:kube-controller-manager',
    role: 'system:kube-controller-manager',
    subjects: [['User', 'system:kube-controller-manager']],
  }),
  binding({ name: 'system:kube-dns', role: 'system:kube-dns', subjects: [['ServiceAccount', 'kube-dns', 'kube-system']] }),
  binding({ name: 'system:kube-scheduler', role: 'system:kube-scheduler', subjects: [['User', 'system:kube-scheduler']] }),
  binding({ name: 'system:monitoring', role: 'system:monitoring', subjects: [['Group', 'system:monitoring']] }),
  binding({ name: 'system:node', role: 'system:node' }),
  binding({ name: 'system:node-proxier', role: 'system:node-proxier', subjects: [['User', 'system:kube-proxy']] }),
  binding({
    name: 'system:public-info-viewer',
    role: 'system:public-info-viewer',
    subjects: [
      ['Group', 'system:authenticated'],
      ['Group', 'system:unauthenticated'],
    ],
  }),
  binding({
    name: 'system:service-account-issuer-discovery',
    role: 'system:service-account-issuer-discovery',
    subjects: [['Group', 'system:serviceaccounts']],
  }),
  binding({ name: 'system:volume-scheduler', role: 'system:volume-scheduler', subjects: [['User', 'system:kube-scheduler']] }),
] as const

/** Who has those Roles, likewise. */
export const bootstrapRoleBindings = [
  binding({
    name: 'system:controller:bootstrap-signer',
    namespace: 'kube-public',
    role: 'system:controller:bootstrap-signer',
    of: 'Role',
    subjects: [['ServiceAccount', 'bootstrap-signer', 'kube-system']],
  }),
  binding({
    name: 'system::extension-apiserver-authentication-reader',
    namespace: 'kube-system',
    role: 'extension-apiserver-authentication-reader',
    of: 'Role',
    subjects: [
      ['User', 'system:kube-controller-manager'],
      ['User', 'system:kube-scheduler'],
    ],
  }),
  binding({
    name: 'system::leader-locking-kube-controller-manager',
    namespace: 'kube-system',
    role: 'system::leader-locking-kube-controller-manager',
    of: 'Role',
    subjects: [
      ['User', 'system:kube-controller-manager'],
      ['ServiceAccount', 'kube-controller-manager', 'kube-system'],
      ['ServiceAccount', 'leader-election-controller', 'kube-system'],
    ],
  }),
  binding({
    name: 'system::leader-locking-kube-scheduler',
    namespace: 'kube-system',
    role: 'system::leader-locking-kube-scheduler',
    of: 'Role',
    subjects: [
      ['User', 'system:kube-scheduler'],
      ['ServiceAccount', 'kube-scheduler', 'kube-system'],
    ],
  }),
  binding({
    name: 'system:controller:bootstrap-signer',
    namespace: 'kube-system',
    role: 'system:controller:bootstrap-signer',
    of: 'Role',
    subjects: [['ServiceAccount', 'bootstrap-signer', 'kube-system']],
  }),
  binding({
    name: 'system:controller:cloud-provider',
    namespace: 'kube-system',
    role: 'system:controller:cloud-provider',
    of: 'Role',
    subjects: [['ServiceAccount', 'cloud-provider', 'kube-system']],
  }),
  binding({
    name: 'system:controller:token-cleaner',
    namespace: 'kube-system',
    role: 'system:controller:token-cleaner',
    of: 'Role',
    subjects: [['ServiceAccount', 'token-cleaner', 'kube-system']],
  }),
] as const
