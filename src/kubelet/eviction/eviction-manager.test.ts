import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { silentLog } from '#lib/log.ts'
import { createVirtualClock } from '#sim/clock.ts'
import { createSimulatedProcess } from '#sim/process.ts'
import { createEvictionManager, type EvictionOptions } from './eviction-manager.ts'
import type { Disks } from './rank.ts'
import type { Observations } from './signals.ts'
import { GiB, type MadePod, MiB, madeStats, testNodeObject, testPods } from './testing.ts'

const plenty = { capacity: 100 * GiB, available: 90 * GiB }
const fine: Observations = { 'memory.available': plenty, 'nodefs.available': plenty, 'imagefs.available': plenty }
const oneDisk: Disks = { hasImageFs: false, isSplit: false }

interface World {
  observations?: Observations
  uses?: Record<string, Parameters<typeof madeStats>[1]>
  pods?: readonly MadePod[]
  settings?: EvictionOptions['settings']
  killing?: (name: string) => Promise<void>
}

function world(t: TestContext, { pods = [], settings = {}, killing, ...start }: World) {
  const clock = createVirtualClock(Date.parse('2026-01-01T00:00:00Z'))
  const machine = createSimulatedProcess('machine', clock)
  const lookup = testPods(pods, killing)
  const events: string[] = []
  const reclaimed: string[] = []
  const state = {
    observations: { ...fine, ...start.observations } as Observations,
    uses: start.uses ?? {},
    looks: 0,
    measured: [] as string[],
    onReclaim: (_step: string) => {},
  }
  const manager = createEvictionManager({
    settings,
    figures: {
      async observe() {
        state.looks += 1
        return { observations: state.observations, disks: oneDisk }
      },
      async pods(uids) {
        const names = [...uids].map((uid) => uid.slice(4))
        state.measured.push(names.join(' '))
        return names.flatMap((name) => (state.uses[name] === undefined ? [] : [madeStats(name, state.uses[name])]))
      },
    },
    pods: lookup,
    reclaim: {
      async containers() {
        reclaimed.push('containers')
        state.onReclaim('containers')
      },
      async images() {
        reclaimed.push('images')
        state.onReclaim('images')
      },
    },
    events: { record: ({ reason, message }) => void events.push(`${reason} ${message}`) },
    node: testNodeObject,
    clock: machine.clock,
    log: silentLog,
  })
  t.after(() => manager.stop())
  const conditions = () => manager.nodeSource.read().conditions!.flatMap(({ type, status }) => (status === 'True' ? [type] : []))
  const killed = () => lookup.killed.map(({ name, how }) => `${name} ${how.graceSeconds}`)
  return { clock, jump: machine.jump, pods: lookup, events, reclaimed, state, manager, conditions, killed }
}

const short = (available: number): Observations => ({ ...fine, 'memory.available': { capacity: 8 * GiB, available } })
const disk = (available: number): Observations => ({ ...fine, 'nodefs.available': { capacity: 100 * GiB, available } })

test('a node with enough of everything ends nobody, and is hardly looked at', async (t) => {
  const { manager, clock, state, killed, conditions } = world(t, { pods: [{ name: 'one' }] })
  manager.start()
  await clock.advance(10 * 60_000)
  assert.ok(state.looks < 12, `${state.looks} looks in ten minutes`)
  assert.deepEqual([killed(), conditions(), state.measured], [[], [], []])
})

test('memory runs short: the worst goes, alone, with a second to end, and says why', async (t) => {
  const { manager, clock, state, pods, events, killed, conditions } = world(t, {
    pods: [{ name: 'small' }, { name: 'large' }, { name: 'needed', spec: { priority: 2_000_001_000 } }],
    uses: { small: { memory: 10 * MiB }, large: { memory: 700 * MiB }, needed: { memory: 4 * GiB } },
    observations: short(50 * MiB),
  })
  let turned = 0
  manager.nodeSource.onChange(() => (turned += 1))
  const killPod = pods.killPod.bind(pods)
  pods.killPod = async (uid, how) => {
    await killPod(uid, how)
    state.observations = short(750 * MiB)
  }
  manager.start()
  await clock.advance(30_000)
  assert.deepEqual(killed(), ['large 1'])
  const { how } = pods.killed[0]!
  const message =
    'The node was low on resource: memory. Threshold quantity: 100Mi, available: 50Mi. Container main was using 700Mi, request is 0, has larger consumption of memory. '
  assert.deepEqual(how, {
    reason: 'Evicted',
    message,
    graceSeconds: 1,
    condition: { type: 'DisruptionTarget', status: 'True', reason: 'TerminationByKubelet', message },
  })
  assert.deepEqual(events, ['EvictionThresholdMet Attempting to reclaim memory', `Evicted ${message}`])
  assert.deepEqual([conditions(), turned], [['MemoryPressure'], 1])
  // Best-effort pods are kept out for as long as the condition lasts, which is the transition period.
  const refused = manager.admitter.admit(pods.byUid('uid-small')!.pod, [])
  assert.equal((refused as { reason?: string }).reason, 'Evicted')
  await clock.advance(5 * 60_000)
  assert.deepEqual([conditions(), turned], [[], 2])
})

