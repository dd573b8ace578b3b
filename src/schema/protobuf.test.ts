import assert from 'node:assert/strict'
import { globSync } from 'node:fs'
import { test } from 'node:test'
import fc from 'fast-check'
import { Deployment } from '#api/apps/v1/types.ts'
import { Lease } from '#api/coordination/v1/types.ts'
import * as core from '#api/core/v1/types.ts'
import { decode } from './decode.ts'
import { encodeJson } from './json.ts'
import { fieldsPlan } from './plan.ts'
import { decodeProtobuf, encodeProtobuf } from './protobuf.ts'
import { type AnyType, bool, double, field, int32, int64, json, list, map, message, rawBytes, string, uint64 } from './schema.ts'
import { valuesOf } from './values-of.ts'

/** Every type that the API declares, but those that are JSON only (`Table`). */
const types = new Map<string, AnyType>()
for (const path of globSync('*/*/types.ts', { cwd: new URL('../api/', import.meta.url) })) {
  const module: Record<string, AnyType> = await import(new URL(`../api/${path}`, import.meta.url).href)
  for (const [name, type] of Object.entries(module)) if (hasProtobuf(type)) types.set(`${path} ${name}`, type)
}

function hasProtobuf({ shape }: AnyType): boolean {
  return shape.kind === 'message' && fieldsPlan(shape).every(({ name, number }) => number > 0 || name === 'apiVersion' || name === 'kind')
}

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex')

test('bytes of the reference', () => {
  // What Go's generated code (k8s.io/api v0.36.3) writes for these objects.
  const event = { eventTime: '2024-01-02T03:04:05.000006Z', firstTimestamp: '2024-01-02T03:04:05Z' }
  const ports = [
    { port: 80, targetPort: 'http' },
    { port: -1, targetPort: 8080 },
  ]
  const cases: readonly (readonly [AnyType, unknown, string])[] = [
    [
      core.ConfigMap,
      { metadata: { name: 'min' }, data: { b: '2', a: '' } },
      '0a130a036d696e12001a0022002a0032003800420012050a0161120012060a0162120132',
    ],
    [
      core.Event,
      { metadata: { name: 'e' }, ...event },
      '0a110a016512001a0022002a00320038004200120e0a0012001a0022002a0032003a001a0022002a040a001200320808a5facdac0610003a0040004a00520908a5facdac0610f02e620072007a00',
    ],
    [Lease, { metadata: { name: 'l' }, spec: { leaseDurationSeconds: 0 } }, '0a110a016c12001a0022002a0032003800420012021000'],
    [
      core.LimitRange,
      { metadata: { name: 'l' }, spec: { limits: [{ type: 'Pod', max: { memory: '1Gi', cpu: '1500m' } }] } },
      '0a110a016c12001a0022002a0032003800420012280a260a03506f64120e0a0363707512070a05313530306d120f0a066d656d6f727912050a03314769',
    ],
    [
      core.Service,
      { metadata: { name: 's' }, spec: { ports } },
      '0a110a017312001a0022002a0032003800420012420a140a0012001850220a080110001a046874747028000a1a0a00120018ffffffffffffffffff012207080010903f1a0028001a0022003a00420052005a00600068001a020a00',
    ],
  ]
  for (const [type, value, expected] of cases) assert.equal(hex(encodeProtobuf(type, value)), expected)
})

test('JSON that is kept as text is written as Go’s encoder writes it, in both forms', () => {
  const written = '{"a\\u003cb":"x \\u003e y \\u0026\\u0026 z\\u2028\\u2029","n":[1,"\\\\u003c"]}'
  const type = message('Kept', { data: field(1, json()), plain: field(2, string()) })
  const value = { data: { 'a<b': 'x > y && z\u2028\u2029', n: [1, '\\u003c'] }, plain: '<' }
  assert.equal(encodeJson(type, value), `{"data":${written},"plain":"<"}`)
  assert.equal(Buffer.from(encodeProtobuf(type, value)).includes(Buffer.from(written)), true)
  assert.deepEqual(decodeProtobuf(type, encodeProtobuf(type, value)), value)
})

test('every type survives protobuf: what JSON tells, the bytes tell', () => {
  assert.ok(types.size > 500)
  for (const type of types.values()) {
    fc.assert(
      fc.property(valuesOf(type), (given) => {
        const { value, errors } = decode(type, given)
        assert.deepEqual(errors, [])
        const bytes = encodeProtobuf(type, value)
        const back = decodeProtobuf(type, bytes) as Record<string, unknown>
        // Protobuf keeps apiVersion and kind in the envelope, at the top and wherever an object is embedded.
        assert.equal(withoutNames(encodeJson(type, back)), withoutNames(encodeJson(type, value)))
        assert.equal(hex(encodeProtobuf(type, back)), hex(bytes))
      }),
      { numRuns: 10 },
    )
  }
})

