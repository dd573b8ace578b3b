import assert from 'node:assert/strict'
import { test } from 'node:test'
import { silentLog } from '#lib/log.ts'
import { createVirtualClock } from '#sim/clock.ts'
import { createProxyHealth, serviceHealthAnswer } from './health.ts'
import { createHealthPorts } from './health-ports.ts'

test('a Service’s health: text, status and headers as the reference’s', () => {
  const answer = serviceHealthAnswer('shop', 'web', 2, true)
  assert.equal(answer.status, 200)
  assert.equal(
    answer.body,
    '{\n\t"service": {\n\t\t"namespace": "shop",\n\t\t"name": "web"\n\t},\n\t"localEndpoints": 2,\n\t"serviceProxyHealthy": true\n}',
  )
  assert.deepEqual(answer.headers, {
    'Content-Type': 'application/json',
    'X-Content-Type-Options': 'nosniff',
    'X-Load-Balancing-Endpoint-Weight': '2',
  })
  assert.equal(serviceHealthAnswer('shop', 'web', 0, true).status, 503)
  assert.equal(serviceHealthAnswer('shop', 'web', 2, false).status, 503)
})

test('the proxy’s health: bad once a change waits for a minute, good again when it is written', () => {
  let now = Date.parse('2026-01-01T00:00:00Z')
  let eligible = true
  const health = createProxyHealth(
    ['ip', 'ip6'],
    () => now,
    () => eligible,
  )
  const ask = (path: string) => {
    const { status, body } = health.answer(path)
    return [status, JSON.parse(body)]
  }
  const good = { lastUpdated: '2026-01-01T00:00:00.000Z', healthy: true }
  assert.deepEqual(ask('/healthz'), [
    200,
    { ...good, currentTime: '2026-01-01T00:00:00.000Z', nodeEligible: true, status: { IPv4: good, IPv6: good } },
  ])
  health.queued()
  now += 30_000
  health.queued()
  now += 29_999
  assert.equal(ask('/livez')[0], 200)
  now += 1
  assert.deepEqual(ask('/livez'), [
    503,
    {
      lastUpdated: good.lastUpdated,
      currentTime: '2026-01-01T00:01:00.000Z',
      healthy: false,
      status: { IPv4: { ...good, healthy: false }, IPv6: { ...good, healthy: false } },
    },
  ])
  health.updated()
  assert.equal(ask('/healthz')[0], 200)
  eligible = false
  assert.deepEqual([ask('/healthz')[0], ask('/healthz')[1].nodeEligible], [503, false])
  assert.equal(ask('/livez')[0], 200, 'a node that is about to go lives')
  assert.equal(health.answer('/else').status, 404)
})

test('health check ports open, move, close, and are tried again where they are taken', async () => {
  const clock = createVirtualClock(0)
  const open = new Set<string>()
  const taken = new Set(['192.0.2.1 30003'])
  const failures: string[] = []
  const ports = createHealthPorts({
    host: {
      async serveHttp(addresses, port) {
        const key = `${addresses.join()} ${port}`
        if (taken.has(key) || open.has(key)) throw new Error('taken')
        open.add(key)
        return { close: async () => void open.delete(key) }
      },
    },
    clock,
    log: silentLog,
    answer: () => serviceHealthAnswer('', '', 1, true),
    failed: (owner, port) => void failures.push(`${owner} ${port}`),
  })
  const at = (port: number) => ({ addresses: ['192.0.2.1'], port })
  ports.set('a', at(30_001))
  ports.set('a', at(30_001))
  ports.set('b', at(30_002))
  await ports.settled()
  assert.deepEqual([...open], ['192.0.2.1 30001', '192.0.2.1 30002'])
  // They swap: each is closed before it is wanted again.
  ports.set('a', undefined)
  ports.set('b', at(30_001))
  ports.set('a', at(30_003))
  await ports.settled()
  assert.deepEqual([...open], ['192.0.2.1 30001'])
  assert.deepEqual(failures, ['a 30003'])
  taken.clear()
  await clock.advance(30_000)
  await ports.settled()
  assert.deepEqual([...open], ['192.0.2.1 30001', '192.0.2.1 30003'])
  await ports.stop()
  assert.equal(open.size, 0)
})
