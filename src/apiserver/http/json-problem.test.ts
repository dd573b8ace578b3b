import assert from 'node:assert/strict'
import { test } from 'node:test'
import { jsonProblem } from './json-problem.ts'

const check = (text: string, expected: string): void =>
  assert.equal(jsonProblem(new TextEncoder().encode(text)), expected, text.slice(0, 40))

test('a text that is no JSON is told of as Go tells it', () => {
  check('', 'unexpected end of JSON input')
  check('[1,]', "invalid character ']' looking for beginning of value")
  check('{"a":1,}', "invalid character '}' looking for beginning of object key string")
  check('{"a" 1}', "invalid character '1' after object key")
  check('{"a":[1 2]}', "invalid character '2' after array element")
  check('{"a":{}[', "invalid character '[' after object key:value pair")
  check('[{},[]]]', "invalid character ']' after top-level value")
  check('["\\q"]', "invalid character 'q' in string escape code")
  check('[nul]', "invalid character ']' in literal null (expecting 'l')")
  check('[1.]', "invalid character ']' after decimal point in numeric literal")
})

test('no depth is too much for it', () => {
  for (const [opening, byte] of [
    ['[', '['],
    ['{"a":', '{'],
  ] as const) {
    check(opening.repeat(10_000), 'unexpected end of JSON input')
    check(opening.repeat(10_001), `invalid character '${byte}' exceeded max depth`)
    check(opening.repeat(200_000), `invalid character '${byte}' exceeded max depth`)
  }
})
