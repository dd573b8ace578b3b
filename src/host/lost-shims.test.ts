import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Container, Sandbox } from '#kubelet/runtime.ts'
import { WherryError } from '#lib/errors.ts'
import { silentLog } from '#lib/log.ts'
import { createVirtualClock } from '#sim/clock.ts'
import { lostShims } from './lost-shims.ts'
import type { Shim } from './shims.ts'

/** Of these shims, who is ended a minute after containerd came back, and after another. The runtime knows "container" and "sandbox". */
function check(title: string, shims: readonly Omit<Shim, 'pid'>[], ended: readonly [first: readonly string[], second: readonly string[]]) {
  test(title, async () => {
    const clock = createVirtualClock(0)
    const startedAt = new Map(shims.map(({ id, ageMs }) => [id, clock.now() + 60_000 - ageMs]))
    const killed: string[] = []
    const present = () =>
      shims
        .map((shim, index) => ({ ...shim, pid: index, ageMs: clock.now() - startedAt.get(shim.id)! }))
        .filter(({ id }) => !killed.includes(id))
    const lost = lostShims({
      runtime: {
        containers: async () => [{ id: 'container' } as Container],
        sandboxes: async () => [{ id: 'sandbox' } as Sandbox],
      },
      socket: '/s',
      clock,
      log: silentLog,
      shims: present,
      kill: (pid) => void killed.push(shims[pid]!.id),
    })
    lost.expect()
    await clock.advance(60_000)
    assert.deepEqual(killed, ended[0])
    await clock.advance(60_000)
    assert.deepEqual(killed.slice(ended[0].length), ended[1])
    assert.equal(clock.pending, 0, 'nothing is left to look for')
    lost.close()
  })
}

const old = 61_000
const young = 10_000
check(
  'what the runtime knows stays',
  [
    { id: 'container', ageMs: old, hasChildren: false },
    { id: 'sandbox', ageMs: old, hasChildren: true },
  ],
  [[], []],
)
check(
  'what it has forgotten ends',
  [
    { id: 'x', ageMs: old, hasChildren: false },
    { id: 'container', ageMs: old, hasChildren: true },
  ],
  [['x'], []],
)
check('under which something runs is not forgotten', [{ id: 'x', ageMs: old, hasChildren: true }], [[], []])
check('what is young may just be in the making, and is looked at again', [{ id: 'x', ageMs: young, hasChildren: false }], [[], ['x']])

test('a runtime that is away again, and one that is closed, are not asked for', async () => {
  const clock = createVirtualClock(0)
  const away = async (): Promise<never> => {
    throw new WherryError('ServiceUnavailable', 'away')
  }
  const lost = lostShims({
    runtime: { containers: away, sandboxes: away },
    socket: '/s',
    clock,
    log: silentLog,
    shims: () => assert.fail('asked'),
    kill: () => assert.fail('killed'),
  })
  lost.expect()
  await clock.advance(120_000)
  lost.expect()
  lost.close()
  lost.expect()
  assert.equal(clock.pending, 0)
})
