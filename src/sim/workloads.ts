import type { Random } from '#lib/random.ts'
import { goodImages, taskImages } from './images.ts'
import type { PlanSize } from './plan.ts'
import type { Action, Propagation, Thing } from './steps.ts'

/** What is asked of one workload: in this order at any times, and in the end, so that everything can come true. */
export interface Wishes {
  readonly actions: readonly Action[]
  readonly last: readonly Action[]
}

export interface Surroundings {
  readonly namespace: string
  readonly nodes: number
  /** Who removes things and ends pods. */
  readonly isRude: boolean
  /** Of changes to one workload. */
  readonly mostChanges: number
}

/** A sort of workload, drawn only where all its controllers are there. */
export interface WorkloadSort {
  readonly name: string
  readonly controllers: readonly string[]
  /** How long a life has to be for something to happen: a schedule counts in minutes. */
  readonly leastMs?: Readonly<Record<PlanSize, number>>
  readonly draw: (random: Random, surroundings: Surroundings) => Wishes
}

/** What beside Deployments a plan may ask for. */
export const workloadSorts: readonly WorkloadSort[] = [
  { name: 'StatefulSet', controllers: ['statefulset-controller'], draw: statefulSet },
  { name: 'DaemonSet', controllers: ['daemonset-controller'], draw: daemonSet },
  { name: 'Job', controllers: ['job-controller'], draw: job },
  { name: 'CronJob', controllers: ['job-controller', 'cronjob-controller'], leastMs: { short: 130_000, full: 190_000 }, draw: cronJob },
  { name: 'budget', controllers: ['statefulset-controller', 'disruption-controller'], draw: budget },
  { name: 'ReplicationController', controllers: ['replication-controller'], draw: replicationController },
  { name: 'quota', controllers: ['resourcequota-controller'], draw: quota },
  { name: 'autoscaler', controllers: ['horizontal-pod-autoscaler'], draw: autoscaler },
  { name: 'claims', controllers: ['persistentvolume-controller', 'statefulset-controller'], draw: claims },
]

/** Pods that are hard to place: drawn beside the others, so that plans without them stay as they are. */
export const hardToPlace: WorkloadSort = { name: 'placement', controllers: ['statefulset-controller'], draw: placement }

type Pick = <T>(items: readonly T[]) => T
const pickOf =
  (random: Random): Pick =>
  (items) =>
    items[random.below(items.length)]!

const propagations: readonly Propagation[] = ['Background', 'Foreground', 'Orphan']

function statefulSet(random: Random, around: Surroundings): Wishes {
  return setOf('db', random, around, {})
}

/** With volumes of its own. */
function claims(random: Random, around: Surroundings): Wishes {
  const pick = pickOf(random)
  const volumes = Array.from({ length: 6 }, (_, index): Action => {
    const spec = {
      capacity: { storage: '1Gi' },
      accessModes: ['ReadWriteOnce'],
      hostPath: { path: `/data/${index}` },
      storageClassName: 'disk',
      persistentVolumeReclaimPolicy: 'Retain',
    }
    return { do: 'make', of: { kind: 'PersistentVolume', name: `disk-${index}` }, body: { spec } }
  })
  const wishes = setOf('data', random, around, {
    volumeClaimTemplates: [
      {
        metadata: { name: 'disk' },
        spec: { accessModes: ['ReadWriteOnce'], storageClassName: 'disk', resources: { requests: { storage: '1Gi' } } },
      },
    ],
    persistentVolumeClaimRetentionPolicy: { whenDeleted: pick(['Retain', 'Delete']), whenScaled: 'Retain' },
  })
  return { actions: [...volumes, ...wishes.actions], last: wishes.last }
}

