import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { WherryError } from '#lib/errors.ts'
import { silentLog } from '#lib/log.ts'
import { createVirtualClock } from '#sim/clock.ts'
import { GiB, type MadePod, testNodeObject, testPods } from '../eviction/testing.ts'
import { shownTraces, testTracer } from '../tracing/testing.ts'
import { createImageCollector } from './image-gc.ts'
import {
  defaultImageGcPolicy,
  enoughFor,
  fillOf,
  type ImageGcPolicy,
  noteImages,
  removable,
  type SeenImage,
  tooOld,
} from './image-gc-plan.ts'

const minute = 60_000
const image = (id: string, sizeGiB = 1, more: Partial<SeenImage> = {}): SeenImage => ({
  id,
  repoTags: [`registry.test/${id}:1`],
  repoDigests: [],
  sizeBytes: sizeGiB * GiB,
  pinned: false,
  ...more,
})

// --- the plan -----------------------------------------------------------------------------------------------------------------------

check(
  'the longest unused first, never used before all',
  [
    ['a', 5],
    ['b', undefined],
    ['c', 2],
  ],
  3,
  'b c a',
)
check(
  'no more than has to go',
  [
    ['a', 5],
    ['b', 3],
    ['c', 2],
  ],
  1,
  'c',
)
check(
  'what was seen before the clock was set back is not young for that',
  [
    ['a', undefined, 70],
    ['b', undefined, 9],
  ],
  3,
  'a',
)
check(
  'what is used stays',
  [
    ['a', 'now'],
    ['b', 3],
  ],
  9,
  'b',
)
check(
  'young ones stay',
  [
    ['a', 2, 9.5],
    ['b', 3, 1],
  ],
  9,
  'b',
)

/** Images by id: when they were used last (minutes; `now`: they are), and when they were seen first. `wanted` GiB have to go. */
function check(
  title: string,
  rows: readonly (readonly [string, number | 'now' | undefined, seenAt?: number])[],
  wanted: number,
  expected: string,
): void {
  test(title, () => {
    const records = rows.map(([id, used, seenAt = 0]) => ({
      id,
      sizeBytes: GiB,
      isPinned: false,
      seenAt: seenAt * minute,
      usedAt: typeof used === 'number' ? used * minute : undefined,
      isUsed: used === 'now',
    }))
    const chosen = enoughFor(wanted * GiB, removable(records), defaultImageGcPolicy, 10 * minute)
    assert.equal(chosen.map(({ id }) => id).join(' '), expected)
  })
}

test('an image is used by any of its names, and pinned ones are not to be had', () => {
  const images = [image('a', 1, { repoDigests: ['registry.test/a@sha256:1'] }), image('b'), image('pause', 1, { pinned: true }), image('d')]
  const records = noteImages(new Map(), images, new Set(['registry.test/a@sha256:1', 'registry.test/b:1']), 7)
  assert.deepEqual(
    removable(records.values()).map(({ id }) => id),
    ['d'],
  )
  const later = noteImages(records, images.slice(1), new Set(), 9)
  assert.deepEqual([later.get('b')?.usedAt, later.get('b')?.seenAt, later.has('a')], [7, 7, false])
})

test('the fill of a disk', () => {
  const of = (availableBytes: number, policy: Partial<ImageGcPolicy> = {}) =>
    fillOf({ capacityBytes: 100 * GiB, availableBytes }, { ...defaultImageGcPolicy, ...policy })
  assert.deepEqual(of(16 * GiB), { usedPercent: 84, bytesToFree: 0 })
  assert.deepEqual(of(15 * GiB), { usedPercent: 85, bytesToFree: 5 * GiB })
  assert.deepEqual(of(15.5 * GiB), { usedPercent: 85, bytesToFree: 4.5 * GiB }, 'what is used counts as whole percents, rounded up')
  assert.deepEqual(of(200 * GiB), { usedPercent: 0, bytesToFree: 0 }, 'more room than there is')
  assert.deepEqual(of(0, { highPercent: 100 }), { usedPercent: 100, bytesToFree: 0 }, 'a threshold of all of it is none')
})

test('age counts only what the kubelet itself has seen', () => {
  const record = { id: 'a', sizeBytes: 1, isPinned: false, seenAt: 0, usedAt: undefined, isUsed: false }
  const policy = { ...defaultImageGcPolicy, maxAgeMs: 60 * minute }
  assert.equal(tooOld([record], policy, 60 * minute, 0).length, 0)
  assert.equal(tooOld([record], policy, 61 * minute, 0).length, 1)
  assert.equal(tooOld([{ ...record, usedAt: 30 * minute }], policy, 61 * minute, 0).length, 0)
  assert.equal(tooOld([record], defaultImageGcPolicy, 1e12, 0).length, 0, 'and not at all by default')
})

// --- the collector ------------------------------------------------------------------------------------------------------------------

