import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, request, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { connect, createServer as createTlsServer, type Server as TlsServer } from 'node:tls'
import { systemClock } from '#host/clock.ts'
import { createHaproxyHost, haproxySettings, stopHaproxy } from '#host/haproxy.ts'
import { createJsonLog } from '#lib/log.ts'
import { createProxy } from '../haproxy/proxy.ts'
import type { RouterModel } from '../model/router-model.ts'
import { haproxyPlacesIn } from '../testing/haproxy-places.ts'
import { serverCertificate } from '../testing/server-certificate.ts'
import { now, worldOf } from './testing.ts'
import { translateGateways } from './translate-gateways.ts'

/** Gateways that name their addresses, asked of a real HAProxy of a router that has two. */

const addresses = ['127.77.15.1', '127.77.15.2'] as const
const log = createJsonLog((line) => console.error(line), systemClock, 'error', {})
const folder = mkdtempSync(join(tmpdir(), 'wherry-addresses-'))
const places = haproxyPlacesIn(folder)
const servers: (Server | TlsServer)[] = []
const ports = new Map<string, number>()
let proxy: ReturnType<typeof createProxy>
let host: ReturnType<typeof createHaproxyHost>

before(async () => {
  for (const name of ['one', 'two', 'both'])
    await listen(
      name,
      createServer((_request, response) => response.end(name)),
    )
  for (const name of ['narrow', 'wide']) {
    const { certificate, key } = serverCertificate(name)
    await listen(
      name,
      createTlsServer({ cert: certificate, key }, (socket) => socket.on('error', () => {})),
    )
  }
  host = createHaproxyHost({ ...places, clock: systemClock, log })
  proxy = createProxy({ host, settings: haproxySettings(places, addresses), clock: systemClock, log, reloadGapMs: 0 })
})
after(async () => {
  await proxy.close()
  await host.close()
  await stopHaproxy(places)
  for (const server of servers) server.close()
  rmSync(folder, { recursive: true, force: true })
})

async function listen(name: string, server: Server | TlsServer): Promise<void> {
  servers.push(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  ports.set(name, (server.address() as AddressInfo).port)
}

const objectsOf = (name: string, at: string) => `
{ kind: Service, metadata: { name: ${name} }, spec: { ports: [{ port: 80, protocol: TCP }] } }
---
{ kind: Gateway, metadata: { name: ${name} }, spec: { gatewayClassName: wherry, addresses: [${at}], listeners: [{ name: http, port: 80, protocol: HTTP }] } }
---
{ kind: HTTPRoute, metadata: { name: ${name} }, spec: { parentRefs: [{ name: ${name} }], rules: [{ matches: [{ path: { value: /${name === 'both' ? 'both' : ''} } }], backendRefs: [{ name: ${name}, port: 80 }] }] } }
---`

/** A Gateway that passes TLS on for what both hosts mean. */
const passingOf = (name: string, at: string, listenerHost: string, routeHost: string) => `
{ kind: Service, metadata: { name: ${name} }, spec: { ports: [{ port: 443, protocol: TCP }] } }
---
kind: Gateway
metadata: { name: ${name} }
spec:
  gatewayClassName: wherry
  addresses: [${at}]
  listeners: [{ name: tls, port: 443, protocol: TLS, hostname: "${listenerHost}", tls: { mode: Passthrough } }]
---
{ kind: TLSRoute, metadata: { name: ${name} }, spec: { parentRefs: [{ name: ${name} }], hostnames: ["${routeHost}"], rules: [{ backendRefs: [{ name: ${name}, port: 443 }] }] } }
---`

async function serve(manifests: string): Promise<void> {
  const { model } = translateGateways(worldOf(manifests, { addresses }), now)
  // Backends in a cluster are pods, and never loopback; here nothing else is at hand.
  const local: RouterModel = {
    ...model,
    backends: model.backends.map((backend) => ({
      ...backend,
      endpoints: [{ address: '127.0.0.1', port: ports.get(/\/(.*?):/.exec(backend.name)![1]!)!, state: 'ready' }],
    })),
  }
  proxy.want(local)
  await proxy.settled()
  assert.equal(proxy.isServing, true)
}

function ask(at: string, path = '/'): Promise<string> {
  return new Promise((resolve) => {
    const asked = request({ host: at, port: 80, path, headers: { host: 'any.example' }, agent: false }, (response) => {
      let text = ''
      response.on('data', (data) => (text += data))
      response.on('end', () => resolve(response.statusCode === 200 ? text : String(response.statusCode)))
    })
    asked.on('error', ({ code }: NodeJS.ErrnoException) => resolve(code ?? 'failed'))
    asked.end()
  })
}

test('a Gateway that names an address is reached there and nowhere else', async () => {
  await serve(objectsOf('one', `{ value: ${addresses[0]} }`))
  assert.deepEqual([await ask(addresses[0]), await ask(addresses[1])], ['one', 'ECONNREFUSED'])
})

test('two Gateways of one port and host at addresses of their own, and one that names none at both', async () => {
  await serve(objectsOf('one', `{ value: ${addresses[0]} }`) + objectsOf('two', `{ value: ${addresses[1]} }`) + objectsOf('both', ''))
  assert.deepEqual([await ask(addresses[0]), await ask(addresses[1])], ['one', 'two'])
  assert.deepEqual([await ask(addresses[0], '/both'), await ask(addresses[1], '/both')], ['both', 'both'])
})

test('an address that is left is free again', async () => {
  await serve(objectsOf('two', `{ value: ${addresses[1]} }`))
  assert.deepEqual([await ask(addresses[0]), await ask(addresses[1])], ['ECONNREFUSED', 'two'])
  const { reloads } = proxy.counters
  await serve(objectsOf('two', `{ value: ${addresses[1]} }`))
  assert.equal(proxy.counters.reloads, reloads)
})

/** Whose certificate is shown for a name; `rejected`: the connection ends without one. */
function shown(at: string, servername: string): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect({ host: at, port: 443, servername, rejectUnauthorized: false }, () => {
      resolve(String(socket.getPeerCertificate().subject.CN))
      socket.destroy()
    })
    socket.on('error', ({ code }: NodeJS.ErrnoException) => resolve(code === 'ECONNRESET' ? 'rejected' : String(code)))
  })
}

test('names of TLS are those of the address alone: what another Gateway has a route for is rejected', async () => {
  await serve(
    passingOf('narrow', `{ value: ${addresses[0]} }`, 'a.example.com', '*.example.com') +
      passingOf('wide', `{ value: ${addresses[1]} }`, '*.com', '*.com'),
  )
  assert.deepEqual([await shown(addresses[0], 'a.example.com'), await shown(addresses[1], 'a.example.com')], ['narrow', 'wide'])
  assert.deepEqual([await shown(addresses[0], 'other.com'), await shown(addresses[1], 'other.com')], ['rejected', 'wide'])
  assert.deepEqual([await shown(addresses[0], 'a.example.org'), await shown(addresses[1], 'a.example.org')], ['rejected', 'rejected'])
})

test('Gateways at the same addresses share their names, the more precise one first', async () => {
  await serve(passingOf('wide', '', '*.com', '*.com') + passingOf('narrow', '', 'a.example.com', '*.example.com'))
  for (const at of addresses)
    assert.deepEqual(
      [await shown(at, 'a.example.com'), await shown(at, 'other.com'), await shown(at, 'a.example.org')],
      ['narrow', 'wide', 'rejected'],
    )
})
