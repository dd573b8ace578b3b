import assert from 'node:assert/strict'
import { test } from 'node:test'
import { formatYaml } from './yaml-writer.ts'

const words = 'the quick brown fox jumps over the lazy dog and then runs away from it'

// Each pair was seen from the reference.
check('lists hang under their key', { a: [{ b: 'x', c: [1, [2, 3]] }], d: { e: {} }, f: [] }, [
  'a:',
  '- b: x',
  '  c:',
  '  - 1',
  '  - - 2',
  '    - 3',
  'd:',
  '  e: {}',
  'f: []',
])
check('text that reads as something else', { a: 'yes', b: '0644', c: '', d: '12:30', e: '~', f: 'y' }, [
  'a: "yes"',
  'b: "0644"',
  'c: ""',
  'd: "12:30"',
  'e: "~"',
  'f: "y"',
])
check('text that would end too early', { a: 'b: c', d: 'it #1', e: '- f', g: "it's: so", h: ' i', j: '@k', l: 'm:' }, [
  `a: 'b: c'`,
  `d: 'it #1'`,
  `e: '- f'`,
  `g: 'it''s: so'`,
  `h: ' i'`,
  `j: '@k'`,
  `l: 'm:'`,
])
check('what no printer shows', { a: 'tab\t', b: '\x01', c: '😀', d: 'é', e: 'a\r\nb' }, [
  'a: "tab\\t"',
  'b: "\\x01"',
  'c: "\\U0001F600"',
  'd: é',
  'e: "a\\r\\nb"',
])
check('several lines', { a: 'x\ny', b: 'x\n', c: 'x\n\n', d: ' x\ny', e: 'x \ny', f: '\n' }, [
  'a: |-',
  '  x',
  '  y',
  'b: |',
  '  x',
  'c: |+',
  '  x',
  '',
  'd: |2-',
  '   x',
  '  y',
  'e: "x \\ny"',
  'f: |2+',
  '',
])
check('folded past column 80', { message: `${words} ${words}`, quoted: `${words}: ${words}` }, [
  'message: the quick brown fox jumps over the lazy dog and then runs away from it the',
  '  quick brown fox jumps over the lazy dog and then runs away from it',
  "quoted: 'the quick brown fox jumps over the lazy dog and then runs away from it: the",
  "  quick brown fox jumps over the lazy dog and then runs away from it'",
])
check('keys in natural order', { a10: 1, a2: 1, B: 1, a: 1, '10': 1, '9': 1, _: 1, z01: 1, z1: 1 }, [
  '_: 1',
  '"9": 1',
  '"10": 1',
  'B: 1',
  'a: 1',
  'a2: 1',
  'a10: 1',
  'z1: 1',
  'z01: 1',
])
check('a key too long to stand before its value', { ['k'.repeat(129)]: ['x'] }, [`? ${'k'.repeat(129)}`, ': - x'])
check('numbers', { a: 1.5, b: 1e21, c: 1e-5, d: 1e20, e: -3, f: true, g: null }, [
  'a: 1.5',
  'b: 1e+21',
  'c: 1e-05',
  'd: 100000000000000000000',
  'e: -3',
  'f: true',
  'g: null',
])

function check(name: string, value: unknown, lines: readonly string[]): void {
  test(name, () => assert.equal(formatYaml(value), `${lines.join('\n')}\n`))
}
