import assert from 'node:assert/strict'
import { test } from 'node:test'
import { compile, extend } from './cel.ts'
import { standardEnvironment } from './standard.ts'
import { stringFunctions } from './strings.ts'
import { stringType } from './types.ts'

const environment = extend(standardEnvironment, { functions: stringFunctions, variables: { text: stringType } })

function trimmed(text: string): unknown {
  const result = compile('text.trim()', environment)
  assert.ok(result.ok)
  return result.program.run({ text }).value
}

test('blanks within stay, at the ends they go, however many they are', () => {
  assert.equal(trimmed('\u00a0 a  b\t\n\u0085'), 'a  b')
  assert.equal(trimmed('   '), '')
  assert.equal(trimmed('\ufeffa'), '\ufeffa')
  const long = `${' '.repeat(1_000_000)}a${' '.repeat(1_000_000)}b`
  const startedMs = performance.now()
  assert.equal(trimmed(long), `a${' '.repeat(1_000_000)}b`)
  assert.ok(performance.now() - startedMs < 2000)
})
