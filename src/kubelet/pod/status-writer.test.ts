import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Pod } from '#api/core/v1/pod.ts'
import type { PodStatus } from '#api/core/v1/types.ts'
import type { Client } from '#client/client.ts'
import { WherryError } from '#lib/errors.ts'
import { silentLog } from '#lib/log.ts'
import { seededRandom } from '#lib/random.ts'
import { createVirtualClock } from '#sim/clock.ts'
import { createStatusWriter, statusPatch } from './status-writer.ts'

const condition = (status: string, reason?: string) => ({
  type: 'Ready',
  status,
  lastProbeTime: null,
  lastTransitionTime: null,
  ...(reason && { reason }),
})

check('the same', { phase: 'Running' }, { phase: 'Running' }, undefined)
check('a new phase', { phase: 'Pending', hostIP: 'a' }, { phase: 'Running', hostIP: 'a' }, { phase: 'Running' })
check('what is gone', { phase: 'Failed', reason: 'x' }, { phase: 'Failed' }, { reason: null })
check('what others wrote', { phase: 'Running', nominatedNodeName: 'n' }, { phase: 'Running' }, undefined)
check(
  'an address that changed',
  { podIPs: [{ ip: 'a' }] },
  { podIPs: [{ ip: 'b' }] },
  { podIPs: [{ ip: 'b' }, { $patch: 'delete', ip: 'a' }] },
)
check(
  'a condition loses its reason',
  { conditions: [condition('False', 'x')] },
  { conditions: [condition('True')] },
  {
    conditions: [{ ...condition('True'), reason: null, message: null }],
  },
)
check('a condition that holds', { conditions: [condition('True')] }, { conditions: [condition('True')] }, undefined)

function check(name: string, known: PodStatus, wanted: PodStatus, expected: object | undefined): void {
  test(name, () => assert.deepEqual(statusPatch(known, wanted), expected))
}

test('one write at a time, the latest wins, failures are tried again, a pod that is gone is let go', async () => {
  const clock = createVirtualClock(0)
  const written: unknown[] = []
  let version = 1
  let answer: () => void = () => {}
  let failures = 1
  const client = {
    because: (): unknown => client,
    get: async (_kind: unknown, name: string) => ({ metadata: { uid: name, resourceVersion: '1' }, status: {} }),
    async patch(_kind: unknown, name: string, { body }: { body: { status: PodStatus } }) {
      if (name === 'gone') throw new WherryError('NotFound', 'gone')
      await new Promise<void>((resolve) => {
        answer = resolve
      })
      if ((failures -= 1) >= 0) throw new WherryError('ServiceUnavailable', 'away')
      written.push(body.status.phase)
      return { metadata: { uid: name, resourceVersion: `${(version += 1)}` }, status: body.status }
    },
  } as unknown as Client
  const done: string[] = []
  const writer = createStatusWriter({ client, clock, random: seededRandom(1), log: silentLog, onWritten: (uid) => done.push(uid) })
  const pod = (name: string) => ({ metadata: { name, namespace: 'here', uid: name, resourceVersion: '1' }, status: {} }) as unknown as Pod

  writer.set(pod('one'), { phase: 'Pending' })
  await clock.advance(1)
  writer.set(pod('one'), { phase: 'Running' })
  writer.set(pod('one'), { phase: 'Succeeded' })
  answer()
  await clock.advance(5000)
  assert.equal(writer.isWritten('one'), false)
  answer()
  await clock.advance(5000)
  assert.deepEqual([written, done, writer.isWritten('one')], [['Succeeded'], ['one'], true])
  writer.set(pod('one'), { phase: 'Succeeded' })
  await clock.advance(1)
  assert.equal(written.length, 1)

  writer.set(pod('gone'), { phase: 'Running' })
  await clock.advance(1)
  assert.equal(writer.isWritten('gone'), true)
  assert.equal(clock.pending, 0)
})

test('a write whose answer was lost may be done: what is wanted is compared with what is there', async () => {
  const clock = createVirtualClock(0)
  let present: PodStatus = { phase: 'Running' }
  let losesAnswer = true
  const client = {
    because: (): unknown => client,
    get: async (_kind: unknown, name: string) => ({ metadata: { uid: name, resourceVersion: '2' }, status: present }),
    async patch(_kind: unknown, _name: string, { body }: { body: { status: PodStatus } }) {
      present = { ...present, ...body.status }
      if (losesAnswer) throw new WherryError('Timeout', 'the answer was lost')
      return { metadata: { uid: 'one', resourceVersion: '3' }, status: present }
    },
  } as unknown as Client
  const writer = createStatusWriter({ client, clock, random: seededRandom(1), log: silentLog, onWritten() {} })
  const pod = { metadata: { name: 'one', namespace: 'here', uid: 'one', resourceVersion: '1' }, status: present } as unknown as Pod
  writer.set(pod, { phase: 'Failed' })
  await clock.advance(1)
  losesAnswer = false
  writer.set(pod, { phase: 'Running' })
  await clock.advance(5000)
  assert.equal(present.phase, 'Running')
  writer.close()
})

