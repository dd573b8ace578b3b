import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Activation, compile, extend, type Value } from './cel.ts'
import { standardEnvironment } from './standard.ts'
import { dynType, intType, listType, stringType } from './types.ts'

/** The language by itself, without Kubernetes' libraries; `src/schema/cel/conformance.test.ts` holds both to recorded answers. */

const environment = extend(standardEnvironment, { variables: { n: intType, names: listType(stringType), any: dynType } })
const variables: Activation = { n: 3n, names: constant("['a', 'b']"), any: constant("{'left': 1}") }

check('arithmetic binds as it should', '1 + 2 * n == 7', { type: 'bool', value: true })
check('a list of one type', '[n, 4].map(x, x * 2)[1]', { type: 'int', value: 8n })
check('what is decided is not evaluated', 'true || 1 / 0 > 0', { type: 'bool', value: true })
check('either side may decide', '1 / 0 > 0 || true', { type: 'bool', value: true })
check('absent fields are told by has', 'has(any.left) && !has(any.right)', { type: 'bool', value: true })
check('all and exists', "names.all(x, size(x) == 1) && names.exists(x, x == 'b')", { type: 'bool', value: true })
check('text of numbers', "string(n) + '!'", { type: 'string', value: '3!' })
check('division by nothing', 'n / 0', { type: 'int', error: /division by zero/ })
check('too large', '9223372036854775807 + n', { type: 'int', error: /integer overflow/ })
check('no such element', 'names[n]', { type: 'string', error: /index out of bounds: 3/ })

refused('an unknown name', 'm + 1', /undeclared reference to 'm'/)
refused('types that do not fit', "n + 'x'", /found no matching overload for '_\+_' applied to '\(int, string\)'/)
refused('what ends too early', 'n +', /Syntax error/)

test('a run ends when it has cost what it may', () => {
  const compiled = compile('names.all(x, names.all(y, x != "" && y != ""))', environment)
  assert.ok(compiled.ok)
  const { run, cost } = compiled.program
  assert.equal(run(variables).error, undefined)
  const { overBudget, error } = run(variables, { costLimit: 3 })
  assert.equal(overBudget, true)
  assert.match(error!, /cost limit/)
  assert.ok(cost().max > 1e18, 'lists may have any length')
  assert.ok(cost(() => ({ min: 0, max: 2 })).max < 100)
})

function check(name: string, source: string, expected: { type: string; value?: unknown; error?: RegExp }): void {
  test(name, () => {
    const compiled = compile(source, environment)
    if (!compiled.ok) assert.fail(compiled.message)
    assert.equal(compiled.program.outputType.text, expected.type)
    const outcome = compiled.program.run(variables)
    if (expected.error === undefined) assert.deepEqual(outcome.value, expected.value)
    else assert.match(outcome.error ?? '', expected.error)
  })
}

function refused(name: string, source: string, message: RegExp): void {
  test(`not compiled: ${name}`, () => {
    const compiled = compile(source, environment)
    assert.ok(!compiled.ok)
    assert.match(compiled.message, message)
  })
}

function constant(source: string): Value {
  const compiled = compile(source, standardEnvironment)
  if (!compiled.ok) assert.fail(compiled.message)
  return compiled.program.evaluate({})
}