test('one pod a look, until enough is won back', async (t) => {
  const { manager, clock, state, pods, killed } = world(t, {
    pods: ['a', 'b', 'c', 'd'].map((name) => ({ name })),
    uses: { a: { memory: 400 * MiB }, b: { memory: 300 * MiB }, c: { memory: 200 * MiB }, d: { memory: 100 * MiB } },
    observations: short(10 * MiB),
  })
  const killPod = pods.killPod.bind(pods)
  pods.killPod = async (uid, how) => {
    await killPod(uid, how)
    if (pods.killed.length === 2) state.observations = short(GiB)
  }
  manager.start()
  await clock.advance(60_000)
  assert.deepEqual(killed(), ['a 1', 'b 1'])
})

test('a soft threshold waits, and leaves pods their own time up to a bound', async (t) => {
  const { manager, clock, killed, conditions } = world(t, {
    pods: [{ name: 'slow', spec: { terminationGracePeriodSeconds: 600 } }],
    uses: { slow: { memory: GiB } },
    observations: short(200 * MiB),
    settings: {
      evictionHard: {},
      evictionSoft: { 'memory.available': '300Mi' },
      evictionSoftGracePeriod: { 'memory.available': '30s' },
      maxPodGraceSeconds: 60,
    },
  })
  manager.start()
  await clock.advance(29_000)
  assert.deepEqual([killed(), conditions()], [[], ['MemoryPressure']])
  await clock.advance(2_000)
  assert.deepEqual(killed(), ['slow 60'])
})

test('a soft threshold waits no longer where the clock is set back', async (t) => {
  const { manager, clock, jump, killed } = world(t, {
    pods: [{ name: 'slow' }],
    uses: { slow: { memory: GiB } },
    observations: short(200 * MiB),
    settings: {
      evictionHard: {},
      evictionSoft: { 'memory.available': '300Mi' },
      evictionSoftGracePeriod: { 'memory.available': '30s' },
    },
  })
  manager.start()
  await clock.advance(10_000)
  jump(-3_600_000)
  await clock.advance(21_000)
  assert.equal(killed().length, 1)
})

test('disk runs short: ended containers and unused images go first, and nobody else where that does', async (t) => {
  const { manager, clock, state, reclaimed, killed, conditions } = world(t, {
    pods: [{ name: 'one' }],
    observations: disk(5 * GiB),
  })
  state.onReclaim = (step) => {
    if (step === 'images') state.observations = disk(50 * GiB)
  }
  manager.start()
  await clock.advance(60_000)
  assert.deepEqual([reclaimed, killed(), conditions()], [['containers', 'images'], [], ['DiskPressure']])
})

test('… and where that does not, the pod with the most on disk', async (t) => {
  const { manager, clock, reclaimed, killed } = world(t, {
    pods: [{ name: 'tidy' }, { name: 'messy' }],
    uses: { tidy: { disk: MiB }, messy: { disk: GiB, logs: GiB } },
    observations: disk(5 * GiB),
    killing: () => new Promise(() => {}),
  })
  manager.start()
  await clock.advance(5_000)
  assert.deepEqual([reclaimed, killed()], [['containers', 'images'], ['messy 1']])
})

test('memory is not won back by deleting images', async (t) => {
  const { manager, clock, reclaimed, killed } = world(t, {
    pods: [{ name: 'one' }],
    uses: { one: { memory: GiB } },
    observations: short(MiB),
  })
  manager.start()
  await clock.advance(5_000)
  assert.deepEqual([reclaimed, killed()], [[], ['one 1']])
})

