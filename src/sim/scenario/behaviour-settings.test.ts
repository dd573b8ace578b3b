import assert from 'node:assert/strict'
import { test } from 'node:test'
import { annotationProblems, readSettings } from './behaviour-settings.ts'

check(
  'times',
  'pod',
  { 'exit-after': '1m30s', 'ready-after': '500ms', 'stop-after': '0s' },
  { exitAfterMs: 90_000, readyAfterMs: 500, stopAfterMs: 0 },
)
check('a code', 'pod', { 'exit-code': '137' }, { exitCode: 137 })
check('an image', 'image', { 'pull-time': '1h', 'pull-error': 'not found' }, { pullMs: 3_600_000, pullError: 'not found' })
check('no time', 'pod', { 'exit-after': '30' }, ['exit-after must be a duration such as 30s or 1m30s, not "30"'])
check('a time that goes back', 'pod', { 'exit-after': '-1s' }, ['exit-after must be a duration such as 30s or 1m30s, not "-1s"'])
check('a code beyond', 'pod', { 'exit-code': '256' }, ['exit-code must be a number from 0 to 255, not "256"'])
check('what an image alone has', 'pod', { 'pull-time': '1s' }, [
  'pull-time is nothing that can be said of a pod; there are exit-after, exit-code, ready-after, stop-after, start-error',
])
check('what every object has', 'image', { constructor: '1s' }, [
  'constructor is nothing that can be said of an image; there are exit-after, exit-code, ready-after, stop-after, start-error, pull-time, pull-error',
])

function check(name: string, of: 'pod' | 'image', pairs: Readonly<Record<string, string>>, expected: object | readonly string[]): void {
  test(`settings: ${name}`, () => {
    const { settings, problems } = readSettings(Object.entries(pairs), of)
    assert.deepEqual(Array.isArray(expected) ? problems : settings, expected)
    assert.equal(problems.length, Array.isArray(expected) ? expected.length : 0)
  })
}

test('settings: mistakes are found however deep a template lies, and other annotations are left alone', () => {
  const template = { metadata: { annotations: { 'simulate.wherry.dev/exit-code': 'x', 'example.com/exit-code': 'x' } } }
  assert.deepEqual(annotationProblems({ spec: { jobTemplate: { spec: { template } } } }), [
    'spec.jobTemplate.spec.template.metadata.annotations: simulate.wherry.dev/exit-code must be a number from 0 to 255, not "x"',
  ])
})
