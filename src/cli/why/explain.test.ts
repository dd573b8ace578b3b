import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { KubeObject } from '#api/kind.ts'
import type { WriteEntry } from '#lib/cause.ts'
import { explain } from './explain.ts'
import type { ReasonCode } from './explanation.ts'
import { builtInKinds } from './target.ts'
import { keyOf, type View } from './view.ts'

/** Noon. */
const now = Date.parse('2026-01-01T12:00:00Z')
const ready = { type: 'Ready', status: 'True' }

// --- where it is to run ------------------------------------------------------------------------------------------------------------------

check('gates', pod({ spec: { schedulingGates: [{ name: 'a.example/x' }] } }), {}, [
  'gated: it may not be scheduled yet: the gate a.example/x is still closed',
])
check(
  'refusals of nodes, a line a sort',
  pod({
    conditions: [
      unscheduled(
        '0/7 nodes are available: 1 Too many pods, 1 node(s) had untolerated taint {dedicated: gpu}, 2 Insufficient memory, 3 node(s) were unschedulable. ' +
          'preemption: 0/7 nodes are available: 4 Preemption is not helpful for scheduling, 3 No preemption victims found for incoming pod.',
      ),
    ],
  }),
  {},
  [
    'unscheduled: none of the 7 nodes takes it | 1 node holds as many pods as it may | 1 node has a taint dedicated=gpu that it does not tolerate | ' +
      '2 nodes have too little memory left (it asks for 1Gi) | 3 nodes are cordoned (spec.unschedulable) | no pod of lower priority could make room',
  ],
)
check(
  'a refusal that nobody has words for, on the only node',
  pod({ conditions: [unscheduled('0/1 nodes are available: 1 node(s) had moss, lichen and rust.')] }),
  {},
  ['unscheduled: the only node does not take it | 1 node: node(s) had moss, lichen and rust'],
)
check('no nodes at all', pod({ conditions: [unscheduled('no nodes available to schedule pods')] }), {}, [
  'unscheduled: no node takes it: no nodes available to schedule pods',
])
check('a scheduler that does not run', pod({ spec: { schedulerName: 'mine' } }), {}, [
  'no-scheduler: the scheduler "mine" has not looked at it yet',
])

// --- on the node -------------------------------------------------------------------------------------------------------------------------

const placed = { nodeName: 'n' }
const nodes = [node('n', 'True')]
const waiting = (reason: string, message = '') => ({ name: 'c', restartCount: 0, ready: false, state: { waiting: { reason, message } } })

check(
  'an image that cannot be fetched',
  pod({ spec: placed, containerStatuses: [waiting('ImagePullBackOff', 'Back-off pulling image "i:1"')] }),
  {
    nodes,
    events: [event('p', 'Failed', 'Failed to pull image "i:1": not found', 'spec.containers{c}')],
  },
  ['image: the image i:1 cannot be fetched (ImagePullBackOff) | Back-off pulling image "i:1" | Failed to pull image "i:1": not found'],
)
check('a name that is none', pod({ spec: placed, containerStatuses: [waiting('InvalidImageName')] }), { nodes }, [
  'image: "i:1" is no name of an image',
])
check(
  'a crash, with the end of its pause',
  pod({
    spec: placed,
    containerStatuses: [
      {
        ...waiting('CrashLoopBackOff', 'back-off 1m20s restarting failed container=c pod=p_d(u)'),
        restartCount: 4,
        lastState: { terminated: { exitCode: 137, reason: 'OOMKilled', finishedAt: '2026-01-01T11:59:00Z' } },
      },
    ],
  }),
  { nodes },
  [
    'crash: it was killed at 2026-01-01T11:59:00Z for want of memory: it used all that its limit allows, after 4 restarts | ' +
      'it is started again at 2026-01-01T12:00:20Z (the pauses grow to 5 minutes)',
  ],
)
check(
  'a reference that leads nowhere',
  pod({ spec: placed, containerStatuses: [waiting('CreateContainerConfigError', 'configmap "x" not found')] }),
  { nodes },
  ['configuration: it cannot be made of what it refers to (CreateContainerConfigError) | configmap "x" not found'],
)
const running = { name: 'c', restartCount: 0, ready: false, started: true, state: { running: { startedAt: '2026-01-01T11:00:00Z' } } }
for (const [title, effect] of [
  ['Readiness', 'it gets no requests until it succeeds'],
  ['Liveness', 'it is started anew when it goes on failing'],
] as const)
  check(
    `${title} probe`,
    pod({ spec: placed, containerStatuses: [running] }),
    {
      nodes,
      events: [event('p', 'Unhealthy', `${title} probe failed: HTTP 500`, 'spec.containers{c}')],
    },
    [
      `probe: its ${title.toLowerCase()} probe fails: ${effect} | it runs since 2026-01-01T11:00:00Z`.replace(
        ' | ',
        ` | ${title} probe failed: HTTP 500 | `,
      ),
    ],
  )
