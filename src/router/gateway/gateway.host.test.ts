import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import {
  createServer,
  request as httpRequest,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type OutgoingHttpHeaders,
  type Server,
} from 'node:http'
import { connect as connectHttp2, createServer as createHttp2Server, type Http2Server } from 'node:http2'
import { request as httpsRequest } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { connect as connectTls } from 'node:tls'
import * as grpc from '@grpc/grpc-js'
import { systemClock } from '#host/clock.ts'
import { createHaproxyHost, type HaproxyPlaces, haproxySockets } from '#host/haproxy.ts'
import { createJsonLog } from '#lib/log.ts'
import { defaultTimeouts } from '../haproxy/configuration.ts'
import { createProxy } from '../haproxy/proxy.ts'
import type { RouterModel } from '../model/router-model.ts'
import { serverCertificate } from '../testing/server-certificate.ts'
import { now, worldOf } from './testing.ts'
import { translateGateways } from './translate-gateways.ts'

/** What Gateways and routes come to, asked of a real HAProxy with real backends behind it: the core of what the conformance suite asks. */

/** Of the loopback network, so that no port of the machine is in the way. */
const address = '127.77.13.1'
/** Says what reached it. */
interface Echo {
  readonly service: string
  readonly path: string
  readonly method: string
  readonly headers: IncomingHttpHeaders
}

const certificates = { exact: serverCertificate('secure.example'), wild: serverCertificate('*.wild.example') }
const secret = (name: string, { certificate, key }: { readonly certificate: string; readonly key: string }) => `
kind: Secret
metadata: { name: ${name} }
type: kubernetes.io/tls
data: { tls.crt: ${Buffer.from(certificate).toString('base64')}, tls.key: ${Buffer.from(key).toString('base64')} }
---`