/** Without what only JSON has. */
const withoutNames = (text: string): string =>
  JSON.stringify(JSON.parse(text), (key, value) => (key === 'apiVersion' || key === 'kind' ? undefined : value))

test('JSON survives decoding: the canonical form is its own canonical form', () => {
  for (const type of types.values()) {
    fc.assert(
      fc.property(valuesOf(type), (given) => {
        const text = encodeJson(type, decode(type, given).value)
        const again = decode(type, JSON.parse(text))
        assert.deepEqual([again.unknown, again.errors], [[], []])
        assert.equal(encodeJson(type, again.value), text)
      }),
      { numRuns: 10 },
    )
  }
})

const Inner = message('test.Inner', { name: field(1, string()), on: field(2, bool()) })
const Rpc = message('test.Rpc', {
  text: field(1, string()),
  count: field(2, int64()),
  numbers: field(3, list(int32())),
  data: field(4, rawBytes()),
  inner: field(5, Inner),
  inners: field(6, list(Inner)),
  labels: field(7, map(string())),
  ratio: field(8, double()),
  big: field(9, uint64()),
  maybe: field(10, int32(), { pointer: true }),
})
const proto3 = { syntax: 'proto3' } as const

test('proto3 leaves zero values out, packs numbers, and reads zero values back', () => {
  assert.equal(encodeProtobuf(Rpc, {}, proto3).length, 0)
  assert.equal(hex(encodeProtobuf(Rpc, { text: '', count: 0, data: new Uint8Array(), numbers: [], labels: {} }, proto3)), '')
  assert.equal(hex(encodeProtobuf(Rpc, { numbers: [1, -1, 300], inner: {} }, proto3)), '1a0d01ffffffffffffffffff01ac022a00')
  assert.equal(
    hex(encodeProtobuf(Rpc, { maybe: 0, labels: { b: '2', a: '' } }, proto3)),
    '3a050a0161120 03a060a0162120132 5000'.replaceAll(' ', ''),
  )
  const empty = decodeProtobuf(Rpc, new Uint8Array(), proto3)
  assert.deepEqual(empty, { text: '', count: 0, numbers: [], data: new Uint8Array(), inners: [], labels: {}, ratio: 0, big: 0 })
})

test('packed and unpacked numbers are both read, in both syntaxes, and unknown fields are passed over', () => {
  const packed = Buffer.from('1a020102', 'hex')
  const unpacked = Buffer.from('18011802', 'hex')
  const withUnknown = Buffer.from(`f80105${'1801'}fa0103616263${'f901'}0102030405060708${'fd01'}01020304${'1802'}`, 'hex')
  for (const bytes of [packed, unpacked, withUnknown]) {
    assert.deepEqual((decodeProtobuf(Rpc, bytes, proto3) as { numbers: number[] }).numbers, [1, 2])
    assert.deepEqual((decodeProtobuf(Rpc, bytes) as { numbers: number[] }).numbers, [1, 2])
  }
})

test('proto3 messages survive', () => {
  const inner = fc.record({ name: fc.string(), on: fc.boolean() }, { noNullPrototype: true })
  const messages = fc.record({
    text: fc.string({ unit: 'grapheme' }),
    count: fc.maxSafeInteger(),
    numbers: fc.array(fc.integer()),
    data: fc.uint8Array(),
    inner,
    inners: fc.array(inner),
    labels: fc.dictionary(fc.string(), fc.string()).map((labels) => ({ ...labels })),
    ratio: fc.double({ noNaN: true }).filter((value) => !Object.is(value, -0)),
    big: fc.maxSafeNat(),
    maybe: fc.integer(),
  })
  fc.assert(
    fc.property(messages, (value) => assert.deepEqual(decodeProtobuf(Rpc, encodeProtobuf(Rpc, value, proto3), proto3), { ...value })),
  )
})

test('bytes that are no message are refused', () => {
  const cases = ['0a', '0a05', '0aff', 'ffffffffffffffffffff01', '07', '0b', '0a80808080808080808080', '00']
  for (const text of cases) assert.throws(() => decodeProtobuf(Deployment, Buffer.from(text, 'hex')), RangeError, text)
})

test('random bytes never do more than throw a RangeError', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
      try {
        decodeProtobuf(core.Pod, bytes)
      } catch (error) {
        assert.ok(error instanceof RangeError || error instanceof SyntaxError, String(error))
      }
    }),
    { numRuns: 1000 },
  )
})
