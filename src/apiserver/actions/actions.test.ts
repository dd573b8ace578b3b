import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { kind } from '#api/kind.ts'
import { kinds } from '#api/kinds.ts'
import { PodDisruptionBudget } from '#api/policy/v1/types.ts'
import { statusOf } from '#api/strategy.ts'
import { readBody } from '#lib/http.ts'
import { createVirtualClock } from '#sim/clock.ts'
import { createTestServer, type TestServer } from '../testing.ts'

let server: TestServer
before(async () => {
  // The group is not served yet; its type is there, and evictions know it.
  const budget = kind(
    PodDisruptionBudget,
    {
      group: 'policy',
      version: 'v1',
      kind: 'PodDisruptionBudget',
      plural: 'poddisruptionbudgets',
      singular: 'poddisruptionbudget',
      scope: 'Namespaced',
      subresources: { status: statusOf() },
    },
    { generation: true },
  )
  server = await createTestServer({ clock: createVirtualClock(Date.parse('2026-01-01T00:00:00Z')), kinds: [...kinds, budget] })
  await send('POST', '/api/v1/namespaces', { metadata: { name: 'a' } })
})
after(() => server.close())

const pods = '/api/v1/namespaces/a/pods'
const serving = { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] }
const budgets = '/apis/policy/v1/namespaces/a/poddisruptionbudgets'

checkBinding('to another kind of thing', {}, { target: { kind: 'Pod', name: 'n' } }, 500, /target\.kind: Unsupported value: "Pod"/)
checkBinding('to nothing', {}, { target: { name: '' } }, 500, /target\.name: Required value/)
checkBinding(
  'of another pod',
  {},
  { metadata: { name: 'other' }, target: { name: 'n' } },
  400,
  /name in URL does not match name in Binding object/,
)
checkBinding('of a pod that was replaced', {}, { metadata: { name: 'p', uid: 'x' }, target: { name: 'n' } }, 409, /UID in precondition: x/)
checkBinding(
  'of a gated pod',
  { schedulingGates: [{ name: 'example.com/gate' }] },
  { target: { name: 'n' } },
  409,
  /non-empty \.spec\.schedulingGates/,
)
checkBinding('of a pod that is free', {}, { target: { name: 'n' } }, 201)

