import { addresses } from './addresses.ts'
import { capacity } from './capacity.ts'
import { goals } from './goals.ts'
import { nothingLost } from './nothing-lost.ts'
import { oneLeader } from './one-leader.ts'
import { replicaBounds } from './replica-bounds.ts'
import { type Commit, check } from './testing.ts'

const deployments = '/registry/apps/deployments/default/'
const sets = '/registry/apps/replicasets/default/'
const pods = '/registry/core/pods/default/'
const lease = '/registry/coordination.k8s.io/leases/kube-system/wherry-controllers'

const owner = (kind: string, uid: string) => ({ ownerReferences: [{ kind, name: uid, uid, controller: true }] })
const deployment = (replicas: number, strategy: object = { rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } }) => ({
  metadata: { name: 'd', namespace: 'default', uid: 'd' },
  spec: { replicas, strategy, template: {} },
})
const set = (uid: string, replicas: number) => ({
  metadata: { name: uid, namespace: 'default', uid, ...owner('Deployment', 'd') },
  spec: { replicas, template: { metadata: { labels: { 'pod-template-hash': uid } } } },
})
const pod = (uid: string, { of = 's', ready = true, ip = '', node = '', cpu = '0', leaving = false, phase = 'Running' } = {}) => ({
  metadata: { name: uid, namespace: 'default', uid, ...owner('ReplicaSet', of), ...(leaving && { deletionTimestamp: 'now' }) },
  spec: { ...(node && { nodeName: node }), containers: [{ name: 'main', resources: { requests: { cpu } } }] },
  status: { phase, podIP: ip, conditions: [{ type: 'Ready', status: ready ? 'True' : 'False' }] },
})
const held = (holderIdentity: string) => ({ metadata: { name: 'l' }, spec: { holderIdentity, leaseDurationSeconds: 15 } })

const user = (objects: Commit[1]): Commit => ['user', objects]
const of = (controller: string, objects: Commit[1], at = 0): Commit => [`${controller}@server-1`, objects, at]
const start = user({ [`${deployments}d`]: deployment(2), [`${sets}s`]: set('s', 2) })

check('within the surge', replicaBounds, [start, of('deployment-controller', { [`${sets}t`]: set('t', 1) })], [])
check('beyond the surge', replicaBounds, [start, of('deployment-controller', { [`${sets}t`]: set('t', 2) })], [/ask for 4 pods, at most 3/])
check(
  'a wish of a moment ago still counts',
  replicaBounds,
  [start, user({ [`${deployments}d`]: deployment(1) }), of('deployment-controller', { [`${sets}t`]: set('t', 1) })],
  [],
)
check(
  'one of long ago does not',
  replicaBounds,
  [start, user({ [`${deployments}d`]: deployment(1) }), of('deployment-controller', { [`${sets}t`]: set('t', 1) }, 5)],
  [/at most 2/],
)
check(
  'Recreate while an old pod runs',
  replicaBounds,
  [
    user({ [`${deployments}d`]: deployment(2, { type: 'Recreate' }), [`${sets}s`]: set('s', 0), [`${pods}p`]: pod('p') }),
    of('deployment-controller', { [`${sets}t`]: set('t', 1) }),
  ],
  [/scaled up while 1 pods of the old template run/],
)
check(
  'a pod too many',
  replicaBounds,
  [start, ...['a', 'b', 'c'].map((uid) => of('replicaset-controller', { [`${pods}${uid}`]: pod(uid) }))],
  [/has 3 pods after default\/c, 2 are wished/],
)
check(
  'a ready pod that is needed',
  replicaBounds,
  [
    start,
    user({ [`${pods}a`]: pod('a'), [`${pods}b`]: pod('b') }),
    of('replicaset-controller', { [`${pods}a`]: pod('a', { leaving: true }) }),
  ],
  [/has 1 ready pods after the end of default\/a, 2 are promised/],
)

const lead: Commit = ['wherry-controllers@server-1', { [lease]: held('server-1') }]
check('the leader writes', oneLeader, [lead, of('replicaset-controller', { [`${pods}p`]: pod('p') })], [])
check('another one writes', oneLeader, [lead, ['x@server-2', { [`${pods}p`]: pod('p') }]], [/x of server-2 wrote .* while server-1 leads/])
check(
  'a lease is taken too soon',
  oneLeader,
  [lead, ['wherry-controllers@server-2', { [lease]: held('server-2') }, 14]],
  [/14000 ms after/],
)
check('a lease that is over', oneLeader, [lead, ['wherry-controllers@server-2', { [lease]: held('server-2') }, 16]], [])
check(
  'a lease that was handed back',
  oneLeader,
  [lead, ['wherry-controllers@server-1', { [lease]: held('') }], ['wherry-controllers@server-2', { [lease]: held('server-2') }]],
  [],
)

const node = { metadata: { name: 'n', uid: 'n' }, status: { allocatable: { cpu: '1', pods: '10' } } }
const crowd = user({ '/registry/core/nodes/n': node, [`${pods}a`]: pod('a', { node: 'n', cpu: '600m' }) })
check(
  'too much for a node',
  capacity,
  [crowd, of('default-scheduler', { [`${pods}b`]: pod('b', { node: 'n', cpu: '500m' }) })],
  [/n has 1000 cpu; .* ask for 1100/],
)
check('just enough', capacity, [crowd, of('default-scheduler', { [`${pods}b`]: pod('b', { node: 'n', cpu: '400m' }) })], [])

check(
  'one address twice',
  addresses,
  [user({ [`${pods}a`]: pod('a', { ip: '10.0.0.1' }) }), user({ [`${pods}b`]: pod('b', { ip: '10.0.0.1' }) })],
  [/both have 10.0.0.1/],
)
check(
  'an address used again',
  addresses,
  [user({ [`${pods}a`]: pod('a', { ip: '10.0.0.1', phase: 'Failed' }) }), user({ [`${pods}b`]: pod('b', { ip: '10.0.0.1' }) })],
  [],
)

check('gone without a delete', nothingLost, [start, user({ [`${sets}s`]: undefined })], [/went without being deleted/])
check('an orphan', nothingLost, [user({ [`${pods}p`]: pod('p') })], [/default\/p outlives its owner ReplicaSet s/])
const claimOf = (...uids: string[]) => ({
  metadata: { name: 'c', namespace: 'default', uid: 'c', ownerReferences: uids.map((uid) => ({ kind: 'ReplicaSet', name: uid, uid })) },
})
const claims = '/registry/core/persistentvolumeclaims/default/'
check('what is owned and not controlled', nothingLost, [start, user({ [`${claims}c`]: claimOf('s') })], [])
check(
  'an orphan that nobody controlled',
  nothingLost,
  [start, user({ [`${claims}c`]: claimOf('t') })],
  [/c outlives its owner ReplicaSet t/],
)
check('one owner of two is gone', nothingLost, [start, user({ [`${claims}c`]: claimOf('s', 't') })], [/c outlives its owner ReplicaSet t/])

check(
  'a node that is missing, pods that are missing',
  goals,
  [user({ [`${deployments}d`]: deployment(1) })],
  [/0 nodes are registered, there are 1/, /0 pods, 1 wished/, /status tells of 0 replicas/],
)