check(
  'a startup probe that was never answered',
  pod({
    spec: { ...placed, containers: [{ name: 'c', image: 'i:1', startupProbe: {} }] },
    containerStatuses: [{ ...running, started: false }],
  }),
  { nodes },
  ['probe: its startup probe has not succeeded yet | it runs since 2026-01-01T11:00:00Z'],
)
const withInit = { ...placed, initContainers: [{ name: 'first', image: 'i:1' }] }
check(
  'an init container that runs; what waits for it is not to blame',
  pod({ spec: withInit, initContainerStatuses: [{ ...running, name: 'first' }], containerStatuses: [waiting('PodInitializing')] }),
  { nodes },
  ['init: init container first still runs; the others begin after it | it runs since 2026-01-01T11:00:00Z'],
)
check(
  'an init container that crashes',
  pod({
    spec: withInit,
    initContainerStatuses: [{ ...waiting('CrashLoopBackOff'), name: 'first', lastState: { terminated: { exitCode: 1 } } }],
  }),
  { nodes },
  ['crash: it ended with exit code 1, after 0 restarts'],
)
check(
  'a readiness gate',
  pod({
    spec: { ...placed, readinessGates: [{ conditionType: 'a.example/ok' }] },
    conditions: [{ type: 'ContainersReady', status: 'True' }],
  }),
  { nodes },
  ['readiness-gate: its readiness gate a.example/ok has been set by nobody'],
)
check('a volume that cannot be mounted', pod({ spec: placed }), { nodes, events: [event('p', 'FailedMount', 'secret "s" not found')] }, [
  'volume: a volume cannot be mounted | secret "s" not found',
])
check(
  'a volume that could not be mounted at first is no matter any more',
  pod({ spec: placed, containerStatuses: [running] }),
  { nodes, events: [event('p', 'FailedMount', 'secret "s" not found')] },
  ['starting: its containers are starting'],
)
check('a sandbox that cannot be made', pod({ spec: placed }), { nodes, events: [event('p', 'FailedCreatePodSandBox', 'no CNI')] }, [
  'sandbox: the node cannot make its sandbox (mostly its network) | no CNI',
])
check(
  'events of a predecessor of the same name do not count',
  pod({ spec: placed }),
  { nodes, events: [event('p', 'FailedMount', 'x', undefined, 'other')] },
  ['starting: n has not started its containers yet'],
)
check(
  'a pod that failed for good',
  pod({ spec: placed, phase: 'Failed', reason: 'Evicted', message: 'The node was low on memory' }),
  { nodes },
  ['failed: it failed: Evicted | The node was low on memory'],
)
check('a node that is silent', pod({ spec: placed, conditions: [ready] }), { nodes: [node('n', 'Unknown')] }, [
  'node: its node n has not been heard of: nobody knows how it is | no word',
])
check('a node that is not ready', pod({ spec: placed, conditions: [ready] }), { nodes: [node('n', 'False')] }, [
  'node: its node n is not ready | no word',
])
check('a node that is gone', pod({ spec: placed, conditions: [ready] }), { nodes: [] }, [
  'node: its node n is not part of the cluster any more',
])
check('nodes that may not be read are no reason', pod({ spec: placed, conditions: [ready] }), { unread: ['nodes (forbidden)'] }, [])
const budget = {
  metadata: { name: 'b', namespace: 'd' },
  spec: { selector: { matchLabels: { app: 'web' } } },
  status: { disruptionsAllowed: 0, currentHealthy: 1, desiredHealthy: 1, expectedPods: 1 },
}
const cordoned = { ...node('n', 'True'), spec: { unschedulable: true } }
check('a budget on a node that is to be emptied', pod({ spec: placed, conditions: [ready] }), { nodes: [cordoned], budgets: [budget] }, [
  'eviction: its node n is cordoned, and PodDisruptionBudget b allows no eviction: 1 of 1 pods are healthy, and 1 have to be',
])
check(
  'where nobody wants it gone a budget is in nobody’s way',
  pod({ spec: placed, conditions: [ready] }),
  { nodes, budgets: [budget] },
  [],
)

