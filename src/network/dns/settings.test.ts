import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseServer } from './server-address.ts'
import { noSettings, readSettings } from './settings.ts'

check(
  'stub domains, the longest first',
  { stubDomains: '{"example":["192.0.2.1"],"Corp.Example.":["192.0.2.2:5353","[2001:db8::1]:53"]}' },
  [],
)
check('no JSON', { stubDomains: '{' }, [/^stubDomains: it has to be a JSON object such as/])
check('a list for an object', { stubDomains: '[]' }, [/^stubDomains: it has to be a JSON object/])
check('no servers', { stubDomains: '{"a.example":[]}' }, [/"a.example" has no servers/])
check('a name for a server', { stubDomains: '{"a.example":["dns.example"]}' }, [/"dns.example" of a.example is no address of a server/])
check('the cluster’s own domain', { stubDomains: '{"cluster.local":["192.0.2.1"]}' }, [/would take the cluster's own names/])
check('and what it is beneath', { stubDomains: '{"local":["192.0.2.1"]}' }, [/would take the cluster's own names/])
check('a part of it', { stubDomains: '{"consul.cluster.local":["192.0.2.1"]}' }, [])
check('upstream servers', { upstreamNameservers: '["192.0.2.1", "2001:db8::1"]' }, [])
check('no list', { upstreamNameservers: '"192.0.2.1"' }, [
  /^upstreamNameservers: the servers of upstreamNameservers have to be a JSON list/,
])
check('too many', { upstreamNameservers: JSON.stringify(Array.from({ length: 9 }, (_, i) => `192.0.2.${i}`)) }, [
  /has 9 servers; 8 are the most/,
])
check('hosts', { hosts: 'x' }, [/^hosts: line 1: "x" is no IP address; the former value stays/])
check('a rewrite of one word', { rewrites: 'a.example' }, [/^rewrites: line 1 has to be "name target"/])
check('a suffix for a name', { rewrites: '\n.a.example b.example' }, [/line 2 has a name for a suffix/])
check('to itself', { rewrites: 'a.example A.example.' }, [/line 1 leads to itself/])
check('a name that is none', { rewrites: 'a..b c' }, [/"a..b" is no domain name/])
check('what is not there', { stubDomain: '{}' }, [
  /^stubDomain: there is no such setting; there are stubDomains, upstreamNameservers, hosts, rewrites/,
])

function check(name: string, data: Record<string, string>, problems: readonly RegExp[]): void {
  test(name, () => {
    const read = readSettings(data, noSettings, 'cluster.local')
    assert.equal(read.problems.length, problems.length, read.problems.join('\n'))
    for (const [i, problem] of problems.entries()) assert.match(read.problems[i]!, problem)
  })
}

test('a wrong value leaves the former one, and the others are taken', () => {
  const former = readSettings({ upstreamNameservers: '["192.0.2.1"]', hosts: '192.0.2.9 a.example' }, noSettings, 'cluster.local').settings
  const { settings, problems } = readSettings({ upstreamNameservers: 'wrong', hosts: '192.0.2.8 a.example' }, former, 'cluster.local')
  assert.deepEqual(settings.upstreamNameservers, ['192.0.2.1'])
  assert.deepEqual(settings.hosts.byName.get('a.example'), ['192.0.2.8'])
  assert.equal(problems.length, 1)
  assert.deepEqual(readSettings({}, former, 'cluster.local').settings, noSettings)
})

test('addresses of servers', () => {
  const cases: readonly (readonly [string, string | undefined])[] = [
    ['192.0.2.53', '192.0.2.53 53'],
    ['192.0.2.53:5353', '192.0.2.53 5353'],
    ['2001:db8::53', '2001:db8::53 53'],
    ['[2001:db8::53]', '2001:db8::53 53'],
    ['[2001:db8::53]:54', '2001:db8::53 54'],
    ['fe80::1%eth0', 'fe80::1%eth0 53'],
    ['dns.example', undefined],
    ['192.0.2.53:0', undefined],
    ['192.0.2.53:99999', undefined],
    ['', undefined],
  ]
  for (const [text, expected] of cases) {
    const parsed = parseServer(text)
    assert.equal(parsed && `${parsed.address} ${parsed.port}`, expected, text)
  }
})
