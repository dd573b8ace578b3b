import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Json } from '../schema.ts'
import { correlate } from './correlation.ts'
import { hasFormat } from './formats.ts'
import { validateListTypes } from './list-types.ts'
import type { JsonSchema, Structural } from './structural.ts'
import { validateValue } from './validate-value.ts'

const textsOf = (schema: JsonSchema, value: unknown): string[] =>
  validateValue(schema, value).map(({ field, message }) => `${field}: ${message}`)

test('values are refused in the words of the reference', () => {
  const check = (schema: JsonSchema, value: Json, ...wanted: readonly string[]): void => {
    const of = (inner: JsonSchema): JsonSchema => ({ type: 'object', properties: { spec: { type: 'object', properties: { x: inner } } } })
    assert.deepEqual(textsOf(of(schema), { spec: { x: value } }), wanted)
  }
  check({ type: 'integer' }, 1)
  check({ type: 'integer' }, 's', 'spec.x: Invalid value: "string": spec.x in body must be of type integer: "string"')
  check({ type: 'string' }, 1, 'spec.x: Invalid value: "integer": spec.x in body must be of type string: "integer"')
  check({ type: 'string' }, 1.5, 'spec.x: Invalid value: "number": spec.x in body must be of type string: "number"')
  check({ type: 'boolean' }, [], 'spec.x: Invalid value: "array": spec.x in body must be of type boolean: "array"')
  check({ type: 'array', items: { type: 'string' } }, {}, 'spec.x: Invalid value: "object": spec.x in body must be of type array: "object"')
  check({ type: 'string' }, null, 'spec.x: Invalid value: "null": spec.x in body must be of type string: "null"')
  check({ type: 'string', nullable: true }, null)
  check({ type: 'integer', maximum: 3 }, 4, 'spec.x: Invalid value: 4: spec.x in body should be less than or equal to 3')
  check({ type: 'integer', minimum: 3, exclusiveMinimum: true }, 3, 'spec.x: Invalid value: 3: spec.x in body should be greater than 3')
  check({ type: 'integer', multipleOf: 2 }, 3, 'spec.x: Invalid value: 3: spec.x in body should be a multiple of 2')
  check({ type: 'string', maxLength: 2 }, 'abc', 'spec.x: Too long: may not be more than 2 bytes')
  check({ type: 'string', maxLength: 3 }, 'äöü')
  check({ type: 'string', minLength: 2 }, 'a', 'spec.x: Invalid value: "a": spec.x in body should be at least 2 chars long')
  check({ type: 'string', pattern: '^a$' }, 'b', 'spec.x: Invalid value: "b": spec.x in body should match \'^a$\'')
  check({ type: 'string', enum: ['a', 'b'] }, 'c', 'spec.x: Unsupported value: "c": supported values: "a", "b"')
  check({ type: 'string', format: 'date' }, 'x', 'spec.x: Invalid value: "x": spec.x in body must be of type date: "x"')
  check({ type: 'array', maxItems: 1 }, [1, 2], 'spec.x: Too many: 2: must have at most 1 item')
  check({ type: 'array', minItems: 1 }, [], 'spec.x: Invalid value: 0: spec.x in body should have at least 1 items')
  check(
    { type: 'array', items: { type: 'string' } },
    ['a', 1],
    'spec.x[1]: Invalid value: "integer": spec.x[1] in body must be of type string: "integer"',
  )
  check({ type: 'object', required: ['a'] }, {}, 'spec.x.a: Required value')
  check({ type: 'object', maxProperties: 0 }, { a: 1 }, 'spec.x: Too many: 1: must have at most 0 items')
  check({ type: 'object', minProperties: 1 }, {}, 'spec.x: Invalid value: 0: spec.x in body should have at least 1 properties')
  check({ not: { required: ['a'] } }, { a: 1 }, '<nil>: Invalid value: "": "spec.x" must not validate the schema (not)')
  check(
    { 'x-kubernetes-int-or-string': true },
    true,
    'spec.x: Invalid value: "boolean": spec.x in body must be of type integer,string: "boolean"',
  )
})

