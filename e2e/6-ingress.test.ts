/** Requests from outside: an Ingress and a Gateway, from the first one until nothing of them is left. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { type IncomingHttpHeaders, request } from 'node:http'
import { request as secureRequest } from 'node:https'
import { createServer } from 'node:net'
import { before, test } from 'node:test'
import type { TLSSocket } from 'node:tls'
import { stringify } from 'yaml'
import { makeCertificate } from '#host/pki/certificate.ts'
import { ensureUp, freshNamespace, kubectl, kubectlWithInput, until, wherry } from './support/cluster.ts'
import { archiveFile, nginxArchive } from './support/images.ts'
import { steadyRequests } from './support/steady-requests.ts'

const namespace = 'ingress'
const versions = { one: 'docker.io/library/nginx:1.7.9', two: 'docker.io/library/nginx:1.9.1' } as const
const inside = (...words: string[]): string => kubectl('-n', namespace, ...words)
const host = 'shop.e2e.example'
const dayMs = 86_400_000
let address: string
let ports: { readonly http: number; readonly https: number }

before(async () => {
  ensureUp()
  for (const name of Object.values(versions)) wherry('image', 'import', archiveFile(name.replaceAll(/\W/g, '-'), await nginxArchive(name)))
  freshNamespace(namespace)
  address = JSON.parse(wherry('status', '--json').out).nodes[0].address
  // What the settings say; a machine on which something else has the ports sets others.
  ports = { http: Number(process.env['WHERRY_E2E_HTTP'] ?? 80), https: Number(process.env['WHERRY_E2E_HTTPS'] ?? 443) }
  for (const [name, image] of Object.entries(versions)) {
    inside('create', 'deployment', name, `--image=${image}`, '--replicas=2')
    // nginx stops listening the moment it is told to end, which may be before the router hears of it; this is how pods are given that moment.
    const containers = [{ name: 'nginx', lifecycle: { preStop: { sleep: { seconds: 2 } } } }]
    inside('patch', 'deployment', name, '--patch', JSON.stringify({ spec: { template: { spec: { containers } } } }))
    inside('expose', 'deployment', name, '--port=80')
  }
  for (const name of Object.keys(versions)) inside('rollout', 'status', `deployment/${name}`, '--timeout=120s')
})

test('an Ingress: host, path and TLS; the address in its status, the request in the log', async () => {
  applyCertificate('first')
  apply({
    apiVersion: 'networking.k8s.io/v1',
    kind: 'Ingress',
    metadata: { name: 'shop' },
    spec: {
      tls: [{ hosts: [host], secretName: 'shop-tls' }],
      rules: [{ host, http: { paths: [path('/', 'one'), path('/two', 'two')] } }],
    },
  })
  await until('the address', () =>
    inside('get', 'ingress', 'shop', '-o', 'jsonpath={.status.loadBalancer.ingress[*].ip}').includes(address),
  )
  await until('it answers', async () => (await askSecurely('/')).text.includes(versions.one))
  assert.match((await askSecurely('/two/x')).text, /nginx:1\.9\.1/)
  assert.equal((await ask('/', { host: 'nobody.e2e.example' })).status, 404)
  const { status, headers } = await ask('/a?b=c', { host })
  assert.deepEqual([status, headers.location], [308, `https://${host}${ports.https === 443 ? '' : `:${ports.https}`}/a?b=c`])
  await askSecurely('/seen-in-the-log')
  await until('the line', () => /"host":"shop.e2e.example".*seen-in-the-log.*"status":200/.test(wherry('logs', 'router', '-n', '1000').out))
})

test('a certificate that changes is shown, and one that is damaged takes nothing from others', async () => {
  assert.equal((await askSecurely('/')).subject, 'first')
  applyCertificate('second')
  await until('the new one', async () => (await askSecurely('/')).subject === 'second')
  const damaged = Buffer.from('-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n').toString('base64')
  apply({ apiVersion: 'v1', kind: 'Secret', metadata: { name: 'damaged' }, type: 'Opaque', data: { 'tls.crt': damaged } })
  apply({
    apiVersion: 'networking.k8s.io/v1',
    kind: 'Ingress',
    metadata: { name: 'damaged' },
    spec: {
      tls: [{ hosts: ['damaged.e2e.example'], secretName: 'damaged' }],
      rules: [{ host: 'damaged.e2e.example', http: { paths: [path('/', 'two')] } }],
    },
  })
  await until('it is served without TLS', async () => (await ask('/', { host: 'damaged.e2e.example' })).status === 200)
  await until('its event', () => inside('get', 'events', '-o', 'jsonpath={.items[*].reason}').includes('SecretNotFound'))
  assert.equal((await askSecurely('/')).subject, 'second')
  inside('delete', 'ingress', 'damaged')
})

test('pods come and go, and no request fails', async () => {
  const clients = steadyRequests({ address, port: ports.https, host })
  for (const replicas of [4, 1, 3]) {
    inside('scale', 'deployment', 'one', `--replicas=${replicas}`)
    inside('rollout', 'status', 'deployment/one', '--timeout=120s')
    await until('the pods', () => inside('get', 'pods', '-l', 'app=one', '-o', 'name').trim().split('\n').length === replicas)
  }
  // All of them become others, one after the other.
  inside('rollout', 'restart', 'deployment/one')
  inside('rollout', 'status', 'deployment/one', '--timeout=120s')
  const { count, failed } = await clients.end()
  assert.deepEqual(failed, [])
  assert.ok(count > 100, `${count}`)
})

test('a Gateway: weights, a header, a redirect, and what its status says', async () => {
  apply({
    apiVersion: 'gateway.networking.k8s.io/v1',
    kind: 'Gateway',
    metadata: { name: 'web' },
    spec: { gatewayClassName: 'wherry', listeners: [{ name: 'http', port: ports.http, protocol: 'HTTP' }] },
  })
  const to = (name: string, weight = 1) => ({ name, port: 80, weight })
  apply({
    apiVersion: 'gateway.networking.k8s.io/v1',
    kind: 'HTTPRoute',
    metadata: { name: 'weighted' },
    spec: {
      parentRefs: [{ name: 'web' }],
      hostnames: ['weighted.e2e.example'],
      rules: [
        { backendRefs: [to('one', 3), to('two', 1)] },
        { matches: [{ headers: [{ name: 'version', value: 'two' }] }], backendRefs: [to('two')] },
        {
          matches: [{ path: { type: 'PathPrefix', value: '/old' } }],
          filters: [
            {
              type: 'RequestRedirect',
              requestRedirect: {
                hostname: 'new.e2e.example',
                statusCode: 301,
                path: { type: 'ReplacePrefixMatch', replacePrefixMatch: '/new' },
              },
            },
          ],
        },
      ],
    },
  })
  inside('wait', '--for=condition=Programmed', 'gateway/web', '--timeout=60s')
  const standing = () =>
    inside('get', 'gateway', 'web', '-o', 'jsonpath={.status.addresses[0].value} {.status.listeners[0].attachedRoutes}')
  await until('its address and route', () => standing() === `${address} 1`)
  const asked = { host: 'weighted.e2e.example' }
  await until('the route', async () => (await ask('/', asked)).status === 200)
  const conditions = inside(
    'get',
    'httproute',
    'weighted',
    '-o',
    'jsonpath={range .status.parents[0].conditions[*]}{.type}={.status} {end}',
  )
  assert.deepEqual(conditions.trim().split(' ').sort(), ['Accepted=True', 'ResolvedRefs=True'])

  const texts = await Promise.all(Array.from({ length: 200 }, async () => (await ask('/', asked)).text))
  const share = texts.filter((text) => text.includes(versions.two)).length / texts.length
  // A quarter; seven standard deviations lie between.
  assert.ok(share > 0.05 && share < 0.45, `${share}`)
  for (let turn = 0; turn < 10; turn += 1) assert.match((await ask('/', { ...asked, version: 'two' })).text, /nginx:1\.9\.1/)
  const { status, headers } = await ask('/old/shoes', asked)
  assert.equal(status, 301)
  assert.match(headers.location ?? '', /^http:\/\/new\.e2e\.example(:\d+)?\/new\/shoes$/)
  // The Ingress has the port, too.
  assert.equal((await askSecurely('/')).status, 200)
})

test('with the last of them the proxy ends, and its ports are free', async () => {
  inside('delete', 'httproute,gateway,ingress', '--all')
  await until('the ports are free', async () => (await isFree(ports.http)) && (await isFree(ports.https)))
  await until('no process is left', () => spawnSync('pgrep', ['-f', 'haproxy -W -f /var/lib/wherry/']).status === 1)
  assert.equal(kubectl('get', 'gatewayclass', 'wherry', '-o', 'jsonpath={.status.conditions[?(@.type=="Accepted")].status}'), 'True')
  kubectl('delete', 'namespace', namespace, '--wait=true', '--timeout=120s')
})

const path = (value: string, service: string) => ({
  path: value,
  pathType: 'Prefix',
  backend: { service: { name: service, port: { number: 80 } } },
})

function apply(object: object): void {
  const said = kubectlWithInput(stringify(object), '-n', namespace, 'apply', '-f', '-')
  assert.equal(said.code, 0, said.err)
}

function applyCertificate(commonName: string): void {
  const { certificate, key } = makeCertificate({
    commonName,
    dnsNames: [host],
    usage: 'server',
    notBefore: Date.now() - dayMs,
    notAfter: Date.now() + dayMs,
  })
  const data = { 'tls.crt': Buffer.from(certificate).toString('base64'), 'tls.key': Buffer.from(key).toString('base64') }
  apply({ apiVersion: 'v1', kind: 'Secret', type: 'kubernetes.io/tls', metadata: { name: 'shop-tls' }, data })
}

interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly text: string
  /** Of the certificate that was shown. */
  readonly subject?: string
}