function world(t: TestContext, images: readonly SeenImage[], pods: readonly MadePod[] = [], policy: Partial<ImageGcPolicy> = {}) {
  const clock = createVirtualClock(Date.parse('2026-01-01T00:00:00Z'))
  const lookup = testPods(pods)
  const events: string[] = []
  const removed: string[] = []
  const state = {
    images: [...images],
    used: [] as { image: string; imageId: string }[],
    space: { capacityBytes: 100 * GiB, availableBytes: 50 * GiB },
    lists: 0,
    refuses: (_id: string) => false,
    remaining: [] as string[],
  }
  const traces = testTracer(clock)
  const collector = createImageCollector({
    policy: { ...defaultImageGcPolicy, ...policy },
    runtime: {
      async images() {
        state.lists += 1
        return state.images
      },
      containers: async () => state.used as never,
      async removeImage(id) {
        if (state.refuses(id)) throw new WherryError('InternalError', 'read-only file system')
        const one = state.images.find((candidate) => candidate.id === id)!
        state.images = state.images.filter((candidate) => candidate !== one)
        state.space = { ...state.space, availableBytes: state.space.availableBytes + one.sizeBytes }
        removed.push(id)
      },
    },
    space: async () => state.space,
    pods: lookup,
    events: { record: ({ reason, message }) => void events.push(`${reason} ${message}`) },
    node: testNodeObject,
    clock,
    log: silentLog,
    isKept: (name) => name.startsWith('local/'),
    tracer: traces.tracer,
    onCollected: (remaining) => void (state.remaining = [...remaining]),
  })
  t.after(() => collector.stop())
  return { clock, pods: lookup, events, removed, state, collector, traces }
}

test('a disk with room: images are listed once, and then only when pods have changed', async (t) => {
  const { collector, clock, state, pods, removed } = world(t, [image('a')])
  collector.start()
  await clock.advance(60 * minute)
  assert.equal(state.lists, 1)
  pods.put({ name: 'one' })
  await clock.advance(10 * minute)
  assert.deepEqual([state.lists, removed], [2, []])
})

test('each look at the disk is a trace', async (t) => {
  const { collector, clock, state, traces } = world(t, [image('a', 3)])
  collector.start()
  await clock.advance(6 * minute)
  state.space = { ...state.space, availableBytes: 1 * GiB }
  await clock.advance(5 * minute)
  await traces.tracer.close()
  const [first, second, third, ...others] = shownTraces(traces.spans)
  assert.deepEqual([first, second, others], ['Images/GarbageCollect', 'Images/GarbageCollect', []])
  assert.match(third!, /^Images\/GarbageCollect: Insufficient free disk space/)
})

test('a disk that fills up is freed down to the lower threshold', async (t) => {
  const { collector, clock, state, removed } = world(t, [image('a', 3), image('b', 3), image('c', 3), image('used', 9)])
  state.used = [{ image: 'used', imageId: 'used' }]
  collector.start()
  await clock.advance(6 * minute)
  state.space = { ...state.space, availableBytes: 15 * GiB }
  await clock.advance(5 * minute)
  assert.deepEqual(
    [removed, state.remaining],
    [
      ['a', 'b'],
      ['c', 'used'],
    ],
  )
})

test('what cannot be freed is told of', async (t) => {
  const { collector, clock, state, events } = world(t, [image('a', 1)])
  collector.start()
  await clock.advance(4 * minute)
  state.space = { ...state.space, availableBytes: 10 * GiB }
  await clock.advance(2 * minute)
  assert.deepEqual(events, [
    "FreeDiskSpaceFailed Insufficient free disk space on the node's image filesystem (90% of 100.0 GiB used). Failed to free sufficient space by deleting unused images (freed 1073741824 bytes). Investigate disk usage, as it could be used by active images, logs, volumes, or other data.",
  ])
  await clock.advance(5 * minute)
  assert.equal(events[2]?.split(' ')[0], 'ImageGCFailed', 'from the second time on as a failure of its own')
})

test('one that cannot be removed does not keep the others', async (t) => {
  const { collector, clock, state, removed } = world(t, [image('a', 3), image('b', 3)])
  state.refuses = (id) => id === 'a'
  collector.start()
  await clock.advance(3 * minute)
  await assert.rejects(collector.removeUnused(), /1 of 2 images could not be removed: read-only file system/)
  assert.deepEqual(removed, ['b'])
})

test('for a node under pressure all go that are not used, wanted, pinned, kept or young', async (t) => {
  const wanted: MadePod = {
    name: 'one',
    spec: {
      containers: [{ name: 'main', image: 'registry.test/wanted:1' }],
      volumes: [{ name: 'data', image: { reference: 'registry.test/volume:1' } }],
    },
  }
  const over: MadePod = { name: 'over', phase: 'Succeeded', spec: { containers: [{ name: 'main', image: 'registry.test/old:1' }] } }
  const { collector, clock, state, removed } = world(
    t,
    [
      image('a'),
      image('wanted'),
      image('volume'),
      image('old'),
      image('pause', 1, { pinned: true }),
      image('ours', 1, { repoTags: ['local/ours:1'] }),
    ],
    [wanted, over],
  )
  collector.start()
  await clock.advance(3 * minute)
  state.images.push(image('young'))
  await collector.removeUnused()
  assert.deepEqual(removed, ['a', 'old'])
})

test('unused for too long goes without need, where that is wanted', async (t) => {
  const { collector, clock, state, removed } = world(t, [image('a'), image('b')], [], { maxAgeMs: 30 * minute })
  state.used = [{ image: 'b', imageId: 'b' }]
  collector.start()
  await clock.advance(29 * minute)
  assert.deepEqual(removed, [])
  await clock.advance(10 * minute)
  assert.deepEqual(removed, ['a'])
})