test('a pod that does not end holds the next one up for its time and no longer', async (t) => {
  const { manager, clock, killed } = world(t, {
    pods: [{ name: 'stuck' }, { name: 'next' }],
    uses: { stuck: { memory: 2 * GiB }, next: { memory: GiB } },
    observations: short(MiB),
    killing: (name) => (name === 'stuck' ? new Promise(() => {}) : Promise.resolve()),
  })
  manager.start()
  await clock.advance(9_000)
  assert.deepEqual(killed(), ['stuck 1'])
  await clock.advance(60_000)
  assert.equal(killed()[1], 'stuck 1', 'it still uses most')
})

test('what the node itself needs is never evicted', async (t) => {
  const { manager, clock, killed } = world(t, {
    pods: [
      { name: 'static', annotations: { 'kubernetes.io/config.source': 'file' } },
      { name: 'mirror', annotations: { 'kubernetes.io/config.mirror': 'x' } },
      { name: 'critical', spec: { priority: 2_000_000_000 } },
    ],
    observations: short(MiB),
  })
  manager.start()
  await clock.advance(60_000)
  assert.deepEqual(killed(), [])
})

const dir = (sizeLimit: string) => ({ volumes: [{ name: 'data', emptyDir: { sizeLimit } }] })

test('a pod that exceeds its own storage goes, whatever room the node has; others are not even measured', async (t) => {
  const { manager, clock, state, events, killed, conditions } = world(t, {
    pods: [{ name: 'greedy', spec: dir('1Gi') }, { name: 'other' }],
    uses: { greedy: { volumes: { data: MiB } } },
  })
  manager.start()
  await clock.advance(1_000)
  assert.deepEqual([killed(), state.measured], [[], ['greedy']])
  state.uses['greedy'] = { volumes: { data: GiB + 1 } }
  await clock.advance(60_000)
  assert.deepEqual(killed(), ['greedy 1'])
  assert.deepEqual(events, ['Evicted Usage of EmptyDir volume "data" exceeds the limit "1Gi". '])
  assert.deepEqual(conditions(), [])
  assert.ok(
    state.measured.every((names) => names === 'greedy'),
    'nobody else',
  )
  const before = state.measured.length
  await clock.advance(10 * 60_000)
  assert.equal(state.measured.length, before, 'and nobody at all once there is no limit to hold')
})

test('its condition does not say that somebody disrupted it: it did so itself', async (t) => {
  const { manager, clock, pods } = world(t, { pods: [{ name: 'greedy', spec: dir('1Mi') }], uses: { greedy: { volumes: { data: GiB } } } })
  manager.start()
  await clock.advance(1_000)
  assert.equal(pods.killed[0]?.how.condition, undefined)
})

test('a pod with limits that comes later is measured soon', async (t) => {
  const { manager, clock, state, pods, killed } = world(t, { uses: { late: { volumes: { data: 2 * GiB } } } })
  manager.start()
  await clock.advance(1_000)
  pods.put({ name: 'late', spec: dir('1Gi') })
  await clock.advance(11_000)
  assert.deepEqual([killed(), state.measured], [['late 1'], ['late']])
})

test('limits of local storage are not held where the node is told not to', async (t) => {
  const { manager, clock, state } = world(t, { pods: [{ name: 'greedy', spec: dir('1Mi') }], settings: { isolatesLocalStorage: false } })
  manager.start()
  await clock.advance(120_000)
  assert.deepEqual(state.measured, [])
})

test('figures that cannot be had end nobody, and are asked for again', async (t) => {
  const { manager, clock, state, killed } = world(t, { pods: [{ name: 'one' }], uses: { one: { memory: GiB } } })
  Object.defineProperty(state, 'observations', { configurable: true, get: () => assert.fail('no figures') })
  manager.start()
  await clock.advance(35_000)
  assert.deepEqual(killed(), [])
  const looks = state.looks
  assert.ok(looks >= 3 && looks <= 5, `${looks} looks`)
  Object.defineProperty(state, 'observations', { value: short(MiB) })
  await clock.advance(11_000)
  assert.deepEqual(killed()[0], 'one 1')
})

test('after the stop nothing is looked at', async (t) => {
  const { manager, clock, state } = world(t, {})
  manager.start()
  await clock.advance(1_000)
  await manager.stop()
  const { looks } = state
  await clock.advance(60 * 60_000)
  assert.equal(state.looks, looks)
  assert.equal(clock.pending, 0)
})