function setOf(name: string, random: Random, { namespace, isRude, mostChanges }: Surroundings, more: object): Wishes {
  const pick = pickOf(random)
  const of: Thing = { kind: 'StatefulSet', namespace, name }
  const make: Action = {
    do: 'make',
    of,
    body: {
      spec: {
        replicas: random.below(5),
        serviceName: name,
        selector: { matchLabels: { app: name } },
        podManagementPolicy: pick(['OrderedReady', 'OrderedReady', 'Parallel']),
        minReadySeconds: random.next() < 0.2 ? 3 : 0,
        ...(random.next() < 0.2 && { ordinals: { start: random.below(3) } }),
        revisionHistoryLimit: pick([0, 2, 10]),
        updateStrategy:
          random.next() < 0.15
            ? { type: 'OnDelete' }
            : { type: 'RollingUpdate', rollingUpdate: { partition: random.next() < 0.2 ? random.below(4) : 0 } },
        template: template(name, pick(goodImages), random),
        ...more,
      },
    },
  }
  const gentle: (() => Action)[] = [
    () => change(of, { spec: { replicas: random.below(5) } }),
    () => change(of, { spec: { replicas: random.below(5) } }),
    () => roll(of, pick(goodImages)),
    () => roll(of, pick(goodImages)),
    () => change(of, { spec: { updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: random.below(3) } } } }),
  ]
  const rude: (() => Action)[] = [
    () => ({ do: 'remove', of, propagation: pick(propagations) }),
    () => make,
    () => ({ do: 'delete pods', namespace, count: 1 + random.below(3), graceSeconds: pick([1, 30]) }),
  ]
  const actions = [make, ...several(random, Math.min(mostChanges, 2 + random.below(4)), isRude ? [...gentle, ...rude] : gentle)]
  return { actions, last: [change(of, { spec: { updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 0 } } } })] }
}

function daemonSet(random: Random, { namespace, isRude, mostChanges }: Surroundings): Wishes {
  const pick = pickOf(random)
  const of: Thing = { kind: 'DaemonSet', namespace, name: 'agent' }
  const make: Action = {
    do: 'make',
    of,
    body: {
      spec: {
        selector: { matchLabels: { app: 'agent' } },
        minReadySeconds: random.next() < 0.2 ? 3 : 0,
        revisionHistoryLimit: pick([0, 2, 10]),
        updateStrategy: pick([
          { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: pick([1, 2, '50%']), maxSurge: 0 } },
          { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 0, maxSurge: pick([1, '50%']) } },
        ]),
        template: template('agent', pick(goodImages), random),
      },
    },
  }
  const gentle: (() => Action)[] = [
    () => roll(of, pick(goodImages)),
    () => roll(of, pick(goodImages)),
    () => change(of, { spec: { template: { metadata: { annotations: { turn: String(random.below(100)) } } } } }),
  ]
  const rude: (() => Action)[] = [
    () => ({ do: 'remove', of, propagation: pick(propagations) }),
    () => make,
    () => ({ do: 'delete pods', namespace, count: 1 + random.below(3), graceSeconds: pick([0, 1, 30]) }),
  ]
  return {
    actions: [make, ...several(random, Math.min(mostChanges, 1 + random.below(4)), isRude ? [...gentle, ...rude] : gentle)],
    last: [],
  }
}

function job(random: Random, { namespace, isRude, mostChanges }: Surroundings): Wishes {
  const pick = pickOf(random)
  const of: Thing = { kind: 'Job', namespace, name: 'batch' }
  const spec = jobSpec(random)
  const make: Action = { do: 'make', of, body: { spec: { ...spec, suspend: random.next() < 0.2 } } }
  const gentle: (() => Action)[] = [
    () => change(of, { spec: { suspend: true } }),
    () => change(of, { spec: { suspend: false } }),
    () => change(of, { spec: { parallelism: random.below(4) } }),
  ]
  const rude: (() => Action)[] = [
    () => ({ do: 'remove', of, propagation: pick(propagations) }),
    () => make,
    () => ({ do: 'delete pods', namespace, count: 1 + random.below(2), graceSeconds: pick([0, 1, 30]) }),
  ]
  const actions = [make, ...several(random, Math.min(mostChanges, 1 + random.below(4)), isRude ? [...gentle, ...rude] : gentle)]
  return { actions, last: [change(of, { spec: { parallelism: 2 } }), change(of, { spec: { suspend: false } })] }
}

