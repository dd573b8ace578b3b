import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createLedger, type StoredObject } from './ledger.ts'
import { torture } from './torture.ts'

test('caches equal the server after kills and cuts, and nothing acknowledged is lost', { timeout: 180_000 }, async () => {
  const result = await torture({ rounds: 3, seed: 1, roundMs: 1_000 })
  assert.equal(result.rounds, 3)
  assert.ok(result.kills >= 1 && result.cuts >= 3 && result.compared > 50, JSON.stringify(result))
})

test('the ledger sees what is lost, older, or other than acknowledged', () => {
  const object = (resourceVersion: string, more: object = {}): StoredObject => ({
    metadata: { name: 'x', uid: 'u', resourceVersion },
    ...more,
  })
  const check = (acknowledged: StoredObject | undefined, found: StoredObject | undefined, isDoubtful = false): void => {
    const ledger = createLedger()
    ledger.acknowledged('/x', acknowledged)
    if (isDoubtful) ledger.doubtful('/x')
    ledger.check(new Map(found === undefined ? [] : [['/x', found]]))
  }
  check(object('5'), object('5'))
  check(object('5'), object('6'), true)
  check(object('5'), undefined, true)
  check(undefined, undefined)
  assert.throws(() => check(object('5'), undefined), /not what was acknowledged/)
  assert.throws(() => check(object('5'), object('6')), /not what was acknowledged/)
  assert.throws(() => check(object('5', { data: { a: '1' } }), object('5', { data: { a: '2' } })), /not what was acknowledged/)
  assert.throws(() => check(undefined, object('7')), /not what was acknowledged/)
  assert.throws(() => check(object('5'), object('4'), true), /went back/)
  assert.throws(() => createLedger().check(new Map([['/y', object('1')]])), /nobody wrote it/)
})
