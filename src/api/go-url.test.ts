import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseGoUrl } from './go-url.ts'

check('a whole URL', 'https://u:p@example.com:8443/a/b?q=1#f', {
  scheme: 'https',
  user: 'u:p',
  host: 'example.com:8443',
  path: '/a/b',
  query: 'q=1',
  fragment: 'f',
})
check('a path alone', 'Bad_Value!', { path: 'Bad_Value!' })
check('nothing', '', {})
check('an address of version 6', 'https://[::1]:443/x', { scheme: 'https', host: '[::1]:443', path: '/x' })
check('an opaque one', 'mailto:a@b', { scheme: 'mailto' })
check('no scheme', ':x', 'parse ":x": missing protocol scheme')
check('a colon too early', '1a:b/c', 'parse "1a:b/c": first path segment in URL cannot contain colon')
check('a port of letters', 'https://a:b', 'parse "https://a:b": invalid port ":b" after host')
check('a space in the host', 'https://a b', 'parse "https://a b": invalid character " " in host name')
check('half an escape', 'https://a/%2', 'parse "https://a/%2": invalid URL escape "%2"')
check('an open bracket', 'https://[::1', 'parse "https://[::1": missing \']\' in host')
check('a control character', 'https://a/\n', 'parse "https://a/\\n": net/url: invalid control character in URL')

function check(name: string, text: string, wanted: object | string): void {
  test(name, () => {
    const empty = { scheme: '', user: undefined, host: '', path: '', query: '', fragment: '' }
    assert.deepEqual(parseGoUrl(text), typeof wanted === 'string' ? { problem: wanted } : { ...empty, ...wanted })
  })
}
