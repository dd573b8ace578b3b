import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Plan, planOf } from './plan.ts'
import { runPlan } from './run-plan.ts'
import { shrink } from './shrink.ts'
import type { Step } from './steps.ts'

const web = { namespace: 'default', name: 'web' }
const wish = {
  replicas: 2,
  image: 'web:1',
  strategy: 'RollingUpdate',
  surge: 1,
  unavailable: 0,
  isProbed: false,
  graceSeconds: 1,
  minReadySeconds: 0,
  historyLimit: 10,
} as const
const plan = (steps: readonly Step[]): Plan => ({
  seed: 1,
  nodes: 1,
  cpuCount: 8,
  latencyMs: 0,
  steps,
  connectionFaults: [],
  machineFaults: [],
  endMs: 20_000,
})

test('a seed is one plan, and a plan one history', async () => {
  // With faults of both kinds.
  const seed = Array.from({ length: 100 }, (_, index) => index).find((one) => {
    const { connectionFaults, machineFaults } = planOf(one)
    return connectionFaults.length > 2 && machineFaults.length > 2
  })!
  assert.deepEqual(planOf(seed), planOf(seed))
  const [first, second] = [await runPlan(planOf(seed), quiet), await runPlan(planOf(seed), quiet)]
  assert.ok(first.history.entries.length > 500)
  assert.equal(first.history.text(), second.history.text())
})

test('a life whose time does not stand still is one history as well, and another than that of one whose does', async () => {
  const steps: readonly Step[] = [{ atMs: 1_000, do: 'create', deployment: web, wish }]
  const short = { quietMs: 60_000 }
  const restless = { ...plan(steps), isRestless: true }
  const [first, second, calm] = [await runPlan(restless, short), await runPlan(restless, short), await runPlan(plan(steps), short)]
  assert.deepEqual(first.problems, [])
  assert.equal(first.history.text(), second.history.text())
  assert.notEqual(first.history.text(), calm.history.text())
  const shares = Array.from({ length: 300 }, (_, seed) => planOf(seed).isRestless === true).filter(Boolean).length
  assert.ok(shares > 70 && shares < 130, `${shares} of 300`)
})

test('a wish that cannot come true is a problem, with its history, and shrinks to what it takes', async () => {
  const broken = plan([
    { atMs: 1_000, do: 'create', deployment: web, wish },
    { atMs: 2_000, do: 'expose', deployment: web },
    { atMs: 10_000, do: 'roll', deployment: web, image: 'missing:1' },
    { atMs: 15_000, do: 'scale', deployment: web, replicas: 3 },
  ])
  const outcome = await runPlan(broken, quiet)
  assert.equal(outcome.problems[0]?.invariant, 'comes true')
  assert.match(
    outcome.history.text(1_000, ({ who }) => who === 'user'),
    /PATCH apps\/deployments\/default\/web → rv \d+ .*"web:1" → "missing:1"/,
  )
  const shrunk = await shrink(broken, outcome, quiet)
  assert.deepEqual(
    shrunk.plan.steps.map((step) => step.do),
    ['create', 'roll'],
  )
})

test('who still writes when all is done is found', async () => {
  const flapping = plan([{ atMs: 1_000, do: 'create', deployment: web, wish: { ...wish, image: 'broken:1', minReadySeconds: 0 } }])
  const { problems } = await runPlan(flapping, quiet)
  assert.ok(problems.length > 0)
})

const quiet = { quietMs: 600_000 }
