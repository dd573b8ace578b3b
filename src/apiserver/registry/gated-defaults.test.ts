import assert from 'node:assert/strict'
import { test } from 'node:test'
import { StatefulSet } from '#api/apps/v1/stateful-set.ts'
import { Namespace } from '#api/core/v1/namespace.ts'
import type { Features } from '#api/features.ts'
import type { Client } from '#client/client.ts'
import { createClient } from '#client/http.ts'
import { createVirtualClock } from '#sim/clock.ts'
import { createMemoryStore } from '#store/memory.ts'
import { createTestServer } from '../testing.ts'

const on: Features = new Set(['MaxUnavailableStatefulSet'])
const template = { metadata: { labels: { a: 'b' } }, spec: { containers: [{ name: 'c', image: 'i' }] } }
const body = { metadata: { name: 'web' }, spec: { serviceName: 'web', selector: { matchLabels: { a: 'b' } }, template } }
const namespace = 'default'

/** The set after these servers, one after the other over the same store, have each done their part. */
async function lives(...parts: readonly Part[]) {
  const store = createMemoryStore()
  let seen: StatefulSet | undefined
  for (const [features, act] of parts) {
    const clock = createVirtualClock(0)
    const server = await createTestServer({ clock, store, server: { features } })
    const client = createClient(server.transport, { fieldManager: 'test' })
    await act(client)
    seen = await client.get(StatefulSet, 'web', namespace)
    await server.close()
  }
  const { metadata, spec } = seen!
  const limits = spec.updateStrategy.rollingUpdate
  const owners = metadata.managedFields?.filter(({ fieldsV1 }) => JSON.stringify(fieldsV1).includes('maxUnavailable')).length
  return { ...limits, generation: metadata.generation, owners }
}

async function creates(client: Client) {
  await client.create(Namespace, { metadata: { name: namespace } } as never)
  await client.create(StatefulSet, body as never, { namespace })
}
const labels = (client: Client) =>
  client.patch(StatefulSet, 'web', { type: 'merge', body: { metadata: { labels: { x: 'y' } } } }, { namespace })
const tells = (client: Client) =>
  client.patch(StatefulSet, 'web', { type: 'merge', body: { status: { replicas: 1 } } }, { namespace, subresource: 'status' })
const allows = (maxUnavailable: number | null) => (client: Client) =>
  client.patch(
    StatefulSet,
    'web',
    { type: 'merge', body: { spec: { updateStrategy: { rollingUpdate: { maxUnavailable } } } } },
    { namespace },
  )

const off: Features = new Set()
check('a default of a feature that is off is not there', [[off, creates]], { generation: 1 })
check('and is where it is on, though nobody said so', [[on, creates]], { maxUnavailable: 1, generation: 1, owners: 1 })
check(
  'what was stored before has it from its next write, which asks nothing new of anybody',
  [
    [off, creates],
    [on, labels],
  ],
  {
    maxUnavailable: 1,
    generation: 1,
  },
)
check(
  'the same with a write of a part',
  [
    [off, creates],
    [on, tells],
  ],
  { maxUnavailable: 1, generation: 1 },
)
check(
  'what says the field itself asks for it',
  [
    [off, creates],
    [on, allows(2)],
  ],
  { maxUnavailable: 2, generation: 2, owners: 1 },
)
check(
  'a field that is taken away is filled in',
  [
    [on, creates],
    [on, allows(2)],
    [on, allows(null)],
  ],
  { maxUnavailable: 1, generation: 3, owners: 1 },
)
check(
  'what has the field keeps it when the feature is off again',
  [
    [on, creates],
    [off, labels],
  ],
  { maxUnavailable: 1, generation: 1, owners: 1 },
)
check(
  'until somebody takes it away',
  [
    [on, creates],
    [off, allows(null)],
  ],
  { generation: 2 },
)

type Part = readonly [features: Features, act: (client: Client) => Promise<unknown>]

function check(name: string, parts: readonly Part[], expected: object) {
  test(name, async () => assert.deepEqual(await lives(...parts), { partition: 0, owners: 0, ...expected }))
}
