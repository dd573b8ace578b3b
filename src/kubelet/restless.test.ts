/** Lives of pods by a clock that goes on while code runs, and whose timers may be a millisecond early: they end as those by one that stands still. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Pod } from '#api/core/v1/pod.ts'
import { seededRandom } from '#lib/random.ts'
import { createVirtualClock } from '#sim/clock.ts'
import type { ImageBehaviour } from '#sim/runtime.ts'
import { memoryFiles } from './test-node.ts'
import { container, world } from './test-world.ts'

const start = Date.parse('2026-01-01T00:00:00Z')
const command = (...words: string[]) => ({ exec: { command: words } })

/** New for each life, since an image counts its pulls. */
function images(): Record<string, ImageBehaviour> {
  let pulls = 0
  return {
    bad: { exit: { afterMs: 1_000, code: 3 } },
    job: { exit: { afterMs: 1_000, code: 0 } },
    late: { isAbsent: true, pullFails: () => ((pulls += 1) <= 2 ? 'no such image' : undefined) },
    ill: { exec: (_command, runMs) => ({ exitCode: runMs > 5_000 ? 1 : 0 }) },
    slow: { serves: (runMs) => runMs > 3_000 },
    stubborn: { stopMs: Infinity, exec: ([word]) => ({ exitCode: 0, takesMs: word === 'long' ? 600_000 : 1_000 }) },
  }
}

const pods: Readonly<Record<string, object>> = {
  deadline: { activeDeadlineSeconds: 5, containers: [container('main')] },
  'crash-loop': { containers: [container('main', 'bad')] },
  'image-back-off': { containers: [container('main', 'late')] },
  liveness: {
    terminationGracePeriodSeconds: 1,
    containers: [container('main', 'ill', { livenessProbe: { ...command('well'), periodSeconds: 2, failureThreshold: 2 } })],
  },
  readiness: { containers: [container('main', 'slow', { readinessProbe: { httpGet: { port: 80 }, periodSeconds: 1 } })] },
  once: { restartPolicy: 'Never', containers: [container('main', 'job')] },
  'short-hook': {
    terminationGracePeriodSeconds: 4,
    containers: [container('main', 'stubborn', { lifecycle: { preStop: command('short') } })],
  },
  'long-hook': {
    terminationGracePeriodSeconds: 4,
    containers: [container('main', 'stubborn', { lifecycle: { preStop: command('long') } })],
  },
  'with-sidecar': {
    terminationGracePeriodSeconds: 4,
    initContainers: [container('side', 'stubborn', { restartPolicy: 'Always' })],
    containers: [container('main', 'stubborn')],
  },
}

/** At 20 s those that have hooks or a sidecar are deleted; what is, some time after and some time before anything is to happen. */
const expected = {
  19: {
    deadline: 'Failed main:Error(143)',
    'crash-loop': 'Running main:CrashLoopBackOff/2',
    'image-back-off': 'Pending main:ImagePullBackOff',
    liveness: 'Running main:CrashLoopBackOff/1',
    readiness: 'Running main:running/ready',
    once: 'Succeeded main:Completed(0)',
    'short-hook': 'Running main:running/ready',
    'long-hook': 'Running main:running/ready',
    'with-sidecar': 'Running side:running/ready main:running/ready',
  },
  23: { 'short-hook': 'Running main:running/ready', 'long-hook': 'Running main:running/ready' },
  28: { 'short-hook': 'gone', 'long-hook': 'gone', 'with-sidecar': 'gone', 'image-back-off': 'Pending main:ImagePullBackOff' },
  40: {
    deadline: 'Failed main:Error(143)',
    'crash-loop': 'Running main:CrashLoopBackOff/3',
    'image-back-off': 'Running main:running/ready',
  },
} as const

test('whatever the clock does between two readings, pods come to the same ends at the same times', async (t) => {
  for (let seed = 0; seed <= 20; seed += 1) {
    // The first by a clock that stands still.
    const clock = seed === 0 ? createVirtualClock(start) : createVirtualClock(start, seededRandom(seed))
    const { node, show } = await world(t, images(), seed, memoryFiles(), undefined, { clock })
    const began = clock.now()
    for (const [name, spec] of Object.entries(pods)) await node.create(name, spec)
    const until = async (second: number) => clock.advance(Math.max(0, began + second * 1_000 - clock.now()))
    for (const [second, states] of Object.entries(expected)) {
      if (Number(second) > 20 && (await node.pod('short-hook'))?.metadata.deletionTimestamp === undefined) {
        await until(20)
        for (const name of ['short-hook', 'long-hook', 'with-sidecar'])
          await node.client.delete(Pod, name, { namespace: 'default' }).catch(() => undefined)
      }
      await until(Number(second))
      const seen = Object.fromEntries(await Promise.all(Object.keys(states).map(async (name) => [name, await show(name)])))
      assert.deepEqual(seen, states, `seed ${seed}, after ${second} s`)
    }
    await node.close()
  }
})
