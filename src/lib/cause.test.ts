import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { formatCause, parseCause } from './cause.ts'

const word = fc.stringMatching(/^[a-z0-9-]{1,20}$/)
const cause = fc.record({
  group: fc.oneof(fc.constant(''), word),
  resource: word,
  namespace: fc.oneof(fc.constant(''), word),
  // RBAC names hold colons, and others may hold more.
  name: fc.stringMatching(/^[A-Za-z0-9:._-]{1,40}$/),
  resourceVersion: fc.nat().map(String),
})

test('a cause comes back as it was sent', () => {
  fc.assert(fc.property(cause, (given) => assert.deepEqual(parseCause(formatCause(given)), { ...given })))
})

test('whatever else a request carries is no cause', () => {
  for (const text of [
    '',
    'pods',
    '/pods/x',
    '/pods/x/y',
    '/pods/x/y@z',
    '/pods/x/y@',
    '/pods/x/a/b@1',
    `/pods/x/${'y'.repeat(300)}@1`,
    '/pods/x/y@1\n',
  ])
    assert.equal(parseCause(text), undefined, text)
  fc.assert(fc.property(fc.string(), (text) => void parseCause(text)))
})