test('what an update left as it was need not be valid', () => {
  const item: Structural = { type: 'object', properties: { k: { type: 'string' }, v: { type: 'integer', maximum: 1 } } }
  const list: Structural = { type: 'array', items: item, 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['k'] }
  const schema: Structural = { type: 'object', properties: { a: { type: 'string', maxLength: 1 }, b: { type: 'string' }, list } }
  const check = (before: Json, after: Json, ...wanted: readonly string[]): void =>
    assert.deepEqual(
      validateValue(schema, after, '', correlate(after, before, schema)).map(({ field }) => field),
      wanted,
    )
  check({ a: 'xx' }, { a: 'xx', b: 'y' })
  check({ a: 'xx' }, { a: 'xxx' }, 'a')
  check({ b: 'y' }, { a: 'xx', b: 'y' }, 'a')
  check(
    { list: [{ k: 'p', v: 2 }] },
    {
      list: [
        { k: 'q', v: 0 },
        { k: 'p', v: 2 },
      ],
    },
  )
  check({ list: [{ k: 'p', v: 2 }] }, { list: [{ k: 'p', v: 3 }] }, 'list[0].v')
  check({ list: [{ k: 'p', v: 2 }] }, { list: [{ k: 'q', v: 2 }] }, 'list[0].v')
})

test('sets have no item twice and maps no key', () => {
  const check = (schema: Structural, value: Json, ...wanted: readonly string[]): void =>
    assert.deepEqual(
      validateListTypes(schema, value, 'l').map(({ field, message }) => `${field}: ${message}`),
      wanted,
    )
  const set: Structural = { type: 'array', 'x-kubernetes-list-type': 'set', items: { type: 'string' } }
  check(set, ['a', 'b'])
  check(set, ['a', 'b', 'a', 'a'], 'l[2]: Duplicate value: "a"')
  const map: Structural = { type: 'array', 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['k'], items: { type: 'object' } }
  check(map, [{ k: 1 }, { k: 2 }])
  check(
    map,
    [
      { k: 1, v: 1 },
      { k: 1, v: 2 },
    ],
    'l[1]: Duplicate value: {"k":1}',
  )
})

test('formats are those of the reference', () => {
  const check = (format: string, good: readonly string[], bad: readonly string[]): void => {
    for (const text of good) assert.equal(hasFormat(format, text), true, `${text} is of format ${format}`)
    for (const text of bad) assert.equal(hasFormat(format, text), false, `${text} is not of format ${format}`)
  }
  check('date', ['2024-02-29'], ['2023-02-29', '2024-1-01', ''])
  check('date-time', ['2024-01-01T00:00:00Z', '2024-01-01T00:00:00.5+01:00'], ['2024-01-01', 'x'])
  check('ipv4', ['10.0.0.1'], ['10.0.0', '::1', '10.0.0.256'])
  check('ipv6', ['::1', 'fe80::1'], ['10.0.0.1', ':::'])
  check('cidr', ['10.0.0.0/8', '::/0'], ['10.0.0.0', '10.0.0.0/33'])
  check('uuid', ['123e4567-e89b-12d3-a456-426614174000'], ['123e4567'])
  check('byte', ['aGk='], ['a', '*', ''])
  check('duration', ['1h', '5m30s', '3 days'], ['x'])
  check('hostname', ['a.example.com'], ['-a', 'a b'])
  check('email', ['a@example.com', 'Jo <a@example.com> (x)', '"J o" <a@example.com>', 'a@example.com  (x)'], ['a', '@', 'Jo  Jo', '<'])
  // Each of these once took the square of its length.
  check('email', [], [`a${' '.repeat(300_000)}b`, `a${' '.repeat(300_000)}(x`])
  check('duration', [], ['1'.repeat(300_000)])
  check('mac', ['00:11:22:33:44:55'], ['00:11'])
  check('never-heard-of', ['anything'], [])
})

test('as many things may be wrong as there are items', () => {
  const schema = { type: 'array', items: { type: 'integer', minimum: 5 } } as const
  const startedMs = performance.now()
  const causes = validateValue(
    schema,
    Array.from({ length: 30_000 }, () => 1),
  )
  assert.equal(causes.length, 30_000)
  assert.ok(performance.now() - startedMs < 10_000)
})
