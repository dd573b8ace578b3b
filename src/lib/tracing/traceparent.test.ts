import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseTraceparent, traceparentOf } from './traceparent.ts'

const parent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'

test('what is no traceparent is none', () => {
  const cases: readonly (readonly [string | undefined, boolean])[] = [
    [parent, true],
    [undefined, false],
    [parent.toUpperCase(), false],
    [parent.replace('0af7651916cd43dd8448eb211c80319c', '0'.repeat(32)), false],
    [parent.replace(/^00/, 'ff'), false],
    [`${parent}-extra`, false],
    [`${parent.replace(/^00/, '01')}-extra`, true],
  ]
  for (const [header, is] of cases) assert.equal(parseTraceparent(header) !== undefined, is, `${header}`)
})

test('a traceparent that is written is read as it was', () => {
  assert.equal(traceparentOf(parseTraceparent(parent)!), parent)
  assert.equal(parseTraceparent(traceparentOf(parseTraceparent(parent.replace(/01$/, '00'))!))?.isSampled, true)
})
