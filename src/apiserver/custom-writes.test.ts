import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { readBody } from '#lib/http.ts'
import { createVirtualClock } from '#sim/clock.ts'
import { createTestServer, type TestServer } from './testing.ts'

/** What only custom resources answer to writes, and names and logs of refusals beside. */

let server: TestServer
const told: string[] = []
before(async () => {
  server = await createTestServer({ clock: createVirtualClock(0), log: (message) => told.push(message) })
  await send('POST', '/api/v1/namespaces', { metadata: { name: 'a' } })
  const open = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true }
  const statusFields = { n: { type: 'integer' }, l: { type: 'array', items: { type: 'string' } } }
  const schema = { openAPIV3Schema: { type: 'object', properties: { spec: open, status: { ...open, properties: statusFields } } } }
  const versions = ['v1', 'v2'].map((name) => ({ name, served: true, storage: name === 'v1', subresources: { status: {} }, schema }))
  const spec = { group: 'x.example.com', names: { plural: 'gaps', kind: 'Gap' }, scope: 'Namespaced', versions }
  await send('POST', '/apis/apiextensions.k8s.io/v1/customresourcedefinitions', { metadata: { name: 'gaps.x.example.com' }, spec })
  // The definition is served once its names are accepted.
  for (let turn = 0; turn < 10_000 && server.kinds.find('x.example.com', 'v2', 'gaps') === undefined; turn += 1) await turnOfLoop()
  await send('POST', gaps, gap('a'))
})
after(() => server.close())

const turnOfLoop = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
const gaps = '/apis/x.example.com/v1/namespaces/a/gaps'
const gap = (name: string, fields: object = {}) => ({
  apiVersion: 'x.example.com/v1',
  kind: 'Gap',
  metadata: { name },
  spec: {},
  ...fields,
})

async function send(method: string, path: string, body?: object) {
  const headers = { 'content-type': method === 'PATCH' ? 'application/merge-patch+json' : 'application/json' }
  const answer = await server.transport({ method, path, headers, ...(body && { body: Buffer.from(JSON.stringify(body)) }) })
  return { status: answer.status, body: JSON.parse(Buffer.from(await readBody(answer.body)).toString()) }
}

check(
  'an absent component has a name of its own',
  'GET',
  '/api/v1/componentstatuses/nope',
  undefined,
  404,
  'componentstatus "nope" not found',
)
check('an object is made by the path of another', 'POST', `${gaps}/other`, gap('b'), 201)
check('a present one is not made again', 'POST', `${gaps}/a`, gap('a'), 409, 'gaps.x.example.com "a" already exists')
check('a body of another version is told before the method is', 'POST', `${gaps}/a`, { apiVersion: 'x/v1', kind: 'Gap' }, 400)
check('a part is not made', 'POST', `${gaps}/a/status`, gap('a'), 405, 'create is not supported on resources of kind "gaps.x.example.com"')
check('built-in kinds are only made in their collection', 'POST', '/api/v1/namespaces/a/configmaps/a', {}, 405)
check('a patch cannot change the version', 'PATCH', `${gaps}/a`, { apiVersion: 'x.example.com/v2' }, 422)
check(
  'nor take it away',
  'PATCH',
  `${gaps}/a`,
  { apiVersion: null },
  500,
  "Internal error occurred: Object 'apiVersion' is missing in 'object has no apiVersion field'",
)
check('of a part what the object is does not count', 'PATCH', `${gaps}/a/status`, { apiVersion: 'x.example.com/v2', kind: 'Foo' }, 200)

checkTracked({ n: 1 }, true)
checkTracked({ n: 'x' }, false)
checkTracked({ l: {} }, false)
checkTracked({ l: [1] }, false)
checkTracked([], false)
checkTracked({ n: null, other: [{}] }, true)

/** Whether somebody owns the object after a write whose status is thrown away: as the reference has it, nobody where that does not fit. */
function checkTracked(status: unknown, isTracked: boolean): void {
  test(`a status ${JSON.stringify(status)} that is thrown away: ${isTracked ? 'tracked' : 'not tracked'}`, async () => {
    const owned = ({ body }: Awaited<ReturnType<typeof send>>) => (body.metadata.managedFields?.length ?? 0) > 0
    const made = await send('POST', gaps, gap('t', { status }))
    assert.deepEqual([made.status, made.body.status, owned(made)], [201, undefined, isTracked])
    const again = await send('PUT', `${gaps}/t`, {
      ...gap('t', { spec: { a: 1 } }),
      metadata: { name: 't', resourceVersion: made.body.metadata.resourceVersion },
    })
    assert.equal(owned(again), isTracked, 'what was never tracked stays so')
    assert.equal(owned(await send('PATCH', `${gaps}/t`, { spec: { a: 2 }, status })), isTracked)
    await send('DELETE', `${gaps}/t`)
    await send('POST', gaps, gap('t'))
    assert.equal(owned(await send('PATCH', `${gaps}/t`, { spec: { a: 2 }, status })), isTracked)
    await send('DELETE', `${gaps}/t`)
  })
}

test('a mistake of the client that is answered with 500 is not told as a failure', async () => {
  told.length = 0
  assert.equal((await send('GET', '/api/v1/namespaces/a?resourceVersion=-1')).status, 500)
  assert.deepEqual(told, [])
})

function check(name: string, method: string, path: string, body: object | undefined, status: number, message?: string): void {
  test(name, async () => {
    const answer = await send(method, path, body)
    assert.equal(answer.status, status, JSON.stringify(answer.body))
    if (message !== undefined) assert.equal(answer.body.message, message)
  })
}

test('an object that was applied in one version is applied again in another, and what is named no more goes', async () => {
  const apply = async (version: string, metadata: object, spec: object) => {
    const path = `/apis/x.example.com/${version}/namespaces/a/gaps/applied?fieldManager=m`
    const body = Buffer.from(
      JSON.stringify({ apiVersion: `x.example.com/${version}`, kind: 'Gap', metadata: { name: 'applied', ...metadata }, spec }),
    )
    const answer = await server.transport({ method: 'PATCH', path, headers: { 'content-type': 'application/apply-patch+yaml' }, body })
    return { status: answer.status, body: JSON.parse(Buffer.from(await readBody(answer.body)).toString()) }
  }
  assert.equal((await apply('v1', { finalizers: ['x.example.com/f'], labels: { a: 'b' } }, { kept: 1, gone: 2 })).status, 201)
  const { status, body } = await apply('v2', {}, { kept: 1 })
  assert.equal(status, 200)
  assert.deepEqual(
    [body.apiVersion, body.metadata.finalizers, body.metadata.labels, body.spec],
    ['x.example.com/v2', undefined, undefined, { kept: 1 }],
  )
})
