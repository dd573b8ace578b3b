import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { CertificateSigningRequest } from '#api/certificates/v1/certificate-signing-request.ts'
import { ConfigMap } from '#api/core/v1/config-map.ts'
import { Node } from '#api/core/v1/node.ts'
import { Secret } from '#api/core/v1/secret.ts'
import { type Listening, listen } from '#apiserver/listen.ts'
import { type JoinOptions, joinNode } from '#cli/join/join-node.ts'
import { keyHash } from '#cli/join/trusted-authority.ts'
import type { Client } from '#client/client.ts'
import { createClient } from '#client/http.ts'
import { createHttpsTransport } from '#client/https-transport.ts'
import { createLocalTransport } from '#client/local-transport.ts'
import { systemClock } from '#host/clock.ts'
import { clusterFactsData } from '#host/cluster-facts.ts'
import { defaultConfig, readConfig, writeConfig } from '#host/config.ts'
import { type Paths, paths } from '#host/layout.ts'
import { certificateTools } from '#host/node-certificates.ts'
import { makeCertificate } from '#host/pki/certificate.ts'
import { ensurePki, type Pki } from '#host/pki.ts'
import { systemRandom } from '#host/random.ts'
import { type ErrorCode, isError } from '#lib/errors.ts'
import { silentLog } from '#lib/log.ts'
import { rfc3339 } from '#lib/rfc3339.ts'
import { firstCertificate } from './agent/first-certificate.ts'
import { openNodeCertificates } from './agent/node-certificates.ts'
import { withPresentFacts } from './agent/present-facts.ts'
import type { ControlPlane } from './control-plane.ts'
import { startTestPlane } from './test-plane.ts'

const folder = mkdtempSync(join(tmpdir(), 'wherry-join-'))
let plane: ControlPlane
let listener: Listening
let pki: Pki
let admin: Client
let server: string
let hash: string
const config = { ...defaultConfig(), podCIDR: '10.200.0.0/16', clusterDomain: 'test.local' }

before(async () => {
  pki = await ensurePki({ directory: join(folder, 'server-pki'), nodeName: 'server', serverAddresses: ['192.0.2.1'] })
  plane = await startTestPlane({
    components: ['controllers'],
    rootCa: pki.clusterCa.certificate,
    signingAuthority: { certificate: pki.clusterCa.certificate, key: readFileSync(pki.clusterCa.keyPath, 'utf8') },
    joining: { server: 'https://192.0.2.1:6443', facts: clusterFactsData(config) },
    servingApproval: { serverNames: () => ['192.0.2.1'], ranges: ['10.96.0.0/12', '10.200.0.0/16'], clusterDomain: 'test.local' },
  })
  listener = await listen({
    handler: plane.handler,
    host: '127.0.0.1',
    port: 0,
    certificate: `${pki.server.certificate}${pki.clusterCa.certificate}`,
    key: pki.server.key,
    clientCa: pki.clusterCa.certificate,
    clock: systemClock,
    log: silentLog,
  })
  server = `https://127.0.0.1:${listener.port}`
  hash = keyHash(new X509Certificate(pki.clusterCa.certificate))
  admin = createClient(createLocalTransport(plane.transportAs({ name: 'admin', groups: ['system:masters'] })))
  await plane.leading
})

after(async () => {
  await listener.close(0)
  await plane.stop()
  rmSync(folder, { recursive: true })
})

