import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createLedger, type StoredObject } from './ledger.ts'
import { createOrder } from './order.ts'
import { torture } from './torture.ts'

test('caches equal the server after kills and cuts, and nothing acknowledged is lost', { timeout: 180_000 }, async () => {
  const result = await torture({ rounds: 3, seed: 1, informers: 50, roundMs: 1_000 })
  assert.equal(result.rounds, 3)
  assert.ok(result.kills === 3 && result.cuts >= 3 && result.expired > 0 && result.compared > 50, JSON.stringify(result))
})

test('the ledger sees what is lost, older, or other than acknowledged', () => {
  const object = (resourceVersion: string, more: object = {}): StoredObject => ({
    metadata: { name: 'x', uid: 'u', resourceVersion },
    ...more,
  })
  const check = (acknowledged: StoredObject | undefined, found: StoredObject | undefined, doubt?: 'a change' | 'a removal'): void => {
    const ledger = createLedger()
    ledger.acknowledged('/x', acknowledged)
    if (doubt !== undefined) ledger.doubtful('/x', doubt === 'a removal')
    ledger.check(new Map(found === undefined ? [] : [['/x', found]]))
  }
  check(object('5'), object('5'))
  check(object('5'), object('5'), 'a change')
  check(object('5'), object('6'), 'a change')
  check(object('5'), undefined, 'a removal')
  check(object('5'), object('5'), 'a removal')
  check(undefined, object('5'), 'a change')
  check(undefined, undefined)
  const { a, b } = { a: { data: { a: '1' } }, b: { data: { a: '2' } } }
  assert.throws(() => check(object('5'), undefined), /not what was acknowledged/)
  assert.throws(() => check(object('5'), object('6')), /not what was acknowledged/)
  assert.throws(() => check(object('5', a), object('5', b)), /not what was acknowledged/)
  assert.throws(() => check(object('5', a), object('5', b), 'a change'), /not what was acknowledged/)
  assert.throws(() => check(undefined, object('7')), /not what was acknowledged/)
  assert.throws(() => check(object('5'), object('4'), 'a change'), /went back/)
  assert.throws(() => check(object('5'), undefined, 'a change'), /nobody wanted to remove it/)
  assert.throws(() => createLedger().check(new Map([['/y', object('1')]])), /nobody wrote it/)
})

test('changes told twice, late, or without a beginning are seen', () => {
  const object = (resourceVersion: string) => ({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'x', namespace: 'n', uid: 'u', resourceVersion, creationTimestamp: '2024-01-02T03:04:05Z' },
  })
  const check = (changes: string, wrong: RegExp | undefined): void => {
    const order = createOrder()
    const answers = changes.split(' ').map((each) => {
      const [change, at] = each.split('@') as ['added' | 'modified' | 'deleted', string]
      return order.told(object(at), change === 'added' ? undefined : object('1'), change)
    })
    for (const answer of answers.slice(0, -1)) assert.equal(answer, undefined, changes)
    if (wrong === undefined) assert.equal(answers.at(-1), undefined, changes)
    else assert.match(answers.at(-1) ?? '', wrong, changes)
  }
  check('added@1 modified@2 modified@3 deleted@3', undefined)
  check('added@1 deleted@2 added@3 modified@4', undefined)
  check('added@1 added@1', /added at 1, after 1/)
  check('added@1 modified@1', /modified at 1, after 1/)
  check('added@1 modified@3 modified@2', /modified at 2, after 3/)
  check('modified@1', /modified at 1, after nothing/)
  check('deleted@1', /deleted at 1, after nothing/)
  check('added@1 deleted@2 deleted@2', /deleted at 2, after 2, deleted/)
  check('added@1 deleted@2 modified@3', /modified at 3, after 2, deleted/)
  check('added@2 deleted@3 added@2', /added at 2, after 3, deleted/)
})
