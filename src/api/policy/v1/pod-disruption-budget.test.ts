import assert from 'node:assert/strict'
import { test } from 'node:test'
import { created } from '#api/testing/check-kind.ts'
import { PodDisruptionBudget } from './pod-disruption-budget.ts'

test('a budget says one thing, as a count or a share', () => {
  const check = (spec: object, expected: readonly string[]) => assert.deepEqual(created(PodDisruptionBudget, { spec }).causes, expected)
  check({ minAvailable: 1 }, [])
  check({ maxUnavailable: '50%' }, [])
  check({ minAvailable: -1 }, ['spec.minAvailable: Invalid value: -1: must be greater than or equal to 0'])
  check({ maxUnavailable: '150%' }, ['spec.maxUnavailable: Invalid value: "150%": must not be greater than 100%'])
  check({ minAvailable: 1, maxUnavailable: 1 }, [
    'spec: Invalid value: {"MinAvailable":1,"Selector":null,"MaxUnavailable":1,"UnhealthyPodEvictionPolicy":null}: minAvailable and maxUnavailable cannot be both set',
  ])
})
