import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Node } from '#api/core/v1/node.ts'
import { Pod } from '#api/core/v1/pod.ts'
import { WherryError } from '#lib/errors.ts'
import { namespace, type PodFacts, pod } from '../testing/objects.ts'
import { World } from '../testing/world.ts'
import { podGcController } from './controller.ts'
import { endedAtOnce } from './plan.ts'

const now = new World().now
const old = { createdAt: now - 3600_000 }

check('a pod on a node stays', { node: 'n', ...old }, true)
check('a leaving pod on a node is the node’s', { node: 'n', deletedAt: now, ...old }, true)
check('an orphan goes', { node: 'vanished', ...old }, false)
check('an orphan that ended goes too', { node: 'vanished', phase: 'Succeeded', ...old }, false)
check('one that waits for a node stays', { phase: 'Pending', ...old }, true)
check('one that leaves before it had a node goes', { phase: 'Pending', deletedAt: now, ...old }, false)
check('one that leaves a node out of service goes', { node: 'out', deletedAt: now, ...old }, false)
check('one that does not leave it stays', { node: 'out', ...old }, true)

test('a node that comes back in time keeps its pods, and is waited for as long when it goes again', () => {
  const controller = podGcController(3)
  const world = given({ a: { node: 'm', ...old } })
  const come = () => world.put(Node, { metadata: { name: 'm' }, spec: {}, status: {} })
  come()
  assert.equal(world.settle([controller]), Infinity)
  world.remove(Node, world.get(Node, 'm')!)
  assert.equal(world.settle([controller]), now + 40_000)
  world.now += 30_000
  come()
  assert.equal(world.settle([controller]), Infinity)
  world.now += 30_000
  world.remove(Node, world.get(Node, 'm')!)
  assert.equal(world.settle([controller]), now + 100_000)
  assert.notEqual(world.get(Pod, 'a', namespace), undefined)
  world.now += 40_000
  world.settle([controller])
  assert.equal(world.get(Pod, 'a', namespace), undefined)
})

test('a clock that is set back has a node waited for anew, and not an hour longer', () => {
  const controller = podGcController(3)
  const world = given({ a: { node: 'vanished', ...old } })
  world.settle([controller])
  world.now -= 3_600_000
  assert.equal(world.settle([controller]), world.now + 40_000)
  world.now += 40_000
  world.settle([controller])
  assert.equal(world.get(Pod, 'a', namespace), undefined)
})

test('a node that only the cache does not show keeps its pods', () => {
  const controller = podGcController(3)
  const world = given({ a: { node: 'vanished', ...old } })
  world.settle([controller])
  world.now += 40_000
  world.refuse = (command) => (command.do === 'confirmAbsent' ? new WherryError('Conflict', 'it is there') : undefined)
  world.pass(controller, `${namespace}/a`)
  assert.deepEqual(world.history, [])
})

test('one that may not be deleted keeps no other from going', () => {
  const ended = { node: 'm', phase: 'Succeeded', ...old } as const
  const world = given({ a: ended, b: ended, c: ended })
  world.refuse = (command) => (command.do === 'delete' && command.name === 'a' ? new WherryError('Forbidden', 'no') : undefined)
  world.pass(podGcController(1), 'ended')
  assert.deepEqual(
    world.list(Pod).map(({ metadata }) => metadata.name),
    ['a', 'c'],
  )
})

test('an orphan is failed before it goes', () => {
  const controller = podGcController(3)
  const world = given({ a: { node: 'vanished', finalizers: ['hold'], ...old } })
  world.pass(controller, `${namespace}/a`)
  world.now += 40_000
  world.pass(controller, `${namespace}/a`)
  const { status } = world.get(Pod, 'a', namespace)!
  assert.equal(status.phase, 'Failed')
  const { reason, message } = status.conditions!.find(({ type }) => type === 'DisruptionTarget')!
  assert.deepEqual([reason, message], ['DeletionByPodGC', 'PodGC: node no longer exists'])
})

test('ended pods: no more than may stay, evicted first, then the oldest', () => {
  const ended = (createdAt: number, more: object = {}): PodFacts => ({ node: 'n', phase: 'Failed', createdAt: now - createdAt, ...more })
  const world = given({
    a: ended(5000),
    b: ended(4000),
    c: ended(3000),
    d: ended(2000),
    e: ended(1000, { status: { phase: 'Failed', reason: 'Evicted' } }),
  })
  world.settle([podGcController(3)])
  assert.deepEqual(
    world.list(Pod).map(({ metadata }) => metadata.name),
    ['b', 'c', 'd'],
  )
})

test('of very many ended pods some go at once, and the others right after', () => {
  const pods = Object.fromEntries(
    Array.from({ length: endedAtOnce + 5 }, (_, i) => [`p${i}`, { node: 'n', phase: 'Failed', ...old } as PodFacts]),
  )
  const world = given(pods)
  const controller = podGcController(3)
  assert.equal(world.pass(controller, 'ended').wakeAt, now)
  assert.equal(world.list(Pod).length, 5)
  assert.equal(world.pass(controller, 'ended').wakeAt, Infinity)
  assert.equal(world.list(Pod).length, 3)
})

test('never touches a live pod on a node that is there', () => {
  const facts = fc.record({
    node: fc.constantFrom('n', 'vanished', 'out', ''),
    phase: fc.constantFrom('Pending', 'Running', 'Succeeded', 'Failed'),
    leaving: fc.boolean(),
  })
  fc.assert(
    fc.property(fc.array(facts, { maxLength: 12 }), (all) => {
      const world = given(
        Object.fromEntries(
          all.map(({ leaving, ...one }, at) => [`p${at}`, { ...one, ...old, ...(leaving ? { deletedAt: now } : {}) } as PodFacts]),
        ),
      )
      settleLater(world)
      for (const [at, { node, phase, leaving }] of all.entries()) {
        const isLive = (phase === 'Pending' || phase === 'Running') && !leaving
        if (isLive && node !== 'vanished') assert.notEqual(world.get(Pod, `p${at}`, namespace), undefined)
        if (node === 'vanished' || (leaving && node === '')) assert.equal(world.get(Pod, `p${at}`, namespace), undefined)
      }
    }),
  )
})

function given(pods: Readonly<Record<string, PodFacts>>): World {
  const world = new World()
  world.put(Node, { metadata: { name: 'n' }, spec: {}, status: {} })
  world.put(Node, {
    metadata: { name: 'out' },
    spec: { taints: [{ key: 'node.kubernetes.io/out-of-service', effect: 'NoExecute' }] },
    status: {},
  })
  for (const [name, facts] of Object.entries(pods)) world.put(Pod, pod(name, facts))
  return world
}

/** Now, and when the quarantine of nodes that are missed now has ended. */
function settleLater(world: World): void {
  const controller = podGcController(3)
  world.settle([controller])
  world.now += 40_000
  world.settle([controller])
}

function check(name: string, facts: PodFacts, stays: boolean): void {
  test(name, () => {
    const world = given({ a: facts })
    settleLater(world)
    assert.equal(world.get(Pod, 'a', namespace) !== undefined, stays)
  })
}