function jobSpec(random: Random) {
  const pick = pickOf(random)
  const isIndexed = random.next() < 0.4
  const completions = 1 + random.below(4)
  const perIndex = isIndexed && random.next() < 0.3
  return {
    completions,
    parallelism: 1 + random.below(3),
    completionMode: isIndexed ? ('Indexed' as const) : ('NonIndexed' as const),
    ...(perIndex ? { backoffLimitPerIndex: random.below(2) } : { backoffLimit: random.below(3) }),
    ...(isIndexed && random.next() < 0.3 && { successPolicy: { rules: [{ succeededCount: 1 + random.below(completions) }] } }),
    ...(random.next() < 0.3 && { ttlSecondsAfterFinished: random.below(20) }),
    ...(random.next() < 0.15 && { activeDeadlineSeconds: 5 + random.below(30) }),
    ...(random.next() < 0.3 && { podReplacementPolicy: 'Failed' as const }),
    template: taskTemplate(pick(taskImages), perIndex || random.next() < 0.7 ? 'Never' : 'OnFailure'),
  }
}

const taskTemplate = (image: string, restartPolicy: 'Never' | 'OnFailure') => ({
  spec: { restartPolicy, terminationGracePeriodSeconds: 1, containers: [{ name: 'main', image }] },
})

function cronJob(random: Random, { namespace, isRude, mostChanges }: Surroundings): Wishes {
  const pick = pickOf(random)
  const of: Thing = { kind: 'CronJob', namespace, name: 'tick' }
  const { ttlSecondsAfterFinished: _, ...drawn } = jobSpec(random)
  // Every other one runs on while the next is due.
  const isLong = random.next() < 0.5
  const spec = isLong ? { completions: 1, template: taskTemplate('task:3', 'Never') } : drawn
  const make: Action = {
    do: 'make',
    of,
    body: {
      spec: {
        schedule: '* * * * *',
        concurrencyPolicy: pick(['Allow', 'Forbid', 'Replace']),
        ...(random.next() < 0.4 && { startingDeadlineSeconds: 20 + random.below(100) }),
        successfulJobsHistoryLimit: random.below(3),
        failedJobsHistoryLimit: random.below(3),
        jobTemplate: { spec },
      },
    },
  }
  const gentle: (() => Action)[] = [
    () => change(of, { spec: { suspend: true } }),
    () => change(of, { spec: { suspend: false } }),
    () => change(of, { spec: { concurrencyPolicy: pick(['Allow', 'Forbid', 'Replace']) } }),
  ]
  const rude: (() => Action)[] = [() => ({ do: 'remove', of, propagation: pick(propagations) }), () => make]
  const actions = [make, ...several(random, Math.min(mostChanges, random.below(4)), isRude ? [...gentle, ...rude] : gentle)]
  // One that goes on would never be quiet.
  return { actions, last: [change(of, { spec: { suspend: true } })] }
}

/** A set whose pods are evicted, and a budget that says how many may be. */
function budget(random: Random, { namespace, nodes, mostChanges }: Surroundings): Wishes {
  const pick = pickOf(random)
  const set: Thing = { kind: 'StatefulSet', namespace, name: 'kept' }
  const of: Thing = { kind: 'PodDisruptionBudget', namespace, name: 'kept' }
  const actions: Action[] = [
    {
      do: 'make',
      of: set,
      body: {
        spec: {
          replicas: 2 + random.below(4),
          serviceName: 'kept',
          podManagementPolicy: 'Parallel',
          selector: { matchLabels: { app: 'kept' } },
          template: template('kept', pick(goodImages), random),
        },
      },
    },
    {
      do: 'make',
      of,
      body: {
        spec: {
          selector: { matchLabels: { app: 'kept' } },
          ...pick([{ minAvailable: 1 }, { minAvailable: 2 }, { minAvailable: '50%' }, { maxUnavailable: 1 }, { maxUnavailable: '30%' }]),
        },
      },
    },
    ...several(random, Math.min(mostChanges, 2 + random.below(5)), [
      () => ({ do: 'evict', namespace, count: 1 + random.below(4) }),
      () => ({ do: 'evict', namespace, count: 1 + random.below(4) }),
      () => ({ do: 'drain', node: random.below(nodes) }),
      () => change(set, { spec: { replicas: 1 + random.below(5) } }),
    ]),
  ]
  return { actions, last: Array.from({ length: nodes }, (_, node): Action => ({ do: 'uncordon', node })) }
}

