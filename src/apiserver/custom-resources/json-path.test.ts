import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseJsonPath, printValue } from './json-path.ts'

test('paths lead where those of kubectl do', () => {
  const root = {
    spec: {
      'a.b': 1,
      n: 3,
      list: [
        { type: 'Ready', v: 1 },
        { type: 'Other', v: 2 },
        { type: 'Ready', v: 3 },
      ],
      words: ['x', 'y', 'z'],
    },
    no: null,
  }
  const check = (path: string, ...wanted: readonly unknown[]): void => assert.deepEqual(parseJsonPath(path)?.(root), wanted, path)
  check('.spec.n', 3)
  check('.spec.nope')
  check('.spec.nope.deeper')
  check(".spec['a.b']", 1)
  check('.spec.a\\.b', 1)
  check('.spec.words[0]', 'x')
  check('.spec.words[-1]', 'z')
  check('.spec.words[9]')
  check('.spec.words[0:2]', 'x', 'y')
  check('.spec.words[0,2]', 'x', 'z')
  check('.spec.words[*]', 'x', 'y', 'z')
  check('.spec.list[?(@.type=="Ready")].v', 1, 3)
  check('.spec.list[?(@.v>1)].type', 'Other', 'Ready')
  check('..type', 'Ready', 'Other', 'Ready')
})

test('what is no path is none', () => {
  for (const text of ['.a[', '.a[?(@.x==]', ".a['x", '.a[x]']) assert.equal(parseJsonPath(text), undefined, text)
})

test('values are shown as text', () => {
  const check = (value: unknown, wanted: string): void => assert.equal(printValue(value), wanted)
  check('x', 'x')
  check(1.5, '1.5')
  check(null, '<no value>')
  check(['a', 1], '["a",1]')
  check({ b: 1, a: true }, '{"a":true,"b":1}')
})
