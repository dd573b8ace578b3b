import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { PodCertificateRequest } from '#api/certificates/v1beta1/types.ts'
import { rfc3339 } from '#lib/rfc3339.ts'
import { type CertificateState, nextStep, type Step, stateName, withRequest } from './certificate-state.ts'

const minuteMs = 60_000
const start = Date.parse('2026-01-01T00:00:00Z')
const at = (minutes: number) => start + minutes * minuteMs

const pending = { key: 'KEY', requestName: 'req-1', abandonAt: at(10) }
const block = '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n'
const credential = { key: 'OLD', chain: block }
/** To be renewed after an hour, and of no use after two. */
const issued = { credential, refreshAt: at(60), notAfter: at(120), told: [] as readonly string[] }
const states = {
  initial: { phase: 'initial' },
  waiting: { phase: 'waiting', pending },
  fresh: { phase: 'fresh', ...issued },
  refreshing: { phase: 'refreshing', ...issued, pending: { ...pending, abandonAt: at(70) } },
  denied: { phase: 'denied', reason: 'R', message: 'm' },
} as const satisfies Readonly<Record<string, CertificateState>>

const request = (type?: string): PodCertificateRequest =>
  ({
    metadata: { name: 'req-1', namespace: 'd' },
    status:
      type === undefined
        ? {}
        : {
            conditions: [{ type, status: 'True', reason: 'R', message: 'm "n"' }],
            certificateChain: `x\n${block}`,
            beginRefreshAt: rfc3339(at(60)),
            notAfter: rfc3339(at(120)),
          },
  }) as unknown as PodCertificateRequest

/** Of the step: phase, whether it asks, reasons of its events, and the minute when to look again. */
const shown = ({ state, asks, events, wakeAt }: Step): string =>
  [state.phase, ...(asks ? ['asks'] : []), ...events.map(({ reason }) => reason), (wakeAt - start) / minuteMs].join(' ')

const overdue = 'CertificateOverdueForRefresh'
const expired = 'CertificateExpired'

for (const [name, state, minute, seen, expected] of [
  ['nothing yet', 'initial', 0, undefined, 'initial asks Infinity'],
  ['a request that is not seen yet', 'waiting', 5, undefined, `waiting ${10 + 1 / minuteMs}`],
  ['a request that is gone', 'waiting', 11, undefined, 'initial asks Infinity'],
  ['a request that nobody has looked at', 'waiting', 60, request(), 'waiting Infinity'],
  ['a request that is granted', 'waiting', 1, request('Issued'), 'fresh 62'],
  ['a request that is refused', 'waiting', 1, request('Denied'), 'denied Denied Infinity'],
  ['a request that failed', 'waiting', 1, request('Failed'), 'failed Failed Infinity'],
  ['a refusal', 'denied', 600, undefined, 'denied Infinity'],
  ['a certificate that is good', 'fresh', 59, undefined, 'fresh 60'],
  ['a certificate to be renewed', 'fresh', 60, undefined, `fresh asks ${70 + 1 / minuteMs}`],
  ['a certificate that is late', 'fresh', 71, undefined, `fresh asks ${overdue} ${120 + 1 / minuteMs}`],
  ['a certificate that has ended', 'fresh', 121, undefined, `fresh asks ${overdue} ${expired} Infinity`],
  ['a renewal under way', 'refreshing', 61, request(), `refreshing ${70 + 1 / minuteMs}`],
  ['a renewal that is late', 'refreshing', 71, request(), `refreshing ${overdue} ${120 + 1 / minuteMs}`],
  ['a renewal whose request is gone', 'refreshing', 71, undefined, `fresh asks ${overdue} ${120 + 1 / minuteMs}`],
  ['a renewal that is granted', 'refreshing', 61, request('Issued'), 'fresh 62'],
  ['a renewal that is refused', 'refreshing', 61, request('Denied'), 'denied Denied Infinity'],
] as const)
  test(name, () => assert.equal(shown(nextStep(states[state], seen, at(minute), 2 * minuteMs)), expected))

test('what was told is not told again', () => {
  const late = nextStep(states.refreshing, request(), at(71), 0)
  assert.deepEqual(nextStep(late.state, request(), at(72), 0).events, [])
  assert.deepEqual(
    nextStep(late.state, request(), at(121), 0).events.map(({ reason }) => reason),
    [expired],
  )
})

test('a request keeps the key that it is for, and what there is until it is granted', () => {
  assert.deepEqual(withRequest(states.initial, 'KEY', 'req-1', start, 0), states.waiting)
  const refreshing = withRequest(states.fresh, 'NEW', 'req-2', at(60), 0)
  assert.deepEqual(refreshing, { ...issued, phase: 'refreshing', pending: { key: 'NEW', requestName: 'req-2', abandonAt: at(70) } })
  const { state } = nextStep(refreshing, request('Issued'), at(61), 0)
  assert.deepEqual(state.phase === 'fresh' && state.credential, { key: 'NEW', chain: block })
})

test('the words of a refusal', () => {
  assert.deepEqual(
    nextStep(states.waiting, request('Denied'), start, 0).events.map(({ message }) => message),
    ['PodCertificateRequest d/req-1 was denied, reason="R", message="m \\"n\\""'],
  )
})

for (const [state, minute, expected] of [
  ['initial', 0, 'not_yet_issued'],
  ['waiting', 0, 'not_yet_issued'],
  ['denied', 0, 'denied'],
  ['fresh', 70, 'fresh'],
  ['refreshing', 71, 'overdue_for_refresh'],
  ['fresh', 121, 'expired'],
] as const)
  test(`${state} after ${minute} minutes counts as ${expected}`, () => assert.equal(stateName(states[state], at(minute)), expected))