test('a machine joins, gets its certificates, and joins again without harm', async () => {
  const machine = await machineWith('aaaaaa')
  const { config: made, wasJoined } = await joinNode(machine.options)
  assert.equal(wasJoined, false)
  assert.deepEqual(readConfig(machine.where.config), made)
  assert.deepEqual([made.server, made.podCIDR, made.clusterDomain, made.nodeName], [server, '10.200.0.0/16', 'test.local', 'n-aaaaaa'])
  assert.equal(readFileSync(machine.where.caCertificate, 'utf8'), pki.clusterCa.certificate)
  for (const file of [machine.where.bootstrapToken, machine.where.config]) assert.equal(statSync(file).mode & 0o777, 0o600)
  assert.equal(existsSync(join(machine.where.pki, 'ca.key')), false)

  await letIn(machine.where)
  assert.equal(existsSync(machine.where.bootstrapToken), false, 'the token is dropped')
  writeFileSync(machine.where.bootstrapToken, machine.options.token, { mode: 0o600 })
  await letIn(machine.where)
  assert.equal(existsSync(machine.where.bootstrapToken), false, 'so is one that a call left which was stopped after it had the certificate')
  const certificates = openNodeCertificates(made, machine.where, systemClock)
  const { commonName, organizations } = certificateTools.facts(certificates.client().certificate)
  assert.deepEqual([commonName, organizations], ['system:node:n-aaaaaa', ['system:nodes']])
  const transport = createHttpsTransport({
    server,
    ca: pki.clusterCa.certificate,
    ...certificates.client(),
    clock: systemClock,
    random: systemRandom,
  })
  const node = createClient(transport)
  await node.create(Node, { metadata: { name: 'n-aaaaaa' } })
  assert.deepEqual(readFacts(await node.get(ConfigMap, 'wherry-cluster', 'kube-system')), readFacts({ data: clusterFactsData(config) }))
  await assert.rejects(node.get(ConfigMap, 'other', 'kube-system'), (error) => isError(error, 'Forbidden'))

  const asked = await node.create(CertificateSigningRequest, servingRequest('n-aaaaaa', ['192.0.2.9']))
  assert.equal(await outcome(asked.metadata.name, () => undefined), 'pending')
  const { metadata } = await node.get(Node, 'n-aaaaaa')
  await node.patch(
    Node,
    metadata.name,
    {
      type: 'merge',
      body: {
        status: {
          addresses: [
            { type: 'InternalIP', address: '192.0.2.9' },
            { type: 'Hostname', address: 'n-aaaaaa' },
          ],
        },
      },
    },
    { subresource: 'status' },
  )
  assert.equal(await outcome(asked.metadata.name), 'signed')
  const bad = await node.create(CertificateSigningRequest, servingRequest('n-aaaaaa', ['192.0.2.9', '192.0.2.1']))
  assert.equal(await outcome(bad.metadata.name, () => undefined), 'pending', 'an address of the API server')
  await transport.close()

  // The token may have ended meanwhile: what is asked with it is only what the cluster says of itself.
  const again = await joinNode(machine.options)
  assert.equal(again.wasJoined, true)
  assert.equal(existsSync(machine.where.bootstrapToken), false)
  await refused({ ...machine.options, nodeName: 'other' }, 'Conflict', /is node n-aaaaaa of this cluster already/)
})

test('an agent takes up what the cluster says of itself by now, and goes on where nobody says it', async () => {
  const { options, where } = await machineWith('iiiiii')
  const { config: joined } = await joinNode({ ...options, settings: { kubeletPort: 10_260 } })
  writeConfig(where.config, { ...joined, clusterDomain: 'former.local', nodeLabels: { disk: 'ssd' } })
  const former = readConfig(where.config)!
  const next = await withPresentFacts(former, where, admin, silentLog)
  assert.deepEqual([next.clusterDomain, next.nodeLabels, next.kubeletPort], ['test.local', { disk: 'ssd' }, 10_260])
  assert.deepEqual(readConfig(where.config), next)
  const before = statSync(where.config).mtimeMs
  assert.equal(await withPresentFacts(next, where, admin, silentLog), next)
  assert.equal(statSync(where.config).mtimeMs, before, 'nothing is written that was there')
  const away = { get: () => Promise.reject(new Error('away')) } as unknown as Client
  assert.equal(await withPresentFacts(former, where, away, silentLog), former)
})

