import { budgets } from './budgets.ts'
import { daemonSets } from './daemon-sets.ts'
import { endpoints } from './endpoints.ts'
import { jobs } from './jobs.ts'
import { statefulSets } from './stateful-sets.ts'
import { type Commit, check } from './testing.ts'
import { workloadGoals } from './workload-goals.ts'

const podKey = (name: string) => `/registry/core/pods/default/${name}`
const setKey = '/registry/apps/statefulsets/default/db'
const daemonKey = '/registry/apps/daemonsets/default/agent'
const jobKey = '/registry/batch/jobs/default/batch'
const cronJobKey = '/registry/batch/cronjobs/default/tick'
const budgetKey = '/registry/policy/poddisruptionbudgets/default/db'
const eviction = '/api/v1/namespaces/default/pods/db-0/eviction'

const owned = (kind: string, uid: string) => [{ kind, name: uid, uid, controller: true }]
const set = (replicas: number, more: object = {}) => ({
  metadata: { name: 'db', namespace: 'default', uid: 'db', generation: 1 },
  spec: { replicas, updateStrategy: { type: 'RollingUpdate' }, ...more },
  status: { currentRevision: 'one', updateRevision: 'two' },
})
const pod = (name: string, kind: string, of: string, { ready = true, leaving = false, phase = 'Running', ...more }: PodParts = {}) => ({
  metadata: {
    name,
    namespace: 'default',
    uid: name,
    ownerReferences: owned(kind, of),
    labels: { app: of, 'controller-revision-hash': 'one' },
    ...(leaving && { deletionTimestamp: 'now' }),
    ...more.metadata,
  },
  spec: { nodeName: more.node ?? 'n', containers: [] },
  status: { phase, conditions: [{ type: 'Ready', status: ready ? 'True' : 'False' }] },
})
interface PodParts {
  readonly ready?: boolean
  readonly leaving?: boolean
  readonly phase?: string
  readonly node?: string
  readonly metadata?: object
}
const db = (ordinal: number, parts: PodParts = {}) => pod(`db-${ordinal}`, 'StatefulSet', 'db', parts)
const commit = (who: string, key: string, object: object | undefined, at = 0, path = ''): Commit => [who, { [key]: object }, at, path]
const user = (key: string, object: object | undefined, at = 0) => commit('user', key, object, at)
const ofSet = (ordinal: number, object: object | undefined, at = 0) =>
  commit('statefulset-controller@server-1', podKey(`db-${ordinal}`), object, at)

check('in order', statefulSets, [user(setKey, set(2)), ofSet(0, db(0)), ofSet(1, db(1))], [])
check(
  'out of order',
  statefulSets,
  [user(setKey, set(2)), ofSet(0, db(0, { ready: false })), ofSet(1, db(1))],
  [/db-1 is made before ordinal 0 is ready/],
)
check(
  'out of order where nobody asked for one',
  statefulSets,
  [user(setKey, set(2, { podManagementPolicy: 'Parallel' })), ofSet(1, db(1))],
  [],
)
check('a pod too many', statefulSets, [user(setKey, set(1)), ofSet(0, db(0)), ofSet(1, db(1))], [/nobody wishes for its ordinal/])
check(
  'the lower one first',
  statefulSets,
  [user(setKey, set(2)), ofSet(0, db(0)), ofSet(1, db(1)), user(setKey, set(0), 10), ofSet(0, db(0, { leaving: true }), 20)],
  [/db-0 goes before default\/db-1/],
)
check(
  'below the partition',
  statefulSets,
  [
    user(setKey, set(1, { updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 1 } } })),
    ofSet(0, db(0)),
    ofSet(0, db(0, { leaving: true }), 5),
  ],
  [/db-0 is replaced, though it is below the partition/],
)
check(
  'two at a time',
  statefulSets,
  [
    user(setKey, set(2)),
    ofSet(0, db(0)),
    ofSet(1, db(1)),
    user(podKey('db-1'), db(1, { ready: false }), 5),
    ofSet(0, db(0, { leaving: true }), 10),
  ],
  [/db-0 is replaced while db-1 are not ready/],
)
for (const podManagementPolicy of ['OrderedReady', 'Parallel'])
  for (const [maxUnavailable, problems] of [
    [2, []],
    ['60%', [/db-0 is replaced while db-2 are not ready/]],
  ] as const)
    check(
      `two at a time, ${podManagementPolicy}, where ${maxUnavailable} may be`,
      statefulSets,
      [
        user(setKey, set(3, { podManagementPolicy, updateStrategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable } } })),
        ...[0, 1, 2].map((ordinal) => ofSet(ordinal, db(ordinal))),
        user(podKey('db-2'), db(2, { ready: false }), 5),
        ofSet(0, db(0, { leaving: true }), 10),
      ],
      problems,
    )
