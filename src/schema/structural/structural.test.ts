import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { ObjectMeta } from '#api/meta/v1/types.ts'
import { decode } from '../decode.ts'
import { encodeJson, encodeSorted, parseExact } from '../json.ts'
import type { Json, Type } from '../schema.ts'
import { fillDefaults } from './fill-defaults.ts'
import { dropNulls, prune } from './prune.ts'
import type { Structural } from './structural.ts'

const text: Structural = { type: 'string' }
const keep = { 'x-kubernetes-preserve-unknown-fields': true } as const

test('what a schema does not name is dropped, and told of', () => {
  const check = (schema: Structural, value: Json, wanted: Json, unknown: readonly string[], isRoot = false): void => {
    const before = JSON.stringify(value)
    const told: string[] = []
    assert.deepEqual(prune(schema, value, { isRoot, onUnknown: (path) => void told.push(path) }), wanted)
    assert.deepEqual(told, unknown)
    assert.deepEqual(prune(schema, value, { isRoot }), wanted, 'the same when nobody is told')
    assert.equal(JSON.stringify(value), before, 'the argument is as it was')
  }
  const object: Structural = {
    type: 'object',
    properties: { a: text, l: { type: 'array', items: { type: 'object', properties: { b: text } } } },
  }
  check(object, { a: 'x', b: 'y' }, { a: 'x' }, ['b'])
  check(object, { l: [{ b: 'x' }, { c: 'y', b: 'z' }] }, { l: [{ b: 'x' }, { b: 'z' }] }, ['l[1].c'])
  check(object, { metadata: { name: 'x' }, spec: 1 }, { metadata: { name: 'x' } }, ['spec'], true)
  check({ type: 'object', ...keep, properties: { a: object } }, { a: { z: 1 }, b: { z: 1 } }, { a: {}, b: { z: 1 } }, ['a.z'])
  check({ type: 'object', additionalProperties: object }, { x: { a: 'x', z: 1 } }, { x: { a: 'x' } }, ['x.z'])
  check({ type: 'object', additionalProperties: true }, { x: { z: 1 } }, { x: {} }, ['x.z'])
  check(
    { type: 'object', properties: { e: { type: 'object', 'x-kubernetes-embedded-resource': true } } },
    { e: { apiVersion: 'v1', kind: 'A', metadata: { name: 'x' }, spec: {} } },
    { e: { apiVersion: 'v1', kind: 'A', metadata: { name: 'x' } } },
    ['e.spec'],
  )
  check({ type: 'object' }, { __proto__x: 1, constructor: 2 } as Json, {}, ['__proto__x', 'constructor'])
})

test('nulls go where they may not be, unless a default takes their place', () => {
  const check = (schema: Structural, value: Json, wanted: Json): void => assert.deepEqual(dropNulls(schema, value), wanted)
  check({ type: 'object', properties: { a: text } }, { a: null }, {})
  check({ type: 'object', properties: { a: { ...text, nullable: true } } }, { a: null }, { a: null })
  check({ type: 'object', properties: { a: { ...text, default: 'x' } } }, { a: null }, { a: null })
  check({ type: 'object', ...keep }, { a: null }, { a: null })
  check({ type: 'object', additionalProperties: text }, { a: null, b: 'x' }, { b: 'x' })
  check({ type: 'array', items: { type: 'object', properties: { a: text } } }, [{ a: null }, null], [{}, null])
})

test('defaults take the place of what is missing', () => {
  const check = (schema: Structural, value: Json, wanted: Json): void => assert.deepEqual(fillDefaults(schema, value), wanted)
  const a: Structural = { ...text, default: 'x' }
  check({ type: 'object', properties: { a } }, {}, { a: 'x' })
  check({ type: 'object', properties: { a } }, { a: '' }, { a: '' })
  check({ type: 'object', properties: { a } }, { a: null }, { a: 'x' })
  check({ type: 'object', properties: { a: { ...a, nullable: true } } }, { a: null }, { a: null })
  check({ type: 'object', properties: { o: { type: 'object', properties: { a } } } }, {}, {})
  check({ type: 'object', properties: { o: { type: 'object', properties: { a } } } }, { o: {} }, { o: { a: 'x' } })
  check({ type: 'object', properties: { o: { type: 'object', default: {}, properties: { a } } } }, {}, { o: { a: 'x' } })
  check({ type: 'object', additionalProperties: { type: 'object', properties: { a } } }, { k: {} }, { k: { a: 'x' } })
  check({ type: 'array', items: { type: 'object', properties: { a } } }, [{}, { a: 'y' }], [{ a: 'x' }, { a: 'y' }])
  check({ type: 'array', items: a }, [null], ['x'])
})

