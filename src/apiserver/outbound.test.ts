import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Service } from '#api/core/v1/service.ts'
import { EndpointSlice } from '#api/discovery/v1/endpoint-slice.ts'
import type { HttpsExchange, HttpsExchangeRequest } from '#lib/https-exchange.ts'
import { createVirtualClock } from '#sim/clock.ts'
import { memoryObjects } from './authorization/testing/memory-objects.ts'
import { createOutbound, type OutboundTarget, outboundUrl, resolveService } from './outbound.ts'

const objects = memoryObjects()
const clock = createVirtualClock(0)
const service = (name: string, spec: object) => objects.put(Service, { metadata: { name, namespace: 'a' }, spec })
service('plain', { clusterIP: '10.96.0.9', ports: [{ port: 443 }] })
service('backed', { clusterIP: '10.96.0.8', ipFamilies: ['IPv4'], ports: [{ port: 8443, name: 'hook' }] })
service('headless', { clusterIP: 'None', ports: [{ port: 443 }] })
service('elsewhere', { type: 'ExternalName', externalName: 'hook.example.com' })
objects.put(EndpointSlice, {
  metadata: { name: 'backed-1', namespace: 'a', labels: { 'kubernetes.io/service-name': 'backed' } },
  addressType: 'IPv4',
  ports: [{ name: 'hook', port: 9443 }],
  endpoints: [
    { addresses: ['10.244.0.1'] },
    { addresses: ['10.244.0.2'], conditions: { ready: false } },
    { addresses: ['10.244.0.3'], conditions: { ready: true } },
  ],
})

function checkService(name: string, port: number | undefined, want: string | RegExp, turn = 0): void {
  test(`service ${name}:${port} in turn ${turn}`, () => {
    const target = { namespace: 'a', name, ...(port !== undefined && { port }) }
    if (want instanceof RegExp) assert.throws(() => resolveService(objects, target, turn), want)
    else assert.equal(Object.values(resolveService(objects, target, turn)).join(':'), want)
  })
}
checkService('plain', undefined, '10.96.0.9:443')
checkService('backed', 8443, '10.244.0.1:9443')
checkService('backed', 8443, '10.244.0.3:9443', 1)
checkService('backed', 8443, '10.244.0.1:9443', 2)
checkService('backed', 443, /^WherryError: no service port 443 found for service "backed"$/)
checkService('headless', 443, /cannot route to service with ClusterIP "None"/)
checkService('elsewhere', 443, 'hook.example.com:443')
checkService('none', 443, /service "none" not found/)

function checkUrl(target: OutboundTarget, want: string, query = ''): void {
  test(want, () => assert.equal(outboundUrl(target, query), want))
}
checkUrl({ service: { namespace: 'a', name: 's' } }, 'https://s.a.svc:443/')
checkUrl({ service: { namespace: 'a', name: 's', port: 80, path: 'x/y' } }, 'https://s.a.svc:80/x/y?timeout=2s', 'timeout=2s')
checkUrl({ url: 'https://h.example.com/p?a=b' }, 'https://h.example.com/p?a=b&timeout=2s', 'timeout=2s')
checkUrl({ url: 'https://h.example.com:443' }, 'https://h.example.com:443/')

/** What is sent where, by an exchange that answers each URL with a redirect or not. */
async function sent(redirects: Readonly<Record<string, readonly [status: number, location: string]>>, redirectsMax?: number) {
  const requests: HttpsExchangeRequest[] = []
  const exchange: HttpsExchange = async (request) => {
    requests.push(request)
    const [status, location] = redirects[request.url] ?? [200, undefined]
    return { status, headers: location === undefined ? {} : { location }, body: new Uint8Array() }
  }
  const outbound = createOutbound({ objects, exchange, clock })
  const options = { timeoutMs: 1, bearerToken: 't', certificate: 'c', key: 'k', ...(redirectsMax !== undefined && { redirectsMax }) }
  const request = { method: 'POST', headers: {}, body: Buffer.from('x') }
  const { status } = await outbound({ url: 'https://h/1' }, options, request)
  return {
    status,
    requests: requests.map(({ url, method, body, headers, certificate, key }) => [
      url,
      method,
      body !== undefined,
      [headers['authorization'], certificate, key].filter((credential) => credential !== undefined).length,
    ]),
  }
}

test('a redirect is an answer unless it is to be followed', async () => {
  const redirects = { 'https://h/1': [307, '/2'] } as const
  assert.deepEqual(await sent(redirects), { status: 307, requests: [['https://h/1', 'POST', true, 3]] })
  assert.deepEqual(await sent(redirects, 10), {
    status: 200,
    requests: [
      ['https://h/1', 'POST', true, 3],
      ['https://h/2', 'POST', true, 3],
    ],
  })
})

test('elsewhere gets no credentials, and another method no body', async () => {
  const { requests } = await sent({ 'https://h/1': [302, 'https://other/2'] }, 10)
  assert.deepEqual(requests[1], ['https://other/2', 'GET', false, 0])
  const open = await sent({ 'https://h/1': [307, 'http://h/2'] }, 10)
  assert.deepEqual(open.requests[1], ['http://h/2', 'POST', true, 0])
})

test('a circle of redirects ends', async () => {
  assert.equal((await sent({ 'https://h/1': [307, '/1'] }, 3)).requests.length, 4)
})

test('redirects share the time that the caller gives', async () => {
  const given: number[] = []
  const exchange: HttpsExchange = async ({ timeoutMs }) => {
    given.push(timeoutMs)
    await clock.advance(400)
    return { status: 307, headers: { location: '/again' }, body: new Uint8Array() }
  }
  const asked = createOutbound({ objects, exchange, clock })(
    { url: 'https://h/1' },
    { timeoutMs: 1000, redirectsMax: 10 },
    { method: 'GET', headers: {} },
  )
  await assert.rejects(asked, { code: 'Timeout', message: 'context deadline exceeded' })
  assert.deepEqual(given, [1000, 600, 200])
})

test('a service is called under its own name, wherever its endpoint is', async () => {
  let seen: HttpsExchangeRequest | undefined
  const exchange: HttpsExchange = async (request) => {
    seen = request
    return { status: 200, headers: {}, body: new Uint8Array() }
  }
  const target = { service: { namespace: 'a', name: 'plain' } }
  await createOutbound({ objects, exchange, clock })(target, { timeoutMs: 1, caBundle: 'Y2E=' }, { method: 'GET', headers: {} })
  assert.deepEqual(
    [seen?.url, seen?.serverName, seen?.connectTo, seen?.caBundle],
    ['https://plain.a.svc:443/', 'plain.a.svc', { host: '10.96.0.9', port: 443 }, 'ca'],
  )
})
