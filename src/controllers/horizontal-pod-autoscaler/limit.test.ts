import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { defaultAutoscaler, type HorizontalPodAutoscaler } from '#api/autoscaling/v2/horizontal-pod-autoscaler.ts'
import { autoscalerDefaults as config } from './config.ts'
import { freshHistory, type History, withAdvice, withStep } from './history.ts'
import { limit } from './limit.ts'

const now = 1_000_000_000

interface Case {
  readonly current: number
  readonly desired: number
  readonly min?: number
  readonly max?: number
  /** Absent: no rules at all. `{}`: the usual ones. */
  readonly behavior?: object
  /** `seconds ago: number`. */
  readonly advice?: Readonly<Record<number, number>>
  readonly ups?: Readonly<Record<number, number>>
  readonly downs?: Readonly<Record<number, number>>
}

function limited({ current, desired, min = 1, max = 1000, behavior, advice = {}, ups = {}, downs = {} }: Case) {
  const spec = { scaleTargetRef: { kind: 'X', name: 'x' }, maxReplicas: max, ...(behavior && { behavior }) }
  const autoscaler = defaultAutoscaler({ metadata: { name: 'a' }, spec } as unknown as HorizontalPodAutoscaler)
  const past = (values: Readonly<Record<number, number>>) =>
    Object.entries(values)
      .map(([seconds, value]) => ({ at: now - Number(seconds) * 1000, value }))
      .toSorted((a, b) => a.at - b.at)
  const history: History = {
    advice: past(advice).map(({ at, value }) => ({ at, replicas: value })),
    ups: past(ups).map(({ at, value }) => ({ at, by: value })),
    downs: past(downs).map(({ at, value }) => ({ at, by: value })),
  }
  return limit({ now, config, autoscaler, minReplicas: min, current, desired, history })
}

/** What is left of the wish, and what the two conditions say. */
function check(what: string, given: Case, replicas: number, able: string, limiting: string): void {
  test(what, () => {
    const found = limited(given)
    assert.equal(found.replicas, replicas)
    assert.equal(found.stabilized?.reason ?? 'ReadyForNewScale', able)
    assert.equal(`${found.isLimited ? 'True' : 'False'} ${found.limit.reason}`, limiting)
  })
}

const ready = 'ReadyForNewScale'
const fits = 'False DesiredWithinRange'

check('without rules: twice as many', { current: 5, desired: 20 }, 10, ready, 'True ScaleUpLimit')
check('or four', { current: 1, desired: 20 }, 4, ready, 'True ScaleUpLimit')
check('never more than the maximum', { current: 5, desired: 20, max: 7 }, 7, ready, 'True TooManyReplicas')
check('never fewer than the minimum', { current: 5, desired: 1, min: 3 }, 3, ready, 'True TooFewReplicas')
check('the highest advice of five minutes', { current: 5, desired: 2, advice: { 400: 9, 300: 4, 10: 3 } }, 4, 'ScaleDownStabilized', fits)
check('even where it is more than there are', { current: 5, desired: 2, advice: { 100: 8 } }, 8, 'ScaleDownStabilized', fits)
check('usual rules: four or twofold', { current: 5, desired: 50, behavior: {} }, 10, ready, 'True ScaleUpLimit')
check('what was added of late counts', { current: 10, desired: 50, behavior: {}, ups: { 5: 5 } }, 10, ready, 'True ScaleUpLimit')
check('until it is long ago', { current: 10, desired: 50, behavior: {}, ups: { 15: 5 } }, 20, ready, 'True ScaleUpLimit')
check('usual rules: down at once after five minutes', { current: 50, desired: 2, behavior: {}, advice: { 300: 50 } }, 2, ready, fits)
check('and not before', { current: 50, desired: 2, behavior: {}, advice: { 299: 50 } }, 50, 'ScaleDownStabilized', fits)

const up = (rules: object) => ({ scaleUp: rules })
const down = (rules: object) => ({ scaleDown: { stabilizationWindowSeconds: 0, ...rules } })
const pods = (value: number, periodSeconds = 60) => ({ type: 'Pods', value, periodSeconds })
const percent = (value: number, periodSeconds = 60) => ({ type: 'Percent', value, periodSeconds })