/** At the node's address, on a connection of its own. */
const ask = (requestPath: string, headers: Readonly<Record<string, string>>): Promise<Answer> => send(requestPath, headers, false)
const askSecurely = (requestPath: string): Promise<Answer> => send(requestPath, { host }, true)

function send(requestPath: string, headers: Readonly<Record<string, string>>, isSecure: boolean): Promise<Answer> {
  const options = { host: address, path: requestPath, headers, agent: false, timeout: 20_000 } as const
  return new Promise((resolve, reject) => {
    const sent = isSecure
      ? secureRequest({ ...options, port: ports.https, servername: headers['host'], rejectUnauthorized: false })
      : request({ ...options, port: ports.http })
    sent.once('response', (answer) => {
      const subject = isSecure ? { subject: String((answer.socket as TLSSocket).getPeerCertificate().subject.CN) } : {}
      let text = ''
      answer.setEncoding('utf8').on('data', (part: string) => void (text += part))
      answer.once('end', () => resolve({ status: answer.statusCode!, headers: answer.headers, text, ...subject }))
      answer.once('error', reject)
    })
    sent.once('timeout', () => sent.destroy(new Error('no answer within 20 s')))
    sent.once('error', reject)
    sent.end()
  })
}

const isFree = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen({ host: address, port, exclusive: true }, () => server.close(() => resolve(true)))
  })