const widget: Type<unknown> = {
  shape: {
    kind: 'structural',
    metadata: ObjectMeta,
    schema: {
      type: 'object',
      properties: {
        spec: {
          type: 'object',
          properties: { a: text, embedded: { type: 'object', 'x-kubernetes-embedded-resource': true, ...keep } },
        },
      },
    },
  },
}

test('strict decoding tells of fields in the words of the reference', () => {
  const check = (object: Json, unknown: readonly string[], errors: readonly string[] = []): void => {
    const decoded = decode(widget, object)
    assert.deepEqual([decoded.unknown, decoded.errors], [unknown, errors])
  }
  check({ spec: { a: 'x' } }, [])
  check({ spec: { z: 1, a: 'x' }, status: {} }, ['unknown field "spec.z"', 'unknown field "status"'])
  check({ metadata: { nope: 1 } }, ['unknown field "metadata.nope"'])
  check({ spec: { embedded: { metadata: { nope: 1 }, free: 1 } } }, ['unknown field "spec.embedded.metadata.nope"'])
  check({ metadata: { labels: 1 } }, [], ['json: cannot unmarshal number into Go struct field ObjectMeta.labels of type map[string]string'])
  check({ spec: { embedded: { kind: 1 } } }, [], ['spec.embedded.kind: Invalid value: 1: must be a string'])
})

test('whole numbers of 64 bits stay what they are', () => {
  const check = (json: string): void => {
    const type: Type<unknown> = { shape: { kind: 'structural', schema: { type: 'object', ...keep }, metadata: ObjectMeta } }
    const { value } = decode(type, parseExact(json))
    assert.equal(encodeJson(type, value), json)
    assert.equal(JSON.stringify(value), json)
  }
  check('{"spec":9223372036854775807}')
  check('{"spec":{"l":[-9223372036854775808,9007199254740993,1]}}')
  assert.equal(encodeSorted(parseExact('9223372036854775808')), '9223372036854776000', 'more is a double, as in the reference')
  assert.deepEqual(
    parseExact('{"__proto__":9007199254740993}'),
    JSON.parse('{"__proto__":0}', (key, value) => (key === '' ? value : 9007199254740993n)),
  )
})

const names = fc.constantFrom('a', 'b', 'metadata', 'kind', '__proto__', 'x y')

const schemas: fc.Arbitrary<Structural> = fc.letrec<{ schema: Structural }>((tie) => ({
  schema: fc.oneof(
    { maxDepth: 3 },
    fc.record({ type: fc.constant('string' as const), default: fc.option(fc.string({ maxLength: 2 }), { nil: undefined }) }),
    fc.record({ type: fc.constant('integer' as const), nullable: fc.boolean() }),
    fc.record({
      type: fc.constant('object' as const),
      properties: fc.dictionary(names, tie('schema'), { maxKeys: 3 }),
      default: fc.option(fc.constant({}), { nil: undefined }),
      'x-kubernetes-preserve-unknown-fields': fc.option(fc.constant(true), { nil: undefined }),
      'x-kubernetes-embedded-resource': fc.option(fc.constant(true), { nil: undefined }),
    }),
    fc.record({ type: fc.constant('object' as const), additionalProperties: tie('schema') }),
    fc.record({ type: fc.constant('array' as const), items: tie('schema') }),
  ),
})).schema

const values: fc.Arbitrary<Json> = fc.letrec<{ value: Json }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.constantFrom<Json>(null, 1, true, '', 'x'),
    fc.dictionary(names, tie('value'), { maxKeys: 3, noNullPrototype: true }) as fc.Arbitrary<Json>,
    fc.array(tie('value'), { maxLength: 2 }) as fc.Arbitrary<Json>,
  ),
})).value

test('pruning, dropping nulls and defaulting a second time changes nothing', () => {
  fc.assert(
    fc.property(schemas, values, fc.boolean(), (schema, value, isRoot) => {
      const pruned = prune(schema, value, { isRoot })
      assert.equal(prune(schema, pruned, { isRoot }), pruned)
      const whole = dropNulls(schema, pruned)
      assert.equal(dropNulls(schema, whole), whole)
      const filled = fillDefaults(schema, whole)
      assert.equal(fillDefaults(schema, filled), filled)
    }),
  )
})

test('an object that was decoded and written decodes to the same', () => {
  fc.assert(
    fc.property(schemas, fc.dictionary(names, values, { maxKeys: 3, noNullPrototype: true }), (schema, value) => {
      const { metadata: _, ...rest } = value
      const type: Type<unknown> = { shape: { kind: 'structural', schema: { ...schema, type: 'object' }, metadata: ObjectMeta } }
      const { value: first } = decode(type, { ...rest, metadata: { name: 'x' } }, { strict: false })
      if (first === undefined) return
      const { value: second } = decode(type, JSON.parse(encodeJson(type, first)), { strict: false })
      assert.deepEqual(second, first)
    }),
  )
})