check(
  'a pod that may still run',
  statefulSets,
  [user(setKey, set(1)), ofSet(0, db(0)), ofSet(0, undefined, 5)],
  [/taken away while it may still run/],
)

const daemon = (rollingUpdate: object) => ({
  metadata: { name: 'agent', namespace: 'default', uid: 'agent' },
  spec: { updateStrategy: { type: 'RollingUpdate', rollingUpdate }, template: { spec: { containers: [] } } },
  status: {},
})
const nodes: Commit = [
  'user',
  Object.fromEntries(['n', 'm', 'o'].map((name) => [`/registry/core/nodes/${name}`, { metadata: { name, uid: name } }])),
]
const agent = (name: string, node: string, parts: PodParts = {}) => pod(name, 'DaemonSet', 'agent', { node, ...parts })
const ofDaemon = (name: string, object: object, at = 0) => commit('daemonset-controller@server-1', podKey(name), object, at)
const agents = ['n', 'm', 'o'].map((node) => ofDaemon(`on-${node}`, agent(`on-${node}`, node)))
check(
  'two on a node',
  daemonSets,
  [nodes, user(daemonKey, daemon({ maxUnavailable: 1 })), ...agents, ofDaemon('b', agent('b', 'n'))],
  [/all for n/],
)
check(
  'two on a node for a while',
  daemonSets,
  [nodes, user(daemonKey, daemon({ maxSurge: 1 })), ...agents, ofDaemon('b', agent('b', 'n'))],
  [],
)
check(
  'the former one goes when the one beside it serves, whatever another node lacks',
  daemonSets,
  [
    nodes,
    user(daemonKey, daemon({ maxSurge: 1, maxUnavailable: 0 })),
    ...agents.slice(0, 2),
    ofDaemon('b', agent('b', 'n')),
    ofDaemon('on-n', agent('on-n', 'n', { leaving: true }), 20_000),
  ],
  [],
)
check(
  'one after the other',
  daemonSets,
  [nodes, user(daemonKey, daemon({ maxUnavailable: 1 })), ...agents, ofDaemon('on-n', agent('on-n', 'n', { leaving: true }), 5)],
  [],
)
check(
  'two at once',
  daemonSets,
  [
    nodes,
    user(daemonKey, daemon({ maxUnavailable: 1 })),
    ...agents,
    ofDaemon('on-n', agent('on-n', 'n', { leaving: true }), 5),
    ofDaemon('on-m', agent('on-m', 'm', { leaving: true }), 10),
  ],
  [/2 nodes lack agent, at most 1 may/],
)

