import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ControllerRevision } from '#api/apps/v1/controller-revision.ts'
import { DaemonSet } from '#api/apps/v1/daemon-set.ts'
import { Node } from '#api/core/v1/node.ts'
import { Pod } from '#api/core/v1/pod.ts'
import { WherryError } from '#lib/errors.ts'
import type { Single } from '#loop/controller.ts'
import { revisionLabel, templateData } from '../common/template-history.ts'
import { namespace, template } from '../testing/objects.ts'
import { prefixesOf, show, type World } from '../testing/world.ts'
import { daemonSetController } from './controller.ts'
import { targetNode } from './daemon-pod.ts'
import { commandsAtOnce } from './plan.ts'
import { affinityTo, changeTemplate, type DaemonPodFacts, given, key, putNode, putPod, putRevision, type Scene } from './testing.ts'

const now = Date.parse('2026-01-01T00:00:00Z')
const ago = (seconds: number) => now - seconds * 1000
const ready: DaemonPodFacts = { node: 'a', readyAt: ago(100), createdAt: ago(200) }
const on = (node: string, more: DaemonPodFacts = {}): DaemonPodFacts => ({ ...ready, node, ...more })
const unready: DaemonPodFacts = { node: 'a', createdAt: ago(200) }
const old = { hash: 'before' }
const twoNames = JSON.parse(JSON.stringify(affinityTo('a')).replace('"a"', '"a","b"'))

// Which nodes have a pod.
check('makes a pod where one is missing', { nodes: ['a', 'b', 'c'], pods: { p: on('b') } }, ['create a', 'create c'])
check('makes none where one is on its way', { nodes: ['a'], pods: { p: { meantFor: 'a', phase: 'Pending' } } }, [])
check('waits for one that leaves', { nodes: ['a'], pods: { p: { ...ready, deletedAt: now } } }, [])
check('waits for no ended one that leaves', { nodes: ['a'], pods: { p: { ...ready, deletedAt: now, phase: 'Failed' } } }, ['create a'])
check('deletes where none is wanted', { nodes: ['a taint=x:NoExecute'], pods: { p: ready, q: unready } }, ['delete p', 'delete q'])
check('keeps what is there already', { nodes: ['a taint=x:NoSchedule'], pods: { p: ready } }, [])
check('makes none in a namespace that goes', { nodes: ['a'], namespaceIsLeaving: true }, [])
check('does nothing while it is being deleted', { nodes: ['a', 'b taint=x:NoExecute'], pods: { p: on('b') }, leaving: true }, [])
check('adopts an orphan that it selects, after a look at itself', { nodes: ['a'], pods: { p: { ...ready, owners: [] } } }, [
  'confirm that daemonset logs is unchanged',
  'patch pod p owners ds',
])
check('releases what it selects no more, and replaces it', { nodes: ['a'], pods: { p: { ...ready, labels: { app: 'x' } } } }, [
  'patch pod p owners -',
  'create a',
])
check("leaves others' pods alone", { nodes: ['a'], pods: { p: { ...ready, owners: [{ uid: 'x', controller: true }] } } }, ['create a'])
check('of two pods the older stays', { nodes: ['a'], pods: { p: { ...ready, createdAt: ago(1) }, q: ready } }, ['delete p'])
check('of two of one age the first by name', { nodes: ['a'], pods: { q: ready, p: ready } }, ['delete q'])
check('of two pods the scheduled one stays', { nodes: ['a'], pods: { p: { meantFor: 'a', createdAt: ago(900) }, q: ready } }, ['delete p'])
check('deletes what waits for a node that is gone', { nodes: ['b'], pods: { p: on('b'), q: { meantFor: 'a' }, r: on('c') } }, ['delete q'])
check(
  'looks away from pods that name no node',
  { nodes: ['a'], pods: { p: ready, q: { phase: 'Pending' }, r: { phase: 'Pending', spec: { affinity: twoNames } } } },
  [],
)
check('replaces what has succeeded', { nodes: ['a'], pods: { p: { ...ready, phase: 'Succeeded' } } }, [
  'event Normal SucceededDaemonPod Found succeeded daemon pod shop/p on node a, will try to delete it',
  'delete p',
])
check('replaces what has failed', { nodes: ['a'], pods: { p: { ...unready, phase: 'Failed' } } }, [
  'event Warning FailedDaemonPod Found failed daemon pod shop/p on node a, will try to kill it',
  'delete p',
])

