import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sleep } from '#lib/clock.ts'
import type { SimulatedRuntime } from '#sim/runtime.ts'
import type { Runtime } from '../runtime.ts'
import { container, starts, world } from '../test-world.ts'

const exit = (code: number, afterMs = 1000) => ({ exit: { afterMs, code } })
const rule = (action: string, operator: string, ...values: number[]) => ({ action, exitCodes: { operator, values } })

/** One container of a pod with restart policy Never ends with code 3; what became of it after ten seconds. */
function check(name: string, more: object, expected: string, policy = 'Never'): void {
  test(`restart rules: ${name}`, async (t) => {
    const { node, pass, show } = await world(t, { bad: exit(3) })
    await node.create('one', { restartPolicy: policy, containers: [container('main', 'bad', more)] })
    await pass(2500)
    assert.equal(await show(), expected)
  })
}
check('the pod’s own policy', {}, 'Failed main:Error(3)')
check('a container’s own policy', { restartPolicy: 'OnFailure' }, 'Running main:CrashLoopBackOff/1')
check('a container that is never restarted, in a pod that is', { restartPolicy: 'Never' }, 'Failed main:Error(3)', 'Always')
check('a rule that fits', { restartPolicy: 'Never', restartPolicyRules: [rule('Restart', 'In', 2, 3)] }, 'Running main:CrashLoopBackOff/1')
check('a rule that does not fit', { restartPolicy: 'Never', restartPolicyRules: [rule('Restart', 'In', 2)] }, 'Failed main:Error(3)')
check(
  'a rule by exclusion',
  { restartPolicy: 'Never', restartPolicyRules: [rule('Restart', 'NotIn', 2)] },
  'Running main:CrashLoopBackOff/1',
)
check(
  'the first rule that fits',
  { restartPolicy: 'Never', restartPolicyRules: [rule('Restart', 'NotIn', 3), rule('Restart', 'In', 3)] },
  'Running main:CrashLoopBackOff/1',
)

test('a container that is being made when all begin anew goes as well', async (t) => {
  const slow = (runtime: SimulatedRuntime): Runtime => ({
    ...runtime,
    async createContainer(sandboxId, config, sandbox) {
      if (config.metadata.name === 'late' && config.metadata.attempt === 0) await sleep(here.clock, 3000)
      return runtime.createContainer(sandboxId, config, sandbox)
    },
  })
  const here = await world(t, { job: exit(0, 100), bad: exit(42, 1000) }, 1, undefined, slow)
  const rules = { restartPolicy: 'Never', restartPolicyRules: [rule('RestartAllContainers', 'In', 42)] }
  await here.node.create('one', {
    restartPolicy: 'Never',
    initContainers: [container('init', 'job')],
    containers: [container('main', 'bad', rules), container('late')],
  })
  await here.pass(2500)
  assert.deepEqual(starts(here.runtime), ['start init 0', 'start main 0'])
  await here.pass(2000)
  const lines = starts(here.runtime)
  assert.deepEqual(lines.slice(0, 4), ['start init 0', 'start main 0', 'start late 0', 'start init 1'])
  assert.ok(here.runtime.history.indexOf('start init 1') > here.runtime.history.findIndex((line) => line.startsWith('stop late')))
})

test('a sidecar that ends as its rule says takes those with it that would never start again', async (t) => {
  const source = { restartPolicy: 'Always', restartPolicyRules: [rule('RestartAllContainers', 'In', 42)] }
  const { node, pass, show, runtime } = await world(t, { job: exit(0, 100), bad: exit(42, 30_000), stubborn: { stopMs: Infinity } })
  await node.create('one', {
    restartPolicy: 'Never',
    initContainers: [
      container('init', 'job'),
      container('side', 'stubborn', { restartPolicy: 'Always' }),
      container('source', 'bad', source),
    ],
    containers: [container('regular', 'stubborn')],
  })
  await pass(31_000)
  assert.equal((await node.pod('one'))!.status.phase, 'Running')
  await pass(9_000)
  assert.equal(await show(), 'Running init:Completed(0)/ready/1 side:running/ready/1 source:running/ready/1 regular:running/ready/1')
  assert.deepEqual(starts(runtime).slice(4), ['start init 1', 'start side 1', 'start source 1', 'start regular 1'])
})

test('a container that ends as its rule says takes all others with it, and the pod begins anew in its place', async (t) => {
  const { node, pass, show, runtime, status } = await world(t, { job: exit(0, 100), bad: exit(42, 5000), stubborn: { stopMs: Infinity } })
  const lifecycle = { preStop: { exec: { command: ['bye'] } } }
  await node.create('one', {
    restartPolicy: 'Never',
    initContainers: [container('init', 'job'), container('side', 'app', { restartPolicy: 'Always' })],
    containers: [
      container('main', 'bad', { restartPolicy: 'Never', restartPolicyRules: [rule('RestartAllContainers', 'In', 42)] }),
      container('other', 'stubborn', { lifecycle }),
    ],
  })
  const conditions = async () =>
    (await node.pod('one'))!.status.conditions!.filter(({ status }) => status === 'True').map(({ type }) => type)
  await pass(1000)
  const [sandbox] = await runtime.sandboxes()
  const before = (await conditions()).toSorted()
  await pass(4600)
  assert.ok((await conditions()).includes('AllContainersRestarting'))
  assert.equal((await node.pod('one'))!.status.phase, 'Running')
  await pass(3500)
  assert.equal(await show(), 'Running init:Completed(0)/ready/1 side:running/ready/1 main:running/ready/1 other:running/ready/1')
  assert.deepEqual((await conditions()).toSorted(), before)
  assert.equal((await status('main')).lastState.terminated?.exitCode, 137)
  assert.deepEqual(starts(runtime).slice(4), ['start init 1', 'start side 1', 'start main 1', 'start other 1'])
  assert.deepEqual([(await runtime.sandboxes()).map(({ id }) => id), runtime.history.includes('exec bye')], [[sandbox!.id], false])
})
