import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { compileProgram } from './program.ts'
import { compileRegexp, regexpProblem } from './re2.ts'
import { testProgram } from './search.ts'
import { parsePattern } from './syntax.ts'

test('expressions match what Go says they match', () => {
  const cases: readonly (readonly [string, string, boolean])[] = [
    ['^[a-z]+$', 'abc', true],
    ['^[a-z]+$', 'abc\n', false],
    ['b', 'abc', true],
    ['^(a|bc)*$', 'abcbca', true],
    ['^a{2,3}$', 'aaaa', false],
    ['^a{2,}$', 'aaaa', true],
    ['a{,2}', 'a{,2}', true],
    ['^\\d+\\.\\d+$', '1.25', true],
    ['(?i)^hello$', 'HeLLo', true],
    ['^(?i:a)b$', 'Ab', true],
    ['^(?i:a)b$', 'AB', false],
    ['(?m)^x$', 'a\nx\nb', true],
    ['a.b', 'a\nb', false],
    ['(?s)a.b', 'a\nb', true],
    ['\\bfoo\\b', 'a foo b', true],
    ['\\bfoo\\b', 'afoob', false],
    ['^\\p{L}+$', 'äβ', true],
    ['^[[:alpha:]_]+$', 'ab_c', true],
    ['^[^/]+$', 'a/b', false],
    ['^\\Qa.b\\E$', 'a.b', true],
    ['^\\x41\\x{1F600}$', 'A😀', true],
    ['^(?P<name>x)$', 'x', true],
    ['', 'anything', true],
    ['^[]a]$', ']', true],
    ['^[a-]$', '-', true],
    ['(a*)*$', 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab', true],
    ['^(a+)+$', `${'a'.repeat(200)}b`, false],
  ]
  for (const [source, text, wanted] of cases) assert.equal(compileRegexp(source).test(text), wanted, `${source} on ${text}`)
})

test('however long a pattern is, what is kept of it stays small, and matches all the same', () => {
  const source = '^([ab]{1,1000}|(a|b|ab){1,300})c$'
  const program = compileProgram(parsePattern(source), source)
  let text = ''
  for (let i = 0; i < 900; i += 1) text += i % 7 === 3 || i % 11 === 5 ? 'b' : 'a'
  for (const [each, wanted] of [
    [`${text}c`, true],
    [`${text}d`, false],
    [`${text}${text}c`, false],
  ] as const)
    assert.equal(testProgram(program, each), wanted)
  assert.ok(program.states.size * program.instructions.length <= 200_000, `${program.states.size} states`)
})

test('mistakes are told in the words of Go', () => {
  const cases: readonly (readonly [string, string])[] = [
    ['[', 'missing closing ]: `[`'],
    ['a[b', 'missing closing ]: `[b`'],
    ['(a', 'missing closing ): `(a`'],
    ['a)', 'unexpected ): `a)`'],
    ['*a', 'missing argument to repetition operator: `*`'],
    ['a**', 'invalid nested repetition operator: `**`'],
    ['a{1001}', 'invalid repeat count: `{1001}`'],
    ['a{3,2}', 'invalid repeat count: `{3,2}`'],
    ['[z-a]', 'invalid character class range: `z-a`'],
    ['\\y', 'invalid escape sequence: `\\y`'],
    ['a\\', 'trailing backslash at end of expression: ``'],
    ['(?=a)', 'invalid or unsupported Perl syntax: `(?=`'],
    ['(?<!a)', 'invalid or unsupported Perl syntax: `(?<`'],
    ['[[:nope:]]', 'invalid character class range: `[:nope:]`'],
    ['\\p{Nope}', 'invalid character class range: `\\p{Nope}`'],
  ]
  for (const [source, wanted] of cases) assert.equal(regexpProblem(source), `error parsing regexp: ${wanted}`)
})

test('simple expressions agree with the runtime', () => {
  const piece = fc.constantFrom('a', 'b', '[ab]', '.', '(a|b)', 'a*', 'b+', '(ab)?', '[^a]', 'a{1,2}')
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 6 }), fc.string({ unit: fc.constantFrom('a', 'b', 'c'), maxLength: 8 }), (pieces, text) => {
      const source = `^${pieces.join('')}$`
      assert.equal(compileRegexp(source).test(text), new RegExp(source, 'u').test(text), source)
    }),
  )
})