// Rolling: old pods first.
const three = { nodes: ['a', 'b', 'c'] }
const olds = { p: on('a', old), q: on('b', old), r: on('c', old) }
check('replaces one after the other', { ...three, pods: olds }, ['delete p'])
check('replaces two at once', { ...three, pods: olds, strategy: { maxUnavailable: 2 } }, ['delete p', 'delete q'])
check('rounds a share up', { ...three, pods: olds, strategy: { maxUnavailable: '34%' } }, ['delete p', 'delete q'])
check('goes on where nothing is allowed', { ...three, pods: olds, strategy: { maxUnavailable: 0 } }, ['delete p'])
check('waits for a successor to be ready', { ...three, pods: { ...olds, p: { ...unready } } }, [])
check('waits for a successor to be available', { ...three, pods: { ...olds, p: { ...ready, readyAt: ago(5) } }, minReadySeconds: 30 }, [])
check('waits for one that leaves before the next', { ...three, pods: { ...olds, p: { ...ready, ...old, deletedAt: now } } }, [])
check('makes what is missing before it goes on', { ...three, pods: { q: olds.q, r: olds.r } }, ['create a'])
check('replaces in any case what is not available', { ...three, pods: { ...olds, q: { ...unready, ...old, node: 'b' } } }, ['delete q'])
check(
  'takes what is not available off its limit',
  { ...three, pods: { p: unready, q: olds.q, r: olds.r }, strategy: { maxUnavailable: 2 } },
  ['delete q'],
)
check('waits for its owner to delete them', { ...three, pods: olds, strategy: 'OnDelete' }, [])
check(
  'takes the older name of the template too',
  { nodes: ['a'], pods: { p: { ...ready, labels: { app: 'web', 'pod-template-generation': '7' } } } },
  [],
)
check(
  'replaces what has another older name',
  { nodes: ['a'], pods: { p: { ...ready, labels: { app: 'web', 'pod-template-generation': '6' } } } },
  ['delete p'],
)

// Rolling: successors first.
const surge = { strategy: { maxSurge: 1, maxUnavailable: 0 } }
check('makes a successor beside the old one', { ...three, ...surge, pods: olds }, ['create a'])
check('makes as many successors as allowed', { ...three, pods: olds, strategy: { maxSurge: '50%', maxUnavailable: 0 } }, [
  'create a',
  'create b',
])
check('keeps the old one until the successor is available', { ...three, ...surge, pods: { ...olds, s: unready } }, [])
check(
  'keeps it while the successor is only ready',
  { ...three, ...surge, pods: { ...olds, s: { ...ready, readyAt: ago(5) } }, minReadySeconds: 30 },
  [],
)
check('then deletes the old one', { ...three, ...surge, pods: { ...olds, s: ready } }, ['delete p'])
check(
  'deletes an old one that is not ready when it has a successor',
  { ...three, ...surge, pods: { ...olds, p: { ...unready, ...old }, s: unready } },
  ['delete p'],
)
check(
  'makes successors in any case for what is not available',
  { ...three, ...surge, pods: { ...olds, q: { ...unready, ...old, node: 'b' } } },
  ['create b', 'create a'],
)
check('of each template the oldest stays', { nodes: ['a'], ...surge, pods: { ...crowd(), s: { ...unready, createdAt: ago(3) } } }, [
  'delete newest',
  'delete older',
])
check('does not wait for one that leaves', { nodes: ['a'], ...surge, pods: { p: { ...ready, deletedAt: now } } }, ['create a'])
check(
  'on a tainted node deletes an old one that is not available',
  { nodes: ['a taint=x:NoSchedule'], ...surge, pods: { p: { ...unready, ...old } } },
  ['delete p'],
)
check(
  'on a tainted node keeps an available old one while others are missing',
  { nodes: ['a taint=x:NoSchedule', 'b'], ...surge, pods: { p: { ...ready, ...old }, q: { node: 'b' } } },
  [],
)
check(
  'on a tainted node deletes it when they are not',
  { nodes: ['a taint=x:NoSchedule', 'b'], ...surge, pods: { p: { ...ready, ...old }, q: on('b') } },
  ['delete p'],
)

