import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { readBody } from '#lib/http.ts'
import { prettyAnswer } from './pretty.ts'
import { parseRequest } from './request-info.ts'

const objects = '/api/v1/namespaces/a/configmaps'

async function check(
  text: string,
  path: string,
  headers: Readonly<Record<string, string>>,
  parts = 0,
  contentType = 'application/json',
  status = 200,
) {
  const bytes = Buffer.from(text)
  async function* cut(): AsyncGenerator<Uint8Array> {
    for (let at = 0; at < bytes.length; at += parts) yield bytes.subarray(at, at + parts)
  }
  const answer = prettyAnswer(
    { status, headers: { 'content-type': contentType }, body: parts === 0 ? bytes : cut() },
    { method: 'GET', path, headers },
    parseRequest('GET', path),
  )
  return Buffer.from(await readBody(answer.body)).toString()
}

test('a watch that was refused is no stream of events', async () => {
  const text = '{"a":1}'
  const path = `${objects}?pretty=true&watch=true`
  assert.equal(await check(text, path, {}, 0, 'application/json', 200), text)
  assert.equal(await check(text, path, {}, 0, 'application/json', 400), '{\n  "a": 1\n}')
})

test('spreads over lines what a person asked for, and nothing else', async () => {
  const plain = '{"a":1}'
  const spread = '{\n  "a": 1\n}'
  const cases: readonly (readonly [path: string, headers: Readonly<Record<string, string>>, expected: string, contentType?: string])[] = [
    [objects, {}, plain],
    [`${objects}?pretty=true`, {}, spread],
    [`${objects}?pretty=1`, {}, spread],
    [`${objects}?pretty=yes`, { 'user-agent': 'curl/8.0' }, plain],
    [`${objects}?pretty=false`, { 'user-agent': 'curl/8.0' }, plain],
    [`${objects}?pretty=`, { 'user-agent': 'curl/8.0' }, spread],
    [objects, { 'user-agent': 'Mozilla/5.0 (X11)' }, spread],
    [objects, { 'user-agent': 'Wget/1.21' }, spread],
    [objects, { 'user-agent': 'kubectl/v1.36.3' }, plain],
    [objects, { accept: 'application/json;pretty=1' }, spread],
    [`${objects}?pretty=true`, {}, plain, 'application/vnd.kubernetes.protobuf'],
    [`${objects}?pretty=true&watch=true`, {}, plain],
    ['/api/v1/namespaces/a/services/b/proxy/c?pretty=true', {}, plain],
    ['/apis/apps?pretty=true', {}, spread],
    ['/openapi/v2?pretty=true', {}, plain],
  ]
  for (const [path, headers, expected, contentType] of cases)
    assert.equal(await check(plain, path, headers, 0, contentType), expected, `${path} ${JSON.stringify(headers)}`)
})

test('keeps every character that is not blank, such as digits beyond what a double holds', async () => {
  assert.equal(
    await check('{"n":12345678901234567890,"s":"{\\"a\\":[1,2]}\\\\","e":{},"l":[[],[1]]}', objects, { 'user-agent': 'curl' }),
    '{\n  "n": 12345678901234567890,\n  "s": "{\\"a\\":[1,2]}\\\\",\n  "e": {},\n  "l": [\n    [],\n    [\n      1\n    ]\n  ]\n}',
  )
})

test('indents like JSON.stringify, wherever the pieces are cut', async () => {
  await fc.assert(
    fc.asyncProperty(fc.json(), fc.integer({ min: 1, max: 9 }), async (text, parts) => {
      const compact = JSON.stringify(JSON.parse(text))
      const expected = JSON.stringify(JSON.parse(text), undefined, 2)
      assert.equal(await check(compact, objects, { 'user-agent': 'curl' }), expected)
      assert.equal(await check(compact, objects, { 'user-agent': 'curl' }, parts), expected)
    }),
  )
})
