import assert from 'node:assert/strict'
import { test } from 'node:test'
import { silentLog } from '#lib/log.ts'
import { createRegistry } from '#lib/metrics/registry.ts'
import { createConnectionTracking } from './connection-tracking.ts'

check('never full', [0, 50, 94], ['False', 'False', 'False'], 0)
check('full, until there is room', [10, 95, 90, 85, 84, 94], ['False', 'True', 'True', 'True', 'False', 'False'], 1)
check('full again', [100, 0, 100], ['True', 'False', 'True'], 2)

test('a kernel that follows no connections is not spoken of', () => {
  const registry = createRegistry()
  const look = createConnectionTracking({ read: () => undefined, log: silentLog, registry, onFull: () => assert.fail() })
  assert.deepEqual(look(), [])
  assert.doesNotMatch(registry.text(), /^wherry_connection_tracking_entries \d/m)
})

function check(name: string, entries: readonly number[], expected: readonly string[], told: number): void {
  test(name, () => {
    const registry = createRegistry()
    const messages: string[] = []
    let at = 0
    const look = createConnectionTracking({
      read: () => ({ entries: at, limit: 100 }),
      log: silentLog,
      registry,
      onFull: (message) => messages.push(message),
    })
    assert.deepEqual(
      entries.map((count) => {
        at = count
        return look()[0]?.status
      }),
      expected,
    )
    assert.equal(messages.length, told)
    for (const message of messages) assert.match(message, /of at most 100 connections.*nf_conntrack_max/)
    assert.match(registry.text(), new RegExp(`^wherry_connection_tracking_entries ${at}$`, 'm'))
  })
}