status(
  'counts',
  {
    nodes: ['a', 'b', 'c', 'd', 'e taint=x:NoExecute', 'f taint=x:NoSchedule'],
    minReadySeconds: 30,
    strategy: 'OnDelete',
    pods: {
      p: on('a'),
      q: on('b', { readyAt: ago(5) }),
      r: { ...unready, node: 'c', hash: 'before' },
      s: on('f'),
      t: on('e', { deletedAt: now }),
      u: on('gone'),
    },
  },
  {
    desiredNumberScheduled: 4,
    currentNumberScheduled: 3,
    numberMisscheduled: 2,
    numberReady: 2,
    updatedNumberScheduled: 2,
    numberAvailable: 1,
    numberUnavailable: 3,
  },
)
status(
  'counts the oldest of two',
  { nodes: ['a'], ...surge, pods: { p: { ...ready, ...old }, q: { ...unready, createdAt: ago(1) } } },
  { desiredNumberScheduled: 1, currentNumberScheduled: 1, numberReady: 1, numberAvailable: 1 },
)
status('counts none', {}, {})

test('a daemon pod is bound to its node by affinity alone, and named after its template', () => {
  const affinity = {
    podAntiAffinity: {},
    nodeAffinity: {
      preferredDuringSchedulingIgnoredDuringExecution: [
        { weight: 1, preference: { matchExpressions: [{ key: 'disk', operator: 'Exists' }] } },
      ],
      requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [{ matchExpressions: [{ key: 'disk', operator: 'Exists' }] }] },
    },
  }
  const world = given({ nodes: ['a disk=ssd', 'b'], template: { affinity, nodeSelector: { disk: 'ssd' } } })
  world.settle([daemonSetController()])
  const [pod, ...others] = world.list(Pod)
  assert.equal(others.length, 0)
  assert.match(pod!.metadata.name, /^logs-/)
  assert.deepEqual(pod!.metadata.labels, { app: 'web', 'controller-revision-hash': 'now', 'pod-template-generation': '7' })
  assert.deepEqual(pod!.metadata.ownerReferences, [
    { apiVersion: 'apps/v1', kind: 'DaemonSet', name: 'logs', uid: 'ds', controller: true, blockOwnerDeletion: true },
  ])
  assert.equal(pod!.spec.nodeName, undefined)
  assert.deepEqual(pod!.spec.nodeSelector, { disk: 'ssd' })
  assert.deepEqual(pod!.spec.affinity, { ...affinity, nodeAffinity: { ...affinity.nodeAffinity, ...affinityTo('a').nodeAffinity } })
  assert.equal(pod!.spec.tolerations?.length, 6)
  assert.equal(targetNode(pod!), 'a')
})

test('a set with the longest of names still makes pods', () => {
  const name = 'a'.repeat(253)
  const world = given({ nodes: ['a'] })
  const { metadata, ...rest } = world.get(DaemonSet, 'logs', namespace)!
  world.put(DaemonSet, { ...rest, metadata: { ...metadata, name, uid: 'long' } })
  const { commands } = world.pass(daemonSetController(), `${namespace}/${name}`)
  assert.deepEqual(prefixesOf(commands), [name])
})