const manifests = `${['v1', 'v2', 'slow']
  .map((name) => `\n{ kind: Service, metadata: { name: ${name} }, spec: { ports: [{ port: 80, protocol: TCP }] } }\n---`)
  .join('')}
{ kind: Service, metadata: { name: h2 }, spec: { ports: [{ port: 80, protocol: TCP, appProtocol: kubernetes.io/h2c }] } }
---
{ kind: Service, metadata: { name: greeter }, spec: { ports: [{ port: 80, protocol: TCP }] } }
---
{ kind: Service, metadata: { name: closed }, spec: { ports: [{ port: 80, protocol: TCP }] } }
---${secret('exact', certificates.exact)}${secret('wild', certificates.wild)}
kind: Gateway
metadata: { name: web }
spec:
  gatewayClassName: wherry
  listeners:
    - { name: http, port: 80, protocol: HTTP }
    - { name: other, port: 8080, protocol: HTTP }
    - { name: isolated, port: 80, protocol: HTTP, hostname: "*.isolated.example" }
    - { name: exact, port: 443, protocol: HTTPS, hostname: secure.example, tls: { certificateRefs: [{ name: exact }] } }
    - { name: wild, port: 443, protocol: HTTPS, hostname: "*.wild.example", tls: { certificateRefs: [{ name: wild }] } }
    - { name: all, port: 8443, protocol: HTTPS, tls: { certificateRefs: [{ name: exact }] } }
    - { name: wild-too, port: 8443, protocol: HTTPS, hostname: "*.wild.example", tls: { certificateRefs: [{ name: wild }] } }
---
kind: HTTPRoute
metadata: { name: matching }
spec:
  parentRefs: [{ name: web, sectionName: http }]
  hostnames: [match.example, "*.match.example"]
  rules:
    - { backendRefs: [{ name: v1, port: 80 }] }
    - matches: [{ path: { value: /v2 } }, { headers: [{ name: version, value: two }] }, { method: PATCH }, { queryParams: [{ name: a, value: b c }] }]
      backendRefs: [{ name: v2, port: 80 }]
    - { matches: [{ path: { type: Exact, value: /v2/exact } }], backendRefs: [{ name: v1, port: 80 }] }
    - { matches: [{ path: { type: RegularExpression, value: "/r/[0-9]+" } }], backendRefs: [{ name: v2, port: 80 }] }
---
kind: HTTPRoute
metadata: { name: isolated }
spec:
  parentRefs: [{ name: web, sectionName: http }]
  hostnames: [a.isolated.example]
  rules: [{ backendRefs: [{ name: v1, port: 80 }] }]
---
kind: HTTPRoute
metadata: { name: filters }
spec:
  parentRefs: [{ name: web, sectionName: http }, { name: web, sectionName: other }]
  hostnames: [filter.example]
  rules:
    - matches: [{ path: { value: /headers } }]
      filters:
        - type: RequestHeaderModifier
          requestHeaderModifier: { set: [{ name: X-Set, value: "%[src] \\"new\\"" }], add: [{ name: X-Add, value: more }], remove: [X-Remove] }
        - type: ResponseHeaderModifier
          responseHeaderModifier: { set: [{ name: X-Service, value: hidden }], add: [{ name: X-Also, value: there }], remove: [X-Secret] }
      backendRefs:
        - name: v1
          port: 80
          filters: [{ type: RequestHeaderModifier, requestHeaderModifier: { set: [{ name: X-Backend, value: one }] } }]
    - matches: [{ path: { value: /prefix/one } }]
      filters: [{ type: URLRewrite, urlRewrite: { hostname: in.example, path: { type: ReplacePrefixMatch, replacePrefixMatch: /one } } }]
      backendRefs: [{ name: v1, port: 80 }]
    - matches: [{ path: { value: /strip } }]
      filters: [{ type: URLRewrite, urlRewrite: { path: { type: ReplacePrefixMatch, replacePrefixMatch: / } } }]
      backendRefs: [{ name: v1, port: 80 }]
    - matches: [{ path: { value: /full } }]
      filters: [{ type: URLRewrite, urlRewrite: { path: { type: ReplaceFullPath, replaceFullPath: /one } } }]
      backendRefs: [{ name: v1, port: 80 }]
    - { matches: [{ path: { value: /plain } }], filters: [{ type: RequestRedirect, requestRedirect: { hostname: to.example } }] }
    - { matches: [{ path: { value: /https } }], filters: [{ type: RequestRedirect, requestRedirect: { scheme: https, statusCode: 301 } }] }
    - { matches: [{ path: { value: /port } }], filters: [{ type: RequestRedirect, requestRedirect: { port: 8083, statusCode: 308 } }] }
    - matches: [{ path: { value: /old } }]
      filters: [{ type: RequestRedirect, requestRedirect: { statusCode: 307, path: { type: ReplacePrefixMatch, replacePrefixMatch: /new } } }]
    - matches: [{ path: { value: /gone } }]
      filters: [{ type: RequestRedirect, requestRedirect: { statusCode: 303, path: { type: ReplaceFullPath, replaceFullPath: /here } } }]
---
kind: HTTPRoute
metadata: { name: sharing }
spec:
  parentRefs: [{ name: web, sectionName: http }]
  hostnames: [share.example]
  rules:
    - { backendRefs: [{ name: v1, port: 80, weight: 9 }, { name: v2, port: 80, weight: 1 }, { name: slow, port: 80, weight: 0 }] }
    - { matches: [{ path: { value: /half } }], backendRefs: [{ name: v1, port: 80 }, { name: missing, port: 80 }] }
    - { matches: [{ path: { value: /none } }] }
    - { matches: [{ path: { value: /zero } }], backendRefs: [{ name: v1, port: 80, weight: 0 }] }
    - { matches: [{ path: { value: /slow } }], timeouts: { request: 200ms }, backendRefs: [{ name: slow, port: 80 }] }
    - { matches: [{ path: { value: /patient } }], timeouts: { request: 0s }, backendRefs: [{ name: slow, port: 80 }] }
    - { matches: [{ path: { value: /h2 } }], backendRefs: [{ name: h2, port: 80 }] }
    - { matches: [{ path: { value: /closed } }], timeouts: { request: 500ms }, backendRefs: [{ name: closed, port: 80 }] }
---
kind: HTTPRoute
metadata: { name: secure }
spec:
  parentRefs: [{ name: web, port: 443 }]
  rules: [{ backendRefs: [{ name: v1, port: 80 }] }]
---
kind: GRPCRoute
metadata: { name: greeter }
spec:
  parentRefs: [{ name: web, sectionName: http }]
  hostnames: [grpc.example]
  rules:
    - { matches: [{ method: { service: test.Greeter, method: Hello } }], backendRefs: [{ name: greeter, port: 80 }] }
    - { matches: [{ method: { service: test.Greeter, method: Bye }, headers: [{ name: color, value: blue }] }], backendRefs: [{ name: greeter, port: 80 }] }
    - { matches: [{ method: { service: test.Greeter, method: Lost } }], backendRefs: [{ name: missing, port: 80 }] }
`