check(
  'the policy that allows most',
  { current: 10, desired: 50, behavior: up({ policies: [pods(3), percent(50)] }) },
  15,
  ready,
  'True ScaleUpLimit',
)
check(
  'the one that allows least',
  { current: 10, desired: 50, behavior: up({ selectPolicy: 'Min', policies: [pods(3), percent(50)] }) },
  13,
  ready,
  'True ScaleUpLimit',
)
check('a small share is one pod', { current: 3, desired: 9, behavior: up({ policies: [percent(10)] }) }, 4, ready, 'True ScaleUpLimit')
check('never up', { current: 3, desired: 9, behavior: up({ selectPolicy: 'Disabled' }) }, 3, ready, 'True ScaleUpLimit')
check(
  'a period that more was taken in allows more',
  { current: 10, desired: 50, behavior: up({ policies: [pods(3)] }), downs: { 30: 4 } },
  17,
  ready,
  'True ScaleUpLimit',
)
check(
  'hesitates to go up',
  { current: 3, desired: 9, behavior: up({ stabilizationWindowSeconds: 60 }), advice: { 50: 4, 70: 2 } },
  4,
  'ScaleUpStabilized',
  fits,
)
check(
  'and stays where advice was lower',
  { current: 3, desired: 9, behavior: up({ stabilizationWindowSeconds: 60 }), advice: { 50: 2 } },
  3,
  'ScaleUpStabilized',
  fits,
)
check('few at a time', { current: 10, desired: 1, behavior: down({ policies: [pods(3)] }) }, 7, ready, 'True ScaleDownLimit')
check('in a period', { current: 8, desired: 1, behavior: down({ policies: [pods(3)] }), downs: { 30: 2 } }, 7, ready, 'True ScaleDownLimit')
check(
  'or none any more',
  { current: 7, desired: 1, behavior: down({ policies: [pods(3)] }), downs: { 30: 3 } },
  7,
  ready,
  'True ScaleDownLimit',
)
check(
  'a share is rounded in favour of going',
  { current: 7, desired: 1, behavior: down({ policies: [percent(10)] }) },
  6,
  ready,
  'True ScaleDownLimit',
)
check(
  'the smallest change leaves most',
  { current: 10, desired: 1, behavior: down({ selectPolicy: 'Min', policies: [pods(3), percent(50)] }) },
  7,
  ready,
  'True ScaleDownLimit',
)
check(
  'the largest, fewest',
  { current: 10, desired: 1, behavior: down({ policies: [pods(3), percent(50)] }) },
  5,
  ready,
  'True ScaleDownLimit',
)
check('never down', { current: 10, desired: 1, behavior: down({ selectPolicy: 'Disabled' }) }, 10, ready, 'True ScaleDownLimit')
check('nor below the minimum', { current: 10, desired: 1, min: 4, behavior: down({}) }, 4, ready, 'True TooFewReplicas')

test('whatever was advised and done: within bounds, and never the other way than the wish and the advice', () => {
  const some = fc.dictionary(fc.integer({ min: 1, max: 400 }).map(String), fc.integer({ min: 1, max: 20 }), { maxKeys: 5 })
  const behavior = fc.option(
    fc.constantFrom({}, up({ policies: [pods(2)] }), down({ policies: [percent(20)] }), up({ stabilizationWindowSeconds: 100 })),
    { nil: undefined },
  )
  const bounded = fc.integer({ min: 3, max: 12 })
  fc.assert(
    fc.property(bounded, fc.integer({ min: 0, max: 30 }), behavior, some, some, some, (current, desired, rules, advice, ups, downs) => {
      const { replicas } = limited({ current, desired, min: 3, max: 12, advice, ups, downs, ...(rules && { behavior: rules }) })
      assert.ok(replicas >= 3 && replicas <= 12, `${replicas}`)
      if (desired >= current) assert.ok(replicas >= current)
    }),
  )
})

test('history is no longer than the rules look back', () => {
  const autoscaler = defaultAutoscaler({ metadata: {}, spec: { maxReplicas: 9, behavior: {} } } as unknown as HorizontalPodAutoscaler)
  let history = freshHistory(1, 0)
  for (let at = 0; at < 100 * 15_000; at += 15_000) {
    history = withAdvice(history, autoscaler, config, { at, replicas: 1 })
    history = withStep(history, autoscaler, 1, 2, at)
    history = withStep(history, autoscaler, 2, 1, at)
  }
  assert.deepEqual([history.advice.length, history.ups.length, history.downs.length], [21, 2, 2])
})
