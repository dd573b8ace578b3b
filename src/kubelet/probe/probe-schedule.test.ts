import assert from 'node:assert/strict'
import { test } from 'node:test'
import { afterAnswer, initialState, type ProbeType } from './probe-schedule.ts'

// Answers: s success, f failure. Results after each: S, F, U unknown; in brackets once decided.
check('liveness', { failureThreshold: 2 }, 'sfsff', 'S S S S (F)')
check('readiness', { successThreshold: 2, failureThreshold: 2 }, 'ssfsff', 'F S S S S F')
check('startup', { failureThreshold: 3 }, 'ffs', 'U U (S)')
check('startup', { failureThreshold: 2 }, 'ff', 'U (F)')
check('readiness', { failureThreshold: 1 }, 'sfs', 'S F S')

function check(type: ProbeType, probe: object, answers: string, expected: string): void {
  test(`${type} ${JSON.stringify(probe)}: ${answers}`, () => {
    let state = initialState(type)
    const shown = [...answers].map((answer) => {
      state = afterAnswer(state, type, probe as never, answer === 's' ? 'success' : 'failure')
      const letter = state.result[0]!.toUpperCase()
      return state.isDecided ? `(${letter})` : letter
    })
    assert.equal(shown.join(' '), expected)
  })
}

test('what a former kubelet found counts until the first answer', () => {
  assert.deepEqual(initialState('startup', 'success'), { result: 'success', last: undefined, run: 0, isDecided: true })
  assert.equal(initialState('readiness', 'success').result, 'success')
  assert.equal(initialState('liveness').result, 'success')
})
