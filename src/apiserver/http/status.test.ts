import assert from 'node:assert/strict'
import { test } from 'node:test'
import { invalidError } from './status.ts'

const pod = { group: '', kind: 'Pod' }
const causes = (count: number) =>
  Array.from({ length: count }, (_, index) => ({
    field: `spec.x[${index}]`,
    message: 'Required value',
    reason: 'FieldValueRequired' as const,
  }))

test('a single cause stands by itself, several in brackets, each text once', () => {
  const told = (found: Parameters<typeof invalidError>[2]) => invalidError(pod, 'p', found).message
  assert.equal(told(causes(1)), 'Pod "p" is invalid: spec.x[0]: Required value')
  assert.equal(told(causes(2)), 'Pod "p" is invalid: [spec.x[0]: Required value, spec.x[1]: Required value]')
  assert.equal(told([...causes(1), ...causes(1)]), 'Pod "p" is invalid: spec.x[0]: Required value')
})

test('of more causes than anybody reads their number is told', () => {
  const error = invalidError(pod, 'p', causes(600_000))
  assert.equal(error.details.causes?.length, 5_000)
  assert.match(error.message, /spec\.x\[4999\]: Required value, and 595000 more causes\]$/)
})