// --- claims --------------------------------------------------------------------------------------------------------------------------------

const claiming = pod({ spec: { volumes: [{ name: 'v', persistentVolumeClaim: { claimName: 'c' } }] }, conditions: [unscheduled('')] })
const unplaced = 'unscheduled: no node takes it: the scheduler does not say why'
check('a claim that is not there', claiming, {}, [unplaced, 'claim: there is no such PersistentVolumeClaim'])
check('no class', claiming, { claims: [claim({})] }, [
  unplaced,
  'claim: it names no storage class, there is no default class, and no free volume fits it',
])
check('a class that is not there', claiming, { claims: [claim({ storageClassName: 'fast' })] }, [
  unplaced,
  'claim: there is no StorageClass fast',
])
check(
  'a class that waits for a pod',
  claim({ storageClassName: 'fast' }),
  { classes: [storageClass('x.example', 'WaitForFirstConsumer')] },
  ['claim: its class fast binds only when a pod that uses it is being scheduled (WaitForFirstConsumer)'],
)
check('a class that makes nothing', claim({ storageClassName: 'fast' }), { classes: [storageClass('kubernetes.io/no-provisioner')] }, [
  'claim: its class fast makes no volumes, and no free PersistentVolume fits it',
])
check('a provisioner that does not answer', claim({ storageClassName: 'fast' }), { classes: [storageClass('x.example')] }, [
  'claim: it waits for x.example to make a volume of the class fast',
])
check(
  'a provisioner that fails',
  claim({ storageClassName: 'fast' }),
  {
    classes: [storageClass('x.example')],
    events: [event('c', 'ProvisioningFailed', 'disk full')],
  },
  ['claim: it waits for x.example to make a volume of the class fast | disk full'],
)
check('a claim whose volume is gone', claim({ volumeName: 'v' }, 'Lost'), {}, [
  'claim: the volume v that it was bound to is gone, and its data with it',
])
check('a bound claim', claim({}, 'Bound'), {}, [])

// --- pods that are not made ------------------------------------------------------------------------------------------------------------------

const refusals: readonly (readonly [name: string, message: string, expected: string])[] = [
  [
    'a quota',
    'pods "web-1" is forbidden: exceeded quota: few, requested: pods=1, used: pods=2, limited: pods=2',
    'quota: 1 of 1 pod is not there: ResourceQuota few lets no more in: asked for pods=1, used pods=2, allowed pods=2',
  ],
  [
    'a quota of what is not said',
    'pods "web-1" is forbidden: failed quota: few: must specify limits.cpu for: c',
    'quota: 1 of 1 pod is not there: ResourceQuota few counts what the pod does not say: limits.cpu for: c',
  ],
  [
    'a range',
    'pods "web-1" is forbidden: maximum cpu usage per Container is 1, but limit is 2',
    "limit-range: 1 of 1 pod is not there: the namespace's LimitRange refuses it: maximum cpu | *",
  ],
  [
    'pod security',
    'pods "web-1" is forbidden: violates PodSecurity "restricted:latest": privileged',
    'pod-security: 1 of 1 pod is not there: the namespace\'s pod security level "restricted:latest" refuses it | *',
  ],
  [
    'a webhook that says no',
    'admission webhook "a.example" denied the request: never',
    'webhook: 1 of 1 pod is not there: the admission webhook a.example refuses it | *',
  ],
  [
    'a webhook that is away',
    'Internal error occurred: failed calling webhook "a.example": timeout',
    'webhook: 1 of 1 pod is not there: the admission webhook a.example does not answer, and nothing is let in without it | *',
  ],
  [
    'a policy',
    "pods \"web-1\" is forbidden: ValidatingAdmissionPolicy 'p' with binding 'b' denied request: no",
    'policy: 1 of 1 pod is not there: ValidatingAdmissionPolicy p refuses it | *',
  ],
  [
    'an account that is not there',
    'pods "web-1" is forbidden: error looking up service account d/robot: serviceaccount "robot" not found',
    'service-account: 1 of 1 pod is not there: there is no ServiceAccount robot | *',
  ],
  ['anything else', 'pods "web-1" is strange', 'refused: 1 of 1 pod is not there: the API server refuses it | *'],
]
for (const [name, message, expected] of refusals) {
  const shown = expected.replace('*', message)
  check(`${name}, as an event`, workload('ReplicaSet', {}), { events: [event('web', 'FailedCreate', `Error creating: ${message}`)] }, [
    shown,
  ])
  const conditions = [{ type: 'ReplicaFailure', status: 'True', reason: 'FailedCreate', message }]
  check(`${name}, as a condition`, workload('ReplicaSet', { status: { conditions } }), {}, [shown])
}
check('nobody says why', workload('ReplicaSet', {}), {}, ['not-made: 1 of 1 pod is not there yet'])

