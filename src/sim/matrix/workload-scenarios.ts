import { change, make, podTemplate, roll, thing, wish } from './actions.ts'
import type { Scenario } from './scenario.ts'

const namespace = 'default'
const web = { namespace, name: 'web' }
const set = thing('StatefulSet', 'db', namespace)
const several = (policy: string) => thing('StatefulSet', policy.toLowerCase(), namespace)
const daemon = thing('DaemonSet', 'agent', namespace)
const controller = thing('ReplicationController', 'old', namespace)
const job = (name: string) => thing('Job', name, namespace)
const taskTemplate = (image: string) => ({
  spec: { restartPolicy: 'Never', terminationGracePeriodSeconds: 1, containers: [{ name: 'main', image }] },
})

export const workloadScenarios: readonly Scenario[] = [
  {
    name: 'a Deployment rolls',
    controllers: ['deployment-controller', 'replicaset-controller', 'endpointslice-controller', 'endpoint-controller'],
    nodes: 1,
    stages: [
      [
        { do: 'create', deployment: web, wish },
        { do: 'expose', deployment: web },
      ],
      [{ do: 'scale', deployment: web, replicas: 3 }],
      [{ do: 'roll', deployment: web, image: 'web:2' }],
    ],
  },
  {
    name: 'a ReplicationController is scaled',
    controllers: ['replication-controller'],
    nodes: 1,
    stages: [
      [make(controller, { spec: { replicas: 2, selector: { app: 'old' }, template: podTemplate('old') } })],
      [change(controller, { spec: { replicas: 1 } })],
    ],
  },
  {
    name: 'a StatefulSet rolls and is scaled',
    controllers: ['statefulset-controller'],
    nodes: 1,
    stages: [
      [
        make(set, {
          spec: {
            replicas: 2,
            serviceName: 'db',
            selector: { matchLabels: { app: 'db' } },
            template: podTemplate('db'),
            revisionHistoryLimit: 2,
          },
        }),
      ],
      [roll(set, 'web:2')],
      [change(set, { spec: { replicas: 1 } })],
    ],
  },
  {
    name: 'StatefulSets roll several pods at once',
    controllers: ['statefulset-controller'],
    features: { featureGates: { MaxUnavailableStatefulSet: true } },
    nodes: 1,
    stages: [
      (['OrderedReady', 'Parallel'] as const).map((podManagementPolicy) =>
        make(several(podManagementPolicy), {
          spec: {
            replicas: 4,
            serviceName: 'db',
            podManagementPolicy,
            selector: { matchLabels: { app: podManagementPolicy } },
            template: podTemplate(podManagementPolicy),
            updateStrategy: { rollingUpdate: { maxUnavailable: '50%' } },
          },
        }),
      ),
      [roll(several('OrderedReady'), 'web:2'), roll(several('Parallel'), 'web:2')],
    ],
  },
  {
    name: 'a DaemonSet rolls',
    controllers: ['daemonset-controller'],
    nodes: 2,
    stages: [
      [make(daemon, { spec: { selector: { matchLabels: { app: 'agent' } }, template: podTemplate('agent') } })],
      [roll(daemon, 'web:2')],
    ],
  },
  {
    name: 'Jobs run: one to its end, one whose pod fails, one with numbers',
    controllers: ['job-controller'],
    nodes: 1,
    stages: [
      [
        make(job('batch'), { spec: { completions: 3, parallelism: 2, template: taskTemplate('task:1') } }),
        make(job('bad'), { spec: { backoffLimit: 0, template: taskTemplate('fails:1') } }),
        make(job('numbered'), {
          spec: { completionMode: 'Indexed', completions: 2, parallelism: 1, template: taskTemplate('task:1') },
        }),
      ],
    ],
  },
  {
    name: 'a Job goes when it has been over for a while',
    controllers: ['ttl-after-finished-controller'],
    nodes: 1,
    stages: [[make(job('batch'), { spec: { ttlSecondsAfterFinished: 5, template: taskTemplate('task:1') } })]],
  },
  {
    name: 'the time of a CronJob comes',
    controllers: ['cronjob-controller'],
    nodes: 1,
    stages: [
      [
        make(thing('CronJob', 'tick', namespace), {
          spec: { schedule: '1 0 * * *', successfulJobsHistoryLimit: 1, jobTemplate: { spec: { template: taskTemplate('task:1') } } },
        }),
      ],
    ],
    lastMs: 100_000,
  },
  {
    name: 'pods with a budget are evicted',
    controllers: ['disruption-controller'],
    nodes: 1,
    stages: [
      [
        { do: 'create', deployment: web, wish: { ...wish, replicas: 3 } },
        make(thing('PodDisruptionBudget', 'web', namespace), {
          spec: { selector: { matchLabels: { app: 'web' } }, maxUnavailable: 1 },
        }),
      ],
      [{ do: 'evict', namespace, count: 2 }],
    ],
  },
  {
    name: 'an autoscaler raises a Deployment to its least',
    controllers: ['horizontal-pod-autoscaler'],
    nodes: 1,
    stages: [
      [{ do: 'create', deployment: web, wish: { ...wish, replicas: 1 } }],
      [
        make(thing('HorizontalPodAutoscaler', 'web', namespace), {
          spec: {
            scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' },
            minReplicas: 2,
            maxReplicas: 3,
            metrics: [{ type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 80 } } }],
          },
        }),
      ],
    ],
    lastMs: 60_000,
  },
]
