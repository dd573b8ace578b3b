import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer as createHttpServer, type Server } from 'node:http'
import { type AddressInfo, connect as connectTcp, createServer as createRelay, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { connect, createServer as createTlsServer, type TLSSocket, type Server as TlsServer } from 'node:tls'
import { systemClock } from '#host/clock.ts'
import { createHaproxyHost, haproxySettings, stopHaproxy } from '#host/haproxy.ts'
import { createJsonLog } from '#lib/log.ts'
import { createProxy } from '../haproxy/proxy.ts'
import type { RouterModel } from '../model/router-model.ts'
import { haproxyPlacesIn } from '../testing/haproxy-places.ts'
import { serverCertificate } from '../testing/server-certificate.ts'
import { now, worldOf } from './testing.ts'
import { translateGateways } from './translate-gateways.ts'

/** TLSRoutes, asked of a real HAProxy as it runs in a cluster: shut up in its folder, as a user of its own. */

const address = '127.77.14.1'
const own = serverCertificate('ended.example')
const manifests = `${['one', 'two', 'web'].map((name) => `\n{ kind: Service, metadata: { name: ${name} }, spec: { ports: [{ port: 443, protocol: TCP, appProtocol: https }, { port: 80, protocol: TCP }] } }\n---`).join('')}
kind: Secret
metadata: { name: own }
type: kubernetes.io/tls
data: { tls.crt: ${Buffer.from(own.certificate).toString('base64')}, tls.key: ${Buffer.from(own.key).toString('base64')} }
---
kind: Gateway
metadata: { name: ending }
spec:
  gatewayClassName: wherry
  listeners: [{ name: https, port: 443, protocol: HTTPS, tls: { mode: Terminate, certificateRefs: [{ name: own }] } }]
---
kind: Gateway
metadata: { name: passing }
spec:
  gatewayClassName: wherry
  listeners:
    - { name: tls, port: 443, protocol: TLS, hostname: "*.pass.example", tls: { mode: Passthrough } }
    - { name: alone, port: 8443, protocol: TLS, tls: { mode: Passthrough } }
---
kind: HTTPRoute
metadata: { name: ended }
spec: { parentRefs: [{ name: ending }], hostnames: [ended.example, www.pass.example], rules: [{ backendRefs: [{ name: web, port: 80 }] }] }
---
kind: HTTPRoute
metadata: { name: first }
spec: { parentRefs: [{ name: ending }], hostnames: [first.pass.example], rules: [{ backendRefs: [{ name: web, port: 80 }] }] }
---
kind: TLSRoute
metadata: { name: late }
spec: { parentRefs: [{ name: passing }], hostnames: [first.pass.example], rules: [{ backendRefs: [{ name: two, port: 443 }] }] }
---
kind: TLSRoute
metadata: { name: one }
spec: { parentRefs: [{ name: passing }], hostnames: [one.pass.example, "*.deep.pass.example"], rules: [{ backendRefs: [{ name: one, port: 443 }] }] }
---
kind: HTTPRoute
metadata: { name: one-late }
spec: { parentRefs: [{ name: ending }], hostnames: [one.pass.example], rules: [{ backendRefs: [{ name: web, port: 80 }] }] }
---
kind: TLSRoute
metadata: { name: wide }
spec: { parentRefs: [{ name: passing }], hostnames: ["*.pass.example"], rules: [{ backendRefs: [{ name: two, port: 443 }] }] }
---
kind: TLSRoute
metadata: { name: shared }
spec:
  parentRefs: [{ name: passing }]
  hostnames: [shared.pass.example]
  rules: [{ backendRefs: [{ name: one, port: 443, weight: 1 }, { name: two, port: 443, weight: 1 }, { name: nobody, port: 443, weight: 2 }] }]
---
kind: TLSRoute
metadata: { name: nobody }
spec: { parentRefs: [{ name: passing }], hostnames: [nobody.pass.example], rules: [{ backendRefs: [{ name: nobody, port: 443 }] }] }
`

const log = createJsonLog((line) => console.error(line), systemClock, 'error', {})
const folder = mkdtempSync(join(tmpdir(), 'wherry-passthrough-'))
const places = haproxyPlacesIn(folder)
const servers: (Server | TlsServer)[] = []
let proxy: ReturnType<typeof createProxy>
let host: ReturnType<typeof createHaproxyHost>
let model: RouterModel
const ports = new Map<string, number>()

before(async () => {
  for (const name of ['one', 'two', 'three']) {
    const { certificate, key } = serverCertificate(`${name}.backend`)
    ports.set(name, await listen(createTlsServer({ cert: certificate, key }, (socket) => echo(socket))))
  }
  const web = createHttpServer((request, response) => response.end(`web for ${request.headers['x-forwarded-for']}`))
  ports.set('web', await listen(web))
  model = withEndpoints(translateGateways(worldOf(manifests, { addresses: [address] }), now).model)
  host = createHaproxyHost({ ...places, clock: systemClock, log })
  proxy = createProxy({ host, settings: haproxySettings(places, [address]), clock: systemClock, log, reloadGapMs: 0 })
  proxy.want(model)
  await proxy.settled()
  assert.equal(proxy.isServing, true)
})
after(async () => {
  await proxy.close()
  await host.close()
  await stopHaproxy(places)
  for (const server of servers) server.close()
  rmSync(folder, { recursive: true, force: true })
})

/** Backends in a cluster are pods, and never loopback; here nothing else is at hand. */
function withEndpoints(of: RouterModel, other: Readonly<Record<string, string>> = {}): RouterModel {
  const backends = of.backends.map((backend) => {
    const name = /\/(.*?):/.exec(backend.name)![1]!
    return { ...backend, endpoints: [{ address: '127.0.0.1', port: ports.get(other[name] ?? name)!, state: 'ready' as const }] }
  })
  return { ...of, backends }
}

function echo(socket: TLSSocket): void {
  socket.on('error', () => {})
  // Some protocols begin with what the server says.
  socket.write('welcome, ')
  socket.pipe(socket)
}

async function listen(server: Server | TlsServer): Promise<number> {
  servers.push(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return (server.address() as AddressInfo).port
}

/** What stands in the log, each line as a whole. */
function logged(): readonly { readonly host?: string; readonly port: number; readonly backend?: string; readonly error?: string }[] {
  const text = readFileSync(places.accessLog, 'utf8')
  const lines = text.slice(0, text.lastIndexOf('\n') + 1).split('\n')
  return lines.filter((line) => line !== '').map((line) => JSON.parse(line))
}

/** Whose certificate is shown for a name; `rejected`: the connection ends without one. */
function shown(name: string, { port = 443, at = address } = {}): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect({ host: at, port, ...(name !== '' && { servername: name }), rejectUnauthorized: false }, () => {
      resolve(String(socket.getPeerCertificate().subject.CN))
      socket.destroy()
    })
    socket.on('error', () => resolve('rejected'))
  })
}

