import assert from 'node:assert/strict'
import { test } from 'node:test'
import { created, updated } from '#api/testing/check-kind.ts'
import { PriorityClass } from './priority-class.ts'

test('the highest priorities are the cluster’s own', () => {
  const check = (name: string, value: number, expected: readonly string[]) =>
    assert.deepEqual(created(PriorityClass, { metadata: { name }, value }).causes, expected)
  check('high', 1_000_000_000, [])
  check('high', 1_000_000_001, ['value: Forbidden: maximum allowed value of a user defined priority is 1000000000'])
  check('system-node-critical', 2_000_001_000, [])
  check('system-mine', 1, [
    "metadata.name: Forbidden: priority class names with 'system-' prefix are reserved for system use only. error: system-mine is not a known system priority class",
  ])
  assert.equal(PriorityClass.rules.refuseDelete?.('system-node-critical'), 'this is a system priority class and cannot be deleted')
  assert.equal(PriorityClass.rules.refuseDelete?.('high'), undefined)
})

test('a class keeps its value', () => {
  const before = created(PriorityClass, { value: 1 }).object
  assert.equal(before.preemptionPolicy, 'PreemptLowerPriority')
  assert.deepEqual(updated(PriorityClass, before, { value: 2 }).causes, ['value: Forbidden: may not be changed in an update.'])
})
