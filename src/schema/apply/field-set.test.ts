import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  difference,
  equalSets,
  type FieldSet,
  hasPath,
  intersection,
  isEmptySet,
  leaf,
  pathSet,
  pathsOf,
  readFieldSet,
  recursiveDifference,
  showPath,
  union,
} from './field-set.ts'
import { compareElements, normalElement, showElement } from './path-element.ts'

const elements = fc.constantFrom(
  'f:a',
  'f:b',
  'f:spec',
  'k:{"name":"x"}',
  'k:{"name":"y"}',
  'k:{"port":80,"protocol":"TCP"}',
  'v:"x"',
  'v:1',
  'i:0',
)
const paths = fc.array(elements, { minLength: 1, maxLength: 4 })
const sets = fc.array(paths, { maxLength: 8 }).map((all) => all.map(pathSet).reduce(union, leaf))
const textsOf = (set: FieldSet): string[] => pathsOf(set).map((path) => path.join(' '))
const setOf = (...texts: string[]): FieldSet => texts.map((text) => pathSet(text.split(' '))).reduce(union, leaf)

test('a set is its paths, in order, each once', () => {
  fc.assert(
    fc.property(fc.array(paths, { maxLength: 8 }), (all) => {
      const set = all.map(pathSet).reduce(union, leaf)
      assert.deepEqual(new Set(textsOf(set)), new Set(all.map((path) => path.join(' '))))
      assert.equal(textsOf(set).length, new Set(textsOf(set)).size)
      for (const path of all) assert.ok(hasPath(set, path))
      const keys = Object.keys(set)
      assert.deepEqual(keys, keys.toSorted(compareElements))
    }),
  )
})

test('reading what was written gives the same set, however it is ordered', () => {
  fc.assert(
    fc.property(sets, (set) => {
      const text = JSON.stringify(set)
      assert.equal(JSON.stringify(readFieldSet(JSON.parse(text))), text)
      assert.equal(JSON.stringify(readFieldSet(reversed(set))), text)
    }),
  )
})

const reversed = (set: FieldSet): FieldSet =>
  Object.fromEntries(
    Object.entries(set)
      .toReversed()
      .map(([key, node]) => [key, reversed(node)]),
  )

test('the operations are those of sets of paths', () => {
  fc.assert(
    fc.property(sets, sets, (a, b) => {
      const [inA, inB] = [new Set(textsOf(a)), new Set(textsOf(b))]
      assert.deepEqual(new Set(textsOf(union(a, b))), inA.union(inB))
      assert.deepEqual(new Set(textsOf(intersection(a, b))), inA.intersection(inB))
      assert.deepEqual(new Set(textsOf(difference(a, b))), inA.difference(inB))
      assert.ok(equalSets(union(a, b), union(b, a)))
      assert.ok(equalSets(union(difference(a, b), intersection(a, b)), a))
      assert.ok(isEmptySet(difference(a, a)))
      assert.equal(difference(a, leaf), a)
    }),
  )
})

test('a recursive difference takes what stands below', () => {
  fc.assert(
    fc.property(sets, sets, (a, b) => {
      const gone = pathsOf(b)
      const expected = pathsOf(a).filter((path) => !gone.some((start) => start.every((step, i) => path[i] === step)))
      assert.deepEqual(new Set(textsOf(recursiveDifference(a, b))), new Set(expected.map((path) => path.join(' '))))
    }),
  )
})

test('operations leave their arguments alone, and share what does not change', () => {
  const a = setOf('f:a', 'f:b f:c', 'f:b f:d')
  const b = setOf('f:b f:c')
  const before = JSON.stringify(a)
  assert.equal(difference(a, setOf('f:x')), a)
  assert.equal(union(a, leaf), a)
  difference(a, b)
  union(a, setOf('f:b'))
  assert.equal(JSON.stringify(a), before)
})

test('members with children are marked', () => {
  const cases: readonly (readonly [FieldSet, unknown])[] = [
    [setOf('f:a', 'f:a f:b'), { 'f:a': { '.': {}, 'f:b': {} } }],
    [difference(setOf('f:a', 'f:a f:b'), setOf('f:a')), { 'f:a': { 'f:b': {} } }],
    [difference(setOf('f:a', 'f:a f:b'), setOf('f:a f:b')), { 'f:a': {} }],
    [readFieldSet({ 'f:a': { '.': {} } }), { 'f:a': {} }],
    [readFieldSet({ 'f:b': {}, 'f:a': {}, 'z:new': {} }), { 'f:a': {}, 'f:b': {} }],
    [readFieldSet({ 'k:{"b":1,"a":2}': {} }), { 'k:{"a":2,"b":1}': {} }],
    [readFieldSet(null), {}],
  ]
  for (const [set, expected] of cases) assert.equal(JSON.stringify(set), JSON.stringify(expected))
})

test('nonsense is no set', () => {
  for (const json of [{ x: {} }, { 'k:5': {} }, { 'k:{': {} }, { 'i:x': {} }, { ab: {} }, { 'v:': {} }])
    assert.throws(() => readFieldSet(json), SyntaxError, JSON.stringify(json))
  assert.equal(normalElement('q:1'), undefined)
})

test('elements in their order and as messages show them', () => {
  const ordered = ['f:A', 'f:a', 'f:b', 'k:{"p":80}', 'k:{"p":443}', 'k:{"p":"x"}', 'v:2', 'v:10', 'v:"a"', 'v:true', 'i:2', 'i:10']
  assert.deepEqual(ordered.toReversed().sort(compareElements), ordered)
  const shown: readonly (readonly [string, string])[] = [
    ['f:spec', '.spec'],
    ['k:{"containerPort":80,"protocol":"TCP"}', '[containerPort=80,protocol="TCP"]'],
    ['v:"a\\"b"', '[="a\\"b"]'],
    ['v:5', '[=5]'],
    ['i:3', '[3]'],
  ]
  for (const [element, text] of shown) assert.equal(showElement(element), text)
  assert.equal(showPath(['f:spec', 'f:containers', 'k:{"name":"a"}', 'f:image']), '.spec.containers[name="a"].image')
})
