import assert from 'node:assert/strict'
import { test } from 'node:test'
import { WherryError } from './errors.ts'
import { createJsonLog } from './log.ts'

test('a line is one JSON object with the fields of its log', () => {
  const lines: string[] = []
  const log = createJsonLog((line) => lines.push(line), { now: () => Date.parse('2026-01-02T03:04:05.678Z') })
  log.debug('not written at this level')
  log.with({ controller: 'x' }).warn('two\nlines', { key: 'a/b', big: 1n })
  log.error('failed', { error: new WherryError('Conflict', 'no', { cause: new Error('why') }) })
  assert.equal(lines.length, 2)
  assert.equal(
    lines[0],
    '{"time":"2026-01-02T03:04:05.678Z","level":"warn","message":"two\\nlines","controller":"x","key":"a/b","big":"1"}',
  )
  const { error } = JSON.parse(lines[1]!)
  assert.deepEqual([error.code, error.message, error.cause.message], ['Conflict', 'no', 'why'])
})
