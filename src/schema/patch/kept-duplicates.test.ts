import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseJson } from '#schema/json.ts'
import { applyJsonPatch } from './json-patch.ts'
import { keptDuplicates } from './kept-duplicates.ts'

const twice = '{"a":1,"a":2}'
const document = { metadata: { name: 'x' }, list: [{}] }

check('what an added value has twice, the result has too', `[{"op":"add","path":"/data","value":${twice}}]`, ['data.a'])
check('as deep as it stands', `[{"op":"add","path":"/data","value":{"b":[{},${twice}]}}]`, ['data.b[1].a'])
check('at the end of a list', `[{"op":"add","path":"/list/-","value":${twice}},{"op":"add","path":"/list/-","value":{}}]`, ['list[1].a'])
check('nothing is left of a value that is taken away', `[{"op":"add","path":"/data","value":${twice}},{"op":"remove","path":"/data"}]`, [])
check(
  'nor of one that a later operation reads',
  `[{"op":"add","path":"/data","value":${twice}},{"op":"add","path":"/data/b","value":1}]`,
  [],
)
check(
  'which reads no more than it has to',
  `[{"op":"add","path":"/data","value":{"b":${twice},"c":{}}},{"op":"add","path":"/data/c/d","value":1}]`,
  ['data.b.a'],
)
check(
  'nor when the whole document is replaced later',
  `[{"op":"add","path":"/data","value":{"b":{"c":${twice}}}},{"op":"replace","path":"","value":{"data":{"b":{"c":{"a":3}}}}}]`,
  [],
)
check('of a whole document its own keys are read', `[{"op":"replace","path":"","value":${twice}}]`, [])
check('and not those further below', `[{"op":"replace","path":"","value":{"data":${twice}}}]`, ['data.a'])
check('a value that is only compared goes nowhere', `[{"op":"test","path":"/metadata","value":{"name":"y","name":"x"}}]`, [])

function check(name: string, patch: string, wanted: readonly string[]): void {
  test(name, () => {
    const { value, duplicates } = parseJson(patch)
    const operations = value as unknown[]
    const found = keptDuplicates(duplicates, operations, applyJsonPatch(document, operations))
    assert.deepEqual(
      found,
      wanted.map((path) => `duplicate field "${path}"`),
    )
  })
}