// --- workloads -----------------------------------------------------------------------------------------------------------------------------

check(
  'paused',
  workload('Deployment', { spec: { paused: true }, status: { readyReplicas: 1, updatedReplicas: 0 } }),
  { pods: [pod({ conditions: [ready], spec: placed })], nodes },
  ['paused: it is paused: changes of its template wait'],
)
check(
  'the pods that are worst off, each sort once',
  workload('Deployment', { spec: { replicas: 3 }, status: { readyReplicas: 1, updatedReplicas: 3 } }),
  {
    nodes,
    pods: [
      pod({ name: 'a', spec: placed, conditions: [ready] }),
      pod({ name: 'b', conditions: [unscheduled('0/1 nodes are available: 1 Insufficient cpu.')] }),
      pod({ name: 'c', conditions: [unscheduled('0/1 nodes are available: 1 Insufficient cpu.')] }),
    ],
  },
  ['unscheduled: the only node does not take it | 1 node has too little cpu left'],
)
check(
  'a rollout that is stuck',
  workload('Deployment', {
    status: { conditions: [{ type: 'Progressing', status: 'False', reason: 'ProgressDeadlineExceeded', message: 'm' }] },
  }),
  {},
  ['not-made: 1 of 1 pod is not there yet', 'rollout-stuck: its rollout has made no progress for too long | m'],
)
check(
  'a rollout on its way',
  workload('Deployment', { status: { readyReplicas: 1, updatedReplicas: 0 } }),
  { nodes, pods: [pod({ spec: placed, conditions: [ready] })] },
  ['starting: its rollout is under way: 0 of 1 pod have the present template'],
)
check(
  'a controller that has not looked',
  workload('ReplicaSet', { generation: 2 }),
  { nodes, pods: [pod({ spec: placed, conditions: [ready] })] },
  ['starting: its controller has not looked at its present version yet'],
)
check('as wished', workload('Deployment', { status: { readyReplicas: 1, updatedReplicas: 1, availableReplicas: 1 } }), {}, [])
check(
  'a set makes one after the other',
  workload('StatefulSet', { spec: { replicas: 2, podManagementPolicy: 'OrderedReady' } }),
  { nodes, pods: [pod({ name: 'web-0', spec: placed })] },
  ['not-made: 1 of 2 pods is not there: the next is made when web-0 is ready', 'starting: n has not started its containers yet'],
)
check(
  'a daemon that lacks nodes',
  workload('DaemonSet', { status: { desiredNumberScheduled: 2, numberReady: 1 } }),
  { nodes, pods: [pod({ spec: placed, conditions: [ready] })] },
  ['not-made: 1 of 2 pods is not there yet'],
)
check(
  'a Job that failed',
  workload('Job', {
    status: { failed: 3, conditions: [{ type: 'Failed', status: 'True', reason: 'BackoffLimitExceeded', message: 'm' }] },
  }),
  {},
  ['failed: it failed: BackoffLimitExceeded | m'],
)
check('a Job that is suspended', workload('Job', { spec: { suspend: true, completions: 1 } }), {}, [
  'suspended: it is suspended: no pods are made',
])
check('a Job that is complete', workload('Job', { status: { succeeded: 1, conditions: [{ type: 'Complete', status: 'True' }] } }), {}, [])
check('a CronJob that is suspended', workload('CronJob', { spec: { suspend: true, schedule: '* * * * *' } }), {}, [
  'suspended: it is suspended: no Jobs are made',
])

