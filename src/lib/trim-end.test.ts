import assert from 'node:assert/strict'
import { test } from 'node:test'
import { trimEnd } from './trim-end.ts'

test('only the end is trimmed, of as many as there are', () => {
  const check = (text: string, set: string, wanted: string) => assert.equal(trimEnd(text, set), wanted)
  check('/a//', '/', '/a')
  check('///', '/', '')
  check('', '/', '')
  check('a \t', '\t ', 'a')
  check(' a', ' ', ' a')
  const long = `${'/'.repeat(3_000_000)}x`
  check(long, '/', long)
})
