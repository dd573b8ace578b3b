import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { WherryError } from '#lib/errors.ts'
import { silentLog } from '#lib/log.ts'
import { seededRandom } from '#lib/random.ts'
import { createVirtualClock } from '#sim/clock.ts'
import { type MadePod, madePod, testNodeObject, testPods } from '../eviction/testing.ts'
import { memoryFiles } from '../test-node.ts'
import type { ShutdownInhibitor } from './inhibitor.ts'
import { createShutdownManager } from './shutdown-manager.ts'
import { planShutdown, type ShutdownPeriod, type ShutdownSettings, shutdownPeriods } from './shutdown-plan.ts'

const none: ShutdownSettings = { shutdownGracePeriodMs: 0, shutdownGracePeriodCriticalPodsMs: 0, shutdownGracePeriodByPodPriority: [] }

periods('none', none, '')
periods('all alike', { ...none, shutdownGracePeriodMs: 30_000 }, '0:30 2000000000:0')
periods(
  'some of it for what the node needs',
  { ...none, shutdownGracePeriodMs: 30_000, shutdownGracePeriodCriticalPodsMs: 10_000 },
  '0:20 2000000000:10',
)
periods('more for those than there is', { ...none, shutdownGracePeriodMs: 10_000, shutdownGracePeriodCriticalPodsMs: 20_000 }, '')
periods(
  'by priority, in any order',
  {
    ...none,
    shutdownGracePeriodByPodPriority: [
      { priority: 1000, shutdownGracePeriodSeconds: 5 },
      { priority: -10, shutdownGracePeriodSeconds: 60 },
    ],
  },
  '-10:60 1000:5',
)

function periods(title: string, settings: ShutdownSettings, expected: string): void {
  test(`periods: ${title}`, () =>
    assert.equal(
      shutdownPeriods(settings)
        .map(({ priority, seconds }) => `${priority}:${seconds}`)
        .join(' '),
      expected,
    ))
}

const three: readonly ShutdownPeriod[] = [
  { priority: 0, seconds: 20 },
  { priority: 1000, seconds: 10 },
  { priority: 2_000_000_000, seconds: 5 },
]
test('each pod ends with the highest entry that its priority reaches, in its own time or less', () => {
  const pod = (name: string, priority: number | undefined, grace?: number) =>
    madePod({
      name,
      spec: { ...(priority !== undefined && { priority }), ...(grace !== undefined && { terminationGracePeriodSeconds: grace }) },
    })
  const steps = planShutdown(three, [
    pod('none', undefined),
    pod('below', -5),
    pod('between', 999, 3),
    pod('edge', 1000, 60),
    pod('above', 2_000_001_000),
  ])
  assert.deepEqual(
    steps.map(
      ({ seconds, pods }) =>
        `${seconds}: ${pods.map(({ pod: { metadata }, graceSeconds }) => `${metadata.name} ${graceSeconds}`).join(', ')}`,
    ),
    ['20: none 20, below 20, between 3', '10: edge 10', '5: above 5'],
  )
})

test('steps without pods take no time', () => assert.deepEqual(planShutdown(three, []), []))

// --- the manager ----------------------------------------------------------------------------------------------------------------------

function world(t: TestContext, pods: readonly MadePod[], killing?: (name: string) => Promise<void>) {
  const clock = createVirtualClock(Date.parse('2026-01-01T00:00:00Z'))
  const lookup = testPods(pods, killing)
  const events: string[] = []
  const did: string[] = []
  const times: unknown[] = []
  const files = memoryFiles()
  const state = { tell: (_: boolean) => {}, lose: (_: unknown) => {}, isThere: true }
  const inhibitor: ShutdownInhibitor = {
    async hold(delayMs, onShutdown, onLost) {
      if (!state.isThere) throw new WherryError('ServiceUnavailable', 'no logind')
      did.push(`hold ${delayMs}`)
      state.tell = onShutdown
      state.lose = onLost
      return {
        release: async () => void did.push(`release after ${clock.monotonicMs() / 1000} s`),
        renew: async () => void did.push('renew'),
        close: async () => void did.push('close'),
      }
    },
  }
  const make = () =>
    createShutdownManager({
      periods: three,
      inhibitor,
      pods: lookup,
      events: { record: ({ reason, message }) => void events.push(`${reason} ${message}`) },
      node: testNodeObject,
      files,
      rootDirectory: '/root',
      clock,
      random: seededRandom(1),
      log: silentLog,
      onTimes: (start, end) => void times.push([start, end]),
    })
  const manager = make()
  t.after(() => manager.stop())
  const killed = () => lookup.killed.map(({ name, how }) => `${name} ${how.reason} ${how.graceSeconds}`)
  return { clock, pods: lookup, events, did, times, state, manager, make, killed }
}