test('an older name that cannot be read is none', () => {
  const world = given({ nodes: ['a'] })
  world.change(DaemonSet, 'logs', namespace, { metadata: { annotations: { 'deprecated.daemonset.template.generation': 'x' } } })
  world.settle([daemonSetController()])
  assert.deepEqual(world.list(Pod)[0]!.metadata.labels, { app: 'web', 'controller-revision-hash': 'now' })
})

test('tells of pods made and removed, and why they could not be', () => {
  const controller = daemonSetController()
  const world = given({ nodes: ['a', 'b taint=x:NoExecute', 'c taint=x:NoExecute'], pods: { p: on('b'), q: on('c') } })
  world.refuse = (command) =>
    command.do === 'create' || (command.do === 'delete' && command.name === 'p') ? new WherryError('Forbidden', 'not today') : undefined
  const { wakeAt } = world.pass(controller, key)
  assert.ok(wakeAt < Infinity)
  world.refuse = () => undefined
  world.settle([controller])
  const made = world.list(Pod).find(({ metadata }) => metadata.generateName !== undefined)!
  assert.deepEqual(events(world), [
    'Warning FailedDelete Error deleting: not today',
    'Normal SuccessfulDelete Deleted pod: q',
    'Warning FailedCreate Error creating: not today',
    'Normal SuccessfulDelete Deleted pod: p',
    `Normal SuccessfulCreate Created pod: ${made.metadata.name}`,
  ])
})

test('where no pod can be made, the status says so by its numbers', () => {
  const world = given({ nodes: ['a'] })
  world.refuse = (command) => (command.do === 'create' ? new WherryError('Forbidden', 'exceeded quota') : undefined)
  world.pass(daemonSetController(), key)
  const { status } = world.get(DaemonSet, 'logs', namespace)!
  assert.deepEqual([status.desiredNumberScheduled, status.currentNumberScheduled, status.observedGeneration], [1, 0, 1])
})

test('stays within its burst', () => {
  const world = given({ nodes: Array.from({ length: 600 }, (_, index) => (index < 300 ? `a${index}` : `b${index} taint=x:NoExecute`)) })
  for (let index = 300; index < 600; index += 1) putPod(world, `p${index}`, on(`b${index}`))
  const { commands } = world.pass(daemonSetController(), key)
  assert.equal(commands.filter((command) => command.do === 'create').length, commandsAtOnce)
  assert.equal(commands.filter((command) => command.do === 'delete').length, commandsAtOnce)
})

test('a selector for everything is refused once', () => {
  const world = given({ nodes: ['a'] })
  world.change(DaemonSet, 'logs', namespace, { spec: { selector: { matchLabels: null } } })
  world.settle([daemonSetController()])
  assert.deepEqual(events(world), ['Warning SelectingAll This daemon set is selecting all pods. A non-empty selector is required.'])
  assert.equal(world.list(Pod).length, 0)
})

test('asks to be woken when a ready pod becomes available, and goes on then', () => {
  const controller = daemonSetController()
  const world = given({ ...three, minReadySeconds: 30, pods: { ...olds, p: { ...ready, readyAt: ago(10) } } })
  assert.equal(world.settle([controller]), now + 20_000)
  world.now += 20_000
  world.settle([controller])
  assert.notEqual(world.get(Pod, 'q', namespace)!.metadata.deletionTimestamp, undefined)
})

// --- failed pods -------------------------------------------------------------------------------------------------------------------

