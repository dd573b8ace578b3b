import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Lease } from '#api/coordination/v1/lease.ts'
import { Namespace } from '#api/core/v1/namespace.ts'
import { createTestServer } from '#apiserver/testing.ts'
import type { Client } from '#client/client.ts'
import { createClient } from '#client/http.ts'
import { createLocalTransport } from '#client/local-transport.ts'
import { WherryError } from '#lib/errors.ts'
import type { HttpRequest } from '#lib/http.ts'
import { createJsonLog } from '#lib/log.ts'
import { seededRandom } from '#lib/random.ts'
import { rfc3339Micro } from '#lib/rfc3339.ts'
import { createVirtualClock } from '#sim/clock.ts'
import { apiServerId } from './api-server-id.ts'
import { keepIdentity } from './keep-identity.ts'

const start = Date.parse('2026-01-01T00:00:00Z')
const namespace = 'kube-system'
// As an API server of the reference named itself on a host of this name.
const id = 'apiserver-wlv32tlttr4jl3gtroqexyxapa'

/** `meet` sees each request on its way. */
async function world(meet: (request: HttpRequest) => Promise<void> = async () => {}) {
  const clock = createVirtualClock(start)
  const server = await createTestServer({ clock })
  const client = createClient(
    createLocalTransport(async (request) => {
      await meet(request)
      return server.transport(request)
    }),
    { fieldManager: 'kube-apiserver' },
  )
  const log = createJsonLog(() => {}, clock, 'error', {})
  await client.create(Namespace, { metadata: { name: namespace } })
  const keep = (holder: string) =>
    keepIdentity({ id, holder, hostname: 'vm', address: '127.0.0.1:6443', client, clock, random: seededRandom(1), log })
  const outside = createClient(createLocalTransport(server.transport), { fieldManager: 'test' })
  const leases = async () => (await outside.list(Lease, { namespace })).items
  return { clock, server, client, outside, keep, leases }
}

const makeLease = (client: Client, name: string, renewedAt: number, labels: Record<string, string>) =>
  client.create(
    Lease,
    { metadata: { name, labels }, spec: { holderIdentity: name, leaseDurationSeconds: 3600, renewTime: rfc3339Micro(renewedAt) } },
    { namespace },
  )

test('an API server is named by its host as the reference names it', () => {
  assert.equal(apiServerId('vm'), id)
  assert.match(apiServerId('a host with a longer name.example.com'), /^apiserver-[a-z2-7]{26}$/)
})

test('says that it is there every ten seconds, and not once it has stopped', async () => {
  const { clock, server, keep, leases } = await world()
  const kept = keep('holder-1')
  await clock.advance(0)
  const [first] = await leases()
  assert.equal(first?.metadata.name, id)
  assert.deepEqual(first.metadata.labels, { 'apiserver.kubernetes.io/identity': 'kube-apiserver', 'kubernetes.io/hostname': 'vm' })
  assert.deepEqual(first.metadata.annotations, { 'kubernetes.io/peer-advertise-address': '127.0.0.1:6443' })
  assert.deepEqual(first.spec, { holderIdentity: 'holder-1', leaseDurationSeconds: 3600, renewTime: '2026-01-01T00:00:00.000000Z' })
  assert.deepEqual(
    first.metadata.managedFields?.map(({ manager, operation }) => [manager, operation]),
    [['kube-apiserver', 'Update']],
  )
  const before = await server.store.revision()
  await clock.advance(60_000)
  const [later] = await leases()
  assert.equal(later?.metadata.uid, first.metadata.uid)
  const renewals = (await server.store.revision()) - before
  assert.equal(renewals, 5, 'ten seconds and at most 4 % of them, each time')
  const closing = kept.close()
  await clock.advance(0)
  await closing
  assert.deepEqual(await leases(), [])
  const after = await server.store.revision()
  await clock.advance(60_000)
  assert.equal(await server.store.revision(), after)
  await server.close()
})

