import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ConfigMap } from '#api/core/v1/config-map.ts'
import type { Event } from '#api/core/v1/event.ts'
import { WherryError } from '#lib/errors.ts'
import type { Happening } from './event-correlator.ts'
import { createEventRecorder } from './events.ts'
import { createScene } from './testing.ts'

async function open(name = 'web') {
  const scene = createScene()
  const { client, clock, random, log, server } = scene
  const regarding = await client.create(ConfigMap, { metadata: { name } }, { namespace: 'x' })
  const recorder = createEventRecorder({ client, clock, random, log, component: 'kubelet', host: 'node1' })
  const happening: Happening = { regarding, type: 'Warning', reason: 'BackOff', message: 'it fell' }
  const record = async (rest: Partial<Happening> = {}) => {
    recorder.record({ ...happening, ...rest })
    await clock.advance(1_000)
  }
  const events = () => server.objects('/api/v1/events') as unknown as Event[]
  return { ...scene, recorder, regarding, record, events }
}

test('an event says what, about what, by whom and when', async () => {
  const { record, events, regarding } = await open()
  await record({ fieldPath: 'spec.containers{web}', action: 'Restarting' })
  const [event] = events()
  const { uid: _uid, resourceVersion: _version, creationTimestamp: _created, name, ...metadata } = event!.metadata
  assert.match(name, /^web\.[0-9a-f]{16}$/)
  assert.deepEqual(
    { ...event, metadata },
    {
      apiVersion: 'v1',
      kind: 'Event',
      metadata: { namespace: 'x' },
      involvedObject: {
        apiVersion: 'v1',
        kind: 'ConfigMap',
        namespace: 'x',
        name: 'web',
        uid: regarding.metadata.uid,
        resourceVersion: regarding.metadata.resourceVersion,
        fieldPath: 'spec.containers{web}',
      },
      reason: 'BackOff',
      message: 'it fell',
      source: { component: 'kubelet', host: 'node1' },
      firstTimestamp: '2026-01-01T00:00:00Z',
      lastTimestamp: '2026-01-01T00:00:00Z',
      count: 1,
      type: 'Warning',
      action: 'Restarting',
      reportingComponent: 'kubelet',
      reportingInstance: 'node1',
    },
  )
})

test('the same again raises the count of one event; something else is another', async () => {
  const { record, events } = await open()
  for (let i = 0; i < 4; i += 1) await record()
  await record({ message: 'it fell differently' })
  await record({ reason: 'Pulled' })
  assert.deepEqual(
    events().map(({ reason, message, count, lastTimestamp }) => [reason, message, count, lastTimestamp]),
    [
      ['BackOff', 'it fell', 4, '2026-01-01T00:00:03Z'],
      ['BackOff', 'it fell differently', 1, '2026-01-01T00:00:04Z'],
      ['Pulled', 'it fell', 1, '2026-01-01T00:00:05Z'],
    ],
  )
})

test('many different messages of one reason become one event', async () => {
  const { record, events } = await open()
  for (let i = 0; i < 20; i += 1) await record({ message: `attempt ${i}` })
  assert.equal(events().length, 10)
  const combined = events().find((event) => event.message?.startsWith('(combined from similar events): '))
  assert.deepEqual([combined?.count, combined?.message], [11, '(combined from similar events): attempt 19'])
})

test('no object can flood the cluster with events, and one object takes nothing from another', async () => {
  const { record, events, recorder, client, clock } = await open()
  for (let i = 0; i < 40; i += 1) await record()
  assert.equal(events()[0]!.count, 25)
  assert.equal(recorder.dropped, 15)
  const other = await client.create(ConfigMap, { metadata: { name: 'other' } }, { namespace: 'x' })
  await record({ regarding: other })
  assert.equal(events().length, 2)
  await clock.advance(300_000)
  await record()
  assert.equal(events()[0]!.count, 26)
})

test('an event that the server has forgotten is begun anew', async () => {
  const { record, events, client } = await open()
  await record()
  await record()
  const { Event } = await import('#api/core/v1/event.ts')
  await client.delete(Event, events()[0]!.metadata.name, { namespace: 'x' })
  await record()
  assert.deepEqual(
    events().map((event) => event.count),
    [1],
  )
})

test('a server that is away for a while loses no event; one that refuses is not asked again', async () => {
  const { record, events, server, clock, recorder, lines } = await open()
  server.fail('ServiceUnavailable', 3, (request) => request.path.includes('/events'))
  await record()
  assert.equal(events().length, 0)
  await clock.advance(60_000)
  assert.equal(events().length, 1)
  server.fail('Forbidden', 1, (request) => request.path.includes('/events'))
  await record({ reason: 'Other' })
  await clock.advance(60_000)
  assert.equal(events().length, 1)
  assert.equal(recorder.dropped, 1)
  assert.equal(lines.filter((line) => line.level === 'warn').length, 1)
})

for (const [name, error] of [
  ['is gone', new WherryError('NotFound', 'namespaces "x" not found')],
  ['goes', new WherryError('Forbidden', 'it is being terminated', { causes: [{ reason: 'NamespaceTerminating', message: 'x' }] })],
] as const)
  test(`what happens in a namespace that ${name} is no failure of the recorder`, async () => {
    const { regarding, client, clock, random, log, lines } = await open()
    const create = () => Promise.reject(error)
    const recorder = createEventRecorder({ client: { ...client, create }, clock, random, log, component: 'kubelet' })
    recorder.record({ regarding, type: 'Warning', reason: 'BackOff', message: 'it fell' })
    await clock.advance(1_000)
    assert.equal(recorder.dropped, 1)
    assert.deepEqual(
      lines.map(({ level, message }) => `${level} ${message}`),
      ['debug an event could not be written'],
    )
  })

test('events are written no faster than the node allows', async () => {
  const { regarding, client, clock, random, log, events } = await open()
  const rate = { perSecond: 2, burst: 3 }
  const recorder = createEventRecorder({ client, clock, random, log, component: 'kubelet', rate })
  for (let i = 0; i < 8; i += 1) recorder.record({ regarding, type: 'Normal', reason: `R${i}`, message: 'm' })
  await clock.advance(0)
  assert.equal(events().length, 3)
  await clock.advance(1_000)
  assert.equal(events().length, 5)
  await clock.advance(5_000)
  assert.equal(events().length, 8)
})

test('recording never waits, and what is too much is counted instead of kept', async () => {
  const { recorder, server, clock, regarding } = await open()
  server.fail('ServiceUnavailable', 1_000_000, (request) => request.path.includes('/events'))
  for (let i = 0; i < 3_000; i += 1) recorder.record({ regarding, type: 'Normal', reason: `R${i}`, message: 'm' })
  assert.equal(recorder.dropped, 2_000)
  recorder.close()
  await clock.advance(0)
  assert.equal(clock.pending, 0)
})

test('an object whose name no event may have still gets one', async () => {
  const { record, events } = await open('system:node:a')
  await record()
  assert.match(events()[0]!.metadata.name, /^[0-9a-f]{8}-[0-9a-f-]{27}$/)
})
