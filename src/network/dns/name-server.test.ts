/** The protocol around the names: what is refused, what fits, and whom it answers. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { encode, type Packet } from 'dns-packet'
import fc from 'fast-check'
import { createClientCheck } from './client-check.ts'
import { readHosts } from './hosts.ts'
import { keyOf } from './query.ts'
import { type DnsSettings, noSettings, readSettings } from './settings.ts'
import { ask, type Decoded, nameServerWith, noForwarder, serviceNamed, show, slice, viewOf, zone } from './test-zone.ts'

const web = { type: 'A', name: 'web.shop.svc.cluster.local' } as const
const opt = (fields: object = {}) => ({ type: 'OPT', name: '.', udpPayloadSize: 4096, flags: 0, options: [], ...fields }) as never

check('another class', { questions: [{ ...web, class: 'CH' }] }, 'REFUSED')
check('another operation', { flags: 2 << 11, questions: [web] }, 'NOTIMP')
check('two questions', { questions: [web, web] }, 'FORMERR')
check('no question', { questions: [] }, 'FORMERR')
check('a version of EDNS that is not there yet', { questions: [web], additionals: [opt({ ednsVersion: 1 })] }, 'BADVERS')
check('EDNS twice', { questions: [web], additionals: [opt(), opt()] }, 'FORMERR')
check(
  'options that nobody knows',
  { questions: [web], additionals: [opt({ options: [{ code: 65_001, data: Buffer.from('x') }] })] },
  'A 10.96.0.7',
)
check('a cookie', { questions: [web], additionals: [opt({ options: [{ code: 10, data: Buffer.alloc(8) }] })] }, 'A 10.96.0.7')

test('an answer has EDNS where its question has, with the DO bit as it came, and no options', async () => {
  const serve = nameServerWith()
  const plain = await ask(serve, { questions: [web] })
  assert.deepEqual(plain.additionals, [])
  const [edns] = (await ask(serve, { questions: [web], additionals: [opt({ flags: 0x8000 })] })).additionals ?? []
  assert.deepEqual(edns?.type === 'OPT' && [edns.udpPayloadSize, edns.ednsVersion, edns.flag_do, edns.options], [1232, 0, true, []])
})

test('flags: authoritative, recursion as asked, checking as asked, never authentic', async () => {
  const answer = await ask(nameServerWith(), { flags: 0x0110, questions: [web] })
  assert.deepEqual(
    [answer.flag_aa, answer.flag_rd, answer.flag_ra, answer.flag_cd, answer.flag_ad, answer.id],
    [true, true, true, true, false, 3],
  )
})

test('letters come back as they were sent, also from kept bytes', async () => {
  const serve = nameServerWith()
  for (const name of ['wEb.Shop.sVc.ClusteR.LocaL', 'WEB.SHOP.SVC.CLUSTER.LOCAL', 'web.shop.svc.cluster.local']) {
    const answer = await ask(serve, { questions: [{ type: 'A', name }] })
    assert.deepEqual([answer.questions?.[0]?.name, answer.answers?.[0]?.name], [name, name])
  }
})

test('what is no question gets no answer', async () => {
  const serve = nameServerWith()
  const client = { transport: 'udp', address: '10.244.0.9' } as const
  assert.equal(await serve(Buffer.from('not dns'), client), undefined)
  assert.equal(await serve(encode({ type: 'response', id: 1, questions: [web] }), client), undefined)
})

test('whatever bytes come, nothing throws, and no answer is larger than allowed', () =>
  fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 600 }), fc.integer({ min: 0, max: 40 }), fc.boolean(), async (bytes, changed, isQuery) => {
      const message = isQuery ? Uint8Array.from(encode({ type: 'query', id: 1, questions: [web], additionals: [opt()] })) : bytes
      if (isQuery) for (const [i, byte] of bytes.entries()) if (i < 3) message[(changed + byte) % message.length] = byte
      const answer = await nameServerWith()(message, { transport: 'udp', address: '10.244.0.9' })
      assert.ok((answer?.length ?? 0) <= 1232)
    }),
    { numRuns: 500 },
  ))

for (const [label, payload, most] of [
  ['without EDNS', undefined, 512],
  ['with EDNS of 512', 512, 512],
  ['with EDNS of less', 100, 512],
  ['with EDNS of 1232', 1232, 1232],
  ['with EDNS of 4096', 4096, 1232],
] as const)
  test(`an answer that does not fit a datagram ${label} says so, and has what fits`, async () => {
    const query: Packet = {
      questions: [{ type: 'A', name: 'db.shop.svc.cluster.local' }],
      additionals: payload ? [opt({ udpPayloadSize: payload })] : [],
    }
    const raw = await many()(encode({ type: 'query', id: 1, ...query }), { transport: 'udp', address: '10.244.0.9' })
    assert.ok(raw!.length <= most && raw!.length > most - 16, `${raw!.length} bytes`)
    const cut = await ask(many(), query, 'udp')
    assert.equal(cut.flag_tc, true)
    assert.ok(cut.answers!.length >= 25)
    const whole = await ask(many(), query, 'tcp')
    assert.deepEqual([whole.flag_tc, whole.answers?.length], [false, 300])
  })

test('additions that do not fit are left out, and the answer is whole all the same', async () => {
  const answer = await ask(many(8), { questions: [{ type: 'SRV', name: '_sql._tcp.db.shop.svc.cluster.local' }] }, 'udp')
  assert.deepEqual([answer.flag_tc, answer.answers?.length], [false, 8])
  assert.ok(answer.additionals!.length < 8)
})

test('of several addresses each comes first in turn, also where not all fit', async () => {
  const serve = many(3)
  const firsts = new Set<unknown>()
  for (let i = 0; i < 3; i += 1) {
    const { answers = [] } = await ask(serve, { questions: [{ type: 'A', name: 'db.shop.svc.cluster.local' }] })
    assert.equal(new Set(answers.map((record) => 'data' in record && record.data)).size, 3)
    firsts.add((answers[0] as { data: unknown }).data)
  }
  assert.equal(firsts.size, 3)
  const large = many()
  const seen = new Set<unknown>()
  for (let i = 0; i < 300; i += 1)
    for (const record of (await ask(large, { questions: [{ type: 'A', name: 'db.shop.svc.cluster.local' }] }, 'udp')).answers ?? [])
      seen.add((record as { data: unknown }).data)
  assert.equal(seen.size, 300)
})

test('more endpoints than any message holds: as many as fit, in a message that can be read', async () => {
  const answer = await ask(many(5_000), { questions: [{ type: 'A', name: 'db.shop.svc.cluster.local' }], additionals: [opt()] })
  assert.ok(answer.answers!.length > 4_000 && answer.answers!.length < 5_000)
})

test('it answers the cluster and the machine, and nobody else', async () => {
  const isClient = createClientCheck(['10.244.0.0/16', 'fd00:244::/56'], () => ['192.0.2.2', 'fe80::7'])
  const cases: readonly (readonly [string, boolean])[] = [
    ['10.244.3.9', true],
    ['::ffff:10.244.3.9', true],
    ['fd00:244::9', true],
    ['192.0.2.2', true],
    ['127.0.0.1', true],
    ['::1', true],
    ['fe80::7%eth0', true],
    ['192.0.2.3', false],
    ['10.245.0.1', false],
    ['2001:db8::1', false],
    ['nonsense', false],
  ]
  for (const [address, expected] of cases) {
    assert.equal(isClient(address), expected, address)
    assert.equal(isClient(address), expected, `${address}, again`)
  }
  const serve = nameServerWith({ isClient })
  assert.equal(show(await ask(serve, { questions: [web] }, 'udp', '192.0.2.3')), 'REFUSED')
  assert.equal(show(await ask(serve, { questions: [web] }, 'udp', '192.0.2.2')), 'A 10.96.0.7')
})

test('before the caches are full, names of the cluster wait; what is kept then is true', async () => {
  const ready = Promise.withResolvers<boolean>()
  let isFull = false
  const serve = nameServerWith({
    isReady: () => isFull,
    ready: () => ready.promise,
    view: { ...zone, service: (...of) => (isFull ? zone.service(...of) : undefined) },
  })
  const early = ask(serve, { questions: [web] })
  isFull = true
  ready.resolve(true)
  assert.equal(show(await early), 'A 10.96.0.7')
  const never = nameServerWith({ isReady: () => false, ready: async () => false })
  assert.equal(show(await ask(never, { questions: [web] })), 'SERVFAIL')
  assert.equal(show(await ask(never, { questions: [{ type: 'A', name: 'a.localhost' }] })), 'A 127.0.0.1')
})

test('a flood before the caches are full is not kept waiting', async () => {
  const ready = Promise.withResolvers<boolean>()
  const serve = nameServerWith({ isReady: () => false, ready: () => ready.promise })
  const answers = Array.from({ length: 4_100 }, () => ask(serve, { questions: [web] }))
  assert.deepEqual((await Promise.all(answers.slice(4_096))).map(show), ['SERVFAIL', 'SERVFAIL', 'SERVFAIL', 'SERVFAIL'])
  ready.resolve(true)
  assert.equal(show(await answers[0]!), 'A 10.96.0.7')
  assert.equal(show(await ask(serve, { questions: [web] })), 'A 10.96.0.7', 'there is room again')
})

test('an alias for a name of the cluster waits for the caches as that name does', async () => {
  let isFull = false
  const serve = (ready: () => Promise<boolean>) =>
    nameServerWith({
      settings: () => settings,
      isReady: () => isFull,
      ready,
      view: { ...zone, service: (...of) => (isFull ? zone.service(...of) : undefined) },
    })
  const question = { questions: [{ type: 'A', name: 'db-0.db.shop.old.example' } as const] }
  assert.equal(
    show(
      await ask(
        serve(async () => false),
        question,
      ),
    ),
    'SERVFAIL CNAME db-0.db.shop.svc.cluster.local',
  )
  const early = ask(
    serve(async () => (isFull = true)),
    question,
  )
  assert.equal(show(await early), 'CNAME db-0.db.shop.svc.cluster.local, A 10.244.0.2')
})

test('before it is known what users set, nobody is asked for a name that may be somebody else’s', async () => {
  const settled = Promise.withResolvers<void>()
  let current = noSettings
  const asked: string[] = []
  const serve = nameServerWith({
    settings: () => current,
    isSettled: () => false,
    settled: () => settled.promise,
    forwarder: {
      ...noForwarder,
      async resolve(name) {
        asked.push(name)
        return undefined
      },
    },
  })
  const early = ask(serve, { questions: [{ type: 'A', name: 'printer.example' }] })
  await new Promise((resolve) => setImmediate(resolve))
  current = settings
  settled.resolve()
  assert.equal(show(await early), 'A 192.0.2.7')
  assert.deepEqual(asked, [])
})

test('a server that asks us is told apart by its question', async () => {
  const key = keyOf(['loop-1', '2'], 13)
  const serve = nameServerWith({ forwarder: { ...noForwarder, isOwnProbe: (asked) => asked === key } })
  assert.equal(show(await ask(serve, { questions: [{ type: 'HINFO', name: 'loop-1.2' }] })), 'REFUSED')
})

const settings = settingsOf({
  hosts:
    '192.0.2.7 printer.example Printer2.example # by the door\n2001:db8::7 printer.example\n192.0.2.8 fax.old.example\n10.0.0.1 web.shop.svc.cluster.local',
  rewrites:
    '# names of old\nshop.example web.shop.svc.cluster.local\n.old.example .svc.cluster.local\nround.example around.example\naround.example round.example',
})
checkSettings('a host', 'printer.example A', 'A 192.0.2.7')
checkSettings('of the other family', 'PRINTER.example AAAA', 'AAAA 2001:db8::7')
checkSettings('a second name', 'printer2.example A', 'A 192.0.2.7')
checkSettings('which has no such address', 'printer2.example AAAA', '')
checkSettings('a host before the cluster', 'web.shop.svc.cluster.local A', 'A 10.0.0.1')
checkSettings('a host before names that stand for others', 'fax.old.example A', 'A 192.0.2.8')
checkSettings('whose address', '7.2.0.192.in-addr.arpa PTR', 'PTR printer.example, PTR printer2.example')
checkSettings('asked for something else', '7.2.0.192.in-addr.arpa TXT', '')
checkSettings('a name for another', 'shop.example A', 'CNAME web.shop.svc.cluster.local, A 10.0.0.1')
checkSettings('a suffix for another', 'db-0.db.shop.old.example A', 'CNAME db-0.db.shop.svc.cluster.local, A 10.244.0.2')
checkSettings('the suffix itself is no name', 'old.example A', 'SERVFAIL')
checkSettings('in a circle', 'round.example A', 'SERVFAIL CNAME around.example, CNAME round.example')

function check(name: string, packet: Packet, expected: string): void {
  test(`${name}: ${expected}`, async () => {
    const answer = await ask(nameServerWith(), packet)
    const [edns] = answer.additionals ?? []
    // The code of twelve bits has its upper eight in the OPT record.
    assert.equal(edns?.type === 'OPT' && edns.extendedRcode === 1 ? 'BADVERS' : show(answer), expected)
  })
}

function checkSettings(name: string, question: string, expected: string): void {
  const [asked, type] = question.split(' ') as [string, 'A']
  test(`settings, ${name}: ${question}`, async () => {
    const answer: Decoded = await ask(nameServerWith({ settings: () => settings }), { questions: [{ type, name: asked }] })
    assert.equal(show(answer), expected)
  })
}

function settingsOf(data: Record<string, string>): DnsSettings {
  const { settings: read, problems } = readSettings(data, noSettings, 'cluster.local')
  assert.deepEqual(problems, [])
  return read
}

/** A headless Service with so many endpoints. */
function many(count = 300) {
  const endpoints = Array.from({ length: count }, (_, i) => ({ addresses: [`10.244.${i >> 8}.${i & 255}`] }))
  return nameServerWith({
    view: viewOf([serviceNamed('db', { clusterIP: 'None', clusterIPs: ['None'] })], [slice('db', 'IPv4', endpoints)]),
  })
}

test('a hosts text that is none says where', () => {
  assert.match(readHosts('192.0.2.1 a\nnowhere b') as string, /line 2: "nowhere" is no IP address/)
  assert.match(readHosts('192.0.2.1') as string, /line 1 has no name/)
})
