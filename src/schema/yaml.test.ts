import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { parseExact } from './json.ts'
import { parseYaml, parseYamlDocuments } from './yaml.ts'
import { formatYaml } from './yaml-writer.ts'

test('YAML as the API reads it', () => {
  const cases: readonly (readonly [string, unknown])[] = [
    ['a: yes', { a: true }],
    ['a: on\nb: off\nc: n', { a: true, b: false, c: false }],
    ['a: "yes"', { a: 'yes' }],
    ['a: 0644', { a: 420 }],
    ['a: 0o10', { a: 8 }],
    ['a: 0x1F', { a: 31 }],
    ['a: 1_000', { a: 1000 }],
    ['a: 1e3', { a: 1000 }],
    ['a: 8080:80', { a: '8080:80' }],
    ['a: 12:30:45', { a: '12:30:45' }],
    ['a: 2024-01-02', { a: '2024-01-02' }],
    ['a: 2024-01-02T03:04:05Z', { a: '2024-01-02T03:04:05Z' }],
    ['a: 1.5', { a: 1.5 }],
    ['a: 100m', { a: '100m' }],
    ['a: ~\nb:', { a: null, b: null }],
    ['1: x\ntrue: z', { 1: 'x', true: 'z' }],
    ['a: !!str 12\nb: !!int "3"\nc: !!binary aGk=', { a: '12', b: 3, c: 'hi' }],
    ['a: |\n  x\n  y\n', { a: 'x\ny\n' }],
    ['a: &x {b: 1}\nc: *x', { a: { b: 1 }, c: { b: 1 } }],
    ['a: &x {b: 1, c: 2}\nd:\n  <<: *x\n  c: 3', { a: { b: 1, c: 2 }, d: { b: 1, c: 3 } }],
    ['{"a": [1, "x", null]}', { a: [1, 'x', null] }],
    ['# only a comment\n', null],
    ['', null],
  ]
  for (const [text, value] of cases) assert.deepEqual(parseYaml(text).value, value, text)
})

test('keys given twice: the last counts, and the line is named', () => {
  const { value, duplicates } = parseYaml('apiVersion: v1\nkind: ConfigMap\nmetadata: {name: y}\nmetadata: {name: z}\n')
  assert.deepEqual(value, { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'z' } })
  assert.deepEqual(duplicates, ['line 4: key "metadata" already set in map'])
})

test('what is no YAML is told as the reference tells it', () => {
  const cases: readonly (readonly [string, string])[] = [
    ['a: [', 'yaml: line 1: did not find expected node content'],
    ['a: b: c', 'yaml: mapping values are not allowed in this context'],
    ['\t', 'yaml: found character that cannot start any token'],
  ]
  for (const [text, message] of cases) assert.throws(() => parseYaml(text), { name: 'SyntaxError', message }, text)
  for (const text of ['a: *nowhere', 'a: "x', '{a', 'a: .inf', 'a: 1\n b: 2', '[a]: 1'])
    assert.throws(() => parseYaml(text), SyntaxError, text)
})

test('documents of a stream', () => {
  const parsed = parseYamlDocuments('---\na: 1\n---\n---\n# nothing\n---\nb: 2\nb: 3\n...\n')
  assert.deepEqual(
    parsed.map(({ value }) => value),
    [{ a: 1 }, { b: 3 }],
  )
  assert.equal(parsed[1]!.duplicates.length, 1)
})

test('bombs are refused', () => {
  const lines = ['a: &a [x, x, x, x, x, x, x, x, x, x]']
  for (let i = 1; i < 9; i += 1) {
    const [name, previous] = [String.fromCharCode(97 + i), String.fromCharCode(96 + i)]
    lines.push(`${name}: &${name} [${Array(10).fill(`*${previous}`).join(', ')}]`)
  }
  const bombs = {
    'a billion values': lines.join('\n'),
    'an alias of itself': 'a: &a [*a]',
    'deep flow lists': '['.repeat(100_000),
    'deep flow maps': '{a: '.repeat(50_000),
    'deep block lists': '- '.repeat(50_000),
    'deep explicit keys': '? '.repeat(50_000),
    'deep block maps': Array.from({ length: 1500 }, (_, i) => `${' '.repeat(i)}a:`).join('\n'),
    'a large text': ' '.repeat(4 * 1024 * 1024),
  }
  for (const [name, text] of Object.entries(bombs)) {
    const start = process.cpuUsage()
    assert.throws(() => parseYaml(text), SyntaxError, name)
    const { user } = process.cpuUsage(start)
    assert.ok(user < 5_000_000, `${name} took ${user / 1000} ms`)
  }
})

test('__proto__ stays a key', () => {
  const { value } = parseYaml('__proto__: {polluted: true}\na: {__proto__: x}\nb:\n  <<: {__proto__: y}\n')
  assert.deepEqual(Object.keys(value as object), ['__proto__', 'a', 'b'])
  assert.equal(({} as Record<string, unknown>)['polluted'], undefined)
})

test('what is written reads back as it was', () => {
  const tricky = [
    'yes',
    'n',
    'on',
    '012',
    '0o7',
    '1e3',
    '8080:80',
    '12:30:45',
    '~',
    'null',
    '2024-01-02',
    '1_000',
    '0x1F',
    '.inf',
    '- a',
    'a: b',
    '#',
    '',
    ' x ',
    '<<',
    '=',
  ]
  for (const text of tricky) assert.deepEqual(parseYaml(formatYaml({ a: text, [text]: text })).value, { a: text, [text]: text }, text)
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (value) => {
      const plain = parseExact(JSON.stringify(value))
      assert.deepEqual(parseYaml(formatYaml(plain)).value, plain)
    }),
  )
  assert.equal(formatYaml({ a: [{ b: 'x' }], c: {}, d: 'y' }), 'a:\n- b: x\nc: {}\nd: "y"\n')
})