// --- on the way out, and everything else -----------------------------------------------------------------------------------------------------

check('a finalizer', leaving(plain('ConfigMap', 'c', {}), { finalizers: ['a.example/x'] }), {}, [
  'finalizer: it is being deleted, and stays until its finalizer a.example/x is taken away by whoever set it',
])
check('a claim in use', leaving(claim({}, 'Bound'), { finalizers: ['kubernetes.io/pvc-protection'] }), {}, [
  'finalizer: it is being deleted, and stays until its finalizer kubernetes.io/pvc-protection is taken away (a pod still uses the claim)',
])
check(
  'a pod that has time to end',
  leaving(pod({ spec: placed }), { deletionTimestamp: '2026-01-01T12:00:30Z', deletionGracePeriodSeconds: 30 }),
  { nodes },
  ['terminating: it is being deleted; its containers have until 2026-01-01T12:00:30Z to end'],
)
check(
  'a pod that should have ended, on a silent node',
  leaving(pod({ spec: placed }), { deletionGracePeriodSeconds: 30 }),
  { nodes: [node('n', 'Unknown')] },
  [
    'terminating: it is being deleted; the time that it had ended at 2026-01-01T11:00:00Z, and n has not said that its containers are gone',
    'node: its node n has not been heard of: nobody knows how it is | no word',
  ],
)
check(
  'a pod that has no time left waits for its finalizer alone, and not for a node that is gone',
  leaving(pod({ spec: placed }), { deletionGracePeriodSeconds: 0, finalizers: ['a.example/x'] }),
  {},
  ['finalizer: it is being deleted, and stays until its finalizer a.example/x is taken away by whoever set it'],
)
check(
  'a namespace with something left in it',
  leaving(
    plain('Namespace', 'x', {
      conditions: [{ type: 'NamespaceContentRemaining', status: 'True', message: 'Some resources are remaining: pods. has 1' }],
    }),
  ),
  {},
  ['terminating: it is being deleted | Some resources are remaining: pods. has 1'],
)
check('a budget that allows nothing', { ...plain('PodDisruptionBudget', 'b', budget.status), spec: {} }, {}, [
  'eviction: PodDisruptionBudget b allows no eviction: 1 of 1 pods are healthy, and 1 have to be',
])
check(
  'conditions by convention, and a node that is cordoned',
  {
    ...plain('Node', 'n', {
      conditions: [
        { type: 'Ready', status: 'True' },
        { type: 'DiskPressure', status: 'True', reason: 'Full' },
      ],
    }),
    spec: { unschedulable: true },
  },
  {},
  ['condition: it is cordoned: no new pods come to it', 'condition: its condition DiskPressure is True (Full)'],
)
check(
  'of what nobody has heard of, once',
  plain('PersistentVolume', 'n', {
    conditions: [
      { type: 'DiskPressure', status: 'Unknown' },
      { type: 'Ready', status: 'Unknown', reason: 'NodeStatusUnknown' },
    ],
  }),
  {},
  ['condition: its condition Ready is Unknown (NodeStatusUnknown)'],
)
check('a warning about what says nothing itself', plain('ConfigMap', 'c', {}), { events: [event('c', 'Strange', 'it is')] }, [
  'event: the latest warning about it: Strange | it is',
])
check(
  'a StatefulSet’s pod that could not be made',
  undefined,
  {
    name: 'web-0',
    events: [
      event(
        'web',
        'FailedCreate',
        'create Pod web-0 in StatefulSet web failed error: exceeded quota: q, requested: pods=1, used: pods=0, limited: pods=0',
      ),
    ],
  },
  ['quota: statefulset web cannot make it: ResourceQuota q lets no more in: asked for pods=1, used pods=0, allowed pods=0'],
)

// --- the story -----------------------------------------------------------------------------------------------------------------------------