test('takes nothing over from a process that was killed, and gives its Lease back what somebody took', async () => {
  const { clock, server, client, keep, leases } = await world()
  const old = await makeLease(client, id, start, { 'apiserver.kubernetes.io/identity': 'kube-apiserver', theirs: 'x' })
  keep('holder-2')
  await clock.advance(0)
  const [made] = await leases()
  assert.notEqual(made?.metadata.uid, old.metadata.uid)
  assert.equal(made?.metadata.labels?.['theirs'], undefined)
  await client.patch(
    Lease,
    id,
    { type: 'merge', body: { metadata: { labels: { 'kubernetes.io/hostname': 'x', own: 'y' } } } },
    { namespace },
  )
  await clock.advance(11_000)
  const [mended] = await leases()
  assert.equal(mended?.metadata.labels?.['kubernetes.io/hostname'], 'vm')
  assert.equal(mended?.metadata.labels?.['own'], 'y')
  await client.delete(Lease, id, { namespace })
  await clock.advance(11_000)
  assert.equal((await leases()).length, 1)
  await server.close()
})

test('removes Leases of API servers that are gone, and no others', async () => {
  const { clock, server, client, keep, leases } = await world()
  const identity = { 'apiserver.kubernetes.io/identity': 'kube-apiserver' }
  const hourMs = 3_600_000
  await makeLease(client, 'gone', start - hourMs - 1, identity)
  await makeLease(client, 'at-its-end', start - hourMs, identity)
  await makeLease(client, 'another-sort', start - 2 * hourMs, { 'apiserver.kubernetes.io/identity': 'another' })
  await makeLease(client, 'leader', start - 2 * hourMs, {})
  await client.create(Lease, { metadata: { name: 'without-a-time', labels: identity }, spec: {} }, { namespace })
  keep('holder')
  await clock.advance(0)
  const names = async () => (await leases()).map(({ metadata }) => metadata.name)
  assert.deepEqual(await names(), ['another-sort', id, 'at-its-end', 'leader'])
  await clock.advance(hourMs)
  assert.deepEqual(await names(), ['another-sort', id, 'leader'])
  await server.close()
})

test('a server that comes back while its Lease is being removed keeps it', async () => {
  const { clock, server, client, outside, keep, leases } = await world(async ({ method, path }) => {
    if (method === 'DELETE' && path.includes('/late'))
      await outside.patch(Lease, 'late', { type: 'merge', body: { spec: { renewTime: rfc3339Micro(start) } } }, { namespace })
  })
  await makeLease(client, 'late', 0, { 'apiserver.kubernetes.io/identity': 'kube-apiserver' })
  keep('holder')
  await clock.advance(0)
  assert.deepEqual(
    (await leases()).map(({ metadata }) => metadata.name),
    [id, 'late'],
  )
  await server.close()
})

test('a store that does not answer is asked again, and keeps nobody from stopping', async () => {
  let isDown = false
  const { clock, server, keep, leases } = await world(async () => {
    if (isDown) throw new WherryError('ServiceUnavailable', 'refused')
  })
  isDown = true
  const kept = keep('holder')
  await clock.advance(1000)
  isDown = false
  await clock.advance(7_000)
  assert.equal((await leases()).length, 1)
  isDown = true
  const closing = kept.close()
  await clock.advance(10_000)
  await closing
  await server.close()
})

test('a request that never ends keeps nobody from stopping for longer than a removal may take', async () => {
  for (const hangs of ['DELETE', 'GET', 'PUT']) {
    let isHung = false
    const { clock, server, keep } = await world(async ({ method }) => {
      if (isHung && method === hangs) await new Promise(() => {})
    })
    isHung = hangs === 'DELETE'
    const kept = keep('holder')
    await clock.advance(1000)
    isHung = true
    // Due for a renewal, and for cleaning.
    await clock.advance(3_601_000)
    let isClosed = false
    const closing = kept.close().then(() => {
      isClosed = true
    })
    await clock.advance(9_999)
    if (hangs !== 'DELETE') assert.equal(isClosed, false, hangs)
    await clock.advance(1)
    assert.equal(isClosed, true, hangs)
    await closing
    await server.close()
  }
})
