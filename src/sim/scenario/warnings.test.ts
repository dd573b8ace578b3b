import assert from 'node:assert/strict'
import { test } from 'node:test'
import { limitsIn } from './warnings.ts'

check(
  'a quota',
  'Error creating: pods "a" is forbidden: exceeded quota: few, requested: pods=1,requests.cpu=2, used: pods=7,requests.cpu=1, limited: pods=7',
  ['quota few: pods=7'],
)
check('a range', 'Error creating: pods "a" is forbidden: maximum memory usage per Container is 512Mi, but limit is 1Gi', [
  'pods "a" is forbidden: maximum memory usage per Container is 512Mi, but limit is 1Gi',
])
check('something else', 'Back-off restarting failed container', [])

function check(name: string, message: string, expected: readonly string[]): void {
  test(`limits: ${name}`, () => assert.deepEqual(limitsIn(message), expected))
}
