/** Whom it asks, for how long, and what it keeps, in virtual time. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Answer, decode, encode } from 'dns-packet'
import { silentLog } from '#lib/log.ts'
import { seededRandom } from '#lib/random.ts'
import { createVirtualClock } from '#sim/clock.ts'
import { createSimulatedProcess } from '#sim/process.ts'
import { createForwarder } from './forwarder.ts'
import { keyOf } from './query.ts'
import { fit } from './stored-answer.ts'
import { ask as askServer, nameServerWith, show } from './test-zone.ts'
import type { DnsExchange, Question } from './upstream.ts'

/** What a server does with a question; undefined: it is silent. */
type Behaviour = (
  name: string,
  transport: 'udp' | 'tcp',
) => (Partial<Parameters<typeof encode>[0]> & { readonly rcode?: number }) | undefined | Error

const address = (ttl: number, data = '192.0.2.80'): Answer[] => [{ type: 'A', name: 'example.org', ttl, data, class: 'IN' }]
const soa: Answer = {
  type: 'SOA',
  name: 'example.org',
  ttl: 900,
  class: 'IN',
  data: { mname: 'a', rname: 'b', serial: 1, refresh: 1, retry: 1, expire: 1, minimum: 20 },
}

function world(
  behaviours: Record<string, Behaviour>,
  options: { stubDomains?: { domain: string; servers: string[] }[]; servers?: string[] } = {},
) {
  const clock = createVirtualClock(1_000_000)
  const machine = createSimulatedProcess('machine', clock)
  const asked: string[] = []
  const messages: Uint8Array[] = []
  const exchange: DnsExchange = (server, message, transport, timeoutMs) => {
    const { id, questions = [] } = decode(Buffer.from(message))
    const [question] = questions
    if (question!.name.startsWith('loop-')) return Promise.reject(new Error('no loop'))
    asked.push(`${server} ${transport}`)
    messages.push(message)
    const does = behaviours[server]!(question!.name, transport)
    if (does instanceof Error) return Promise.reject(does)
    if (does === undefined) return new Promise((_, reject) => clock.schedule(clock.now() + timeoutMs, () => reject(new Error('silence'))))
    const { rcode = 0, flags = 0, ...parts } = does
    return Promise.resolve(encode({ type: 'response', ...(id !== undefined && { id }), flags: flags | rcode, questions, ...parts }))
  }
  const metrics = { hits: 0, misses: 0, stale: 0, rejected: 0 }
  const forwarder = createForwarder({
    exchange,
    clock: machine.clock,
    random: seededRandom(1),
    log: silentLog,
    cacheBytes: 100_000,
    metrics: {
      cacheHit: () => void (metrics.hits += 1),
      cacheMiss: () => void (metrics.misses += 1),
      servedStale: () => void (metrics.stale += 1),
      answered() {},
      failed() {},
      rejected: () => void (metrics.rejected += 1),
    },
  })
  forwarder.use({ stubDomains: options.stubDomains ?? [], upstreamNameservers: options.servers ?? Object.keys(behaviours) })
  const resolve = (name = 'example.org', client = '10.244.0.9', question: Partial<Question> = {}) =>
    forwarder.resolve(name, { key: keyOf(name.split('.'), 1), isDnssecOk: false, isCheckingDisabled: false, ...question }, client)
  /** The answer, or why there is none; time passes as needed. */
  async function text(name?: string): Promise<string> {
    let told: string | undefined
    Promise.resolve(resolve(name)).then((forwarded) => {
      if (forwarded === undefined) told = 'nothing'
      else {
        const query = {
          id: 1,
          flags: 0,
          question: Buffer.from(keyOf((name ?? 'example.org').split('.'), 1), 'latin1'),
          key: '',
          type: 1,
          class: 1,
          edns: undefined,
          sizeBytes: 0,
        }
        const packet = decode(Buffer.from(fit(forwarded.response, query, 65_535, forwarded.ageSeconds))) as ReturnType<typeof decode> & {
          rcode: string
        }
        told = [
          packet.rcode,
          ...(packet.answers ?? []).map((record) => ('ttl' in record && 'data' in record ? `${record.ttl} ${String(record.data)}` : '')),
        ].join(' ')
      }
    })
    for (let round = 0; told === undefined && round < 200; round += 1) {
      await turns()
      if (told === undefined) await clock.advance(100)
    }
    return told ?? 'no end'
  }
  return { clock, jump: machine.jump, asked, messages, metrics, forwarder, resolve, text }
}

