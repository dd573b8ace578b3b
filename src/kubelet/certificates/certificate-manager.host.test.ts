import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { CertificateSigningRequest } from '#api/certificates/v1/certificate-signing-request.ts'
import { createTestServer } from '#apiserver/testing.ts'
import { createClient } from '#client/http.ts'
import { createSigner } from '#controllers/certificate-signer/sign-certificate.ts'
import { readCertificateRequest } from '#controllers/common/certificate-request.ts'
import { kubeletClientProblem, kubeletServingProblem } from '#controllers/common/kubelet-request.ts'
import { certificateFile, certificateTools, readPair } from '#host/node-certificates.ts'
import { makeCertificate } from '#host/pki/certificate.ts'
import { silentLog } from '#lib/log.ts'
import { seededRandom } from '#lib/random.ts'
import { createVirtualClock, type VirtualClock } from '#sim/clock.ts'
import { createSimulatedProcess } from '#sim/process.ts'
import { createCertificateManager } from './certificate-manager.ts'
import type { CertificateTemplate } from './interfaces.ts'
import { clientTemplate, servingTemplate } from './rotation.ts'

const folder = mkdtempSync(join(tmpdir(), 'wherry-certificates-'))
after(() => rmSync(folder, { recursive: true }))
const began = Date.parse('2026-01-01T00:00:00Z')
const unitMs = 6_000
const life = { notBefore: began - 1000, notAfter: began + 100 * unitMs }
const authority = makeCertificate({ commonName: 'kubernetes', usage: 'ca', notBefore: began - unitMs, notAfter: began + 4000 * unitMs })

test('asks for the next certificate in time, uses it, and does so over and over', async (t) => {
  const world = await setUp(t, 'client', () => clientTemplate('n'))
  const first = world.manager.current()!.certificate
  world.manager.start()
  await world.clock.advance(69 * unitMs)
  assert.equal((await world.requests()).length, 0, 'none before its time')
  await world.clock.advance(22 * unitMs)
  const [request] = await world.requests()
  assert.deepEqual(
    [request!.spec.signerName, request!.spec.usages],
    ['kubernetes.io/kube-apiserver-client-kubelet', ['digital signature', 'client auth']],
  )
  const asked = readCertificateRequest(Buffer.from(request!.spec.request, 'base64').toString())
  assert.equal(kubeletClientProblem(asked, request!.spec.usages!), undefined)
  assert.equal(world.manager.current()!.certificate, first)
  await world.sign(100 * unitMs)
  await world.settled(() => world.changes === 1)
  const second = world.manager.current()!
  assert.notEqual(second.certificate, first)
  assert.equal(certificateTools.facts(second.certificate).commonName, 'system:node:n')
  assert.deepEqual(readPair(world.path), second)
  assert.equal(statSync(world.path).mode & 0o777, 0o600)
  assert.deepEqual(
    readdirSync(folder).filter((name) => name.endsWith('.tmp')),
    [],
  )
  await world.clock.advance(91 * unitMs)
  assert.equal((await world.requests()).length, 2)
})

test('what was denied, failed or left alone is asked for again, later and later', async (t) => {
  const world = await setUp(t, 'client', () => clientTemplate('other'))
  world.manager.start()
  await world.clock.advance(1_000)
  await world.decide('Denied')
  await world.clock.advance(1_000)
  assert.equal((await world.requests()).length, 1)
  await world.clock.advance(2_000)
  assert.equal((await world.requests()).length, 2)
  await world.clock.advance(14 * 60_000)
  assert.equal((await world.requests()).length, 2, 'waits for who decides')
  await world.clock.advance(2 * 60_000)
  assert.equal((await world.requests()).length, 3)
  assert.equal(world.manager.figures.failures, 2)
})

test('what was denied is asked for again in time, also when the clock was set back', async (t) => {
  const world = await setUp(t, 'client', () => clientTemplate('other'))
  world.manager.start()
  await world.clock.advance(1_000)
  await world.decide('Denied')
  await world.clock.advance(1_000)
  world.jump(-3_600_000)
  await world.clock.advance(2_000)
  assert.equal((await world.requests()).length, 2)
})

test('an authority that cannot be read for a while ends nothing', async (t) => {
  let isThere = false
  const present = () => {
    if (!isThere) throw new Error('no such file')
    return authority.certificate
  }
  const world = await setUp(t, 'client', () => clientTemplate('n'), present)
  world.manager.start()
  world.manager.changed()
  await world.clock.advance(60_000)
  assert.ok(world.manager.figures.failures > 1 && world.manager.figures.failures < 10)
  assert.equal((await world.requests()).length, 0)
  isThere = true
  await world.clock.advance(91 * unitMs)
  assert.equal((await world.requests()).length, 1)
})

test('a certificate that does not say what was asked for is not used, and not asked for without end', async (t) => {
  const world = await setUp(t, 'client', () => clientTemplate('other'))
  world.manager.start()
  await world.clock.advance(1_000)
  const request = (await world.requests())[0]!
  await world.approve(request)
  await world.client.patch(
    CertificateSigningRequest,
    request.metadata.name,
    { type: 'merge', body: { status: { certificate: Buffer.from(world.initial.certificate).toString('base64') } } },
    { subresource: 'status' },
  )
  await world.clock.advance(1_000)
  assert.equal(world.changes, 0)
  await world.clock.advance(10_000)
  assert.ok((await world.requests()).length <= 3)
})

