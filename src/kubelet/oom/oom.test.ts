import assert from 'node:assert/strict'
import { test } from 'node:test'
import { silentLog } from '#lib/log.ts'
import { seededRandom } from '#lib/random.ts'
import { createVirtualClock } from '#sim/clock.ts'
import { createOomReader, type OomKill } from './oom-kills.ts'
import { type KernelLog, watchOoms } from './oom-watcher.ts'

const begins = 'stress invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, oom_score_adj=1000'
const summary = (constraint: string, whose: string, task: string, pid: number) =>
  `oom-kill:constraint=${constraint},nodemask=(null),cpuset=pod,mems_allowed=0,${whose},task_memcg=/kubepods/pod1/c,task=${task},pid=${pid},uid=0`
const killed = (pid: number, name: string) => `Out of memory: Killed process ${pid} (${name}) total-vm:1kB, anon-rss:1kB`

check(
  'the whole machine',
  [begins, 'Mem-Info:', summary('CONSTRAINT_NONE', 'global_oom', 'java', 7), killed(7, 'java')],
  [['java', 7, true]],
)
check(
  'a limit of a group',
  [begins, summary('CONSTRAINT_MEMCG', 'oom_memcg=/kubepods/pod1', 'java', 7), killed(7, 'java')],
  [['java', 7, false]],
)
check('the limit of the root', [begins, summary('CONSTRAINT_MEMCG', 'oom_memcg=/', 'java', 7)], [['java', 7, true]])
check(
  'a limit of a group before Linux 5.0',
  [begins, 'Task in /kubepods/a killed as a result of limit of /kubepods', 'Killed process 9 (a b) total-vm:1kB'],
  [['a b', 9, false]],
)
check('the whole machine before Linux 5.0', [begins, 'Killed process 9 (db) total-vm:1kB'], [['db', 9, true]])
check('a report that breaks off', [begins, begins, killed(3, 'x'), killed(4, 'y')], [['x', 3, true]])
check('no report', ['usb 1-1: new device', killed(3, 'x'), summary('CONSTRAINT_NONE', 'global_oom', 'x', 3)], [])
check(
  'two after one another',
  [begins, killed(3, 'x'), begins, summary('CONSTRAINT_MEMCG', 'oom_memcg=/a', 'y', 4)],
  [
    ['x', 3, true],
    ['y', 4, false],
  ],
)

function check(name: string, lines: readonly string[], expected: readonly (readonly [string, number, boolean])[]): void {
  test(`out of memory: ${name}`, () => {
    const read = createOomReader()
    const found = lines.map(read).filter((kill): kill is OomKill => kill !== undefined)
    assert.deepEqual(
      found.map(({ process, pid, isSystem }) => [process, pid, isSystem]),
      expected,
    )
  })
}

/** A log that a test writes and ends. */
function watched() {
  const clock = createVirtualClock(0)
  const told: string[] = []
  const follows: { line: (text: string) => void; end: (isLost?: boolean) => void }[] = []
  let ended = 0
  const kernel: KernelLog = {
    follow(line, onEnd) {
      follows.push({ line, end: (isLost = false) => onEnd({ error: new Error('over'), isLost }) })
      return () => void (ended += 1)
    },
  }
  const node = { apiVersion: 'v1', kind: 'Node', metadata: { name: 'node', uid: 'node', resourceVersion: '', creationTimestamp: '' } }
  const events = {
    record: ({ regarding, type, reason, message }: { regarding: { kind: string }; type: string; reason: string; message: string }) =>
      void told.push(`${regarding.kind} ${type} ${reason} ${message}`),
  }
  const stop = watchOoms({ kernel, events, node, clock, random: seededRandom(1), log: silentLog })
  return { clock, told, follows, stop, ended: () => ended }
}

test('what the machine ran out of is told on the Node; what a group did is not', () => {
  const { told, follows, clock } = watched()
  for (const line of [begins, killed(7, 'java'), begins, summary('CONSTRAINT_MEMCG', 'oom_memcg=/kubepods/a', 'x', 8)])
    follows[0]!.line(line)
  assert.deepEqual(told, ['Node Warning SystemOOM System OOM encountered, victim process: java, pid: 7'])
  assert.equal(clock.pending, 0)
})

test('a log that breaks off is followed anew, and one that there is not is left alone', async () => {
  const { clock, follows, told, stop, ended } = watched()
  for (let i = 0; i < 3; i += 1) {
    await clock.advance(3_600_000)
    follows.at(-1)!.end()
    await clock.advance(2_000)
    assert.equal(follows.length, i + 2)
  }
  follows.at(-1)!.line(begins)
  follows.at(-1)!.line(killed(1, 'again'))
  assert.equal(told.length, 1)
  stop()
  assert.equal(ended(), 1)

  const failing = watched()
  for (let i = 0; i < 10; i += 1) {
    const { length } = failing.follows
    failing.follows.at(-1)!.end()
    for (let s = 0; s < 100 && failing.follows.length === length; s += 1) await failing.clock.advance(1_000)
    if (failing.follows.length === length) break
  }
  assert.equal(failing.follows.length, 5)
  const lost = watched()
  lost.follows[0]!.end(true)
  await lost.clock.advance(3_600_000)
  assert.deepEqual([lost.follows.length, lost.clock.pending], [1, 0])
})

test('nothing is tried again once it was ended', async () => {
  const { clock, follows, stop } = watched()
  follows[0]!.end()
  stop()
  await clock.advance(3_600_000)
  assert.deepEqual([follows.length, clock.pending], [1, 0])
})
