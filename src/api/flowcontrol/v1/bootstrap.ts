import type { FlowSchemaSpec, PriorityLevelConfigurationSpec } from '#api/flowcontrol/v1/types.ts'
import { mandatoryFlowSchemas, mandatoryPriorityLevels } from './mandatory.ts'
import { accountsOf, allOf, everybody, flowSchema, group, onResources, queueing, user } from './specs.ts'

/**
 * How a fresh server shares its concurrency between requests, as the reference does (KEP 1040): those of nodes, of leader election and of
 * the controllers are kept from starving by the rest.
 */
const flowSchemas: Readonly<Record<string, FlowSchemaSpec>> = {
  ...mandatoryFlowSchemas,
  'global-default': flowSchema('global-default', 9_900, 'ByUser', allOf(...everybody)),
  'kube-controller-manager': flowSchema('workload-high', 800, 'ByNamespace', allOf(user('system:kube-controller-manager'))),
  'kube-scheduler': flowSchema('workload-high', 800, 'ByNamespace', allOf(user('system:kube-scheduler'))),
  'kube-system-service-accounts': flowSchema('workload-high', 900, 'ByNamespace', allOf(accountsOf('kube-system'))),
  probes: flowSchema('exempt', 2, undefined, {
    subjects: everybody,
    nonResourceRules: [{ verbs: ['get'], nonResourceURLs: ['/healthz', '/readyz', '/livez'] }],
  }),
  'service-accounts': flowSchema('workload-low', 9_000, 'ByUser', allOf(group('system:serviceaccounts'))),
  'system-leader-election': flowSchema('leader-election', 100, 'ByUser', {
    subjects: [user('system:kube-controller-manager'), user('system:kube-scheduler'), accountsOf('kube-system')],
    resourceRules: [onResources(['get', 'create', 'update'], 'coordination.k8s.io', ['leases'])],
  }),
  'system-node-high': flowSchema('node-high', 400, 'ByUser', {
    subjects: [group('system:nodes')],
    resourceRules: [onResources(['*'], '', ['nodes', 'nodes/status'], true), onResources(['*'], 'coordination.k8s.io', ['leases'])],
  }),
  'system-nodes': flowSchema('system', 500, 'ByUser', allOf(group('system:nodes'))),
}

const priorityLevels: Readonly<Record<string, PriorityLevelConfigurationSpec>> = {
  ...mandatoryPriorityLevels,
  'global-default': queueing(20, 50, 128, 6),
  'leader-election': queueing(10, 0, 16, 4),
  'node-high': queueing(40, 25, 64, 6),
  system: queueing(30, 33, 64, 6),
  'workload-high': queueing(40, 50, 128, 6),
  'workload-low': queueing(100, 90, 128, 6),
}

/** Says that the server may bring the spec up to date; an administrator who wants to keep a change sets it to `false`. */
const annotations = { 'apf.kubernetes.io/autoupdate-spec': 'true' }

/** The objects that a fresh server makes. */
export const bootstrapFlowSchemas = Object.entries(flowSchemas).map(([name, spec]) => ({ metadata: { name, annotations }, spec }))
/** The priority levels that a cluster begins with, which its administrators may change (API docs, "API Priority and Fairness"). */
export const bootstrapPriorityLevels = Object.entries(priorityLevels).map(([name, spec]) => ({ metadata: { name, annotations }, spec }))
