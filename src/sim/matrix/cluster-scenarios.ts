import { makeRequest } from '#controllers/testing/certificate-requests.ts'
import type { Thing } from '../steps.ts'
import { change, make, podTemplate, remove, thing, wish } from './actions.ts'
import type { Scenario } from './scenario.ts'

const namespace = 'default'
const system = 'kube-system'
const web = { namespace, name: 'web' }
const api = { namespace, name: 'api' }
const base64 = (value: string): string => Buffer.from(value).toString('base64')
const dayMs = 86_400_000

const tracking = thing('ConfigMap', 'kube-apiserver-legacy-service-account-token-tracking', system)
const request = thing('CertificateSigningRequest', 'node')
const signingRequest = (commonName: string) => ({
  spec: {
    request: base64(makeRequest({ commonName })),
    signerName: 'kubernetes.io/kube-apiserver-client-kubelet',
    usages: ['digital signature', 'client auth'],
  },
})
const touch = (of: Thing, how = 'once') => change(of, { metadata: { annotations: { touched: how } } })
const denied = { status: { conditions: [{ type: 'Denied', status: 'True', reason: 'No' }] } }
const bootstrapToken = (id: string, expiration: string) => ({
  type: 'bootstrap.kubernetes.io/token',
  stringData: {
    'token-id': id,
    'token-secret': '0123456789abcdef',
    expiration,
    'usage-bootstrap-signing': 'true',
    'usage-bootstrap-authentication': 'true',
  },
})
const tokenOf = (account: string, labels: object = {}) => ({
  metadata: { annotations: { 'kubernetes.io/service-account.name': account }, labels },
  type: 'kubernetes.io/service-account-token',
})
const subsets = (ip: string) => ({ subsets: [{ addresses: [{ ip }], ports: [{ port: 80 }] }] })
const rules = (verb: string) => ({ rules: [{ apiGroups: [''], resources: ['pods'], verbs: [verb] }] })

const widgets = thing('CustomResourceDefinition', 'widgets.example.com')
const definition = (storage: string) => ({
  spec: {
    group: 'example.com',
    scope: 'Namespaced',
    names: { plural: 'widgets', kind: 'Widget' },
    versions: ['v1', 'v2'].map((name) => ({
      name,
      served: true,
      storage: name === storage,
      schema: { openAPIV3Schema: { type: 'object' } },
    })),
  },
})
const migration = (group: string, resource: string) => ({ spec: { resource: { group, resource } } })