/** A kubelet on node a that refuses every pod; returns after how many seconds each was deleted. */
function refusals(world: World, controller: ReturnType<typeof daemonSetController>, count: number): readonly number[] {
  const from = world.now
  const deletedAfter: number[] = []
  while (deletedAfter.length < count) {
    const wakeAt = world.settle([controller])
    const pods = world.list(Pod).filter((pod) => targetNode(pod) === 'a')
    const pod = pods.find(({ status }) => status.phase !== 'Failed')
    if (pod === undefined) {
      const [failed] = pods
      world.now = wakeAt
      world.pass(controller, key)
      assert.equal(world.get(Pod, failed!.metadata.name, namespace), undefined, 'deleted when it asked to be woken')
      deletedAfter.push((world.now - from) / 1000)
    } else {
      world.change(Pod, pod.metadata.name, namespace, { status: { phase: 'Failed' } })
      const { wakeAt } = world.pass(controller, key)
      if (world.get(Pod, pod.metadata.name, namespace) === undefined) deletedAfter.push((world.now - from) / 1000)
      else assert.ok(wakeAt > world.now && wakeAt < Infinity)
    }
  }
  return deletedAfter
}

test('failed pods of one node are deleted after ever longer waits', () => {
  const controller = daemonSetController()
  const world = given({ nodes: ['a'] })
  assert.deepEqual(refusals(world, controller, 6), [0, 1, 3, 7, 15, 31])
  world.now += 31 * 60_000
  assert.deepEqual(refusals(world, controller, 3), [0, 1, 3], 'after long enough a node is trusted again')
  assert.equal(events(world).filter((line) => line.includes('FailedDaemonPod')).length, 9, 'told once each')
})

test('a wait is at most a quarter of an hour', () => {
  const deleted = refusals(given({ nodes: ['a'] }), daemonSetController(), 14)
  assert.deepEqual(
    deleted.slice(-3).map((at, index) => at - deleted.at(index - 4)!),
    [900, 900, 900],
  )
})

test('each node has waits of its own, and a changed set starts anew', () => {
  const controller = daemonSetController()
  const world = given({ nodes: ['a', 'b'], pods: { b: on('b') } })
  refusals(world, controller, 4)
  world.change(Pod, 'b', namespace, { status: { phase: 'Failed' } })
  world.pass(controller, key)
  assert.notEqual(world.get(Pod, 'b', namespace)?.metadata.deletionTimestamp, undefined)
  world.change(DaemonSet, 'logs', namespace, { spec: { minReadySeconds: 1 } })
  world.settle([controller])
  const pod = world.list(Pod).find((one) => targetNode(one) === 'a')!
  world.change(Pod, pod.metadata.name, namespace, { status: { phase: 'Failed' } })
  world.pass(controller, key)
  assert.equal(world.get(Pod, pod.metadata.name, namespace), undefined)
})

test('where two pods are allowed, failed ones do not pile up', () => {
  const controller = daemonSetController()
  const world = given({ nodes: ['a'], ...surge })
  for (let round = 0; round < 5; round += 1) {
    world.settle([controller])
    for (const { metadata } of world.list(Pod)) world.change(Pod, metadata.name, namespace, { status: { phase: 'Failed' } })
  }
  world.settle([controller])
  assert.ok(world.list(Pod).length <= 1)
})

// --- history -----------------------------------------------------------------------------------------------------------------------

test('a new template is a new revision, and an earlier one becomes the newest again', () => {
  const controller = daemonSetController()
  const world = given({ nodes: ['a'] })
  const change = (image: string) => {
    changeTemplate(world, image)
    world.settle([controller])
    return revisions(world)
  }
  assert.deepEqual(
    change('logs:3').map(([, revision]) => revision),
    [1, 2, 3],
  )
  const [name] = revisions(world)[2]!
  assert.equal(world.get(ControllerRevision, name, namespace)!.metadata.labels![revisionLabel], name.slice('logs-'.length))
  assert.deepEqual(change('logs:1'), [
    ['logs-now', 2],
    [name, 3],
    ['logs-before', 4],
  ])
  assert.equal(world.list(Pod)[0]!.metadata.labels![revisionLabel], 'before')
})