function replicationController(random: Random, { namespace, isRude, mostChanges }: Surroundings): Wishes {
  const pick = pickOf(random)
  const of: Thing = { kind: 'ReplicationController', namespace, name: 'old' }
  const make: Action = {
    do: 'make',
    of,
    body: { spec: { replicas: random.below(5), selector: { app: 'old' }, template: template('old', pick(goodImages), random) } },
  }
  const gentle: (() => Action)[] = [() => change(of, { spec: { replicas: random.below(5) } })]
  const rude: (() => Action)[] = [
    () => ({ do: 'remove', of, propagation: pick(propagations) }),
    () => make,
    () => ({ do: 'delete pods', namespace, count: 1 + random.below(3), graceSeconds: pick([0, 1, 30]) }),
    () => ({ do: 'release pod', namespace }),
  ]
  return {
    actions: [make, ...several(random, Math.min(mostChanges, 1 + random.below(4)), isRude ? [...gentle, ...rude] : gentle)],
    last: [],
  }
}

/** Too little for a while. */
function quota(random: Random, { namespace, mostChanges }: Surroundings): Wishes {
  const of: Thing = { kind: 'ResourceQuota', namespace, name: 'little' }
  const make: Action = { do: 'make', of, body: { spec: { hard: { pods: String(random.below(5)) } } } }
  const raise = () => change(of, { spec: { hard: { pods: String(random.below(8)) } } })
  return { actions: [make, ...several(random, Math.min(mostChanges, random.below(3)), [raise])], last: [{ do: 'remove', of }] }
}

/** Without metrics it keeps the number of pods within its bounds, and does nothing else. */
function autoscaler(random: Random, { namespace }: Surroundings): Wishes {
  const of: Thing = { kind: 'HorizontalPodAutoscaler', namespace, name: 'web' }
  const minReplicas = 1 + random.below(3)
  const make: Action = {
    do: 'make',
    of,
    body: {
      spec: {
        scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' },
        minReplicas,
        maxReplicas: minReplicas + random.below(2),
        metrics: [{ type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 80 } } }],
      },
    },
  }
  return { actions: [make], last: [] }
}

/**
 * More is wished than there is room for, by priority, and in the end what is least important is wished no more; with pods that shun each other, that
 * want a port of their node, that are to be spread, that wait behind a gate, and nodes that change what they are.
 */
