import assert from 'node:assert/strict'
import { test } from 'node:test'
import { pattern } from '#lib/re2/re2.ts'
import { wholePattern } from './whole-pattern.ts'

const sources = [
  '/a|/b',
  '/[a-c]+/?',
  '/x(?:y|z){2,3}',
  '(?i)/[a-z]{1,}',
  '/[^/]+/.*',
  '/[[=a=]]',
  '/\\Q.*\\E',
  '/v\\d+\\.\\w*?',
  '(?P<a_name_that_is_longer_than_thirty_two>/a)',
  '^/a$',
  '/\\bab\\b',
  '/[[:^alpha:]]',
  '/a{,2}',
  '',
  '/(?s:.)',
  '/[^\\x00-\\x{10FFFF}]',
]
const texts = ['', '/', '/a', '/A', '/b', '/ab', '/a/', '/a/b', '/xyz', '/xyzy', '/.*', '/v1.x', '/=]', '/a{,2}', '/1', '/\n', '/[', '/abc']

test('matches what RE2 matches, as a whole', () => {
  for (const source of sources) {
    const made = wholePattern(source)
    assert.ok(made !== undefined, source)
    // The same in this language, whose anchors are written otherwise.
    const own = new RegExp(made.replaceAll('\\A', '^').replaceAll('\\z', '$'))
    for (const text of texts)
      assert.equal(own.test(text), pattern(`^(?:${source})$`).test(text), `${source} ${JSON.stringify(text)} ${made}`)
  }
})

test('what bytes cannot tell apart and what grows too large is not had', () => {
  for (const source of ['\\p{Greek}', '[^\\x{100}]', '\\pL+', `(?:${'abcdefgh'.repeat(60)}){1000}`])
    assert.equal(wholePattern(source), undefined, source)
})
