import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { formatCause, parseCause } from './cause.ts'

const word = fc.stringMatching(/^[a-z0-9-]{1,20}$/)
const cause = fc.record({
  group: fc.oneof(fc.constant(''), word),
  resource: word,
  namespace: fc.oneof(fc.constant(''), word),
  // Names of RBAC's objects hold colons, addresses and whatever else people call themselves.
  name: fc.oneof(fc.stringMatching(/^[A-Za-z0-9:@._-]{1,40}$/), fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 })),
  resourceVersion: fc.nat().map(String),
})

test('a cause comes back as it was sent', () => {
  fc.assert(fc.property(cause, (given) => assert.deepEqual(parseCause(formatCause(given)), { ...given })))
})

test('what is sent fits into a header, and names of plain letters into a glance', () => {
  fc.assert(fc.property(cause, (given) => assert.match(formatCause(given), /^[\x21-\x7e]+$/)))
  const given = { group: 'apps', resource: 'replicasets', namespace: 'shop', name: 'system:web-7d4', resourceVersion: '1234' }
  assert.equal(formatCause(given), 'apps/replicasets/shop/system:web-7d4@1234')
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
    '/pods/x/%E0@1',
  ])
    assert.equal(parseCause(text), undefined, text)
  fc.assert(fc.property(fc.string(), (text) => void parseCause(text)))
})
