import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Node } from '#api/core/v1/node.ts'
import { Pod } from '#api/core/v1/pod.ts'
import { tolerates } from '#api/core/v1/taints.ts'
import type { Taint, Toleration } from '#api/core/v1/types.ts'
import { rfc3339 } from '#lib/rfc3339.ts'
import { namespace, pod } from '../testing/objects.ts'
import { show, World } from '../testing/world.ts'
import { taintEvictionController } from './controller.ts'

const now = new World().now
const bad = (seconds = 0): Taint => ({ key: 'bad', effect: 'NoExecute', timeAdded: rfc3339(now - seconds * 1000) })
const bears = (tolerationSeconds?: number): Toleration => ({
  key: 'bad',
  operator: 'Exists',
  ...(tolerationSeconds === undefined ? {} : { tolerationSeconds }),
})

check('evicts what does not tolerate', [bad()], [], 'evicted')
check('never what tolerates for ever', [bad(1e6)], [bears()], 'stays')
check('waits for as long as it is borne', [bad(10)], [bears(30)], now + 20_000)
check('evicts when that has passed', [bad(30)], [bears(30)], 'evicted')
check('zero and negative seconds are no time', [bad()], [bears(-1)], 'evicted')
check('NoSchedule evicts nobody', [{ key: 'bad', effect: 'NoSchedule' }], [], 'stays')
check('one untolerated of two evicts', [bad(), { ...bad(), key: 'worse' }], [bears()], 'evicted')
check('the shortest of two counts', [bad(), { ...bad(), key: 'worse' }], [bears(60), { ...bears(20), key: 'worse' }], now + 20_000)
check('waits for a taint without a time to get one', [{ key: 'bad', effect: 'NoExecute' }], [bears(30)], 'stays')

test('counts from when the pod came, if that was later', () => {
  const world = given([bad(1000)], [bears(30)], { createdAt: now - 10_000 })
  assert.equal(world.settle([taintEvictionController()]), now + 20_000)
})

test('says so: event, condition, graceful deletion', () => {
  const world = given([bad()], [])
  world.settle([taintEvictionController()])
  assert.deepEqual(world.events.map(show), ['event Normal TaintManagerEviction Marking for deletion Pod shop/a'])
  const { status, metadata } = world.get(Pod, 'a', namespace)!
  const { reason, message } = status.conditions!.find(({ type }) => type === 'DisruptionTarget')!
  assert.deepEqual([reason, message], ['DeletionByTaintManager', 'Taint manager: deleting due to NoExecute taint'])
  assert.equal(metadata.deletionGracePeriodSeconds, 30)
})

test('a taint that went lets the pod stay', () => {
  const world = given([bad()], [bears(30)])
  const controller = taintEvictionController()
  world.settle([controller])
  world.change(Node, 'n', undefined, { spec: { taints: null } })
  world.now += 60_000
  assert.equal(world.settle([controller]), Infinity)
  assert.equal(world.get(Pod, 'a', namespace)!.metadata.deletionTimestamp, undefined)
  assert.deepEqual(world.events.map(show), ['event Normal TaintManagerEviction Cancelling deletion of Pod shop/a'])
})

test('never evicts a pod that tolerates all taints at that moment', () => {
  const key = fc.constantFrom('bad', 'worse', 'odd')
  const taint = fc.record({ key, effect: fc.constantFrom('NoExecute', 'NoSchedule'), seconds: fc.nat(100) })
  const toleration = fc.record({ key: fc.option(key, { nil: undefined }), seconds: fc.option(fc.nat(100), { nil: undefined }) })
  fc.assert(
    fc.property(
      fc.uniqueArray(taint, { selector: (one) => one.key, maxLength: 3 }),
      fc.array(toleration, { maxLength: 3 }),
      (taints, tolerations) => {
        const onNode = taints.map(({ key: name, effect, seconds }) => ({ ...bad(seconds), key: name, effect: effect as 'NoExecute' }))
        const borne = tolerations.map(({ key: name, seconds }) => ({
          ...bears(seconds),
          ...(name === undefined ? { key: '' } : { key: name }),
        }))
        const world = given(onNode, borne)
        world.settle([taintEvictionController()])
        const bearsNow = onNode
          .filter(({ effect }) => effect === 'NoExecute')
          .every((one) => {
            const first = borne.find((toleration) => tolerates(toleration, one))
            if (first === undefined) return false
            return first.tolerationSeconds === undefined || Date.parse(one.timeAdded!) + first.tolerationSeconds * 1000 > now
          })
        assert.equal(world.get(Pod, 'a', namespace)!.metadata.deletionTimestamp === undefined, bearsNow)
      },
    ),
  )
})

function given(taints: readonly Taint[], tolerations: readonly Toleration[], facts: object = {}): World {
  const world = new World()
  world.put(Node, { metadata: { name: 'n' }, spec: { taints }, status: {} })
  world.put(Pod, pod('a', { node: 'n', readyAt: now, createdAt: now - 1e9, spec: { tolerations }, ...facts }))
  return world
}

function check(name: string, taints: readonly Taint[], tolerations: readonly Toleration[], expected: 'evicted' | 'stays' | number): void {
  test(name, () => {
    const world = given(taints, tolerations)
    const wakeAt = world.settle([taintEvictionController()])
    const isEvicted = world.get(Pod, 'a', namespace)!.metadata.deletionTimestamp !== undefined
    assert.equal(isEvicted ? 'evicted' : wakeAt === Infinity ? 'stays' : wakeAt, expected)
  })
}