function placement(random: Random, { namespace, nodes, mostChanges }: Surroundings): Wishes {
  const pick = pickOf(random)
  const set = (name: string): Thing => ({ kind: 'StatefulSet', namespace, name })
  const node = (): Thing => ({ kind: 'Node', name: `node-${random.below(nodes)}` })
  const labels = (name: string) => ({ labelSelector: { matchLabels: { app: name } }, topologyKey: 'kubernetes.io/hostname' })
  const make = (name: string, replicas: number, spec: object, container: object = {}): Action => ({
    do: 'make',
    of: set(name),
    body: {
      spec: {
        replicas,
        serviceName: name,
        podManagementPolicy: 'Parallel',
        selector: { matchLabels: { app: name } },
        template: {
          metadata: { labels: { app: name } },
          spec: {
            terminationGracePeriodSeconds: pick([0, 1, 30]),
            containers: [{ name: 'main', image: pick(goodImages), ...container }],
            ...spec,
          },
        },
      },
    },
  })
  const asks = (cpu: string): object => ({ resources: { requests: { cpu } } })
  const gated: Thing = { kind: 'Pod', namespace, name: 'gated' }
  const all: readonly { readonly make: Action; readonly last: readonly Action[] }[] = [
    {
      make: make('dear', 1 + random.below(nodes), { priorityClassName: 'dear' }, asks('4')),
      last: [change(set('dear'), { spec: { replicas: 1 } })],
    },
    {
      make: make(
        'apart',
        1 + random.below(nodes + 1),
        { affinity: { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [labels('apart')] } } },
        asks('100m'),
      ),
      last: [change(set('apart'), { spec: { replicas: 1 } })],
    },
    {
      make: make('ports', 1 + random.below(nodes + 1), {}, { ports: [{ containerPort: 80, hostPort: 8080 }] }),
      last: [change(set('ports'), { spec: { replicas: 1 } })],
    },
    {
      make: make('spread', 1 + random.below(5), {
        topologySpreadConstraints: [{ maxSkew: 1, whenUnsatisfiable: 'DoNotSchedule', ...labels('spread') }],
      }),
      last: [],
    },
    {
      make: make('picky', 1 + random.below(3), { nodeSelector: { disk: 'fast' } }),
      last: [change(set('picky'), { spec: { replicas: 0 } })],
    },
    {
      make: { do: 'make', of: gated, body: { spec: { schedulingGates: [{ name: 'x' }], containers: [{ name: 'main', image: 'web:1' }] } } },
      last: [],
    },
  ]
  const drawn = all.filter(() => random.next() < 0.5)
  const changes: (() => Action)[] = [
    () => ({ do: pick(['cordon', 'uncordon', 'taint', 'untaint'] as const), node: random.below(nodes) }),
    () => change(node(), { metadata: { labels: { disk: pick(['fast', 'slow']) } } }),
    () => change(gated, { spec: { schedulingGates: [] } }),
    () => change(set(pick(['dear', 'apart', 'ports', 'spread', 'picky'])), { spec: { replicas: random.below(nodes + 2) } }),
    () => ({ do: 'delete pods', namespace, count: 1 + random.below(3), graceSeconds: pick([0, 1, 30]) }),
  ]
  return {
    actions: [
      { do: 'make', of: { kind: 'PriorityClass', name: 'dear' }, body: { value: 1_000 } },
      make('cheap', 1 + random.below(2 * nodes), {}, asks('3')),
      {
        do: 'make',
        of: { kind: 'PodDisruptionBudget', namespace, name: 'cheap' },
        body: { spec: { selector: { matchLabels: { app: 'cheap' } }, maxUnavailable: random.below(2) } },
      },
      ...drawn.map((one) => one.make),
      ...several(random, 2 + random.below(mostChanges + 2), changes),
    ],
    last: [
      change(set('cheap'), { spec: { replicas: 0 } }),
      ...drawn.flatMap((one) => one.last),
      ...Array.from({ length: nodes }, (_, index): Action[] => [
        { do: 'uncordon', node: index },
        { do: 'untaint', node: index },
      ]).flat(),
    ],
  }
}

const several = (random: Random, count: number, choices: readonly (() => Action)[]): Action[] =>
  Array.from({ length: count }, () => choices[random.below(choices.length)]!())

const change = (of: Thing, body: object): Action => ({ do: 'change', of, how: 'merge', body })

const roll = (of: Thing, image: string): Action => ({
  do: 'change',
  of,
  how: 'strategic',
  body: { spec: { template: { spec: { containers: [{ name: 'main', image }] } } } },
})

function template(app: string, image: string, random: Random) {
  const readinessProbe = { exec: { command: ['ready'] }, periodSeconds: 2 }
  return {
    metadata: { labels: { app } },
    spec: {
      terminationGracePeriodSeconds: [0, 1, 5, 30][random.below(4)],
      containers: [{ name: 'main', image, ...(random.next() < 0.3 && { readinessProbe }) }],
    },
  }
}
