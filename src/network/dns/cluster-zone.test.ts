/** The specification, record by record, read by a library that shares no code with the server. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ask, nameServerWith, show } from './test-zone.ts'

const denied = 'NXDOMAIN / SOA cluster.local'
const noData = '/ SOA cluster.local'

const cases: readonly (readonly [name: string, question: string, expected: string])[] = [
  ['the version of these rules', 'dns-version.cluster.local TXT', 'TXT 1.1.0'],
  ['and of no other type', 'dns-version.cluster.local A', noData],
  ['a Service has its address', 'web.shop.svc.cluster.local A', 'A 10.96.0.7'],
  ['of each family', 'web.shop.svc.cluster.local AAAA', 'AAAA fd00:10:96::7'],
  ['names are the same in any case', 'WEB.shop.SVC.cluster.local A', 'A 10.96.0.7'],
  ['a type that it has not', 'web.shop.svc.cluster.local MX', noData],
  ['no such Service', 'web.other.svc.cluster.local A', denied],
  ['a star is a name like any', '*.shop.svc.cluster.local A', denied],
  ['a named port', '_http._tcp.web.shop.svc.cluster.local SRV', 'SRV 80 web.shop.svc.cluster.local + A 10.96.0.7, AAAA fd00:10:96::7'],
  ['of UDP', '_dns._udp.web.shop.svc.cluster.local SRV', 'SRV 53 web.shop.svc.cluster.local + A 10.96.0.7, AAAA fd00:10:96::7'],
  ['a port has no address', '_http._tcp.web.shop.svc.cluster.local A', noData],
  ['above ports there are no records, but names', '_tcp.web.shop.svc.cluster.local A', noData],
  ['no port of that protocol', '_sctp.web.shop.svc.cluster.local A', denied],
  ['an unknown port', '_https._tcp.web.shop.svc.cluster.local SRV', denied],
  ['a port without a name has none', '_._tcp.web.shop.svc.cluster.local SRV', denied],
  ['the port of another protocol', '_http._udp.web.shop.svc.cluster.local SRV', denied],
  ['nothing beneath a port', 'x._http._tcp.web.shop.svc.cluster.local SRV', denied],
  [
    'all ports of a Service, under its own name',
    'web.shop.svc.cluster.local SRV',
    'SRV 80 web.shop.svc.cluster.local, SRV 81 web.shop.svc.cluster.local, SRV 53 web.shop.svc.cluster.local + A 10.96.0.7, AAAA fd00:10:96::7',
  ],
  ['a headless Service has its ready endpoints', 'db.shop.svc.cluster.local A', 'A 10.244.0.3, A 10.244.0.2'],
  ['of each family', 'db.shop.svc.cluster.local AAAA', 'AAAA fd00:244::2'],
  ['an endpoint by its host name', 'db-0.db.shop.svc.cluster.local A', 'A 10.244.0.2'],
  ['and its other address', 'DB-0.db.shop.svc.cluster.local AAAA', 'AAAA fd00:244::2'],
  ['an endpoint by its address', '10-244-0-3.db.shop.svc.cluster.local A', 'A 10.244.0.3'],
  ['which has none of the other family', '10-244-0-3.db.shop.svc.cluster.local AAAA', noData],
  ['an endpoint with a host name is not called by its address', '10-244-0-2.db.shop.svc.cluster.local A', denied],
  ['an endpoint that is not ready has no name', '10-244-0-4.db.shop.svc.cluster.local A', denied],
  ['unless its Service wants it to', 'early-0.early.shop.svc.cluster.local A', 'A 10.244.0.5'],
  ['and counts among the others then', 'early.shop.svc.cluster.local A', 'A 10.244.0.5'],
  ['a headless Service without ready endpoints', 'empty.shop.svc.cluster.local A', denied],
  ['has no ports either', '_sql._tcp.empty.shop.svc.cluster.local SRV', denied],
  ['endpoints behind an address have names too', 'web-0.web.shop.svc.cluster.local A', 'A 10.244.0.7'],
  ['nothing else beneath a Service', 'x.web.shop.svc.cluster.local A', denied],
  ['nothing beneath an endpoint', 'x.db-0.db.shop.svc.cluster.local A', denied],
  [
    'ports of endpoints, one for each target',
    '_sql._tcp.db.shop.svc.cluster.local SRV',
    'SRV 5432 db-0.db.shop.svc.cluster.local, SRV 5432 10-244-0-3.db.shop.svc.cluster.local + A 10.244.0.2, A 10.244.0.3, AAAA fd00:244::2',
  ],
  ['an alias, asked for as such', 'outside.shop.svc.cluster.local CNAME', 'CNAME example.org'],
  ['an alias within the cluster is followed', 'alias.shop.svc.cluster.local A', 'CNAME web.shop.svc.cluster.local, A 10.96.0.7'],
  [
    'and one more',
    'chain.shop.svc.cluster.local AAAA',
    'CNAME alias.shop.svc.cluster.local, CNAME web.shop.svc.cluster.local, AAAA fd00:10:96::7',
  ],
  ['to where the type is not', 'alias.shop.svc.cluster.local MX', 'CNAME web.shop.svc.cluster.local / SOA cluster.local'],
  [
    'aliases in a circle lead nowhere',
    'circle.shop.svc.cluster.local A',
    'SERVFAIL CNAME wheel.shop.svc.cluster.local, CNAME circle.shop.svc.cluster.local',
  ],
  ['nobody answers for the target', 'silent.shop.svc.cluster.local A', 'SERVFAIL CNAME silent.example'],
  ['an alias to an address is none', 'address.shop.svc.cluster.local A', denied],
  ['nothing beneath an alias', 'x.outside.shop.svc.cluster.local A', denied],
  ['a pod by its address', '10-244-0-9.shop.pod.cluster.local A', 'A 10.244.0.9'],
  ['has none of the other family', '10-244-0-9.shop.pod.cluster.local AAAA', noData],
  ['of IPv6', 'fd00-244--9.shop.pod.cluster.local AAAA', 'AAAA fd00:244::9'],
  ['written out', 'fd00-244-0-0-0-0-0-9.shop.pod.cluster.local AAAA', 'AAAA fd00:244::9'],
  ['no pod in a namespace that is not there', '10-244-0-9.nowhere.pod.cluster.local A', denied],
  ['no pod of an impossible address', '999-244-0-9.shop.pod.cluster.local A', denied],
  ['nor of no address', 'web.shop.pod.cluster.local A', denied],
  ['nothing beneath a pod', 'x.10-244-0-9.shop.pod.cluster.local A', denied],
  ['the zone', 'cluster.local SOA', 'SOA cluster.local'],
  ['its server', 'cluster.local NS', 'NS ns.dns.cluster.local + A 10.96.0.10, AAAA fd00:10:96::a'],
  ['whose address it has', 'ns.dns.cluster.local A', 'A 10.96.0.10'],
  ['and nothing else', 'cluster.local A', noData],
  ['above Services', 'svc.cluster.local A', noData],
  ['above pods', 'pod.cluster.local A', noData],
  ['above the server', 'dns.cluster.local A', noData],
  ['a namespace', 'shop.svc.cluster.local A', noData],
  ['a namespace of pods', 'shop.pod.cluster.local A', noData],
  ['no such namespace', 'nowhere.svc.cluster.local A', denied],
  ['a search path tried in vain', 'www.example.org.shop.svc.cluster.local A', denied],
  ['and the next', 'www.example.org.svc.cluster.local A', denied],
  ['and the last', 'www.example.org.cluster.local A', denied],
  ['whose address', '7.0.96.10.in-addr.arpa PTR', 'PTR web.shop.svc.cluster.local'],
  ['of IPv6', `${reverseV6('fd000010009600000000000000000007')} PTR`, 'PTR web.shop.svc.cluster.local'],
  ["an endpoint's, by its host name", '2.0.244.10.in-addr.arpa PTR', 'PTR db-0.db.shop.svc.cluster.local'],
  ['by its address', '3.0.244.10.in-addr.arpa PTR', 'PTR 10-244-0-3.db.shop.svc.cluster.local'],
  ['of IPv6', `${reverseV6('fd000244000000000000000000000002')} PTR`, 'PTR db-0.db.shop.svc.cluster.local'],
  ['asked for something else', '2.0.244.10.in-addr.arpa TXT', '/ SOA 0.244.10.in-addr.arpa'],
  ['an endpoint that is not ready', '4.0.244.10.in-addr.arpa PTR', 'NXDOMAIN / SOA 244.10.in-addr.arpa'],
  ['behind an address, without a host name of its own', '6.0.244.10.in-addr.arpa PTR', 'NXDOMAIN / SOA 244.10.in-addr.arpa'],
  ['with one', '7.0.244.10.in-addr.arpa PTR', 'PTR web-0.web.shop.svc.cluster.local'],
  ['nobody is asked for what nobody else can know', '9.9.97.10.in-addr.arpa PTR', 'NXDOMAIN / SOA 10.in-addr.arpa'],
  ['beneath part of an address there may be names', '0.244.10.in-addr.arpa PTR', '/ SOA 244.10.in-addr.arpa'],
  ['an address of others', '1.2.0.192.in-addr.arpa PTR', 'SERVFAIL'],
  ['no address at all', 'x.0.244.10.in-addr.arpa PTR', 'SERVFAIL'],
  ['the machine itself is no question for others', 'a.localhost A', 'A 127.0.0.1'],
  ['nor is what never is', 'x.invalid A', 'NXDOMAIN'],
  ['every type at once is not answered', 'web.shop.svc.cluster.local ANY', 'HINFO {"cpu":"RFC8482","os":""}'],
  ['a zone is not handed out', 'cluster.local AXFR', 'REFUSED'],
]

for (const [name, question, expected] of cases)
  test(`${name}: ${question}`, async () => {
    const [asked, type] = question.split(' ') as [string, 'A']
    const serve = nameServerWith()
    const query = { flags: 0x0100, questions: [{ type, name: asked }] }
    const answer = await ask(serve, query)
    assert.equal(show(answer), expected)
    // The second answer is made of the first one's bytes.
    const again = await ask(serve, query)
    assert.deepEqual(sorted(again), sorted(answer))
    for (const record of answer.answers ?? []) if (record.type !== 'HINFO' && 'ttl' in record) assert.equal(record.ttl, 5)
    // As asked, letter by letter.
    assert.equal(answer.questions?.[0]?.name, asked)
    if (!expected.startsWith('NXDOMAIN') && answer.answers?.[0]) assert.equal(answer.answers[0].name, asked)
  })

function sorted(answer: Awaited<ReturnType<typeof ask>>) {
  const text = (records: readonly object[] | undefined) => (records ?? []).map((record) => JSON.stringify(record)).toSorted()
  return [answer.rcode, text(answer.answers), text(answer.authorities), text(answer.additionals)]
}

function reverseV6(hex: string): string {
  return `${[...hex].toReversed().join('.')}.ip6.arpa`
}