test('a serving certificate follows the node’s addresses; a request that is out of date is not waited for', async (t) => {
  let addresses: string[] = []
  const template = () =>
    servingTemplate('n', [{ type: 'Hostname', address: 'n' }, ...addresses.map((address) => ({ type: 'InternalIP', address }))])
  const world = await setUp(t, 'serving', template)
  world.manager.start()
  await world.clock.advance(60_000)
  assert.equal((await world.requests()).length, 0, 'no address, no request')
  addresses = ['192.0.2.1']
  world.manager.changed()
  await world.clock.advance(1_000)
  addresses = ['192.0.2.1', 'fd00::1']
  world.manager.changed()
  await world.clock.advance(60_000)
  const requests = await world.requests()
  assert.equal(requests.length, 2)
  const newest = requests.at(-1)!
  const asked = readCertificateRequest(Buffer.from(newest.spec.request, 'base64').toString())
  assert.equal(kubeletServingProblem(asked, newest.spec.usages!), undefined)
  assert.deepEqual([asked.dnsNames, asked.addresses.length], [['n'], 2])
  await world.sign(100 * unitMs)
  await world.settled(() => world.changes === 1)
  const facts = certificateTools.facts(world.manager.current()!.certificate)
  assert.deepEqual([facts.dnsNames, facts.addresses], [['n'], ['192.0.2.1', 'fd00::1']])
})

test('of two pairs the one written last serves, and neither one that is damaged, another authority’s or at its end', () => {
  const path = join(folder, 'choice.pem')
  const clock = createVirtualClock(began)
  const pair = (parts: object, issuer = authority) =>
    makeCertificate({ commonName: 'x', usage: 'client', ...life, ...parts } as never, issuer)
  const initial = pair({})
  const files = writePair('initial', initial)
  const store = certificateFile({ path, initial: files, authority: () => authority.certificate, clock })
  const read = (text: string, at = 2000) => {
    writeFileSync(path, text)
    utimesSync(path, at, at)
    return store.read()?.certificate
  }
  utimesSync(files.certificatePath, 1000, 1000)
  const text = ({ certificate, key }: { certificate: string; key: string }) => certificate + key
  const other = pair({})
  assert.equal(store.read()?.certificate, initial.certificate)
  assert.equal(read(text(other)), other.certificate)
  assert.equal(read(text(other), 500), initial.certificate)
  assert.equal(read(other.certificate + initial.key), initial.certificate)
  assert.equal(read(other.certificate), initial.certificate)
  assert.equal(read('rubbish'), initial.certificate)
  assert.equal(read(text(pair({ notAfter: began }))), initial.certificate)
  assert.equal(read(text(pair({}, makeCertificate({ commonName: 'kubernetes', usage: 'ca', ...life })))), initial.certificate)
})

function writePair(name: string, { certificate, key }: { readonly certificate: string; readonly key: string }) {
  const files = { certificatePath: join(folder, `${name}.crt`), keyPath: join(folder, `${name}.key`) }
  writeFileSync(files.certificatePath, certificate)
  writeFileSync(files.keyPath, key)
  return files
}

async function setUp(
  t: { after(run: () => Promise<void>): void },
  signer: 'client' | 'serving',
  template: () => CertificateTemplate | undefined,
  present: () => string = () => authority.certificate,
) {
  const clock: VirtualClock = createVirtualClock(began)
  const machine = createSimulatedProcess('machine', clock)
  const server = await createTestServer({ clock })
  const client = createClient(server.transport)
  const path = join(folder, `${Math.random().toString(36).slice(2)}.pem`)
  const usage = signer === 'client' ? 'client' : 'server'
  const initial = makeCertificate({ commonName: 'system:node:n', organizations: ['system:nodes'], usage, ...life }, authority)
  const manager = createCertificateManager({
    client,
    clock: machine.clock,
    random: seededRandom(1),
    log: silentLog,
    tools: certificateTools,
    store: certificateFile({ path, initial: writePair(`initial-${signer}`, initial), authority: present, clock }),
    signer,
    template,
  })
  const world = {
    clock,
    jump: machine.jump,
    client,
    path,
    initial,
    manager,
    changes: 0,
    requests: async () =>
      (await client.list(CertificateSigningRequest)).items.toSorted((a, b) =>
        a.metadata.creationTimestamp < b.metadata.creationTimestamp ? -1 : 1,
      ),
    async approve(request: CertificateSigningRequest, type = 'Approved') {
      const conditions = [{ type, status: 'True', reason: 'Test', message: 'by the test' }]
      await client.update(CertificateSigningRequest, { ...request, status: { ...request.status, conditions } } as never, {
        subresource: 'approval',
      })
    },
    async decide(type: string) {
      await world.approve((await world.requests()).at(-1)!, type)
    },
    async sign(lifeMs: number) {
      const request = (await world.requests()).at(-1)!
      await world.approve(request)
      const certificate = createSigner(authority)({
        request: readCertificateRequest(Buffer.from(request.spec.request, 'base64').toString()),
        usages: request.spec.usages!,
        lifeMs,
        now: clock.now(),
        uid: request.metadata.uid,
      })
      await client.patch(
        CertificateSigningRequest,
        request.metadata.name,
        { type: 'merge', body: { status: { certificate: Buffer.from(certificate).toString('base64') } } },
        { subresource: 'status' },
      )
    },
    /** The file is written by the machine, whose time is not the clock's. */
    async settled(condition: () => boolean) {
      for (let tries = 0; tries < 500 && !condition(); tries += 1) {
        await clock.advance(1)
        await new Promise((resolve) => setTimeout(resolve, 2))
      }
      assert.ok(condition())
    },
  }
  manager.onChange(() => (world.changes += 1))
  t.after(async () => {
    await manager.stop()
    await server.close()
  })
  return world
}