const log = createJsonLog((line) => console.error(line), systemClock, 'error', {})
let directory: string
let model: RouterModel
let proxy: ReturnType<typeof createProxy>
let host: ReturnType<typeof createHaproxyHost>
const servers: (Server | Http2Server)[] = []
let greeter: grpc.Server

before(async () => {
  directory = await mkdtemp(join(tmpdir(), 'wherry-gateway-'))
  const ports = new Map<string, number>()
  for (const name of ['v1', 'v2', 'slow'])
    ports.set(name, await listen(createServer((request, response) => answer(name, request, response))))
  ports.set(
    'h2',
    await listen(createHttp2Server((request, response) => answer('h2', request as unknown as IncomingMessage, response as never))),
  )
  ports.set('greeter', await serveGreeter())
  // Nobody listens there.
  ports.set('closed', 9)
  const translated = translateGateways(worldOf(manifests, { addresses: [address] }), now).model
  // Backends in a cluster are pods, and never loopback; here nothing else is at hand.
  model = {
    ...translated,
    backends: translated.backends.map((backend) => ({
      ...backend,
      endpoints: [{ address: '127.0.0.1', port: ports.get(/\/(.*?):/.exec(backend.name)![1]!)!, state: 'ready' as const }],
    })),
  }
  const places: HaproxyPlaces = {
    directory: join(directory, 'haproxy'),
    runDirectory: join(directory, 'run'),
    pidFile: join(directory, 'haproxy.pid'),
    accessLog: join(directory, 'access.log'),
    programLog: join(directory, 'program.log'),
  }
  const { adminSocket, metricsSocket, logSocket } = haproxySockets(places)
  host = createHaproxyHost({ ...places, clock: systemClock, log })
  const settings = {
    addresses: [address],
    directory: places.directory,
    adminSocket,
    metricsSocket,
    logSocket,
    inner: { bound: places.runDirectory, reached: places.runDirectory },
    maxConnections: 500,
    threads: 1,
  }
  proxy = createProxy({ host, settings: { ...settings, timeouts: defaultTimeouts }, clock: systemClock, log })
  proxy.want(model)
  await proxy.settled()
  assert.equal(proxy.isServing, true)
})

after(async () => {
  await proxy?.close()
  await host?.stop()
  await host?.close()
  for (const server of servers) server.close()
  greeter?.forceShutdown()
  await rm(directory, { recursive: true, force: true })
})