const cause = (resource: string, name: string, revision: number) => ({
  group: '',
  resource,
  namespace: 'd',
  name,
  resourceVersion: `${revision}`,
})
const write = (revision: number, user: string, more: Partial<WriteEntry> = {}): WriteEntry => ({
  revision,
  time: '2026-01-01T11:00:00Z',
  user,
  manager: user,
  verb: 'update',
  subresource: '',
  ...more,
})

test('the newest write before the version that is named is what led on, and a circle ends', () => {
  const object = plain('ConfigMap', 'a', {})
  const { steps } = explain(
    viewOf(object, {
      known: [
        [
          { group: '', resource: 'configmaps', namespace: 'd', name: 'a' },
          [write(1, 'x', { verb: 'create' }), write(9, 'y', { cause: cause('configmaps', 'b', 8) })],
        ],
        [
          { group: '', resource: 'configmaps', namespace: 'd', name: 'b' },
          [
            write(3, 'z', { verb: 'create', cause: cause('configmaps', 'a', 2) }),
            write(6, 'w', { cause: cause('configmaps', 'b', 5) }),
            write(10, 'late'),
          ],
        ],
      ],
    }),
  )
  assert.deepEqual(
    steps.map(({ who, revision }) => `${who} ${revision}`),
    ['x 1', 'z 3', 'w 6', 'y 9'],
  )
})

test('of a name that was taken before only the present object’s writes are told', () => {
  const object = plain('ConfigMap', 'a', {})
  const writes = [write(1, 'x', { verb: 'create' }), write(2, 'x', { verb: 'delete' }), write(5, 'y', { verb: 'create' }), write(6, 'y')]
  const { steps } = explain(viewOf(object, { known: [[{ group: '', resource: 'configmaps', namespace: 'd', name: 'a' }, writes]] }))
  assert.deepEqual(
    steps.map(({ who, did, revision }) => [who, did, revision]),
    [
      ['y', 'created', 5],
      ['y', 'changed', 6],
    ],
  )
})

test('writes that name each other as their causes end where they meet', () => {
  const ref = (name: string) => ({ group: '', resource: 'configmaps', namespace: 'd', name })
  const known = [
    [ref('a'), [write(9, 'x', { cause: cause('configmaps', 'b', 12) })]],
    [ref('b'), [write(12, 'y', { cause: cause('configmaps', 'a', 9) })]],
  ] as const
  const { steps } = explain(viewOf(plain('ConfigMap', 'a', {}), { known }))
  assert.deepEqual(
    steps.filter(({ source }) => source === 'journal').map(({ who }) => who),
    ['x', 'y'],
  )
})

test('an owner’s successor of the same name is not taken for the owner', () => {
  const ownerReferences = [{ apiVersion: 'v1', kind: 'ConfigMap', name: 'o', uid: 'the first', controller: true }]
  const bare = plain('ConfigMap', 'a', {})
  const object = { ...bare, metadata: { ...bare.metadata, ownerReferences } } as KubeObject
  const view = viewOf(object, {})
  const ref = { group: '', resource: 'configmaps', namespace: 'd', name: 'o' }
  const known = new Map([...view.known, [keyOf(ref), { object: plain('ConfigMap', 'o', {}), writes: [write(3, 'x', { verb: 'create' })] }]])
  assert.deepEqual(
    explain({ ...view, known }).steps.map(({ object: { name } }) => name),
    ['a'],
  )
})

test('a way without an end is cut, and that is said', () => {
  const object = plain('ConfigMap', 'a', {})
  const ref = { group: '', resource: 'configmaps', namespace: 'd', name: 'a' }
  const writes = Array.from({ length: 90 }, (_, index) => write(index + 1, `u${index}`, { verb: index === 0 ? 'create' : 'update' }))
  const { steps, notes } = explain(viewOf(object, { known: [[ref, writes]] }))
  assert.equal(steps.length, 40)
  assert.deepEqual(notes, ['There was more than is told here.'])
})

// --- helpers -------------------------------------------------------------------------------------------------------------------------------

