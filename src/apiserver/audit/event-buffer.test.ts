import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createEventBuffer } from './event-buffer.ts'

test('bounded by number and by size; what was taken makes room, what was lost is counted', () => {
  const buffer = createEventBuffer(3, 10)
  assert.deepEqual(['aaaa', 'bbbb', 'ccc', 'dd', 'e'].map(buffer.offer), [true, true, false, true, false])
  assert.deepEqual([buffer.length, buffer.dropped], [3, 2])
  assert.deepEqual(buffer.take(2), ['aaaa', 'bbbb'])
  assert.equal(buffer.offer('12345678'), true)
  assert.equal(buffer.offer('9'), false)
  buffer.lose(2)
  assert.deepEqual(buffer.take(), ['dd', '12345678'])
  assert.deepEqual([buffer.length, buffer.dropped, buffer.take()], [0, 5, []])
})