const job = (status: object = {}, spec: object = {}) => ({
  metadata: { name: 'batch', namespace: 'default', uid: 'batch' },
  spec: { completions: 2, parallelism: 1, ...spec },
  status,
})
const tracked = { finalizers: ['batch.kubernetes.io/job-tracking'] }
const task = (name: string, phase: string, metadata: object = tracked) => pod(name, 'Job', 'batch', { phase, metadata })
const ofJob = (key: string, object: object | undefined) => commit('job-controller@server-1', key, object)
const begun = [user(jobKey, job()), ofJob(podKey('a'), task('a', 'Running')), user(podKey('a'), task('a', 'Succeeded'))]
const told = ofJob(jobKey, job({ uncountedTerminatedPods: { succeeded: ['a'] } }))
const released = ofJob(podKey('a'), task('a', 'Succeeded', {}))
check('told, released, counted', jobs, [...begun, told, released, ofJob(jobKey, job({ succeeded: 1 }))], [])
check('released before it is told', jobs, [...begun, released], [/a is let go before Job batch has counted it/])
check('counted twice', jobs, [...begun, told, released, ofJob(jobKey, job({ succeeded: 2 }))], [/counts 2 pods as succeeded, 1 are/])
check(
  'forgotten',
  jobs,
  [...begun, told, released, ofJob(jobKey, job({ succeeded: 1 })), ofJob(jobKey, job({}))],
  [/counted 1 succeeded pods, and now 0/],
)
check('complete too early', jobs, [...begun, ofJob(jobKey, job({ conditions: [{ type: 'Complete', status: 'True' }] }))], [/with 0 of 2/])
check('more than may run', jobs, [...begun.slice(0, 2), ofJob(podKey('b'), task('b', 'Running'))], [/has 2 active pods .* 1 are wished/])
check(
  'an index twice',
  jobs,
  [
    user(jobKey, job({}, { parallelism: 3, completionMode: 'Indexed' })),
    ...['a', 'b'].map((name) =>
      ofJob(podKey(name), task(name, 'Running', { annotations: { 'batch.kubernetes.io/job-completion-index': '0' } })),
    ),
  ],
  [/both for index 0/],
)
const cronJob = (concurrencyPolicy: string) => ({
  metadata: { name: 'tick', namespace: 'default', uid: 'tick' },
  spec: { concurrencyPolicy },
  status: {},
})
const run = (name: string, time: string) => ({
  metadata: {
    name,
    namespace: 'default',
    uid: name,
    ownerReferences: owned('CronJob', 'tick'),
    annotations: { 'batch.kubernetes.io/cronjob-scheduled-timestamp': time },
  },
  spec: {},
  status: {},
})
const ofCron = (name: string, time: string) =>
  commit('cronjob-controller@server-1', `/registry/batch/jobs/default/${name}`, run(name, time), 10)
check('two times', jobs, [user(cronJobKey, cronJob('Allow')), ofCron('a', '1'), ofCron('b', '2')], [])
check('a time twice', jobs, [user(cronJobKey, cronJob('Allow')), ofCron('a', '1'), ofCron('b', '1')], [/a time that has had its Job/])
check(
  'one while another runs',
  jobs,
  [user(cronJobKey, cronJob('Forbid')), ofCron('a', '1'), ofCron('b', '2')],
  [/made while default\/a runs/],
)

const budget = {
  metadata: { name: 'db', namespace: 'default', uid: 'budget', generation: 1 },
  spec: { selector: { matchLabels: { app: 'db' } }, minAvailable: 1 },
  status: {},
}
const kept = [user(setKey, set(2)), user(budgetKey, budget), user(podKey('db-0'), db(0)), user(podKey('db-1'), db(1))]
const evicted = (ordinal: number, at: number): Commit =>
  commit('user', podKey(`db-${ordinal}`), db(ordinal, { leaving: true }), at, eviction)
check('one may go', budgets, [...kept, evicted(0, 10)], [])
check('two may not', budgets, [...kept, evicted(0, 10), evicted(1, 10)], [/db-1 is evicted: 0 healthy pods are left, default\/db needs 1/])
check(
  'one that fell ill long ago counts no more',
  budgets,
  [...kept, user(podKey('db-0'), db(0, { ready: false }), 10), evicted(1, 20)],
  [/0 healthy pods are left/],
)
check('one that fell ill just now does', budgets, [...kept, user(podKey('db-0'), db(0, { ready: false }), 10), evicted(1, 10.5)], [])

const slice = (of: number, ready: boolean) => ({
  metadata: { name: 'db', namespace: 'default', uid: 'slice' },
  endpoints: [{ conditions: { ready }, targetRef: { kind: 'Pod', namespace: 'default', name: `db-${of}`, uid: `db-${of}` } }],
})
const sends = (ready: boolean, at = 0) =>
  commit('endpointslice-controller@server-1', '/registry/discovery.k8s.io/endpointslices/default/db', slice(0, ready), at)
check('who is ready', endpoints, [user(podKey('db-0'), db(0)), sends(true)], [])
check('who is not', endpoints, [user(podKey('db-0'), db(0, { ready: false })), sends(true)], [/sends to default\/db-0, which is not ready/])
check(
  'who was until now',
  endpoints,
  [user(podKey('db-0'), db(0)), user(podKey('db-0'), db(0, { ready: false }), 9.9), sends(true, 10)],
  [],
)
check('who is not, and is said not to be', endpoints, [user(podKey('db-0'), db(0, { ready: false })), sends(false)], [])

check(
  'sets and Jobs that are not there yet',
  workloadGoals,
  [user(setKey, { ...set(1), status: { observedGeneration: 1 } }), user(jobKey, job())],
  [/has , wished are db-0/, /status tells of/, /Job default\/batch: is not over/],
)
