import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Job } from '#api/batch/v1/job.ts'
import { namespace } from '../testing/objects.ts'
import { World } from '../testing/world.ts'
import { ttlAfterFinishedController as controller } from './controller.ts'

const ended = (type: string, status = 'True') => [{ type, status, lastProbeTime: null, lastTransitionTime: '2025-12-31T23:59:50Z' }]

check('a job that is complete', { ttl: 10, conditions: ended('Complete') }, 'deleted')
check('a job that has failed', { ttl: 0, conditions: ended('Failed') }, 'deleted')
check('one whose time is not over', { ttl: 15, conditions: ended('Complete') }, 5)
check('one that ended in the future', { ttl: 5, conditions: [{ ...ended('Failed')[0], lastTransitionTime: '2026-01-01T00:01:00Z' }] }, 65)
check('one that says nothing of it', { conditions: ended('Complete') }, Infinity)
check('one that still runs', { ttl: 0, conditions: [...ended('SuccessCriteriaMet'), ...ended('Failed', 'False')] }, Infinity)
check('one that is deleted already', { ttl: 0, conditions: ended('Complete'), isLeaving: true }, Infinity)
check('one of which nobody knows when it ended', { ttl: 0, conditions: [{ ...ended('Complete')[0], lastTransitionTime: null }] }, Infinity)

test('a job that was just given more time stays', () => {
  const world = given({ ttl: 0, conditions: ended('Complete') })
  const view = controller.view(`${namespace}/work`, world, world.now)!
  world.change(Job, 'work', namespace, { spec: { ttlSecondsAfterFinished: 100 } })
  assert.throws(() => world.do(controller.plan(view).commands[0] as never), { code: 'Conflict' })
  assert.equal(world.settle([controller]), world.now + 90_000)
})

interface Given {
  readonly ttl?: number
  readonly conditions: readonly object[]
  readonly isLeaving?: boolean
}

function given({ ttl, conditions, isLeaving }: Given): World {
  const world = new World()
  const leaving = isLeaving ? { deletionTimestamp: '2026-01-01T00:00:00Z', finalizers: ['keep'] } : {}
  world.put(Job, {
    metadata: { name: 'work', namespace, ...leaving },
    spec: ttl === undefined ? {} : { ttlSecondsAfterFinished: ttl },
    status: { conditions },
  })
  return world
}

/** `deleted`, with everything that it made; or in how many seconds it is looked at again. */
function check(name: string, facts: Given, expected: 'deleted' | number): void {
  test(name, () => {
    const world = given(facts)
    const wakeAt = world.settle([controller])
    const job = world.get(Job, 'work', namespace)!
    const isDeleted = facts.isLeaving !== true && job.metadata.finalizers?.includes('foregroundDeletion') === true
    assert.equal(isDeleted ? 'deleted' : (wakeAt - world.now) / 1000, expected)
  })
}