test('a revision keeps the template as the reference writes it: whoever compares the bytes finds them equal', () => {
  const world = given({})
  world.change(DaemonSet, 'logs', namespace, { spec: { template: { spec: { nodeSelector: { b: '2', a: '1' } } } } })
  world.settle([daemonSetController()])
  const made = revisions(world).at(-1)!
  assert.equal(
    JSON.stringify(world.get(ControllerRevision, made[0], namespace)!.data),
    '{"spec":{"template":{"$patch":"replace","metadata":{"labels":{"app":"web"}},"spec":{"containers":[{"image":"logs:2","name":"main"}],' +
      '"dnsPolicy":"ClusterFirst","nodeSelector":{"a":"1","b":"2"},"restartPolicy":"Always","terminationGracePeriodSeconds":30}}}}',
  )
})

test('earlier revisions beyond the limit go, those of pods stay and count', () => {
  const world = given({ nodes: ['a'], pods: { p: { ...ready, hash: 'h1' } }, revisionHistoryLimit: 2, strategy: 'OnDelete' })
  for (const index of [1, 2, 3, 4]) putRevision(world, `h${index}`, index, { spec: { template: { index } } })
  putRevision(world, 'now', 9, templateData(world.get(DaemonSet, 'logs', namespace)!))
  world.remove(ControllerRevision, world.get(ControllerRevision, 'logs-before', namespace)!)
  world.settle([daemonSetController()])
  assert.deepEqual(
    revisions(world).map(([name]) => name),
    ['logs-h1', 'logs-h4', 'logs-now'],
  )
})

test('revisions of the same content become one, and their pods with them, before anything is decided by them', () => {
  const world = given({ nodes: ['a', 'b'], pods: { p: { ...ready, hash: 'twin' }, q: on('b', old) } })
  putRevision(world, 'twin', 1, templateData(world.get(DaemonSet, 'logs', namespace)!))
  world.settle([daemonSetController()])
  assert.deepEqual(revisions(world), [
    ['logs-before', 1],
    ['logs-now', 2],
  ])
  const pods = world
    .list(Pod)
    .map(({ metadata }) => [metadata.name, metadata.labels![revisionLabel], metadata.deletionTimestamp !== undefined])
  assert.deepEqual(pods, [
    ['p', 'now', false],
    ['q', 'before', true],
  ])
})

test('a revision without a label is labelled with its name, an orphan adopted, one that is not selected released', () => {
  const world = given({ nodes: ['a'] })
  const data = templateData(world.get(DaemonSet, 'logs', namespace)!)
  putRevision(world, 'now', 2, data, { labels: { app: 'web' } })
  putRevision(world, 'before', 1, { spec: { template: { index: 1 } } }, { ownerReferences: undefined })
  putRevision(world, 'other', 1, { spec: { template: { index: 2 } } }, { labels: { app: 'other' } })
  world.settle([daemonSetController()])
  const owners = (name: string) => world.get(ControllerRevision, name, namespace)!.metadata.ownerReferences?.map(({ uid }) => uid)
  assert.equal(world.get(ControllerRevision, 'logs-now', namespace)!.metadata.labels![revisionLabel], 'logs-now')
  assert.equal(world.list(Pod)[0]!.metadata.labels![revisionLabel], 'logs-now')
  assert.deepEqual([owners('logs-before'), owners('logs-other')], [['ds'], undefined])
})

test('a name that another content has taken is counted as a collision', () => {
  const controller = daemonSetController()
  const world = given({ nodes: ['a'] })
  world.change(DaemonSet, 'logs', namespace, { spec: { template: template('logs:3') } })
  const { commands } = world.pass(controller, key)
  const made = commands.find((command) => command.do === 'create' && command.kind === ControllerRevision) as { object: ControllerRevision }
  world.change(ControllerRevision, made.object.metadata.name, namespace, {
    data: { other: true },
    metadata: { ownerReferences: null, labels: null },
  })
  world.settle([controller])
  assert.equal(world.get(DaemonSet, 'logs', namespace)!.status.collisionCount, 1)
  assert.equal(revisions(world).length, 4)
})