interface Around {
  readonly nodes?: readonly object[]
  readonly events?: readonly object[]
  readonly claims?: readonly object[]
  readonly classes?: readonly object[]
  readonly budgets?: readonly object[]
  readonly pods?: readonly object[]
  readonly unread?: readonly string[]
  /** Of a pod that is not there. */
  readonly name?: string
  readonly known?: readonly (readonly [ref: Parameters<typeof keyOf>[0], writes: readonly WriteEntry[]])[]
}

/** Each reason as `code: message | detail | …`; what is as wished has none. */
function check(name: string, object: object | undefined, around: Around, expected: readonly string[]): void {
  test(name, () => {
    const { reasons, isWell } = explain(viewOf(object as KubeObject | undefined, around))
    assert.deepEqual(
      reasons.map(({ code, message, details = [] }) => [`${code satisfies ReasonCode}: ${message}`, ...details].join(' | ')),
      expected,
    )
    assert.equal(isWell, object !== undefined && expected.length === 0)
  })
}

function viewOf(object: KubeObject | undefined, { name, known = [], ...around }: Around): View {
  const kind = builtInKinds.find((one) => one.kind === (object?.kind ?? 'Pod'))!
  const target = {
    group: kind.group,
    resource: kind.plural,
    namespace: kind.scope === 'Namespaced' ? 'd' : '',
    name: object?.metadata.name ?? name!,
  }
  const records = new Map(known.map(([ref, writes]) => [keyOf(ref), { object: keyOf(ref) === keyOf(target) ? object : undefined, writes }]))
  if (!records.has(keyOf(target))) records.set(keyOf(target), { object, writes: [] })
  const base = { now, target, kinds: builtInKinds, hasJournal: true, known: records, children: [], unread: [] }
  const lists = {
    pods: kind.kind === 'Pod' && object !== undefined ? [object] : [],
    events: [],
    nodes: [],
    claims: [],
    classes: [],
    budgets: [],
  }
  return { ...base, ...lists, ...around } as unknown as View
}

function plain(kind: string, name: string, status: object): KubeObject {
  const namespace = builtInKinds.find((one) => one.kind === kind)!.scope === 'Namespaced' ? { namespace: 'd' } : {}
  return {
    apiVersion: 'v1',
    kind,
    metadata: { name, ...namespace, uid: `uid of ${name}`, resourceVersion: '1', creationTimestamp: '2026-01-01T10:00:00Z' },
    status,
  } as unknown as KubeObject
}

function pod({ name = 'p', spec = {}, ...status }: { readonly name?: string; readonly spec?: object } & Readonly<Record<string, unknown>>) {
  const containers = [{ name: 'c', image: 'i:1', resources: { requests: { memory: '1Gi' } } }]
  const object = plain('Pod', name, { phase: 'Pending', ...status })
  return {
    ...object,
    metadata: { ...object.metadata, labels: { app: 'web' } },
    spec: { schedulerName: 'default-scheduler', containers, ...spec },
  }
}

function claim(spec: object, phase = 'Pending') {
  return { ...plain('PersistentVolumeClaim', 'c', { phase }), spec }
}

function workload(
  kind: string,
  { spec = {}, status = {}, generation = 1 }: { readonly spec?: object; readonly status?: object; readonly generation?: number },
) {
  const object = plain(kind, 'web', { observedGeneration: 1, ...status })
  return { ...object, metadata: { ...object.metadata, generation }, spec }
}

function leaving(object: KubeObject, more: object = {}): KubeObject {
  return { ...object, metadata: { ...object.metadata, deletionTimestamp: '2026-01-01T11:00:00Z', ...more } }
}

function unscheduled(message: string) {
  return { type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message }
}

function storageClass(provisioner: string, volumeBindingMode = 'Immediate') {
  return { metadata: { name: 'fast' }, provisioner, volumeBindingMode }
}

function node(name: string, status: string) {
  return { metadata: { name }, spec: {}, status: { conditions: [{ type: 'Ready', status, message: 'no word' }] } }
}

function event(name: string, reason: string, message: string, fieldPath?: string, uid = `uid of ${name}`) {
  const kind = name === 'web' ? 'StatefulSet' : 'Pod'
  return {
    metadata: { name: 'e' },
    type: 'Warning',
    reason,
    message,
    involvedObject: { kind, name, namespace: 'd', uid, ...(fieldPath && { fieldPath }) },
  }
}