/** Shown by the router where it ends TLS and has no certificate for the name: that of the listener for every host. */
const ownCertificate = 'ended.example'
const cases: readonly (readonly [name: string, whose: string])[] = [
  ['one.pass.example', 'one.backend'],
  ['ONE.pass.example', 'one.backend'],
  ['a.deep.pass.example', 'one.backend'],
  ['b.a.deep.pass.example', 'one.backend'],
  ['x.pass.example', 'two.backend'],
  ['nobody.pass.example', 'rejected'],
  // Named more precisely by a route of requests.
  ['www.pass.example', ownCertificate],
  // Named as precisely by both: whoever was first has it, so nobody takes a host from another.
  ['first.pass.example', ownCertificate],
  ['ended.example', 'ended.example'],
  ['pass.example', ownCertificate],
  ['other.example', ownCertificate],
]
for (const [name, whose] of cases)
  test(`${name} at a port that both ends TLS and passes it on: ${whose}`, async () => assert.equal(await shown(name), whose))

test('a port that only passes on rejects what no route is for, and who asks for no name or speaks no TLS', async () => {
  assert.equal(await shown('one.pass.example', { port: 8443 }), 'one.backend')
  assert.equal(await shown('ended.example', { port: 8443 }), 'rejected')
  assert.equal(await shown('', { port: 8443 }), 'rejected')
  const said = await new Promise((resolve) => {
    const socket = connectTcp(8443, address, () => socket.write('GET / HTTP/1.1\r\nhost: one.pass.example\r\n\r\n'))
    socket.on('data', (data) => resolve(data.toString()))
    socket.on('close', () => resolve('nothing'))
    socket.on('error', () => {})
  })
  assert.equal(said, 'nothing')
})