test('who joins by what cannot be right is told so, and nothing is left behind', async () => {
  const { options, where } = await machineWith('bbbbbb')
  await refused(
    { ...options, caCertHashes: [`sha256:${'0'.repeat(64)}`] },
    'Forbidden',
    /not the server that the CA certificate hash pins: it shows sha256:/,
  )
  await refused({ ...options, caCertHashes: ['sha256:1'] }, 'BadRequest', /64 hexadecimal digits/)
  await refused({ ...options, caCertHashes: [] }, 'BadRequest', /hash .* is missing/)
  await refused({ ...options, token: 'bbbbbb.0000000000000000' }, 'Unauthorized', /wrong or has ended; "wherry token create/)
  await refused({ ...options, token: 'nonsense' }, 'BadRequest', /six lower-case letters/)
  await refused({ ...options, servers: ['https://127.0.0.1:1'] }, 'ServiceUnavailable', /cannot reach the API server at 127\.0\.0\.1:1/)
  await refused(
    { ...options, servers: [server.replace('127.0.0.1', '127.0.0.2')] },
    'ServiceUnavailable',
    /cannot reach|does not name 127\.0\.0\.2/,
  )
  await refused({ ...options, clock: shifted(-400 * 86_400_000) }, 'ServiceUnavailable', /certificate begins at .* set the clock/)
  await refused({ ...options, clock: shifted(400 * 86_400_000) }, 'ServiceUnavailable', /certificate ended at .* set the clock/)
  await refused({ ...options, clock: shifted(10 * 60_000) }, 'ServiceUnavailable', /10 minutes ahead of the server's/)
  assert.equal(existsSync(where.config), false)
  assert.equal(existsSync(where.bootstrapToken), false)
})

test('a token that has ended, or is for something else, lets nobody join', async () => {
  const ended = await machineWith('cccccc', { expiration: rfc3339(systemClock.now() - 60_000) })
  await refused(ended.options, 'Unauthorized', /wrong or has ended/)
  const unsigned = await machineWith('dddddd', { 'usage-bootstrap-signing': 'false' })
  await refused({ ...unsigned.options, patienceMs: 300 }, 'Forbidden', /not signed with this token/)
  const other = await machineWith('eeeeee', { 'auth-extra-groups': 'system:bootstrappers:others' })
  await refused(other.options, 'Forbidden', /may not be used to join a machine/)
})

test('what another cluster left, or one of its own, is not joined over', async () => {
  const { options, where } = await machineWith('ffffff')
  await joinNode(options)
  const now = Date.now()
  const stranger = makeCertificate({ commonName: 'kubernetes', usage: 'ca', notBefore: now - 1000, notAfter: now + 1e9 })
  writeFileSync(where.caCertificate, stranger.certificate)
  await refused(options, 'Conflict', /node of another cluster, that of https:.*"wherry reset" removes/)
  writeFileSync(where.caCertificate, pki.clusterCa.certificate)
  writeFileSync(join(where.pki, 'ca.key'), '')
  await refused(options, 'Conflict', /cluster of its own/)
})

test('a node that is there already, and well, is not taken over', async () => {
  const { options } = await machineWith('gggggg')
  await admin.create(Node, { metadata: { name: 'n-gggggg' }, status: { conditions: [] } } as never)
  const ready = { type: 'Ready', status: 'True', lastHeartbeatTime: rfc3339(systemClock.now()) }
  await admin.patch(Node, 'n-gggggg', { type: 'merge', body: { status: { conditions: [ready] } } }, { subresource: 'status' })
  await refused(options, 'Conflict', /has a node n-gggggg that is ready; .* kubectl delete node n-gggggg/)
})

test('an agent without a certificate and without a token says what to do; one whose token ended tries on', async () => {
  const { options, where } = await machineWith('hhhhhh')
  await joinNode(options)
  writeFileSync(where.bootstrapToken, 'hhhhhh.ended00000000000')
  const told: unknown[] = []
  const stopping = new AbortController()
  const log = {
    ...silentLog,
    error: (_: string, fields?: object) => {
      told.push(fields)
      stopping.abort(new Error('enough'))
    },
  }
  await assert.rejects(firstCertificateOf(where, log, stopping.signal), /enough/)
  assert.match(JSON.stringify(told), /its token is wrong or has ended/)
  rmSync(where.bootstrapToken)
  await assert.rejects(
    firstCertificateOf(where),
    (error) => isError(error, 'Unauthorized') && /"wherry join" with a new token/.test(error.message),
  )
})

async function machineWith(id: string, values: Readonly<Record<string, string>> = {}): Promise<{ options: JoinOptions; where: Paths }> {
  await admin.create(Secret, {
    metadata: { name: `bootstrap-token-${id}`, namespace: 'kube-system' },
    type: 'bootstrap.kubernetes.io/token',
    stringData: {
      'token-id': id,
      'token-secret': '0123456789abcdef',
      expiration: rfc3339(systemClock.now() + 3_600_000),
      'usage-bootstrap-authentication': 'true',
      'usage-bootstrap-signing': 'true',
      'auth-extra-groups': 'system:bootstrappers:kubeadm:default-node-token',
      ...values,
    },
  } as never)
  const layout = { dataDirectory: join(folder, id), runDirectory: join(folder, `${id}-run`) }
  const options = {
    layout,
    servers: [server],
    token: `${id}.0123456789abcdef`,
    caCertHashes: [hash],
    nodeName: `n-${id}`,
    nodeAddress: '192.0.2.9',
  }
  return { options, where: paths(layout) }
}

const refused = (options: JoinOptions, code: ErrorCode, message: RegExp) =>
  assert.rejects(joinNode(options), (error) => {
    assert.ok(isError(error, code), String(error))
    assert.match(error.message, message)
    return true
  })

function firstCertificateOf(where: Paths, log = silentLog, signal = new AbortController().signal): Promise<void> {
  const made = readConfig(where.config)!
  const certificates = openNodeCertificates(made, where, systemClock)
  return firstCertificate({ config: made, where, certificates, clock: systemClock, random: systemRandom, log, signal })
}

const letIn = (where: Paths) => firstCertificateOf(where)

function servingRequest(nodeName: string, addresses: readonly string[]): never {
  const { request } = certificateTools.request({
    commonName: `system:node:${nodeName}`,
    organizations: ['system:nodes'],
    dnsNames: [nodeName],
    addresses,
  })
  return {
    metadata: { generateName: 'csr-' },
    spec: {
      request: Buffer.from(request).toString('base64'),
      signerName: 'kubernetes.io/kubelet-serving',
      usages: ['digital signature', 'server auth'],
    },
  } as never
}

/** What becomes of a request: looked at until `signed`, or, with a `settled` of its own, after the approver had its turn. */
async function outcome(name: string, settled?: () => undefined): Promise<string> {
  if (settled !== undefined) {
    // The approver has one worker order: a client's request made after this one is signed after it was looked at.
    const { metadata } = await admin.create(CertificateSigningRequest, clientRequest())
    await signed(metadata.name)
  } else await signed(name)
  const { status } = await admin.get(CertificateSigningRequest, name)
  return status.certificate ? 'signed' : (status.conditions?.length ?? 0) > 0 ? 'judged' : 'pending'
}

function clientRequest(): never {
  const { request } = certificateTools.request({
    commonName: 'system:node:x',
    organizations: ['system:nodes'],
    dnsNames: [],
    addresses: [],
  })
  return {
    metadata: { generateName: 'csr-' },
    spec: {
      request: Buffer.from(request).toString('base64'),
      signerName: 'kubernetes.io/kube-apiserver-client-kubelet',
      usages: ['digital signature', 'client auth'],
    },
  } as never
}

async function signed(name: string): Promise<void> {
  for await (const event of admin.watch(CertificateSigningRequest, {
    fieldSelector: `metadata.name=${name}`,
    sendInitialEvents: true,
    signal: AbortSignal.timeout(20_000),
  }))
    if (event.type !== 'BOOKMARK' && event.object.status.certificate) return
}

const readFacts = ({ data }: { readonly data?: Readonly<Record<string, string>> | undefined }) => data?.['config.yaml']

const shifted = (byMs: number) => ({ ...systemClock, now: () => systemClock.now() + byMs })