export const clusterScenarios: readonly Scenario[] = [
  {
    name: 'a namespace comes, is used and goes',
    controllers: ['namespace-controller', 'service-account-controller', 'root-ca-cert-publisher'],
    nodes: 1,
    stages: [
      [
        { do: 'create namespace', namespace: 'shop' },
        { do: 'create namespace', namespace: 'other' },
      ],
      [
        { do: 'create', deployment: { ...web, namespace: 'shop' }, wish },
        remove(thing('ConfigMap', 'kube-root-ca.crt', 'other')),
        remove(thing('ServiceAccount', 'default', 'other')),
      ],
      [{ do: 'delete namespace', namespace: 'shop' }],
    ],
  },
  {
    name: 'owners go, with what they own and without',
    controllers: ['generic-garbage-collector'],
    nodes: 1,
    stages: [
      [
        { do: 'create', deployment: web, wish },
        { do: 'create', deployment: api, wish: { ...wish, replicas: 1 } },
      ],
      [
        { do: 'delete', deployment: web, propagation: 'Foreground' },
        { do: 'delete', deployment: api, propagation: 'Orphan' },
      ],
    ],
  },
  {
    name: 'a quota counts',
    controllers: ['resourcequota-controller'],
    stages: [
      [make(thing('ResourceQuota', 'q', namespace), { spec: { hard: { configmaps: '10', secrets: '10' } } })],
      [make(thing('ConfigMap', 'a', namespace), {}), make(thing('Secret', 'b', namespace), { stringData: { a: 'b' } })],
      [remove(thing('ConfigMap', 'a', namespace)), change(thing('ResourceQuota', 'q', namespace), { spec: { hard: { secrets: '5' } } })],
    ],
  },
  {
    name: 'endpoints that somebody wrote are mirrored',
    controllers: ['endpointslicemirroring-controller'],
    stages: [
      [
        make(thing('Service', 'outside', namespace), { spec: { ports: [{ port: 80 }] } }),
        make(thing('Endpoints', 'outside', namespace), subsets('192.0.2.7')),
      ],
      [change(thing('Endpoints', 'outside', namespace), subsets('192.0.2.8'))],
    ],
  },
  {
    name: 'Secrets ask for tokens, one of an account that goes',
    controllers: ['tokens-controller'],
    stages: [
      [
        make(thing('ServiceAccount', 'robot', namespace), {}),
        make(thing('Secret', 'robot-token', namespace), tokenOf('robot')),
        make(thing('Secret', 'default-token', namespace), tokenOf('default')),
      ],
      [remove(thing('ServiceAccount', 'robot', namespace))],
    ],
  },
  {
    name: 'nobody knows any more since when tokens are tracked',
    controllers: ['legacy-token-tracking-controller'],
    stages: [[remove(tracking)], [change(tracking, { data: { since: 'never' } })]],
  },
  {
    name: 'a token that was made unasked is not used for years',
    controllers: ['legacy-service-account-token-cleaner'],
    stages: [
      [
        change(tracking, { data: { since: '2020-01-01' } }),
        make(thing('ServiceAccount', 'robot', namespace), { secrets: [{ name: 'robot-token' }] }),
        make(thing('Secret', 'robot-token', namespace), tokenOf('robot')),
      ],
      [touch(thing('Secret', 'robot-token', namespace))],
      [touch(thing('Secret', 'robot-token', namespace), 'twice')],
    ],
    // A controller that waits for an instant does not hear of a clock that jumps: it looks again when something happens.
    machineFaults: [
      { kind: 'clock jump', fromMs: 30_000, jumpMs: 400 * dayMs, stays: true },
      { kind: 'clock jump', fromMs: 60_000, jumpMs: 400 * dayMs, stays: true },
    ],
  },
  {
    name: 'nodes are tainted, one is lost for a while, and its object deleted',
    controllers: ['node-controller', 'taint-eviction-controller', 'node-ipam-controller'],
    nodes: 2,
    stages: [
      [{ do: 'create', deployment: web, wish: { ...wish, replicas: 4 } }],
      [
        { do: 'taint', node: 0 },
        { do: 'taint', node: 1 },
      ],
      [
        { do: 'untaint', node: 0 },
        { do: 'untaint', node: 1 },
      ],
      [],
      [],
      [],
      [{ do: 'delete node', node: 1 }],
    ],
    machineFaults: [{ kind: 'node loss', node: 1, fromMs: 90_000, toMs: 155_000 }],
    lastMs: 50_000,
  },
  {
    name: 'a pod is bound to a node that there is not',
    controllers: ['pod-garbage-collector'],
    stages: [[make(thing('Pod', 'lost', namespace), podTemplate('lost', { nodeName: 'nowhere' }))]],
    lastMs: 100_000,
  },
  {
    name: 'a role is made of others',
    controllers: ['clusterrole-aggregation-controller'],
    stages: [
      [
        make(thing('ClusterRole', 'whole'), { aggregationRule: { clusterRoleSelectors: [{ matchLabels: { part: 'yes' } }] }, rules: [] }),
        make(thing('ClusterRole', 'part'), { metadata: { labels: { part: 'yes' } }, ...rules('get') }),
      ],
      [change(thing('ClusterRole', 'part'), rules('list'))],
    ],
  },
  {
    name: 'a kubelet asks for a certificate',
    controllers: ['certificate-approver', 'certificate-signer'],
    stages: [[make(request, signingRequest('system:node:n'))]],
  },
  {
    name: 'a request for a certificate was denied an hour ago',
    controllers: ['certificate-cleaner'],
    stages: [[make(request, signingRequest('somebody'))], [change(request, denied, 'approval')], [touch(request)]],
    machineFaults: [{ kind: 'clock jump', fromMs: 60_000, jumpMs: 3_600_000, stays: true }],
  },
  {
    name: 'the way to the API server is removed',
    controllers: ['kubernetes-service-controller'],
    stages: [[remove(thing('EndpointSlice', 'kubernetes', namespace))], [remove(thing('Endpoints', 'kubernetes', namespace))]],
  },
  {
    name: 'ranges and addresses of services',
    controllers: ['ipallocator-repair-controller', 'kubernetes-service-cidr-controller', 'service-cidrs-controller'],
    stages: [
      [
        make(thing('ServiceCIDR', 'more'), { spec: { cidrs: ['10.97.0.0/24'] } }),
        make(thing('Service', 'web', namespace), { spec: { clusterIP: '10.96.7.7', ports: [{ port: 80 }] } }),
      ],
      [
        remove(thing('IPAddress', '10.96.7.7')),
        remove(thing('ServiceCIDR', 'more')),
        change(thing('ServiceCIDR', 'kubernetes'), { status: { conditions: null } }, 'status'),
      ],
    ],
    lastMs: 60_000,
  },
  {
    name: 'a policy says something that its kinds have not',
    controllers: ['validatingadmissionpolicy-status-controller'],
    stages: [
      [
        make(thing('ValidatingAdmissionPolicy', 'odd'), {
          spec: {
            matchConstraints: {
              resourceRules: [{ apiGroups: ['apps'], apiVersions: ['v1'], operations: ['CREATE'], resources: ['deployments'] }],
            },
            validations: [{ expression: 'object.spec.replicas > 1' }, { expression: 'object.spec.nothing == 1' }],
          },
        }),
      ],
    ],
  },
  {
    name: 'tokens to join with come and end',
    controllers: ['bootstrap-signer', 'token-cleaner'],
    stages: [
      [
        make(thing('ConfigMap', 'cluster-info', 'kube-public'), { data: { kubeconfig: 'apiVersion: v1' } }),
        make(thing('Secret', 'bootstrap-token-abcdef', system), bootstrapToken('abcdef', '2026-01-01T00:00:40Z')),
        make(thing('Secret', 'bootstrap-token-fedcba', system), bootstrapToken('fedcba', '2027-01-01T00:00:00Z')),
      ],
    ],
    lastMs: 70_000,
  },
  {
    name: 'a node no longer says how long its kubelet may remember',
    controllers: ['ttl-controller'],
    nodes: 1,
    stages: [[change(thing('Node', 'node-0'), { metadata: { annotations: { 'node.alpha.kubernetes.io/ttl': null } } })]],
  },
  {
    name: 'services want to be reached from outside',
    controllers: ['service-controller'],
    nodes: 1,
    stages: [
      [
        make(thing('Service', 'front', namespace), { spec: { type: 'LoadBalancer', selector: { app: 'web' }, ports: [{ port: 81 }] } }),
        make(thing('Pod', 'web', namespace), podTemplate('web')),
      ],
      [
        remove(thing('Service', 'front', namespace)),
        make(thing('Service', 'gate', namespace), { spec: { type: 'LoadBalancer', selector: { app: 'web' }, ports: [{ port: 82 }] } }),
      ],
    ],
  },
  {
    name: 'what is stored is migrated',
    controllers: ['migration-runner-controller', 'storage-version-migrator-controller'],
    features: { featureGates: { StorageVersionMigrator: true }, runtimeConfig: { 'storagemigration.k8s.io/v1beta1': true } },
    stages: [
      [
        make(widgets, definition('v1')),
        make(thing('Secret', 'a', namespace), { stringData: { a: 'b' } }),
        make(thing('StorageVersionMigration', 'secrets'), migration('', 'secrets')),
        make(thing('StorageVersionMigration', 'secrets-again'), migration('', 'secrets')),
      ],
      [change(widgets, definition('v2')), make(thing('StorageVersionMigration', 'widgets'), migration('example.com', 'widgets'))],
    ],
  },
]