test('TLS that fails stands in the log as all else does', async () => {
  const old = { maxVersion: 'TLSv1.1', minVersion: 'TLSv1', ciphers: 'DEFAULT@SECLEVEL=0' } as const
  const error = await new Promise((resolve) =>
    connect({ host: address, port: 443, servername: 'ended.example', ...old }).on('error', resolve),
  )
  assert.ok(error instanceof Error)
  const until = Date.now() + 5_000
  const isLogged = () => logged().some((line) => /SSL/.test(line.error ?? ''))
  while (!isLogged() && Date.now() < until) await new Promise((resolve) => setImmediate(resolve))
  assert.ok(isLogged(), JSON.stringify(logged()))
})

test('what is said within is passed on as it is, whoever begins', async () => {
  const answer = await new Promise<string>((resolve, reject) => {
    let text = ''
    const socket = connect({ host: address, port: 443, servername: 'one.pass.example', rejectUnauthorized: false })
    socket.on('data', (data) => {
      if (text === '') socket.write('hello')
      text += data.toString()
      if (!text.endsWith('hello')) return
      resolve(text)
      socket.destroy()
    })
    socket.on('error', reject)
  })
  assert.equal(answer, 'welcome, hello')
})

test('a first message in many pieces is waited for', async () => {
  const relay = createRelay((client) => {
    const onward = connectTcp({ port: 443, host: address, noDelay: true })
    client.once('data', (first: Buffer) => void inPieces(onward, first).then(() => client.pipe(onward)))
    onward.pipe(client)
    for (const socket of [client, onward]) socket.on('error', () => {})
  })
  await new Promise<void>((resolve) => relay.listen(0, '127.0.0.1', resolve))
  assert.equal(await shown('one.pass.example', { port: (relay.address() as AddressInfo).port, at: '127.0.0.1' }), 'one.backend')
  relay.close()
})

async function inPieces(socket: Socket, data: Buffer): Promise<void> {
  for (let at = 0; at < data.length; at += 60) {
    socket.write(data.subarray(at, at + 60))
    await new Promise((resolve) => setImmediate(resolve))
  }
}

test('where TLS is ended behind the choice by names, the client is still known', async () => {
  const body = await new Promise<string>((resolve, reject) => {
    let text = ''
    const from = connectTcp({ host: address, port: 443, localAddress: '127.0.0.9' })
    const socket = connect({ socket: from, servername: 'ended.example', ca: own.certificate }, () =>
      socket.write('GET / HTTP/1.1\r\nhost: ended.example\r\nconnection: close\r\n\r\n'),
    )
    socket.on('data', (data) => (text += data.toString()))
    socket.on('end', () => resolve(text))
    socket.on('error', reject)
  })
  assert.match(body, /web for 127\.0\.0\.9/)
})

test('connections are shared out by weight, and what cannot be followed is rejected for its share', async () => {
  const all = await Promise.all(Array.from({ length: 80 }, () => shown('shared.pass.example')))
  const share = (whose: string) => all.filter((one) => one === whose).length
  assert.ok(share('one.backend') >= 5 && share('two.backend') >= 5 && share('rejected') >= 20, JSON.stringify(all))
})

test('an endpoint changes without a reload, and every connection stands in the log', async () => {
  const { reloads } = proxy.counters
  proxy.want(withEndpoints(model, { one: 'three' }))
  await proxy.settled()
  assert.equal(await shown('one.pass.example'), 'three.backend')
  assert.equal(proxy.counters.reloads, reloads)
  const until = Date.now() + 5_000
  const isLogged = () =>
    logged().some(({ host, port, backend }) => host === 'one.pass.example' && port === 443 && backend === 'b_default_one:443.tcp')
  while (!isLogged() && Date.now() < until) await new Promise((resolve) => setImmediate(resolve))
  assert.ok(isLogged(), JSON.stringify(logged()))
})
