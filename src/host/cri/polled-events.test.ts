import assert from 'node:assert/strict'
import { test } from 'node:test'
import { changes } from './polled-events.ts'

check('nothing', { a: 'running' }, { a: 'running' }, [])
check('a new one that runs', {}, { a: 'running' }, ['created a', 'started a'])
check('one that is only made', {}, { a: 'created' }, ['created a'])
check('a start', { a: 'created' }, { a: 'running' }, ['started a'])
check('an end', { a: 'running' }, { a: 'ended' }, ['stopped a'])
check('a whole life between two looks', {}, { a: 'ended' }, ['created a', 'started a', 'stopped a'])
check('a start and an end between two looks', { a: 'created' }, { a: 'ended' }, ['started a', 'stopped a'])
check('one that is gone', { a: 'ended', b: 'running' }, { b: 'running' }, ['deleted a'])

function check(
  title: string,
  before: Readonly<Record<string, 'created' | 'running' | 'ended'>>,
  now: typeof before,
  expected: readonly string[],
): void {
  test(title, () => {
    const events = changes(new Map(Object.entries(before)), new Map(Object.entries(now)))
    assert.deepEqual(
      events.map(({ type, id }) => `${type} ${id}`),
      expected,
    )
  })
}
