import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ObjectMeta } from '#api/meta/v1/types.ts'
import type { Structural } from '#schema/structural/structural.ts'
import { checkApplied } from './apply.ts'
import { pathsOf, readFieldSet, showPath } from './field-set.ts'
import { MergeError } from './merge-error.ts'
import { mergeSchemaOf } from './merge-schema.ts'
import { mergeValues } from './merge-values.ts'
import { reconcileSet } from './reconcile.ts'
import { setOfValue } from './set-of-value.ts'

const spec = (properties: Readonly<Record<string, Structural>>, more: Structural = {}) =>
  mergeSchemaOf({
    shape: {
      kind: 'structural',
      schema: { type: 'object', properties: { spec: { type: 'object', properties, ...more } } },
      metadata: ObjectMeta,
    },
  })

const schema = spec({
  set: { type: 'array', items: { type: 'string' }, 'x-kubernetes-list-type': 'set' },
  map: {
    type: 'array',
    'x-kubernetes-list-type': 'map',
    'x-kubernetes-list-map-keys': ['n'],
    items: { type: 'object', properties: { n: { type: 'string' }, v: { type: 'integer' } } },
  },
  whole: { type: 'array', items: { type: 'object', properties: { a: { type: 'string' } } } },
  atom: { type: 'object', 'x-kubernetes-map-type': 'atomic', properties: { a: { type: 'string' } } },
  free: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
  either: { 'x-kubernetes-int-or-string': true },
})

const owned = (value: object): string[] => pathsOf(setOfValue(schema, { spec: value })).map(showPath)

test('a custom resource is owned as its schema says', () => {
  const cases: readonly (readonly [object, readonly string[]])[] = [
    [{ set: ['a', 'b'] }, ['.spec.set[="a"]', '.spec.set[="b"]']],
    [{ map: [{ n: 'x', v: 1 }] }, ['.spec.map[n="x"]', '.spec.map[n="x"].n', '.spec.map[n="x"].v']],
    [{ whole: [{ a: 'x' }] }, ['.spec.whole']],
    [{ atom: { a: 'x' } }, ['.spec.atom']],
    [{ free: { a: { b: [1] }, c: 5 } }, ['.spec.free.a', '.spec.free.c', '.spec.free.a.b']],
    [{ either: 5 }, ['.spec.either']],
  ]
  for (const [value, paths] of cases) assert.deepEqual(owned(value), paths)
})

test('what a schema does not know is refused, unless it keeps it', () => {
  const refused: readonly (readonly [object, string])[] = [
    [{ unknown: 1 }, '.spec.unknown: field not declared in schema'],
    [{ set: ['e', 'e'] }, '.spec.set: duplicate entries for key [="e"]'],
    [
      { map: [{ v: 1 }] },
      '.spec.map: element 0: associative list with keys has an element that omits all key fields ["n"] (and doesn\'t have default values for any key fields)',
    ],
    [{ map: [{ n: 'd' }, { n: 'd' }] }, '.spec.map: duplicate entries for key [n="d"]'],
    [{ map: [{ n: 'd', v: 'x' }] }, '.spec.map[n="d"].v: expected numeric (int or float), got string'],
  ]
  for (const [value, message] of refused)
    assert.throws(
      () => checkApplied(schema, { spec: value }),
      (error) => error instanceof MergeError && error.message === message,
    )
  checkApplied(schema, { apiVersion: 'x/v1', kind: 'K', metadata: { name: 'a' }, spec: { free: { any: [{ thing: 1 }] }, either: 'x' } })
  assert.throws(() => checkApplied(schema, { metadata: { unknown: 1 } }), MergeError)
})

test('lists merge as their type says', () => {
  const merged = mergeValues(
    schema,
    {
      spec: {
        set: ['a', 'b'],
        map: [
          { n: 'x', v: 1 },
          { n: 'y', v: 2 },
        ],
        whole: [{ a: '1' }],
      },
    },
    { spec: { set: ['c', 'a'], map: [{ n: 'y', v: 3 }], whole: [] } },
  )
  assert.deepEqual(merged, {
    spec: {
      set: ['c', 'a', 'b'],
      map: [
        { n: 'x', v: 1 },
        { n: 'y', v: 3 },
      ],
      whole: [],
    },
  })
})

test('who owned parts of what has become atomic since owns all of it', () => {
  const before = readFieldSet({
    'f:spec': { 'f:atom': { 'f:a': {} }, 'f:whole': { 'k:{"a":"x"}': { '.': {} } }, 'f:map': { 'k:{"n":"x"}': { 'f:v': {} } } },
  })
  assert.deepEqual(pathsOf(reconcileSet(schema, before)).map(showPath), ['.spec.atom', '.spec.whole', '.spec.map[n="x"].v'])
  const settled = readFieldSet({ 'f:spec': { 'f:atom': {}, 'f:set': { 'v:"a"': {} } } })
  assert.equal(reconcileSet(schema, settled), settled)
})