checkEviction('without a budget', {}, undefined, 201)
checkEviction('within the budget', serving, { disruptionsAllowed: 1 }, 201)
checkEviction('over the budget', serving, { disruptionsAllowed: 0 }, 429, /violate the pod's disruption budget/)
// It counts as none of the healthy ones: to lose it costs nothing.
checkEviction('of a pod that is not ready', { phase: 'Running' }, { disruptionsAllowed: 0 }, 201)
checkEviction('of a pod that has finished', { phase: 'Succeeded' }, { disruptionsAllowed: 0 }, 201)
checkEviction('by a client from before v1.22', {}, undefined, 201, undefined, {
  apiVersion: 'policy/v1beta1',
  kind: 'Eviction',
  metadata: { name: 'p' },
})
checkEviction('in a version that there is not', {}, undefined, 400, /v1beta2/, {
  apiVersion: 'policy/v1beta2',
  kind: 'Eviction',
  metadata: { name: 'p' },
})
checkEviction('of another pod', {}, undefined, 400, /name in URL does not match/, { metadata: { name: 'other' } })

test('an eviction uses the budget up, and tells of whom', async () => {
  await put(serving)
  await putBudget({ disruptionsAllowed: 1 })
  await send('POST', `${pods}/p/eviction`, { metadata: { name: 'p' } })
  const { body } = await send('GET', `${budgets}/b`)
  assert.equal(body.status.disruptionsAllowed, 0)
  assert.deepEqual(Object.keys(body.status.disruptedPods), ['p'])
  await clear()
})

test('an eviction says on the pod why it ends, before it begins to', async () => {
  await put(serving, { nodeName: 'n' })
  await send('POST', `${pods}/p/eviction`, { metadata: { name: 'p' }, deleteOptions: { gracePeriodSeconds: 7 } })
  const { body } = await send('GET', `${pods}/p`)
  const told = body.status.conditions.find(({ type }: { type: string }) => type === 'DisruptionTarget')
  assert.deepEqual(
    [told.status, told.reason, told.message, body.metadata.deletionGracePeriodSeconds],
    ['True', 'EvictionByEvictionAPI', 'Eviction API: evicting', 7],
  )
  await clear()
})

test('of many evictions at once no more pass than the budget has', async () => {
  const names = Array.from({ length: 8 }, (_, i) => `p${i}`)
  for (const name of names) await put(serving, { nodeName: 'n' }, name)
  await putBudget({ disruptionsAllowed: 3 })
  const answers = await Promise.all(names.map((name) => send('POST', `${pods}/${name}/eviction`, { metadata: { name } })))
  const passed = names.filter((_, i) => answers[i]!.status === 201)
  assert.deepEqual(answers.map(({ status }) => status).toSorted(), [201, 201, 201, 429, 429, 429, 429, 429])
  const { body } = await send('GET', `${budgets}/b`)
  assert.equal(body.status.disruptionsAllowed, 0)
  assert.deepEqual(Object.keys(body.status.disruptedPods).toSorted(), passed)
  for (const name of names) {
    const isLeaving = (await send('GET', `${pods}/${name}`)).body.metadata.deletionTimestamp !== undefined
    assert.equal(isLeaving, passed.includes(name), name)
    await send('DELETE', `${pods}/${name}?gracePeriodSeconds=0`)
  }
  await clear()
})

for (const [what, precondition] of [
  ['UID', { uid: 'x' }],
  ['ResourceVersion', { resourceVersion: '1' }],
] as const)
  test(`an eviction of a pod with another ${what} leaves it as it was`, async () => {
    await put(serving, { nodeName: 'n' })
    const answer = await send('POST', `${pods}/p/eviction`, { metadata: { name: 'p' }, deleteOptions: { preconditions: precondition } })
    assert.equal(answer.status, 409)
    assert.match(answer.body.message, new RegExp(`on Pod "p": the ${what} in the precondition .* does not match the ${what} in record`))
    const { status, metadata } = (await send('GET', `${pods}/p`)).body
    assert.deepEqual([status.conditions.length, metadata.deletionTimestamp], [1, undefined])
    await clear()
  })

test('an eviction that names the present version passes, though its own words change that', async () => {
  await put(serving, { nodeName: 'n' })
  const { resourceVersion } = (await send('GET', `${pods}/p`)).body.metadata
  const deleteOptions = { preconditions: { resourceVersion } }
  assert.equal((await send('POST', `${pods}/p/eviction`, { metadata: { name: 'p' }, deleteOptions })).status, 201)
  await clear()
})

test('an eviction cannot ask for what may break the cluster', async () => {
  await put(serving)
  const deleteOptions = { ignoreStoreReadErrorWithClusterBreakingPotential: true }
  const { status, body } = await send('POST', `${pods}/p/eviction`, { metadata: { name: 'p' }, deleteOptions })
  assert.equal(status, 422)
  assert.match(body.message, /can not be set for pod eviction, try after removing the option/)
  await clear()
})

test('a dry eviction uses nothing up', async () => {
  await put(serving)
  await putBudget({ disruptionsAllowed: 1 })
  assert.equal((await send('POST', `${pods}/p/eviction?dryRun=All`, { metadata: { name: 'p' } })).status, 201)
  assert.equal((await send('GET', `${budgets}/b`)).body.status.disruptionsAllowed, 1)
  const { status, metadata } = (await send('GET', `${pods}/p`)).body
  assert.deepEqual([status.conditions.length, metadata.deletionTimestamp], [1, undefined])
  await clear()
})

function checkBinding(name: string, spec: object, binding: object, status: number, message = /^$/): void {
  test(`binding ${name}`, async () => {
    await put({}, spec)
    const answer = await send('POST', `${pods}/p/binding`, { metadata: { name: 'p' }, ...binding })
    assert.equal(answer.status, status, JSON.stringify(answer.body))
    assert.match(answer.body.message ?? '', message)
    assert.equal((await send('GET', `${pods}/p`)).body.spec.nodeName, status === 201 ? 'n' : undefined)
    await clear()
  })
}

function checkEviction(
  name: string,
  podStatus: object,
  budgetStatus: object | undefined,
  status: number,
  message = /^$/,
  body: object = { metadata: { name: 'p' } },
): void {
  test(`eviction ${name}`, async () => {
    await put(podStatus)
    if (budgetStatus) await putBudget(budgetStatus)
    const answer = await send('POST', `${pods}/p/eviction`, body)
    assert.equal(answer.status, status, JSON.stringify(answer.body))
    assert.match(answer.body.message ?? '', message)
    await clear()
  })
}

async function put(status: object, spec: object = {}, name = 'p'): Promise<void> {
  const pod = { metadata: { name, labels: { app: 'x' } }, spec: { containers: [{ name: 'c', image: 'i' }], ...spec } }
  assert.equal((await send('POST', pods, pod)).status, 201)
  if (Object.keys(status).length > 0) await send('PATCH', `${pods}/${name}/status`, { status }, merge)
}

async function putBudget(status: object): Promise<void> {
  const budget = { metadata: { name: 'b' }, spec: { minAvailable: 1, selector: { matchLabels: { app: 'x' } } } }
  assert.equal((await send('POST', budgets, budget)).status, 201)
  const counts = { observedGeneration: 1, currentHealthy: 1, desiredHealthy: 1, expectedPods: 1 }
  assert.equal((await send('PATCH', `${budgets}/b/status`, { status: { ...counts, ...status } }, merge)).status, 200)
}

async function clear(): Promise<void> {
  await send('DELETE', `${pods}/p?gracePeriodSeconds=0`)
  await send('DELETE', `${budgets}/b`)
}

const merge = { 'content-type': 'application/merge-patch+json' }

async function send(method: string, path: string, body?: object, headers: Readonly<Record<string, string>> = {}) {
  const answer = await server.transport({
    method,
    path,
    headers: { 'content-type': 'application/json', ...headers },
    ...(body && { body: Buffer.from(JSON.stringify(body)) }),
  })
  return { status: answer.status, body: JSON.parse(Buffer.from(await readBody(answer.body)).toString()) }
}
