import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ControllerRevision } from '#api/apps/v1/controller-revision.ts'
import { decode } from './decode.ts'
import { encodeJson, parseExact, parseJson } from './json.ts'
import { decodeProtobuf, encodeProtobuf } from './protobuf.ts'
import { int32, int64, json, list, quantity } from './schema.ts'
import { parseYaml } from './yaml.ts'
import { formatYaml } from './yaml-writer.ts'

const largest = '9223372036854775807'
const text = `{"apiVersion":"apps/v1","kind":"ControllerRevision","metadata":{"name":"a","creationTimestamp":null},"data":{"n":9007199254740993},"revision":-${largest}}`

function check(name: string, run: () => string): void {
  test(name, () => assert.match(run(), /"data":\{"n":9007199254740993\},"revision":-9223372036854775807\}$/))
}

const value = (): unknown => decode(ControllerRevision, parseExact(text)).value

check('digits beyond 2^53 come back from JSON', () => encodeJson(ControllerRevision, value()))
check('and from protobuf', () =>
  encodeJson(ControllerRevision, decodeProtobuf(ControllerRevision, encodeProtobuf(ControllerRevision, value()))),
)
check('and from YAML', () =>
  encodeJson(ControllerRevision, decode(ControllerRevision, parseYaml(formatYaml(parseExact(text))).value).value),
)

test('what a double is exact for is a number', () => {
  assert.deepEqual(parseExact('[9007199254740991,-5,1.5,1e300,"9007199254740993"]'), [9007199254740991, -5, 1.5, 1e300, '9007199254740993'])
})

for (const [type, given, error] of [
  [int64(), '[9223372036854775807]', undefined],
  [int64(), '[9223372036854775808]', 'number 9223372036854775808 into Go value of type int64'],
  [int64(), '[-9223372036854775809]', 'number -9223372036854775809 into Go value of type int64'],
  [int64(), '[1.0]', 'number 1.0 into Go value of type int64'],
  [int64(), '[1e3 ]', 'number 1e3 into Go value of type int64'],
  [int32(), '[12345678901234567890]', 'number 12345678901234567890 into Go value of type int32'],
  [int32(), '[9007199254740993]', 'number 9007199254740993 into Go value of type int32'],
] as const)
  test(`an integer of ${given}`, () => {
    const { errors } = decode(list(type), parseJson(given, { raw: true }).value)
    assert.deepEqual(errors, error === undefined ? [] : [`json: cannot unmarshal ${error}`])
  })

test('other types take a number as they mean it', () => {
  assert.deepEqual(decode(list(json()), parseJson('[{"a":[1.0,1e3]}]', { raw: true }).value).value, [{ a: [1, 1000] }])
  assert.deepEqual(decode(list(quantity()), parseJson('[1e3,1.0,1000]', { raw: true }).value).value, ['1e3', '1', '1k'])
})
