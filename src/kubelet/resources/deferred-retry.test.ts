import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Pod } from '#api/core/v1/pod.ts'
import { silentLog } from '#lib/log.ts'
import { createVirtualClock } from '#sim/clock.ts'
import { memoryFiles } from '../test-node.ts'
import type { ResizeTrigger } from './resize-metrics.ts'
import type { ResizeRefusal } from './resize-rules.ts'
import { createResizes } from './resizes.ts'

const pod = (cpu: string, generation: number) =>
  ({
    metadata: { name: 'one', namespace: 'default', uid: 'u', generation },
    spec: { containers: [{ name: 'main', resources: { requests: { cpu } } }] },
  }) as unknown as Pod
const deferred: ResizeRefusal = { reason: 'Deferred', message: 'too little' }

/** A node that refuses as the test says. */
function node() {
  const clock = createVirtualClock(0)
  const granted: ResizeTrigger[] = []
  const said: { refusal: ResizeRefusal | undefined; asked: number } = { refusal: deferred, asked: 0 }
  const resizes = createResizes({
    directory: '/allocations',
    files: memoryFiles(),
    clock,
    log: silentLog,
    events: { record() {} },
    refusal() {
      said.asked += 1
      return said.refusal
    },
    onAllocated() {},
    onChange() {},
    observer: { requested() {}, infeasible() {}, granted: (trigger) => void granted.push(trigger), carriedOut() {}, watch() {} },
  })
  resizes.open(new Set())
  resizes.seen(pod('1', 1))
  return { clock, resizes, granted, said }
}

test('what is deferred is tried again every three minutes, though nothing was told', async () => {
  const { clock, resizes, granted, said } = node()
  assert.equal(clock.pending, 0)
  resizes.seen(pod('2', 2))
  assert.deepEqual([said.asked, clock.pending], [1, 1])
  await clock.advance(3 * 60_000 - 1)
  assert.equal(said.asked, 1)
  await clock.advance(1)
  assert.deepEqual([said.asked, clock.pending], [2, 1])
  said.refusal = undefined
  await clock.advance(3 * 60_000)
  assert.deepEqual([granted, clock.pending], [['periodic_retry'], 0])
})

for (const [name, end] of [
  ['taken back', ({ resizes }: ReturnType<typeof node>) => resizes.seen(pod('1', 3))],
  ['of a pod that is gone', ({ resizes }: ReturnType<typeof node>) => resizes.forget('u')],
  [
    'that turns out never to be',
    (one: ReturnType<typeof node>) => {
      one.said.refusal = { reason: 'Infeasible', message: 'never' }
      one.resizes.retry()
    },
  ],
  ['when the kubelet stops', ({ resizes }: ReturnType<typeof node>) => void resizes.close()],
] as const)
  test(`a wish ${name} costs nothing any more`, async () => {
    const one = node()
    one.resizes.seen(pod('2', 2))
    assert.equal(one.clock.pending, 1)
    end(one)
    const { asked } = one.said
    assert.equal(one.clock.pending, 0)
    await one.clock.advance(600_000)
    assert.equal(one.said.asked, asked)
  })