test('a conflict about another pod of the name lets go, any other one is tried again', async () => {
  const clock = createVirtualClock(0)
  let presentUid = 'one'
  let tries = 0
  const client = {
    because: (): unknown => client,
    get: async () => ({ metadata: { uid: presentUid }, status: {} }),
    async patch() {
      tries += 1
      throw new WherryError('Conflict', 'modified')
    },
  } as unknown as Client
  const writer = createStatusWriter({ client, clock, random: seededRandom(1), log: silentLog, onWritten() {} })
  writer.set({ metadata: { name: 'one', namespace: 'here', uid: 'one' }, status: {} } as unknown as Pod, { phase: 'Running' })
  await clock.advance(5000)
  assert.ok(tries > 1)
  assert.equal(writer.isWritten('one'), false)
  presentUid = 'two'
  await clock.advance(20_000)
  assert.equal(writer.isWritten('one'), true)
  writer.close()
})

test('what somebody else wrote over it is written again, once', async () => {
  const clock = createVirtualClock(0)
  const sent: unknown[] = []
  let version = 1
  const client = {
    because: (): unknown => client,
    async patch(_kind: unknown, name: string, { body }: { body: { status: PodStatus } }) {
      sent.push(body.status.conditions)
      return { metadata: { uid: name, resourceVersion: `${(version += 1)}` }, status: body.status }
    },
  } as unknown as Client
  const writer = createStatusWriter({ client, clock, random: seededRandom(1), log: silentLog, onWritten() {} })
  const as = (status: PodStatus) =>
    ({ metadata: { name: 'one', namespace: 'here', uid: 'one', resourceVersion: `${version}` }, status }) as unknown as Pod
  const wanted = { conditions: [condition('True')] }
  writer.set(as({}), wanted)
  await clock.advance(1)
  version += 1
  const overwritten = as({ conditions: [condition('False'), { ...condition('False'), type: 'example.com/gate' }] })
  writer.set(overwritten, wanted)
  assert.equal(writer.isWritten('one'), false)
  await clock.advance(500)
  assert.equal(sent.length, 1)
  await clock.advance(500)
  writer.set(overwritten, wanted)
  await clock.advance(1)
  assert.deepEqual(sent, [[condition('True')], [{ reason: null, message: null, ...condition('True') }]])
  assert.equal(writer.isWritten('one'), true)
  writer.close()
})

test('in a crowd only what a pod starts with waits, for two seconds at most', async () => {
  const clock = createVirtualClock(0)
  const written: string[] = []
  let version = 1
  const client = {
    because: (): unknown => client,
    async patch(_kind: unknown, name: string, { body }: { body: { status: PodStatus } }) {
      written.push(`${clock.now()} ${name} ${body.status.phase ?? ''} ${body.status.podIP ?? ''}`)
      return { metadata: { uid: name, resourceVersion: `${(version += 1)}` }, status: body.status }
    },
  } as unknown as Client
  let isCrowded = true
  const options = { client, clock, random: seededRandom(1), log: silentLog, onWritten: () => {}, isCrowded: () => isCrowded }
  const writer = createStatusWriter(options)
  const pod = (name: string) => ({ metadata: { name, namespace: 'x', uid: name, resourceVersion: '1' }, status: {} }) as unknown as Pod
  const waiting = (reason: string) =>
    [{ name: 'main', restartCount: 0, state: { waiting: { reason } } }] as unknown as PodStatus['containerStatuses']
  const set = async (name: string, status: PodStatus) => {
    writer.set(pod(name), status)
    await clock.advance(100)
  }
  await set('one', { phase: 'Pending', containerStatuses: waiting('ContainerCreating') })
  await set('two', { phase: 'Pending', containerStatuses: waiting('ErrImagePull') })
  await set('one', { phase: 'Pending', podIP: '10.0.0.1', containerStatuses: waiting('ContainerCreating') })
  await set('three', { phase: 'Pending' })
  assert.deepEqual([written, writer.isWritten('one')], [['100 two Pending '], false])
  await set('one', { phase: 'Running', podIP: '10.0.0.1' })
  assert.deepEqual([written.slice(1), writer.isWritten('one')], [['400 one Running 10.0.0.1'], true])
  await clock.advance(2_000)
  assert.deepEqual(written.slice(2), ['2300 three Pending '])
  isCrowded = false
  await set('four', { phase: 'Pending' })
  assert.deepEqual(written.slice(3), ['2500 four Pending '])
  writer.close()
  assert.equal(clock.pending, 0)
})