// --- whose changes concern it ------------------------------------------------------------------------------------------------------

test('a node concerns the sets that want something else of it now', () => {
  const world = given({ template: { nodeSelector: { disk: 'ssd' } } })
  const { keys } = daemonSetController().sources.find(({ kind }) => kind === Node)!
  const keysOf = keys as unknown as (node: Node, cache: World, previous?: Node) => readonly string[]
  const plain = putNode(world, 'a')
  assert.deepEqual(keysOf(plain, world), [key], 'a new one')
  assert.deepEqual(keysOf({ ...plain, status: { phase: 'Running' } } as Node, world, plain), [], 'a heartbeat')
  assert.deepEqual(keysOf(putNode(world, 'a other=x'), world, plain), [], 'a label that nobody asks for')
  assert.deepEqual(keysOf(putNode(world, 'a disk=ssd'), world, plain), [key], 'a label that is asked for')
  world.remove(Node, plain)
  assert.deepEqual(keysOf(plain, world, plain), [key], 'one that is gone')
})

test('a revision concerns its set when it changes or goes, one without a set when it comes', () => {
  const world = given({})
  const { keys } = daemonSetController().sources.find(({ kind }) => kind === ControllerRevision)!
  const keysOf = keys as unknown as (one: ControllerRevision, cache: World, previous?: ControllerRevision) => readonly string[]
  const own = world.get(ControllerRevision, 'logs-now', namespace)!
  const orphan = { ...own, metadata: { ...own.metadata, ownerReferences: [] } }
  assert.deepEqual(keysOf(own, world), [], 'made by the set')
  assert.deepEqual(new Set(keysOf(own, world, own)), new Set([key]), 'gone')
  assert.deepEqual(new Set(keysOf(orphan, world, own)), new Set([key]), 'orphaned')
  assert.deepEqual(keysOf(orphan, world), [key], 'an orphan')
})

// --- helpers -----------------------------------------------------------------------------------------------------------------------

function crowd(): Record<string, DaemonPodFacts> {
  return { p: { ...ready, ...old }, older: { ...ready, ...old, createdAt: ago(1) }, newest: { ...unready, createdAt: ago(1) } }
}

const events = (world: World): readonly string[] => world.events.map(({ type, reason, message }) => `${type} ${reason} ${message}`)

const revisions = (world: World): readonly (readonly [string, number])[] =>
  world
    .list(ControllerRevision)
    .map(({ metadata, revision }) => [metadata.name, revision] as const)
    .toSorted((a, b) => a[1] - b[1])

function line(command: Single): readonly string[] {
  if (command.do === 'update') return []
  if (command.do === 'create') return [`create ${targetNode(command.object as Pod)}`]
  if (command.do === 'delete') return [`delete ${command.name}`]
  if (command.do !== 'patch') return [show(command)]
  const { metadata } = command.body as { metadata?: { ownerReferences: { uid: string }[] | null } }
  return [`patch pod ${command.name} owners ${metadata!.ownerReferences?.map(({ uid }) => uid).join() ?? '-'}`]
}

/** The first look's commands but the status, and then silence. */
function check(title: string, scene: Scene, expected: readonly string[]): void {
  test(title, () => {
    const controller = daemonSetController()
    const world = given(scene)
    assert.deepEqual(world.pass(controller, key).commands.flatMap(line), expected)
    world.settle([controller])
  })
}

function status(title: string, scene: Scene, expected: object): void {
  test(title, () => {
    const world = given(scene)
    world.pass(daemonSetController(), key)
    const zero = { desiredNumberScheduled: 0, currentNumberScheduled: 0, numberMisscheduled: 0, numberReady: 0, observedGeneration: 1 }
    assert.deepEqual(JSON.parse(JSON.stringify(world.get(DaemonSet, 'logs', namespace)!.status)), { ...zero, ...expected })
  })
}
