import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { KubeObject } from '#api/kind.ts'
import type { Command } from '#loop/controller.ts'
import { usualAgainMs as againMs, createTold, type RemarkedPlan } from './told.ts'

// Each look: what there is to say → what is said.
check('what lasts is said once', ['a'], ['a'], 'said: a', 'said: ')
check('what is new is said beside what lasts', ['a'], ['a', 'b'], 'said: a', 'said: b')
check('what was over for a look is said again', ['a'], [], ['a'], 'said: a', 'said: ', 'said: a')

test('a write’s own event is said as often as the write is tried', () => {
  const told = createTold()
  const plan: RemarkedPlan = { commands: [remark('written')], wakeAt: Infinity }
  assert.equal(told.plan('k', plan, 0).commands.length, 1)
  assert.equal(told.plan('k', plan, 0).commands.length, 1)
})

test('what lasts for half an hour is said again, before the server has forgotten it', () => {
  const told = createTold()
  const said = (now: number, ...messages: readonly string[]) => {
    const { commands, wakeAt } = told.plan('k', { commands: [], wakeAt: Infinity, remarks: messages.map(remark) }, now)
    return [commands.map((command) => (command as { message: string }).message).join(), wakeAt]
  }
  assert.deepEqual(said(0, 'a'), ['a', againMs])
  assert.deepEqual(said(5, 'a', 'b'), ['b', againMs])
  assert.deepEqual(said(againMs, 'a', 'b'), ['a', againMs + 5])
  assert.deepEqual(said(againMs + 5, 'a', 'b'), ['b', 2 * againMs])
  // The clock is set back.
  assert.deepEqual(said(1, 'a', 'b'), ['a,b', againMs + 1])
  assert.deepEqual(said(2), ['', Infinity])
})

test('who is forgotten hears it again, and nobody hears of another’s', () => {
  const told = createTold()
  const plan: RemarkedPlan = { commands: [], wakeAt: 7, remarks: [remark('a')] }
  assert.deepEqual(told.plan('k', plan, 0), { commands: plan.remarks, wakeAt: 7 })
  assert.equal(told.plan('l', plan, 0).commands.length, 1)
  assert.equal(told.plan('k', plan, 0).commands.length, 0)
  told.forget('k')
  assert.equal(told.plan('k', plan, 0).commands.length, 1)
})

function remark(message: string): Extract<Command, { do: 'event' }> {
  const regarding = { metadata: { uid: 'u' } } as KubeObject
  return { do: 'event', regarding, type: 'Normal', reason: 'R', message }
}

function check(name: string, ...looks: readonly (readonly string[] | string)[]): void {
  test(name, () => {
    const told = createTold()
    const said = looks
      .filter((look) => typeof look !== 'string')
      .map((look) => told.plan('k', { commands: [], wakeAt: Infinity, remarks: look.map(remark) }, 0).commands)
      .map((commands) => `said: ${commands.map((command) => (command as { message: string }).message).join(', ')}`)
    assert.deepEqual(
      said,
      looks.filter((look) => typeof look === 'string'),
    )
  })
}
