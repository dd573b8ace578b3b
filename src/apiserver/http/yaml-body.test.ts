import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseYaml } from '#schema/yaml.ts'
import { createVirtualClock } from '#sim/clock.ts'
import { appliedYamlOf, createReadAhead, yamlOf } from './yaml-body.ts'

const lines = (count: number): Buffer =>
  Buffer.from(Array.from({ length: count }, (_, i) => `a${i}: [${i}, 9007199254740993, yes, "yes"]`).join('\n'))
const yaml = { 'content-type': 'application/yaml' }
const apply = { 'content-type': 'application/apply-patch+yaml' }

test('what is read ahead is what would have been read, mistakes included', async () => {
  const readAhead = createReadAhead(createVirtualClock(0))
  const good = lines(2_000)
  const expected = parseYaml(good.toString())
  await readAhead({ body: good, headers: yaml })
  assert.deepEqual(yamlOf(good), expected)
  const bad = Buffer.concat([good, Buffer.from('\n  b: [')])
  const problem = /^yaml: line \d+: /
  assert.throws(() => yamlOf(Buffer.from(bad)), { name: 'SyntaxError', message: problem })
  await readAhead({ body: bad, headers: apply })
  assert.throws(() => appliedYamlOf(bad), { name: 'SyntaxError', message: problem })
})

test('only YAML that is long is waited for', () => {
  const readAhead = createReadAhead(createVirtualClock(0))
  const check = (body: Buffer, headers: Readonly<Record<string, string>>): void => assert.equal(readAhead({ body, headers }), undefined)
  check(lines(10), yaml)
  check(lines(2_000), { 'content-type': 'application/json' })
  check(lines(2_000), {})
  assert.equal(readAhead({ headers: yaml }), undefined)
  const json = Buffer.from(JSON.stringify({ data: { a: 'x'.repeat(100_000) } }))
  check(json, apply)
  assert.deepEqual(appliedYamlOf(json).value, { data: { a: 'x'.repeat(100_000) } })
})

test('others go on while a long text is read, and one that takes too long is given up', async () => {
  const clock = createVirtualClock(0)
  const readAhead = createReadAhead(clock)
  const endless = lines(60_000)
  const reading = readAhead({ body: endless, headers: yaml })!
  const next = lines(2_000)
  const after = readAhead({ body: next, headers: yaml })!
  let turns = 0
  for (; turns < 20; turns += 1) await new Promise((resolve) => setImmediate(resolve))
  await clock.advance(15_000)
  await reading
  assert.throws(() => yamlOf(endless), { message: 'yaml: document takes too long to read' })
  await after
  assert.equal(Object.keys(yamlOf(next).value as object).length, 2_000)
})

test('what nobody waits for any more is not read', async () => {
  const readAhead = createReadAhead(createVirtualClock(0))
  const [present, waiting] = [new AbortController(), new AbortController()]
  const [endless, behind] = [lines(60_000), lines(60_000)]
  const reading = readAhead({ body: endless, headers: yaml, signal: present.signal })!
  const after = readAhead({ body: behind, headers: yaml, signal: waiting.signal })!
  waiting.abort()
  present.abort()
  await reading
  await after
  for (const body of [endless, behind]) assert.throws(() => yamlOf(body), { message: 'yaml: nobody waits for the document' })
})
