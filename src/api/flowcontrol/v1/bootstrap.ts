import { mandatoryFlowSchemas, mandatoryPriorityLevels } from '#api/flowcontrol/v1/mandatory.ts'
import type { FlowSchemaSpec, PriorityLevelConfigurationSpec } from '#api/flowcontrol/v1/types.ts'
import type { Input } from '#schema/schema.ts'

/**
 * How a fresh server shares its concurrency between requests, as the reference does (KEP 1040): those of nodes, of leader election and of
 * the controllers are kept from starving by the rest.
 */
const flowSchemas: Readonly<Record<string, Input<typeof FlowSchemaSpec>>> = {
  ...mandatoryFlowSchemas,
  'global-default': {
    priorityLevelConfiguration: {
      name: 'global-default',
    },
    matchingPrecedence: 9900,
    distinguisherMethod: {
      type: 'ByUser',
    },
    rules: [
      {
        subjects: [
          {
            kind: 'Group',
            group: {
              name: 'system:unauthenticated',
            },
          },
          {
            kind: 'Group',
            group: {
              name: 'system:authenticated',
            },
          },
        ],
        resourceRules: [
          {
            verbs: ['*'],
            apiGroups: ['*'],
            resources: ['*'],
            clusterScope: true,
            namespaces: ['*'],
          },
        ],
        nonResourceRules: [
          {
            verbs: ['*'],
            nonResourceURLs: ['*'],
          },
        ],
      },
    ],
  },
  'kube-controller-manager': {
    priorityLevelConfiguration: {
      name: 'workload-high',
    },
    matchingPrecedence: 800,
    distinguisherMethod: {
      type: 'ByNamespace',
    },
    rules: [
      {
        subjects: [
          {
            kind: 'User',
            user: {
              name: 'system:kube-controller-manager',
            },
          },
        ],
        resourceRules: [
          {
            verbs: ['*'],
            apiGroups: ['*'],
            resources: ['*'],
            clusterScope: true,
            namespaces: ['*'],
          },
        ],
        nonResourceRules: [
          {
            verbs: ['*'],
            nonResourceURLs: ['*'],
          },
        ],
      },
    ],
  },
  'kube-scheduler': {
    priorityLevelConfiguration: {
      name: 'workload-high',
    },
    matchingPrecedence: 800,
    distinguisherMethod: {
      type: 'ByNamespace',
    },
    rules: [
      {
        subjects: [
          {
            kind: 'User',
            user: {
              name: 'system:kube-scheduler',
            },
          },
        ],
        resourceRules: [
          {
            verbs: ['*'],
            apiGroups: ['*'],
            resources: ['*'],
            clusterScope: true,
            namespaces: ['*'],
          },
        ],
        nonResourceRules: [
          {
            verbs: ['*'],
            nonResourceURLs: ['*'],
          },
        ],
      },
    ],
  },
  'kube-system-service-accounts': {
    priorityLevelConfiguration: {
      name: 'workload-high',
    },
    matchingPrecedence: 900,
    distinguisherMethod: {
      type: 'ByNamespace',
    },
    rules: [
      {
        subjects: [
          {
            kind: 'ServiceAccount',
            serviceAccount: {
              namespace: 'kube-system',
              name: '*',
            },
          },
        ],
        resourceRules: [
          {
            verbs: ['*'],
            apiGroups: ['*'],
            resources: ['*'],
            clusterScope: true,
            namespaces: ['*'],
          },
        ],
        nonResourceRules: [
          {
            verbs: ['*'],
            nonResourceURLs: ['*'],
          },
        ],
      },
    ],
  },
  probes: {
    priorityLevelConfiguration: {
      name: 'exempt',
    },
    matchingPrecedence: 2,
    rules: [
      {
        subjects: [
          {
            kind: 'Group',
            group: {
              name: 'system:unauthenticated',
            },
          },
          {
            kind: 'Group',
            group: {
              name: 'system:authenticated',
            },
          },
        ],
        nonResourceRules: [
          {
            verbs: ['get'],
            nonResourceURLs: ['/healthz', '/readyz', '/livez'],
          },
        ],
      },
    ],
  },
  'service-accounts': {
    priorityLevelConfiguration: {
      name: 'workload-low',
    },
    matchingPrecedence: 9000,
    distinguisherMethod: {
      type: 'ByUser',
    },
    rules: [
      {
        subjects: [
          {
            kind: 'Group',
            group: {
              name: 'system:serviceaccounts',
            },
          },
        ],
        resourceRules: [
          {
            verbs: ['*'],
            apiGroups: ['*'],
            resources: ['*'],
            clusterScope: true,
            namespaces: ['*'],
          },
        ],
        nonResourceRules: [
          {
            verbs: ['*'],
            nonResourceURLs: ['*'],
          },
        ],
      },
    ],
  },
  'system-leader-election': {
    priorityLevelConfiguration: {
      name: 'leader-election',
    },
    matchingPrecedence: 100,
    distinguisherMethod: {
      type: 'ByUser',
    },
    rules: [
      {
        subjects: [
          {
            kind: 'User',
            user: {
              name: 'system:kube-controller-manager',
            },
          },
          {
            kind: 'User',
            user: {
              name: 'system:kube-scheduler',
            },
          },
          {
            kind: 'ServiceAccount',
            serviceAccount: {
              namespace: 'kube-system',
              name: '*',
            },
          },
        ],
        resourceRules: [
          {
            verbs: ['get', 'create', 'update'],
            apiGroups: ['coordination.k8s.io'],
            resources: ['leases'],
            namespaces: ['*'],
          },
        ],
      },
    ],
  },
  'system-node-high': {
    priorityLevelConfiguration: {
      name: 'node-high',
    },
    matchingPrecedence: 400,
    distinguisherMethod: {
      type: 'ByUser',
    },
    rules: [
      {
        subjects: [
          {
            kind: 'Group',
            group: {
              name: 'system:nodes',
            },
          },
        ],
        resourceRules: [
          {
            verbs: ['*'],
            apiGroups: [''],
            resources: ['nodes', 'nodes/status'],
            clusterScope: true,
            namespaces: ['*'],
          },
          {
            verbs: ['*'],
            apiGroups: ['coordination.k8s.io'],
            resources: ['leases'],
            namespaces: ['*'],
          },
        ],
      },
    ],
  },
  'system-nodes': {
    priorityLevelConfiguration: {
      name: 'system',
    },
    matchingPrecedence: 500,
    distinguisherMethod: {
      type: 'ByUser',
    },
    rules: [
      {
        subjects: [
          {
            kind: 'Group',
            group: {
              name: 'system:nodes',
            },
          },
        ],
        resourceRules: [
          {
            verbs: ['*'],
            apiGroups: ['*'],
            resources: ['*'],
            clusterScope: true,
            namespaces: ['*'],
          },
        ],
        nonResourceRules: [
          {
            verbs: ['*'],
            nonResourceURLs: ['*'],
          },
        ],
      },
    ],
  },
}

