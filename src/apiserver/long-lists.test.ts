import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { readBody } from '#lib/http.ts'
import { createVirtualClock } from '#sim/clock.ts'
import { createTestServer, type TestServer } from './testing.ts'

/**
 * Whoever may write an object may fill it with as many items as a body holds. What is done with them must grow with their number and not with
 * its square, and so must the answer: the server has one thread. Each of these once took minutes, or more memory than there is.
 */

let server: TestServer
before(async () => {
  server = await createTestServer({ clock: createVirtualClock(Date.parse('2026-01-01T00:00:00Z')) })
  await send('POST', '/api/v1/namespaces', { metadata: { name: 'a' } })
})
after(() => server.close())

async function send(method: string, path: string, body: object, type = 'application/json') {
  const sent = Buffer.from(JSON.stringify(body))
  const startedMs = performance.now()
  const answer = await server.transport({ method, path, headers: { 'content-type': type }, body: sent })
  const got = await readBody(answer.body)
  const times = got.byteLength / sent.byteLength
  return { status: answer.status, tookMs: performance.now() - startedMs, times, text: Buffer.from(got.subarray(0, 1000)).toString() }
}

const many = <T>(count: number, make: (i: number) => T): T[] => Array.from({ length: count }, (_, i) => make(i))
const maps = '/api/v1/namespaces/a/configmaps'
const owner = (i: number, controller: boolean) => ({ apiVersion: 'v1', kind: 'Pod', name: 'p', uid: `u${i}`, controller })
const owned = (controller: boolean) => ({ metadata: { name: 'm', ownerReferences: many(15_000, (i) => owner(i, controller)) } })

function check(name: string, status: number, method: string, path: string, body: () => object, type?: string): void {
  test(name, async () => {
    const answer = await send(method, `${path}?dryRun=All`, body(), type)
    assert.equal(answer.status, status, answer.text)
    assert.ok(answer.tookMs < 10_000, `${Math.round(answer.tookMs)} ms`)
    assert.ok(answer.times < 300, `${Math.round(answer.times)} times as long as what was sent`)
  })
}

check('owners', 201, 'POST', maps, () => owned(false))
check('owners that all say they are the controller', 422, 'POST', maps, () => owned(true))
check('terms of a storage class that ask nothing', 422, 'POST', '/apis/storage.k8s.io/v1/storageclasses', () => ({
  metadata: { name: 's' },
  provisioner: 'x',
  allowedTopologies: many(5_000, () => ({})),
}))
check('drivers of a node', 201, 'POST', '/apis/storage.k8s.io/v1/csinodes', () => ({
  metadata: { name: 'n' },
  spec: { drivers: many(20_000, (i) => ({ name: `d${i}.io`, nodeID: 'n' })) },
}))

test('a list of names that is merged with another', async () => {
  const finalizers = (from: number) => ({ metadata: { name: 'f', finalizers: many(10_000, (i) => `a.io/f${i + from}`) } })
  assert.equal((await send('POST', maps, finalizers(0))).status, 201)
  const merged = await send('PATCH', `${maps}/f`, finalizers(5_000), 'application/strategic-merge-patch+json')
  assert.equal(merged.status, 200, merged.text)
  assert.ok(merged.tookMs < 10_000, `${Math.round(merged.tookMs)} ms`)
})
