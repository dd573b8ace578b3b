import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isError } from '#lib/errors.ts'
import { journalArguments, type NodeLogQuery, parseNodeLogQuery } from './node-log-query.ts'

check('', undefined)
check('query=kubelet', { services: ['kubelet'], files: [] })
check('query=a&query=b&tailLines=5&boot=-1&pattern=x.y', { services: ['a', 'b'], files: [], tailLines: 5, boot: -1, pattern: 'x.y' })
check('query=/syslog', { services: [], files: ['/syslog'] })
check('query=apt\\history.log', { services: [], files: ['apt\\history.log'] })
check('query=%20', 'BadRequest query: Invalid value: [" "]: may not be empty')
check('query=a&sinceTime=yesterday', 'BadRequest sinceTime: Invalid value: "yesterday": invalid time format')
check('query=a&boot=x', 'BadRequest boot: Invalid value: "x": strconv.Atoi: parsing "x": invalid syntax')
check('tailLines=5', 'NotAcceptable query: Required value: cannot be empty with options')
check('query=a;b', 'NotAcceptable query: Invalid value: "a;b": input contains unsupported characters')
check('query=a&query=--since', { services: ['a', '--since'], files: [] })
check('query=a&query=/b', 'NotAcceptable query: Invalid value: "[/b], [a]": cannot specify a file and service')
check('query=/a&query=/b', 'NotAcceptable query: Invalid value: ["/a","/b"]: cannot specify more than one file')
check('query=/a&tailLines=1', 'NotAcceptable query: Invalid value: ["/a"]: cannot specify file with options')
check('query=a&boot=1', 'NotAcceptable boot: Invalid value: 1: must be less than 1')
check('query=a&tailLines=100001', 'NotAcceptable tailLines: Invalid value: 100001: must be between 0 and 100000, inclusive')
check('query=a&pattern=(', 'NotAcceptable pattern: Invalid value: "(": error parsing regexp')
check('query=a&query=b&query=c&query=d&query=e', 'NotAcceptable query: Too many: 5: must have at most 4 items')
check(
  'query=a&sinceTime=2026-01-02T00:00:00Z&untilTime=2026-01-01T00:00:00Z',
  'NotAcceptable untilTime: Invalid value: "2026-01-01T00:00:00Z": must be after `sinceTime`',
)
check(
  'query=a;&boot=1',
  'NotAcceptable [query: Invalid value: "a;": input contains unsupported characters, boot: Invalid value: 1: must be less than 1]',
)

test('services and options become arguments that cannot be others', () => {
  const query: NodeLogQuery = { services: [], files: [], sinceTime: '2026-01-02T03:04:05+01:00', tailLines: 3, boot: 0, pattern: '--x' }
  assert.deepEqual(journalArguments(query, ['--since']), [
    '--utc',
    '--no-pager',
    '--output=short-precise',
    '--since=2026-01-02 02:04:05',
    '--pager-end',
    '--lines=3',
    '--unit=--since',
    '--grep=--x',
    '--boot',
    '0',
  ])
})

function check(text: string, expected: NodeLogQuery | string | undefined): void {
  test(`node log query ${text || '(none)'}`, () => {
    const parse = () => parseNodeLogQuery(new URLSearchParams(text.replaceAll(';', '%3B')))
    if (typeof expected !== 'string') return assert.deepEqual(parse(), expected)
    assert.throws(parse, (error) => isError(error) && `${error.code} ${error.message}` === expected)
  })
}
