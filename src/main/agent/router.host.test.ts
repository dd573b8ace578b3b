/** From objects in an API server to answers of a real HAProxy: Ingresses whole, as the router's own identity may read and write them. */
import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer, request, type Server } from 'node:http'
import { request as requestTls } from 'node:https'
import { type AddressInfo, createServer as createTcpServer } from 'node:net'
import { networkInterfaces, tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import type { TLSSocket } from 'node:tls'
import { Event } from '#api/core/v1/event.ts'
import { Secret } from '#api/core/v1/secret.ts'
import { Service } from '#api/core/v1/service.ts'
import { EndpointSlice } from '#api/discovery/v1/endpoint-slice.ts'
import { Ingress } from '#api/networking/v1/ingress.ts'
import { IngressClass } from '#api/networking/v1/ingress-class.ts'
import type { Client } from '#client/client.ts'
import { createClient } from '#client/http.ts'
import { systemClock as clock } from '#host/clock.ts'
import { createHaproxyHost, haproxySettings, stopHaproxy } from '#host/haproxy.ts'
import { makeCertificate } from '#host/pki/certificate.ts'
import { systemRandom } from '#host/random.ts'
import { silentLog } from '#lib/log.ts'
import { createEventRecorder } from '#loop/events.ts'
import { routerUser } from '#router/bootstrap-objects.ts'
import { createProxy, type RoutingProxy } from '#router/haproxy/proxy.ts'
import { createIngressPart } from '#router/ingress/ingress-part.ts'
import { startRouter } from '#router/router.ts'
import { haproxyPlacesIn } from '#router/testing/haproxy-places.ts'
import type { ControlPlane } from '../control-plane.ts'
import { startTestPlane } from '../test-plane.ts'

/** Of the loopback network, so that no port of the machine is in the way. */
const address = '127.77.11.1'
/** Where the backend answers: no pod of a cluster, and no address that the router refuses. */
const backendAddress = ownAddress()
const folder = mkdtempSync(join(tmpdir(), 'wherry-ingress-'))
const places = haproxyPlacesIn(folder)
let plane: ControlPlane
let admin: Client
let proxy: RoutingProxy
let router: { stop(): Promise<void> }
let host: ReturnType<typeof createHaproxyHost>
let ports: { readonly http: number; readonly https: number }
const servers: Server[] = []
const watched: string[] = []

before(async () => {
  plane = await startTestPlane({ dnsAddress: '10.96.0.10' })
  admin = createClient(plane.transportAs({ name: 'admin', groups: ['system:masters'] }))
  // As it comes through the server's door: whatever it may not, it is refused.
  const transport = plane.transportAs({ name: routerUser, groups: ['system:authenticated'] })
  const client = createClient((asked) => {
    const url = new URL(asked.path, 'http://server')
    if (url.searchParams.get('watch') === 'true' || url.searchParams.get('watch') === '1')
      watched.push(`${url.pathname}?${url.searchParams.get('fieldSelector') ?? ''}`)
    return transport(asked)
  })
  ports = { http: await freePort(), https: await freePort() }
  host = createHaproxyHost({ ...places, clock, log: silentLog })
  proxy = createProxy({
    host: refusing(host, 'refused.example'),
    settings: haproxySettings(places, [address]),
    clock,
    log: silentLog,
    reloadGapMs: 0,
  })
  const basis = { client, clock, random: systemRandom.fork('router'), log: silentLog }
  const recorder = createEventRecorder({ ...basis, component: 'wherry-router' })
  router = startRouter({ ...basis, parts: [createIngressPart({ ...basis, ports })], proxy, recorder, addresses: [address] })
})
after(async () => {
  await router.stop()
  await host.close()
  await stopHaproxy(places)
  for (const server of servers) {
    server.closeAllConnections()
    server.close()
  }
  await plane.stop()
  rmSync(folder, { recursive: true, force: true })
})

test('with nothing to serve there is no proxy, and no Service or Secret is watched', async () => {
  await waitFor(() => watched.length >= 2)
  await proxy.idle()
  assert.ok(!existsSync(places.pidFile))
  assert.deepEqual([...watched].sort(), ['/apis/networking.k8s.io/v1/ingressclasses?', '/apis/networking.k8s.io/v1/ingresses?'])
  const [found] = (await admin.list(IngressClass)).items
  assert.deepEqual([found!.metadata.name, found!.spec.controller], ['wherry', 'wherry.dev/router'])
})

test('an Ingress without a class is ours by default: its host answers, and its status says where', async () => {
  await serveAs('web')
  await serveAs('api')
  await admin.create(Ingress, ingress('shop', { rules: [rule('shop.example', ['/', 'web'], ['/api', 'api'])] }), { namespace: 'default' })
  await waitFor(async () => (await admin.get(Ingress, 'shop', 'default')).status?.loadBalancer?.ingress?.[0]?.ip === address)
  assert.equal((await admin.get(Ingress, 'shop', 'default')).spec.ingressClassName, 'wherry')
  assert.deepEqual(await Promise.all(['/', '/api/x', '/apis'].map((path) => ask('shop.example', path))), ['200 web', '200 api', '200 web'])
  assert.match(await ask('other.example', '/'), /^404 /)
  assert.ok(watched.includes('/api/v1/secrets?type=kubernetes.io/tls'))
})

test('an endpoint that comes needs no reload', async () => {
  const { reloads } = proxy.counters
  await serveAs('api', 2)
  await waitFor(async () => (await Promise.all(Array.from({ length: 8 }, () => ask('shop.example', '/api')))).includes('200 api 2'))
  assert.equal(proxy.counters.reloads, reloads)
})

test('a certificate that is missing is told of, and redirects begin once it is there; another is shown at once', async () => {
  await admin.create(
    Ingress,
    ingress('secure', { tls: [{ hosts: ['secure.example'], secretName: 'secure' }], rules: [rule('secure.example', ['/', 'web'])] }),
    { namespace: 'default' },
  )
  await hears('secure', 'SecretNotFound')
  assert.equal(await ask('secure.example', '/'), '200 web')
  assert.equal((await askTls('secure.example')).shown, 'wherry router default certificate')
  await admin.create(Secret, tlsSecret('secure', 'first'), { namespace: 'default' })
  await waitFor(async () => (await askTls('secure.example')).shown === 'first')
  assert.equal((await askTls('secure.example')).answer, '200 web')
  await waitFor(async () => (await ask('secure.example', '/x?y=1')) === `308 https://secure.example:${ports.https}/x?y=1`)
  const { reloads } = proxy.counters
  const present = await admin.get(Secret, 'secure', 'default')
  await admin.update(Secret, { ...present, data: tlsSecret('secure', 'second').data } as typeof present)
  await waitFor(async () => (await askTls('secure.example')).shown === 'second')
  assert.equal(proxy.counters.reloads, reloads)
})

test('what cannot be served is said once at the Ingress, and the rest of it goes on', async () => {
  await admin.create(
    Service,
    { metadata: { name: 'elsewhere' }, spec: { type: 'ExternalName', externalName: 'a.example', ports: [{ port: 80 }] } },
    { namespace: 'default' },
  )
  await admin.create(
    Ingress,
    // Of two of the same second the name decides who is older.
    ingress('various', {
      rules: [rule('mixed.example', ['/', 'web'], ['/missing', 'nobody'], ['/external', 'elsewhere']), rule('shop.example', ['/', 'api'])],
    }),
    { namespace: 'default' },
  )
  for (const reason of ['ServiceNotFound', 'UnsupportedBackend', 'PathConflict']) await hears('various', reason)
  assert.deepEqual(await Promise.all(['/', '/missing', '/external/x'].map((path) => ask('mixed.example', path))), [
    '200 web',
    '503 nothing can answer this request now\n',
    '503 nothing can answer this request now\n',
  ])
  assert.equal(await ask('shop.example', '/'), '200 web')
  const counts = (await admin.list(Event, { namespace: 'default' })).items
    .filter(({ involvedObject }) => involvedObject.name === 'various')
    .map(({ count }) => count)
  assert.deepEqual([...new Set(counts)], [1])
})

test('what the proxy itself refuses is told at the Ingress that it is of, others go on, and it is served once it changed', async () => {
  const { reloads } = proxy.counters
  const refused = ingress('refused', { rules: [rule('fine.example', ['/fine', 'web']), rule('refused.example', ['/bad', 'web'])] })
  // A rewrite is a section of its own, and so a reload.
  const annotations = { 'router.wherry.dev/rewrite-target': '/rewritten' }
  await admin.create(Ingress, { ...refused, metadata: { ...refused.metadata, annotations } }, { namespace: 'default' })
  await hears('refused', 'ProxyRefused')
  const [event] = (await admin.list(Event, { namespace: 'default' })).items.filter(({ reason }) => reason === 'ProxyRefused')
  assert.match(
    event!.message!,
    /^The proxy does not take it\. spec\.rules, host "refused\.example", path \/bad: unknown keyword 'nonsense' in 'global' section$/,
  )
  assert.equal(await ask('shop.example', '/'), '200 web')
  assert.match(await ask('fine.example', '/fine'), /^404 /)
  assert.ok(proxy.counters.reloads > reloads)
  const present = await admin.get(Ingress, 'refused', 'default')
  await admin.update(Ingress, { ...present, spec: { rules: [rule('fine.example', ['/fine', 'web'])] } } as typeof present)
  await waitFor(async () => (await ask('fine.example', '/fine')) === '200 web')
  await waitFor(() => proxy.refusals.size === 0)
})

test('the last Ingress of ours that goes takes the proxy with it', async () => {
  for (const { metadata } of (await admin.list(Ingress)).items)
    await admin.delete(Ingress, metadata.name, { namespace: metadata.namespace! })
  await waitFor(() => !existsSync(places.pidFile))
  const lines = readFileSync(places.accessLog, 'utf8').trim().split('\n')
  assert.ok(lines.every((line) => JSON.parse(line) !== null))
})

type Path = readonly [path: string, service: string]
const rule = (name: string, ...paths: readonly Path[]) => ({
  host: name,
  http: {
    paths: paths.map(([path, service]) => ({
      path,
      pathType: 'Prefix' as const,
      backend: { service: { name: service, port: { number: 80 } } },
    })),
  },
})
const ingress = (name: string, spec: object) => ({ metadata: { name }, spec })

/** A Service without selector, with a slice of our own, and a server behind it. */
async function serveAs(name: string, number = 1): Promise<void> {
  const said = number === 1 ? name : `${name} ${number}`
  const server = createServer((_incoming, outgoing) => outgoing.end(said))
  await new Promise<void>((resolve) => server.listen(0, backendAddress, resolve))
  servers.push(server)
  const { port } = server.address() as AddressInfo
  if (number === 1)
    await admin.create(Service, { metadata: { name }, spec: { ports: [{ name: 'http', port: 80 }] } }, { namespace: 'default' })
  await admin.create(
    EndpointSlice,
    {
      metadata: { name: `${name}-${number}`, labels: { 'kubernetes.io/service-name': name } },
      addressType: 'IPv4',
      ports: [{ name: 'http', port, protocol: 'TCP' }],
      endpoints: [{ addresses: [backendAddress], conditions: { ready: true } }],
    },
    { namespace: 'default' },
  )
}

function tlsSecret(name: string, commonName: string) {
  const pair = makeCertificate({
    commonName,
    usage: 'server',
    dnsNames: ['secure.example'],
    notBefore: Date.now() - 60_000,
    notAfter: Date.now() + 86_400_000,
  })
  return {
    metadata: { name },
    type: 'kubernetes.io/tls',
    data: { 'tls.crt': Buffer.from(pair.certificate).toString('base64'), 'tls.key': Buffer.from(pair.key).toString('base64') },
  }
}

const hears = (name: string, reason: string) =>
  waitFor(async () =>
    (await admin.list(Event, { namespace: 'default' })).items.some(
      (event) => event.involvedObject.name === name && event.reason === reason,
    ),
  )

/** Status, and what was answered; of a redirect, where it leads. */
const ask = (name: string, path: string): Promise<string> =>
  new Promise((resolve, reject) => {
    request({ host: address, port: ports.http, path, headers: { host: name }, agent: false }, (answer) => {
      let text = ''
      answer.setEncoding('utf8').on('data', (part: string) => {
        text += part
      })
      answer.once('end', () => resolve(`${answer.statusCode} ${answer.headers.location ?? text}`))
    })
      .once('error', reject)
      .end()
  })

const askTls = (name: string): Promise<{ readonly shown: string; readonly answer: string }> =>
  new Promise((resolve) => {
    const sent = requestTls(
      { host: address, port: ports.https, servername: name, headers: { host: name }, rejectUnauthorized: false, agent: false },
      (answer) => {
        const shown = (answer.socket as TLSSocket).getPeerCertificate().subject.CN as string
        let text = ''
        answer.setEncoding('utf8').on('data', (part: string) => {
          text += part
        })
        answer.once('end', () => resolve({ shown, answer: `${answer.statusCode} ${text}` }))
      },
    )
    // Before the first certificate nobody listens there.
    sent.once('error', (error) => resolve({ shown: '', answer: error.message }))
    sent.end()
  })

async function freePort(): Promise<number> {
  const server = createTcpServer()
  await new Promise<void>((resolve) => server.listen(0, address, resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}

async function waitFor(condition: () => boolean | Promise<boolean>): Promise<void> {
  for (const until = Date.now() + 15_000; Date.now() < until; await new Promise((resolve) => setTimeout(resolve, 20)))
    if (await condition()) return
  throw new Error(`never came true: ${condition}`)
}

/** The machine's own, since slices may not name loopback's. */
function ownAddress(): string {
  const found = Object.values(networkInterfaces())
    .flat()
    .find((one) => one?.family === 'IPv4' && !one.internal)
  assert.ok(found, 'the machine has no address but loopback')
  return found.address
}

/** A real HAProxy that reads a word that it does not know wherever this host is served: what it will refuse one day is not known today. */
function refusing(real: ReturnType<typeof createHaproxyHost>, hostname: string): ReturnType<typeof createHaproxyHost> {
  const spoiled = (files: ReadonlyMap<string, string>): ReadonlyMap<string, string> => {
    const isServed = [...files].some(([name, text]) => name.startsWith('maps/') && text.includes(hostname))
    return isServed ? new Map([...files].map(([name, text]) => [name, text.replace(/^global$/m, 'global\n  nonsense')])) : files
  }
  return {
    ...real,
    writeFiles: (files) => real.writeFiles(spoiled(files)),
    refusal: (filesAt) => real.refusal(async (directory) => spoiled(await filesAt(directory))),
  }
}
