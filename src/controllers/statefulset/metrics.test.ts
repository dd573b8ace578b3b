import assert from 'node:assert/strict'
import { test } from 'node:test'
import { StatefulSet } from '#api/apps/v1/stateful-set.ts'
import { namespace } from '../testing/objects.ts'
import type { World } from '../testing/world.ts'
import { statefulSetController } from './controller.ts'
import { key, worldWith } from './testing.ts'

const prefix = 'statefulset_controller_statefulset_'
const labels = [namespace, 'web', 'Parallel']

/** What the gauges show after these steps. */
function check(name: string, expected: Readonly<Record<string, number>>, ...steps: readonly ((world: World, look: () => void) => void)[]) {
  test(name, () => {
    const world = worldWith({
      replicas: 5,
      policy: 'Parallel',
      strategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: '50%' } },
    })
    const controller = statefulSetController(new Set(['MaxUnavailableStatefulSet']))
    for (const step of steps) step(world, () => world.pass(controller, key))
    const shown = (controller.metrics ?? []).flatMap((metric) =>
      metric.type === 'gauge' ? [...metric.read(world)].map((reading) => ({ name: metric.name.slice(prefix.length), ...reading })) : [],
    )
    assert.deepEqual(
      shown,
      Object.entries(expected).map(([name, value]) => ({ name, labels, value })),
    )
  })
}

const look = (_: World, look: () => void) => look()
const remove = (world: World) => world.remove(StatefulSet, world.get(StatefulSet, 'web', namespace)!)
check('what a set may lack', { max_unavailable: 2 })
check('and what it lacked at the last look', { max_unavailable: 2, unavailable_replicas: 5 }, look)
check('nothing of a set that has gone', {}, look, remove, look)
test('nothing without the gate', () => assert.equal(statefulSetController().metrics, undefined))