const priorityLevels: Readonly<Record<string, Input<typeof PriorityLevelConfigurationSpec>>> = {
  ...mandatoryPriorityLevels,
  'global-default': {
    type: 'Limited',
    limited: {
      nominalConcurrencyShares: 20,
      limitResponse: {
        type: 'Queue',
        queuing: {
          queues: 128,
          handSize: 6,
          queueLengthLimit: 50,
        },
      },
      lendablePercent: 50,
    },
  },
  'leader-election': {
    type: 'Limited',
    limited: {
      nominalConcurrencyShares: 10,
      limitResponse: {
        type: 'Queue',
        queuing: {
          queues: 16,
          handSize: 4,
          queueLengthLimit: 50,
        },
      },
      lendablePercent: 0,
    },
  },
  'node-high': {
    type: 'Limited',
    limited: {
      nominalConcurrencyShares: 40,
      limitResponse: {
        type: 'Queue',
        queuing: {
          queues: 64,
          handSize: 6,
          queueLengthLimit: 50,
        },
      },
      lendablePercent: 25,
    },
  },
  system: {
    type: 'Limited',
    limited: {
      nominalConcurrencyShares: 30,
      limitResponse: {
        type: 'Queue',
        queuing: {
          queues: 64,
          handSize: 6,
          queueLengthLimit: 50,
        },
      },
      lendablePercent: 33,
    },
  },
  'workload-high': {
    type: 'Limited',
    limited: {
      nominalConcurrencyShares: 40,
      limitResponse: {
        type: 'Queue',
        queuing: {
          queues: 128,
          handSize: 6,
          queueLengthLimit: 50,
        },
      },
      lendablePercent: 50,
    },
  },
  'workload-low': {
    type: 'Limited',
    limited: {
      nominalConcurrencyShares: 100,
      limitResponse: {
        type: 'Queue',
        queuing: {
          queues: 128,
          handSize: 6,
          queueLengthLimit: 50,
        },
      },
      lendablePercent: 90,
    },
  },
}

/** Says that the server may bring the spec up to date; an administrator who wants to keep a change sets it to `false`. */
const annotations = { 'apf.kubernetes.io/autoupdate-spec': 'true' }

/** The objects that a fresh server makes. */
export const bootstrapFlowSchemas = Object.entries(flowSchemas).map(([name, spec]) => ({ metadata: { name, annotations }, spec }))
export const bootstrapPriorityLevels = Object.entries(priorityLevels).map(([name, spec]) => ({ metadata: { name, annotations }, spec }))
