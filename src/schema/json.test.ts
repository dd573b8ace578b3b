import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Event, Pod, Secret } from '#api/core/v1/types.ts'
import { ClusterRole } from '#api/rbac/v1/types.ts'
import { inDocumentOrder } from './duplicates.ts'
import { encodeJson, parseJson } from './json.ts'
import type { AnyType } from './schema.ts'

test('the canonical JSON of a value', () => {
  const cases: readonly (readonly [AnyType, unknown, string])[] = [
    [
      Secret,
      { data: { b: 'Yg==', a: 'YQ==' }, type: '', immutable: false },
      '{"metadata":{},"immutable":false,"data":{"a":"YQ==","b":"Yg=="}}',
    ],
    [ClusterRole, {}, '{"metadata":{},"rules":null}'],
    [ClusterRole, { rules: [] }, '{"metadata":{},"rules":null}'],
    [
      Pod,
      { spec: { containers: [{ name: 'c' }] }, unknown: 1 },
      '{"metadata":{},"spec":{"containers":[{"name":"c","resources":{}}]},"status":{}}',
    ],
    [Pod, {}, '{"metadata":{},"spec":{"containers":null},"status":{}}'],
    [
      Pod,
      { metadata: { deletionTimestamp: '2024-01-01T01:00:00+01:00' } },
      '{"metadata":{"deletionTimestamp":"2024-01-01T00:00:00Z"},"spec":{"containers":null},"status":{}}',
    ],
  ]
  for (const [type, value, text] of cases) assert.equal(encodeJson(type, value), text)
})

test('times that nobody set are null where they are always written', () => {
  const event = JSON.parse(encodeJson(Event, {})) as Record<string, unknown>
  assert.deepEqual([event['eventTime'], event['firstTimestamp'], event['source']], [null, null, {}])
})

test('duplicate keys are found with their paths', () => {
  const cases: readonly (readonly [string, readonly string[]])[] = [
    ['{}', []],
    ['{"a":1,"a":2}', ['duplicate field "a"']],
    ['{"metadata":{"name":"x","name":"y"},"kind":1,"kind":2}', ['duplicate field "metadata.name"', 'duplicate field "kind"']],
    ['{"spec":{"c":[{"a":1},{"b":{"x":1},"n":2,"n":3}]}}', ['duplicate field "spec.c[1].n"']],
    ['{"a\\"":1,"\\u0061\\"":{"x":"{\\\\"},"y":"a"}', ['duplicate field "a\\""']],
    ['{"a":{"b":1},"b":{"b":1}}', []],
  ]
  for (const [text, duplicates] of cases) {
    assert.deepEqual(parseJson(text).duplicates, duplicates, text)
    assert.deepEqual(parseJson(Buffer.from(text), { findDuplicates: false }).duplicates, [])
  }
})

checkOrder(
  'unknown fields and repeated ones are told in the order of the text',
  '{"spec":{"a":1,"a":2,"u":{"b":1,"b":2},"m":{"c":1,"c":1},"l":[{"n":1,"x":1,"n":2}],"u":3}}',
  ['spec.u', 'spec.l[0].x'],
  ['duplicate spec.a', 'unknown spec.u', 'duplicate spec.m.c', 'unknown spec.l[0].x', 'duplicate spec.l[0].n'],
)
// As the reference answers the same text as a ConfigMap.
checkOrder(
  'nothing is told of what stands in an unknown one, however deep and however often it is given',
  '{"data":{"k":"v"},"z":{"a":1,"a":2,"b":[{"c":1,"c":2}]},"z":{"d":1,"d":1},"list":[{"a":1,"a":2},[{"a":1,"a":2}]],"data":{"k":"v","k":"w"}}',
  ['z', 'list'],
  ['unknown z', 'unknown list', 'duplicate data', 'duplicate data.k'],
)
checkOrder(
  'a key whose name begins like an unknown one',
  '{"u":1,"u.v":{"a":1,"a":2},"u.v":1}',
  ['u'],
  ['unknown u', 'duplicate u.v.a', 'duplicate u.v'],
)
checkOrder(
  'unknown ones in lists of lists, and with what is quoted',
  '{"a":[[1,{"b":{"\\n<é\\"":1,"c":2}}]],"d":1,"d":2}',
  ['a[0][1].b.c'],
  ['unknown a[0][1].b.c', 'duplicate d'],
)
test('an unknown field whose name has to be quoted', () => {
  const unknown = ['unknown field "a[0].\\n<é\\".c"']
  assert.deepEqual(inDocumentOrder('{"a":[{"\\n<é\\"":{"c":2}}],"d":1,"d":2}', unknown), [...unknown, 'duplicate field "d"'])
})
// A key's path takes as long as it is deep: beside two small mistakes, a deep field must not hold everybody, be it known or not.
for (const unknown of ['u', 'v'])
  test(`deep fields are passed over quickly, unknown: ${unknown}`, () => {
    const deep = `${'{"x":'.repeat(5_000)}1${'}'.repeat(5_000)}`
    const text = `{"u":[${Array.from({ length: 20 }, () => deep).join()}],"v":1,"a":1,"a":2}`
    const before = performance.now()
    assert.deepEqual(inDocumentOrder(text, [`unknown field "${unknown}"`]), [`unknown field "${unknown}"`, 'duplicate field "a"'])
    assert.ok(performance.now() - before < 2_000)
  })

/** `unknown` by their paths; `want`: what is told, likewise. */
function checkOrder(name: string, text: string, unknown: readonly string[], want: readonly string[]): void {
  test(name, () => {
    const told = inDocumentOrder(
      text,
      unknown.map((path) => `unknown field "${path}"`),
    )
    assert.deepEqual(
      told,
      want.map((problem) => problem.replace(/ (.*)/, ' field "$1"')),
    )
  })
}

test('nesting is bounded, brackets in text are not nesting', () => {
  assert.throws(() => parseJson('['.repeat(20_000) + ']'.repeat(20_000)), { name: 'SyntaxError', message: 'exceeded max depth' })
  assert.equal(parseJson(JSON.stringify('['.repeat(20_000))).value, '['.repeat(20_000))
  assert.throws(() => parseJson('[[[1]]]', { depthMax: 2 }), SyntaxError)
})

test('what is no JSON is refused, __proto__ stays a key', () => {
  for (const text of ['', '{', 'x', '{"a":}', '[1,]', '\ufeff{}']) assert.throws(() => parseJson(text), SyntaxError)
  const { value } = parseJson('{"__proto__":{"polluted":true}}')
  assert.deepEqual(Object.keys(value as object), ['__proto__'])
  assert.equal(({} as Record<string, unknown>)['polluted'], undefined)
})

test('a key that stands three times is told once', () => {
  assert.deepEqual(parseJson('{"a":1,"a":2,"a":3}').duplicates, ['duplicate field "a"'])
})