const turns = async (): Promise<void> => {
  for (let i = 0; i < 20; i += 1) await new Promise((resolve) => setImmediate(resolve))
}

test('the same question asked by many goes out once, and is kept for as long as its answer allows, counting down', async () => {
  const { clock, asked, text, resolve, metrics } = world({ a: () => ({ answers: address(10) }) })
  await Promise.all([resolve(), resolve('example.org', '10.244.0.10')])
  assert.deepEqual(asked, ['a udp'])
  await clock.advance(9_500)
  assert.equal(await text(), 'NOERROR 1 192.0.2.80')
  await clock.advance(600)
  assert.equal(await text(), 'NOERROR 10 192.0.2.80')
  assert.deepEqual([asked.length, metrics.hits], [2, 1])
})

test('that there is nothing is kept as its SOA record says, and no longer than half a minute', async () => {
  const { clock, asked, text } = world({ a: () => ({ rcode: 3, authorities: [soa] }) })
  assert.equal(await text(), 'NXDOMAIN')
  await clock.advance(19_000)
  assert.equal(await text(), 'NXDOMAIN')
  assert.equal(asked.length, 1)
  await clock.advance(2_000)
  await text()
  assert.equal(asked.length, 2)
})

test('that there is nothing behind an alias is kept as the SOA record says, and not for as long as the alias', async () => {
  const alias: Answer = { type: 'CNAME', name: 'example.org', ttl: 3_600, data: 'www.example.net', class: 'IN' }
  const { clock, asked, text } = world({ a: () => ({ answers: [alias], authorities: [soa] }) })
  await text()
  await clock.advance(19_000)
  assert.equal(await text(), 'NOERROR 3581 www.example.net')
  assert.equal(asked.length, 1)
  await clock.advance(2_000)
  await text()
  assert.equal(asked.length, 2)
  const whole = world({ a: () => ({ answers: [alias, { ...address(3_600)[0]!, name: 'www.example.net' } as Answer] }) })
  await whole.text()
  await whole.clock.advance(3_000_000)
  await whole.text()
  assert.equal(whole.asked.length, 1)
})

test('without a SOA record nothing is kept of nothing', async () => {
  const { asked, text } = world({ a: () => ({ rcode: 3 }) })
  await text()
  await text()
  assert.equal(asked.length, 2)
})

test('a question of our own goes out: nothing of what the client sent beside it, and its bits', async () => {
  const { messages, resolve } = world({ a: () => ({ answers: address(10) }) })
  await resolve('example.org', 'x', { isDnssecOk: true, isCheckingDisabled: true })
  const packet = decode(Buffer.from(messages[0]!))
  const [edns] = packet.additionals ?? []
  assert.deepEqual(edns?.type === 'OPT' && [edns.udpPayloadSize, edns.flag_do, edns.options, packet.flag_cd, packet.flag_rd], [
    1232,
    true,
    [],
    true,
    true,
  ])
  // Who cannot do with signatures does not get the answer of one who can.
  await resolve()
  assert.equal(messages.length, 2)
})

test('an answer that did not fit is asked for by TCP', async () => {
  const { asked, text } = world({ a: (_name, transport) => (transport === 'udp' ? { flags: 0x0200 } : { answers: address(10) }) })
  assert.equal(await text(), 'NOERROR 10 192.0.2.80')
  assert.deepEqual(asked, ['a udp', 'a tcp'])
})