async function listen(server: Server | Http2Server): Promise<number> {
  servers.push(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return (server.address() as AddressInfo).port
}

function answer(
  service: string,
  request: IncomingMessage,
  response: { writeHead(status: number, headers: OutgoingHttpHeaders): unknown; end(text: string): unknown },
) {
  const send = () => {
    response.writeHead(200, { 'content-type': 'application/json', 'x-service': service, 'x-secret': 'yes' })
    response.end(
      JSON.stringify({ service, path: request.url, method: request.method, headers: request.headers } satisfies Record<
        keyof Echo,
        unknown
      >),
    )
  }
  if (service === 'slow') setTimeout(send, 600)
  else send()
}

const text = { serialize: (value: string) => Buffer.from(value), deserialize: (bytes: Buffer) => bytes.toString() }
const method = (name: string) => ({
  path: `/test.Greeter/${name}`,
  requestStream: false,
  responseStream: false,
  requestSerialize: text.serialize,
  requestDeserialize: text.deserialize,
  responseSerialize: text.serialize,
  responseDeserialize: text.deserialize,
})

async function serveGreeter(): Promise<number> {
  greeter = new grpc.Server()
  const reply = (call: { request: string }, done: (error: null, value: string) => void) => done(null, `${call.request} too`)
  greeter.addService({ Hello: method('Hello'), Bye: method('Bye') }, { Hello: reply, Bye: reply } as never)
  return new Promise((resolve, reject) =>
    greeter.bindAsync('127.0.0.1:0', grpc.ServerCredentials.createInsecure(), (error, port) => (error ? reject(error) : resolve(port))),
  )
}

interface Ask {
  readonly host: string
  readonly path?: string
  readonly port?: number
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  /** Over TLS, asking for this name and trusting this certificate. */
  readonly tls?: { readonly name: string; readonly ca: string }
}

interface Answered {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly echo?: Echo
}

function ask({ host, path = '/', port = 80, method = 'GET', headers = {}, tls }: Ask): Promise<Answered> {
  return new Promise((resolve, reject) => {
    const options = { host: address, port, path, method, headers: { ...headers, host }, agent: false }
    const request = tls ? httpsRequest({ ...options, servername: tls.name, ca: tls.ca }) : httpRequest(options)
    request.on('error', reject)
    request.on('response', (response) => {
      let body = ''
      response.on('data', (chunk) => (body += chunk))
      response.on('end', () =>
        resolve({
          status: response.statusCode!,
          headers: response.headers,
          ...(body.startsWith('{') && { echo: JSON.parse(body) as Echo }),
        }),
      )
    })
    request.end()
  })
}

/** What is asked, and who answers it. */
const matches: readonly (readonly [Ask, string | number])[] = [
  [{ host: 'match.example' }, 'v1'],
  [{ host: 'MATCH.example:8123' }, 'v1'],
  [{ host: 'a.b.match.example' }, 'v1'],
  [{ host: 'nomatch.example' }, 404],
  [{ host: 'match.example', port: 8080 }, 404],
  [{ host: 'match.example', path: '/v2/x?y' }, 'v2'],
  [{ host: 'match.example', path: '/v2x' }, 'v1'],
  [{ host: 'match.example', path: '/v2/exact' }, 'v1'],
  [{ host: 'match.example', path: '/v2/exact/not' }, 'v2'],
  [{ host: 'match.example', headers: { Version: 'two' } }, 'v2'],
  [{ host: 'match.example', headers: { version: 'twofold' } }, 'v1'],
  [{ host: 'match.example', method: 'PATCH' }, 'v2'],
  [{ host: 'match.example', path: '/?x=y&a=b%20c' }, 'v2'],
  [{ host: 'match.example', path: '/r/12' }, 'v2'],
  [{ host: 'match.example', path: '/r/12x' }, 'v1'],
  [{ host: 'a.isolated.example' }, 404],
  [{ host: 'share.example', path: '/none' }, 500],
  [{ host: 'share.example', path: '/zero' }, 500],
  [{ host: 'share.example', path: '/slow' }, 504],
  [{ host: 'share.example', path: '/patient' }, 'slow'],
  [{ host: 'share.example', path: '/h2/x' }, 'h2'],
  [{ host: 'secure.example', port: 443, tls: { name: 'secure.example', ca: certificates.exact.certificate } }, 'v1'],
  [{ host: 'a.wild.example', port: 443, tls: { name: 'a.wild.example', ca: certificates.wild.certificate } }, 'v1'],
  [{ host: 'elsewhere.example', port: 443, tls: { name: 'secure.example', ca: certificates.exact.certificate } }, 404],
]

for (const [request, wanted] of matches)
  test(`${request.method ?? 'GET'} ${request.tls ? 'https' : 'http'}://${request.host}${request.path ?? '/'} ${JSON.stringify(request.headers ?? {})} → ${wanted}`, async () => {
    const { status, echo } = await ask(request)
    assert.equal(typeof wanted === 'number' ? status : echo?.service, wanted)
  })

test('a listener for every host shows its certificate to who asks for no name, or for one that has none', async () => {
  const shown = async (port: number, servername: string): Promise<string> => {
    const socket = connectTls({ host: address, port, servername, rejectUnauthorized: false })
    await once(socket, 'secureConnect')
    const { subject } = socket.getPeerCertificate()
    socket.destroy()
    return String(subject.CN)
  }
  assert.equal(await shown(8443, ''), 'secure.example')
  assert.equal(await shown(8443, 'unknown.example'), 'secure.example')
  assert.equal(await shown(8443, 'a.wild.example'), '*.wild.example')
  assert.match(await shown(443, ''), /default/)
})

/** Locations of redirects. */
const redirects: readonly (readonly [Ask, number, string])[] = [
  [{ host: 'filter.example', path: '/plain/x?y=z' }, 302, 'http://to.example/plain/x?y=z'],
  [{ host: 'filter.example', path: '/https/x' }, 301, 'https://filter.example/https/x'],
  [{ host: 'filter.example', path: '/port' }, 308, 'http://filter.example:8083/port'],
  [{ host: 'filter.example', path: '/old/lemon?a=b' }, 307, 'http://filter.example/new/lemon?a=b'],
  [{ host: 'filter.example', path: '/old' }, 307, 'http://filter.example/new'],
  [{ host: 'filter.example', path: '/gone/for/good' }, 303, 'http://filter.example/here'],
  [{ host: 'filter.example', path: '/plain', port: 8080 }, 302, 'http://to.example:8080/plain'],
  [{ host: 'filter.example', path: '/https', port: 8080 }, 301, 'https://filter.example/https'],
]

for (const [request, status, location] of redirects)
  test(`${request.host}:${request.port ?? 80}${request.path} is sent to ${location}`, async () => {
    const answered = await ask(request)
    assert.deepEqual([answered.status, answered.headers.location], [status, location])
  })

/** What reaches the backend. */
const rewrites: readonly (readonly [path: string, asked: string])[] = [
  ['/prefix/one/two?q=1', '/one/two?q=1'],
  ['/prefix/one', '/one'],
  ['/strip/three', '/three'],
  ['/strip', '/'],
  ['/full/one/two?q=1', '/one?q=1'],
]

for (const [path, asked] of rewrites)
  test(`${path} becomes ${asked}`, async () => assert.equal((await ask({ host: 'filter.example', path })).echo?.path, asked))

test('who cannot be reached is given up within the time that the request has', async () => {
  const startedMs = performance.now()
  assert.equal((await ask({ host: 'share.example', path: '/closed' })).status, 503)
  const tookMs = performance.now() - startedMs
  assert.ok(tookMs < 1_000, `${tookMs} ms; with the usual pauses between tries it is some seconds`)
})

test('a rewritten host is what the backend sees; without one it sees what the client wrote', async () => {
  assert.equal((await ask({ host: 'filter.example', path: '/prefix/one' })).echo?.headers.host, 'in.example')
  assert.equal((await ask({ host: 'filter.example', path: '/strip' })).echo?.headers.host, 'filter.example')
})

test('headers are set, added and removed on the way in and out, and values are taken as they are', async () => {
  const sent = { 'x-set': 'old', 'x-add': 'some', 'x-remove': 'me', other: 'stays' }
  const { echo, headers } = await ask({ host: 'filter.example', path: '/headers', headers: sent })
  const seen = echo!.headers
  assert.deepEqual(
    [seen['x-set'], seen['x-add'], seen['x-remove'], seen['other'], seen['x-backend']],
    ['%[src] "new"', 'some, more', undefined, 'stays', 'one'],
  )
  assert.deepEqual([headers['x-service'], headers['x-also'], headers['x-secret']], ['hidden', 'there', undefined])
})

test('requests are shared out by weight, and what cannot be followed has its share', async () => {
  const count = async (path: string, times: number) => {
    const found = new Map<string, number>()
    for (let i = 0; i < times; i += 1) {
      const { status, echo } = await ask({ host: 'share.example', path })
      const who = echo?.service ?? String(status)
      found.set(who, (found.get(who) ?? 0) + 1)
    }
    return found
  }
  const shares = await count('/', 500)
  assert.deepEqual([...shares.keys()].sort(), ['v1', 'v2'])
  // Of 500 tries with a chance of 1 in 10: fewer than 20 or more than 90 happen once in many millions.
  assert.ok(shares.get('v2')! > 20 && shares.get('v2')! < 90, `${shares.get('v2')} of 500`)
  const halves = await count('/half', 100)
  assert.deepEqual([...halves.keys()].sort(), ['500', 'v1'])
})

test('gRPC is passed on over HTTP/2 by service, method and metadata; what no rule takes is Unimplemented', async () => {
  const client = new grpc.Client(`${address}:80`, grpc.credentials.createInsecure(), { 'grpc.default_authority': 'grpc.example' })
  const call = (name: string, metadata: Record<string, string> = {}) =>
    new Promise<string>((resolve) => {
      const sent = new grpc.Metadata()
      for (const [key, value] of Object.entries(metadata)) sent.set(key, value)
      client.makeUnaryRequest(method(name).path, text.serialize, text.deserialize, 'hello', sent, (error, value) =>
        resolve(error ? grpc.status[error.code]! : value!),
      )
    })
  assert.equal(await call('Hello'), 'hello too')
  assert.equal(await call('Bye'), 'UNIMPLEMENTED')
  assert.equal(await call('Bye', { color: 'blue' }), 'hello too')
  assert.equal(await call('Lost'), 'UNAVAILABLE', 'its backend cannot be followed')
  client.close()
})

test('HTTP/2 without TLS is taken from clients', async () => {
  const session = connectHttp2(`http://${address}:80`)
  const stream = session.request({ ':path': '/v2', ':authority': 'match.example' })
  let body = ''
  for await (const chunk of stream) body += chunk
  assert.equal((JSON.parse(body) as Echo).service, 'v2')
  session.close()
})