test('a shutdown waits for the pods, those of low priority first, and is let go', async (t) => {
  const { manager, clock, state, did, events, killed, times } = world(
    t,
    [{ name: 'driver', spec: { priority: 2_000_000_000 } }, { name: 'app' }, { name: 'done', phase: 'Succeeded' }],
    () => new Promise((resolve) => void clock.schedule(clock.now() + 4_000, resolve)),
  )
  await manager.start()
  assert.deepEqual(did, ['hold 35000'])
  assert.deepEqual(manager.nodeSource.read(), {})
  state.tell(true)
  await clock.advance(1_000)
  assert.deepEqual(killed(), ['app Terminated 20'])
  assert.deepEqual(manager.nodeSource.read().conditions, [
    { type: 'Ready', status: 'False', reason: 'KubeletNotReady', message: 'node is shutting down' },
  ])
  assert.deepEqual(manager.admitter.admit(madePod({ name: 'new' }), []), {
    admitted: false,
    reason: 'NodeShutdown',
    message: 'Pod was rejected as the node is shutting down.',
  })
  await clock.advance(20_000)
  assert.deepEqual(killed(), ['app Terminated 20', 'driver Terminated 5'])
  assert.deepEqual(did, ['hold 35000', 'release after 8 s'])
  assert.deepEqual(events, ['NodeShutdown Shutdown manager detected shutdown event'])
  assert.deepEqual(times, [
    [1767225600, undefined],
    [1767225600, 1767225608],
  ])
})

test('a pod that does not end costs the others nothing but its own period', async (t) => {
  const { manager, clock, state, did, killed } = world(
    t,
    [{ name: 'stuck' }, { name: 'driver', spec: { priority: 2_000_000_000 } }],
    (name) => (name === 'stuck' ? new Promise(() => {}) : Promise.resolve()),
  )
  await manager.start()
  state.tell(true)
  await clock.advance(19_000)
  assert.deepEqual(killed(), ['stuck Terminated 20'])
  await clock.advance(7_000)
  assert.deepEqual([killed()[1], did[1]], ['driver Terminated 5', 'release after 20 s'])
})

test('called off: the node takes pods again, and the next shutdown waits too', async (t) => {
  const { manager, clock, state, did, events } = world(t, [])
  await manager.start()
  state.tell(true)
  await clock.advance(10)
  state.tell(false)
  await clock.advance(10)
  assert.deepEqual(did, ['hold 35000', 'release after 0 s', 'renew'])
  assert.equal(events[1], 'NodeShutdown Shutdown manager detected shutdown cancellation')
  assert.deepEqual([manager.nodeSource.read(), manager.admitter.admit(madePod({ name: 'new' }), [])], [{}, { admitted: true }])
})

test('without logind it asks now and then, and when logind goes it asks again', async (t) => {
  const { manager, clock, state, did } = world(t, [])
  state.isThere = false
  const starting = manager.start()
  await clock.advance(100_000)
  assert.deepEqual(did, [])
  state.isThere = true
  await clock.advance(61_000)
  await starting
  state.lose(new Error('gone'))
  await clock.advance(10)
  assert.deepEqual(did, ['hold 35000', 'hold 35000'])
})

test('the next life knows when the last shutdown was', async (t) => {
  const { manager, clock, state, times, make } = world(t, [])
  await manager.start()
  state.tell(true)
  await clock.advance(10)
  times.length = 0
  const next = make()
  await next.start()
  t.after(() => next.stop())
  assert.deepEqual(times, [[1767225600, 1767225600]])
})