test('a server from before EDNS is asked without it, and remembered', async () => {
  const { messages, text } = world({
    a: () => ({ rcode: messages.length % 2 === 1 && messages.length < 2 ? 1 : 0, answers: messages.length < 2 ? [] : address(0) }),
  })
  assert.equal(await text(), 'NOERROR 0 192.0.2.80')
  assert.equal(await text(), 'NOERROR 0 192.0.2.80')
  assert.deepEqual(
    messages.map((message) => decode(Buffer.from(message)).additionals?.length),
    [1, 0, 0],
  )
})

test('a server that is silent is not waited for, and then not asked until its time has come', async () => {
  let isBack = false
  const { clock, asked, text } = world({
    a: () => (isBack ? { answers: address(0, '192.0.2.1') } : undefined),
    b: () => ({ answers: address(0, '192.0.2.2') }),
  })
  const before = clock.now()
  assert.equal(await text(), 'NOERROR 0 192.0.2.2')
  assert.ok(clock.now() - before <= 500, `it took ${clock.now() - before} ms`)
  await clock.advance(2_100)
  asked.length = 0
  for (let i = 0; i < 5; i += 1) assert.equal(await text(), 'NOERROR 0 192.0.2.2')
  assert.deepEqual(new Set(asked), new Set(['b udp']), 'the silent one is left alone')
  isBack = true
  await clock.advance(6_000)
  assert.equal(await text(), 'NOERROR 0 192.0.2.1')
})

test('a server that refuses the packet is passed over at once', async () => {
  const { clock, text } = world({ a: () => new Error('ECONNREFUSED'), b: () => ({ answers: address(0) }) })
  const before = clock.now()
  assert.equal(await text(), 'NOERROR 0 192.0.2.80')
  assert.equal(clock.now(), before)
})

test('a server that fails is no last word, unless all do', async () => {
  const one = world({ a: () => ({ rcode: 2 }), b: () => ({ answers: address(0) }) })
  assert.equal(await one.text(), 'NOERROR 0 192.0.2.80')
  const all = world({ a: () => ({ rcode: 2 }), b: () => ({ rcode: 5 }) })
  assert.match(await all.text(), /SERVFAIL|REFUSED/)
  const { length } = all.asked
  await all.text()
  assert.equal(all.asked.length, length, 'a failure is kept for a second')
})

test('when all are down, questions fail at once, and one of them finds out when one is back', async () => {
  let isBack = false
  const { clock, text } = world({ a: () => (isBack ? { answers: address(0) } : undefined) })
  for (let i = 0; i < 4; i += 1) await text(`try-${i}.example.org`)
  const before = clock.now()
  assert.equal(await text('now.example.org'), 'nothing')
  assert.ok(clock.now() - before < 100)
  isBack = true
  await clock.advance(6_000)
  assert.equal(await text(), 'NOERROR 0 192.0.2.80')
})

test('what was known an hour ago helps when nobody answers, and no longer', async () => {
  let isDown = false
  const { clock, text, metrics } = world({ a: () => (isDown ? new Error('down') : { answers: address(60) }) })
  await text()
  isDown = true
  await clock.advance(600_000)
  assert.equal(await text(), 'NOERROR 30 192.0.2.80')
  assert.equal(metrics.stale, 1)
  await clock.advance(3_600_000)
  assert.equal(await text(), 'nothing')
})

test('a clock that is set back keeps no answer for longer, and no server down', async () => {
  let isDown = false
  const { clock, jump, asked, text } = world({ a: () => (isDown ? undefined : { answers: address(60) }) })
  await text()
  jump(-3_600_000)
  await clock.advance(61_000)
  assert.equal(await text(), 'NOERROR 60 192.0.2.80')
  assert.equal(asked.length, 2)

  isDown = true
  for (let i = 0; i < 4; i += 1) await text(`try-${i}.example.org`)
  isDown = false
  jump(-3_600_000)
  await clock.advance(6_000)
  assert.equal(await text('now.example.org'), 'NOERROR 60 192.0.2.80')
})

