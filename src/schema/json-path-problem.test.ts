import assert from 'node:assert/strict'
import { test } from 'node:test'
import { jsonPathProblem } from './json-path-problem.ts'

/** Without the braces around. */
const cases: readonly (readonly [string, string | undefined])[] = [
  ['spec.validations[0].expression', undefined],
  ['spec.validations[x].expression', 'invalid array index x'],
  ['spec[', 'unterminated array'],
  ['spec.validations[0', 'unterminated array'],
  ['{', "unrecognized character in action: U+007B '{'"],
  ['spec.{', "unrecognized character in action: U+007B '{'"],
  ['*', "unrecognized character in action: U+002A '*'"],
  ['"', 'unterminated quoted string'],
  ['[?(@.a', 'unterminated filter'],
  ['.a....b', 'invalid multiple recursive descent'],
  ['1.2.3', 'cannot parse number 1.2.3'],
  ['spec..x', undefined],
  ['a b', undefined],
  ['.spec', undefined],
  ['spec.validations[*]', undefined],
  ['spec.validations[0:1]', undefined],
  ["spec['a']", undefined],
  ['spec[?(@.a==1)]', undefined],
  ['spec[0,1]', undefined],
  ['$.a', undefined],
  ['}', undefined],
  ['..', undefined],
  ['@', undefined],
]

for (const [path, problem] of cases)
  test(`{${path}} ${problem === undefined ? 'is a path' : problem}`, () => assert.equal(jsonPathProblem(`{${path}}`), problem))

test('long paths are read once', () => {
  const count = 200_000
  for (const [path, problem] of [
    [`[?(a${'='.repeat(count)}${'b'.repeat(count)}\r)]`, 'unclosed action'],
    [`[a${' '.repeat(count)}b,c]`, `invalid array index a${' '.repeat(count)}b`],
  ] as const) {
    const started = process.threadCpuUsage()
    assert.equal(jsonPathProblem(`{${path}}`), problem)
    assert.ok(process.threadCpuUsage(started).user < 1e6, path.slice(0, 9))
  }
})