test('the longest stub domain that fits is asked, and nobody else', async () => {
  const { text } = world(
    {
      a: () => ({ answers: address(0, '192.0.2.1') }),
      b: () => ({ answers: address(0, '192.0.2.2') }),
      c: () => ({ answers: address(0, '192.0.2.3') }),
    },
    {
      servers: ['a'],
      stubDomains: [
        { domain: 'deep.corp.example', servers: ['c'] },
        { domain: 'corp.example', servers: ['b'] },
      ],
    },
  )
  assert.equal(await text('x.corp.example'), 'NOERROR 0 192.0.2.2')
  assert.equal(await text('corp.example'), 'NOERROR 0 192.0.2.2')
  assert.equal(await text('x.deep.corp.example'), 'NOERROR 0 192.0.2.3')
  assert.equal(await text('notcorp.example'), 'NOERROR 0 192.0.2.1')
})

test('other settings forget what was kept, and what is still on its way', async () => {
  const { asked, forwarder, text, resolve } = world(
    { a: () => ({ answers: address(60) }), b: () => ({ answers: address(60, '192.0.2.2') }) },
    { servers: ['a'] },
  )
  const late = resolve()
  forwarder.use({ stubDomains: [], upstreamNameservers: ['b'] })
  assert.equal((await late)?.response.answers, 1)
  assert.equal(await text(), 'NOERROR 60 192.0.2.2')
  assert.deepEqual(asked, ['a udp', 'b udp'])
})

test('waiting is bounded, and for each client, so that one leaves room for others', async () => {
  const { resolve, metrics } = world({ a: () => undefined })
  for (let i = 0; i < 600; i += 1) void resolve(`n${i}.example`, 'one')
  assert.equal(metrics.rejected, 88)
  void resolve('other.example', 'two')
  assert.equal(metrics.rejected, 88)
  for (let i = 0; i < 20_000; i += 1) void resolve('same.example', `client ${i}`)
  assert.ok(metrics.rejected > 15_000)
})

test('what is kept is bounded in bytes', async () => {
  const { forwarder, resolve } = world({ a: (name) => ({ answers: [{ type: 'A', name, ttl: 60, data: '192.0.2.1' }] }) })
  for (let i = 0; i < 400; i += 1) await resolve(`n${i}.example`)
  assert.ok(forwarder.cached.sizeBytes <= 100_000 && forwarder.cached.size > 50)
})

test('an answer to another question is none', async () => {
  const { text } = world({ a: () => ({ questions: [{ type: 'A', name: 'other.example' }], answers: address(60) }) })
  assert.equal(await text(), 'nothing')
})

test('a server that asks us back is left out', async () => {
  const clock = createVirtualClock(1_000_000)
  let probes = 0
  const forwarder = createForwarder({
    clock,
    random: seededRandom(1),
    log: silentLog,
    // The server passes on every question to us, and so to itself.
    async exchange(_server, message) {
      if (decode(Buffer.from(message)).questions![0]!.name.startsWith('loop-')) probes += 1
      const answer = await serve(message, { transport: 'udp', address: '127.0.0.1' })
      return answer ?? Promise.reject(new Error('none'))
    },
  })
  const serve = nameServerWith({ forwarder })
  forwarder.use({ stubDomains: [], upstreamNameservers: ['self'] })
  const first = askServer(serve, { questions: [{ type: 'A', name: 'example.org' }] })
  await turns()
  await clock.advance(5_000)
  assert.equal(show(await first), 'SERVFAIL')
  assert.equal(probes, 1)
  assert.equal(show(await askServer(serve, { questions: [{ type: 'A', name: 'example.net' }] })), 'SERVFAIL')
})

test('an alias leads outside, with the answer of there; that there is nothing is said as there', async () => {
  const { forwarder } = world({
    a: (name) => (name === 'example.org' ? { answers: address(60) } : { rcode: 3, authorities: [soa] }),
  })
  const serve = nameServerWith({ forwarder })
  const about = async (name: string) => show(await askServer(serve, { questions: [{ type: 'A', name }] }))
  assert.equal(await about('outside.shop.svc.cluster.local'), 'CNAME example.org, A 192.0.2.80')
  assert.equal(await about('gone.shop.svc.cluster.local'), 'NXDOMAIN CNAME gone.example.org / SOA example.org')
})
