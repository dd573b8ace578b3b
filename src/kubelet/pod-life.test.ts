import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Pod } from '#api/core/v1/pod.ts'
import { seededRandom } from '#lib/random.ts'
import { createVirtualClock, type VirtualClock } from '#sim/clock.ts'
import type { SimulatedRuntime } from '#sim/runtime.ts'
import type { Runtime } from './runtime.ts'
import { memoryFiles } from './test-node.ts'
import { asked, container, starts, type World, world } from './test-world.ts'

test('init containers run one after another, a sidecar beside what follows it', async (t) => {
  const { node, runtime, pass, show } = await world(t, { job: { exit: { afterMs: 1000, code: 0 } } })
  await node.create('one', {
    initContainers: [container('first', 'job'), container('side', 'app', { restartPolicy: 'Always' }), container('second', 'job')],
    containers: [container('main')],
  })
  await pass(500)
  assert.equal(await show(), 'Pending first:running side:PodInitializing second:PodInitializing main:PodInitializing')
  await pass(1000)
  assert.equal(await show(), 'Pending first:Completed(0)/ready side:running/ready second:running main:PodInitializing')
  await pass(1000)
  assert.equal(await show(), 'Running first:Completed(0)/ready side:running/ready second:Completed(0)/ready main:running/ready')
  assert.deepEqual(starts(runtime), ['start first 0', 'start side 0', 'start second 0', 'start main 0'])
})

test('where a sidecar and what it serves end together, the sidecar is there again first', async (t) => {
  const behaviour = { exit: { afterMs: 5000, code: 1 }, serves: (runMs: number) => runMs > 2000 }
  const { node, runtime, pass, show } = await world(t, { brief: behaviour, main: { exit: { afterMs: 2000, code: 1 } } })
  const startupProbe = { tcpSocket: { port: 80 }, periodSeconds: 1, failureThreshold: 30 }
  await node.create('one', {
    initContainers: [container('side', 'brief', { restartPolicy: 'Always', startupProbe })],
    containers: [container('main')],
  })
  await pass(4500)
  assert.equal(await show(), 'Running side:running/ready main:running/ready')
  for (const { id } of await runtime.containers()) await runtime.stopContainer(id, 0)
  await pass(1500)
  assert.deepEqual(starts(runtime), ['start side 0', 'start main 0', 'start side 1'])
  await pass(2500)
  assert.deepEqual(starts(runtime).slice(3), ['start main 1'])
})

test('a container that crashes is restarted at once, then after 10 s, 20 s, 40 s', async (t) => {
  const { node, runtime, pass, show, status, clock } = await world(t, { bad: { exit: { afterMs: 1000, code: 3 } } })
  const began = clock.now()
  await node.create('one', { containers: [container('main', 'bad')] })
  const times: number[] = []
  for (let seen = 0; seen < 5; await pass(100))
    for (; seen < starts(runtime).length; seen += 1) times.push(Math.floor((clock.now() - began) / 1000))
  assert.deepEqual(
    times.slice(1).map((time, index) => time - times[index]!),
    [1, 11, 21, 41],
  )
  await pass(2000)
  assert.equal(await show(), 'Running main:CrashLoopBackOff/4')
  const shown = await status('main')
  assert.match(shown.state.waiting!.message!, /^back-off 1m20s restarting failed container=main pod=one_default\(/)
  assert.equal(shown.lastState.terminated!.exitCode, 3)
  assert.equal(node.events.filter((event) => event.startsWith('BackOff Back-off restarting failed container main in pod one_')).length, 4)
})

for (const [what, body, subresource] of [
  ['another image', { image: 'good' }, undefined],
  ['more memory', { resources: { requests: { memory: '64Mi' } } }, 'resize'],
] as const)
  test(`a container that crashed is not kept waiting once it has ${what}`, async (t) => {
    const { node, pass, show, runtime } = await world(t, { bad: { exit: { afterMs: 1000, code: 3 } } })
    const first = container('main', 'bad', { resources: { requests: { memory: '32Mi' } } })
    await node.create('one', { containers: [first, container('other', 'app', { resources: { requests: { memory: '1Mi' } } })] })
    await pass(40_000)
    assert.match(await show(), /^Running main:CrashLoopBackOff/)
    const before = starts(runtime).length
    await pass(2000)
    assert.equal(starts(runtime).length, before)
    const patch = { type: 'strategic', body: { spec: { containers: [{ name: 'main', ...body }] } } } as const
    await node.client.patch(Pod, 'one', patch, { namespace: 'default', ...(subresource && { subresource }) })
    await pass(1000)
    assert.equal(starts(runtime).length, before + 1)
  })

test('an image that is changed while its container is held up is not started as it was', async (t) => {
  const { containers, through } = asked()
  const { node, pass } = await world(t, { app: { exec: () => ({ exitCode: 0, takesMs: 5000 }) } }, 1, memoryFiles(), through)
  await node.create('one', {
    containers: [container('first', 'app', { lifecycle: { postStart: { exec: { command: ['wait'] } } } }), container('main', 'old')],
  })
  await pass(1000)
  const body = { spec: { containers: [{ name: 'main', image: 'new' }] } }
  await node.client.patch(Pod, 'one', { type: 'strategic', body }, { namespace: 'default' })
  await pass(6000)
  assert.match(containers.get('main')?.image ?? '', /new/)
})

test('an end is seen, though the runtime goes on calling the container running for a while', async (t) => {
  const asked = new Map<string, number>()
  const slowToNotice = (runtime: SimulatedRuntime): Runtime => ({
    ...runtime,
    async containerStatus(id) {
      const status = await runtime.containerStatus(id)
      const times = (asked.get(id) ?? 0) + 1
      if (status.state === 'exited') asked.set(id, times)
      return status.state === 'exited' && times < 5 ? { ...status, state: 'running' } : status
    },
  })
  const { node, pass, show } = await world(t, { job: { exit: { afterMs: 1000, code: 0 } } }, 1, memoryFiles(), slowToNotice)
  await node.create('one', { restartPolicy: 'Never', containers: [container('main', 'job')] })
  await pass(1100)
  assert.equal(await show(), 'Running main:running/ready')
  await pass(1000)
  assert.equal(await show(), 'Succeeded main:Completed(0)')
})

for (const meanwhile of ['running', 'created'] as const)
  test(`an end is seen, though it is told of before the start is answered, and the runtime calls it ${meanwhile} meanwhile`, async (t) => {
    const answered = new Set<string>()
    const slowToAnswer = (runtime: SimulatedRuntime, clock: () => VirtualClock): Runtime => ({
      ...runtime,
      async startContainer(id) {
        await runtime.startContainer(id)
        await new Promise<void>((resolve) => clock().schedule(clock().now() + 500, resolve))
        answered.add(id)
      },
      async containerStatus(id) {
        const status = await runtime.containerStatus(id)
        if (status.state !== 'created' && !answered.has(id)) return { ...status, state: meanwhile }
        // As it was when the start was done.
        return status.state === 'exited' && clock().now() - status.finishedAt < 600 ? { ...status, state: 'running' } : status
      },
    })
    let here: World | undefined
    here = await world(t, { job: { exit: { afterMs: 10, code: 0 } } }, 1, memoryFiles(), (runtime) =>
      slowToAnswer(runtime, () => here!.clock),
    )
    // The list after the subscription would show it as well.
    await here.pass(5000)
    await here.node.create('one', { restartPolicy: 'Never', containers: [container('main', 'job')] })
    await here.pass(3000)
    assert.equal(await here.show(), 'Succeeded main:Completed(0)')
  })

test('a container that crashes for hours leaves no more than one that crashed twice', async (t) => {
  const files = memoryFiles()
  const { node, runtime, pass, status } = await world(t, { bad: { exit: { afterMs: 1000, code: 3 } } }, 1, files)
  await node.create('one', { containers: [container('main', 'bad')] })
  const written = async () => (await files.list('')).filter((path) => path.includes('/containers/main/')).length
  await pass(60_000)
  const early = [(await runtime.containers()).length, (await runtime.sandboxes()).length, await written()]
  await pass(4 * 3_600_000)
  assert.ok((await status('main')).restartCount > 40)
  assert.deepEqual([(await runtime.containers()).length, (await runtime.sandboxes()).length, await written()], early)
  assert.deepEqual(early, [2, 1, 2])
})

for (const [policy, code, phase, state] of [
  ['Never', 0, 'Succeeded', 'Completed(0)'],
  ['Never', 1, 'Failed', 'Error(1)'],
  ['OnFailure', 0, 'Succeeded', 'Completed(0)'],
] as const)
  test(`restart policy ${policy}, exit code ${code}: ${phase}`, async (t) => {
    const { node, runtime, pass, show } = await world(t, { job: { exit: { afterMs: 1000, code } } })
    await node.create('one', { restartPolicy: policy, containers: [container('main', 'job')] })
    await pass(3000)
    assert.equal(await show(), `${phase} main:${state}`)
    assert.equal((await runtime.sandboxes())[0]!.ready, false)
    assert.equal(starts(runtime).length, 1)
  })

test('an init container that fails for good fails the pod', async (t) => {
  const { node, pass, show, runtime } = await world(t, { job: { exit: { afterMs: 1000, code: 1 } } })
  await node.create('one', { restartPolicy: 'Never', initContainers: [container('init', 'job')], containers: [container('main')] })
  await pass(3000)
  assert.equal(await show(), 'Failed init:Error(1) main:PodInitializing')
  assert.deepEqual(starts(runtime), ['start init 0'])
})

test('a failing liveness probe restarts the container', async (t) => {
  const { node, pass, show, runtime } = await world(t, { app: { serves: (runMs) => runMs < 10_000 } })
  const livenessProbe = { httpGet: { port: 80 }, periodSeconds: 1, failureThreshold: 3 }
  await node.create('one', { containers: [container('main', 'app', { livenessProbe })] })
  await pass(11_500)
  assert.equal(await show(), 'Running main:running/ready')
  await pass(2000)
  assert.equal(await show(), 'Running main:running/ready/1')
  assert.ok(node.events.includes('Killing Container main failed liveness probe, will be restarted'))
  assert.ok(node.events.includes('Unhealthy Liveness probe failed: HTTP probe failed with statuscode: 500'))
  assert.deepEqual(starts(runtime), ['start main 0', 'start main 1'])
})

test('a readiness probe opens and closes a container, and never restarts it', async (t) => {
  const { node, pass, show, runtime } = await world(t, { app: { serves: (runMs) => runMs > 5000 && runMs < 20_000 } })
  const readinessProbe = { tcpSocket: { port: 80 }, periodSeconds: 1, failureThreshold: 2 }
  await node.create('one', { containers: [container('main', 'app', { readinessProbe })] })
  await pass(4000)
  assert.equal(await show(), 'Running main:running')
  await pass(3000)
  assert.equal(await show(), 'Running main:running/ready')
  await pass(20_000)
  assert.equal(await show(), 'Running main:running')
  assert.equal(starts(runtime).length, 1)
})

test('until a startup probe succeeds nothing else is asked, and when it fails the container starts again', async (t) => {
  const { node, pass, status, show } = await world(t, { slow: { serves: (runMs) => runMs > 8000 }, never: { serves: () => false } })
  const probe = { httpGet: { port: 80 }, periodSeconds: 1 }
  const startupProbe = { ...probe, failureThreshold: 20 }
  await node.create('one', { containers: [container('main', 'slow', { startupProbe, livenessProbe: { ...probe, failureThreshold: 1 } })] })
  await node.create('two', { containers: [container('main', 'never', { startupProbe: { ...probe, failureThreshold: 3 } })] })
  await pass(5000)
  assert.equal((await status('main')).started, false)
  assert.equal(await show(), 'Running main:running')
  assert.ok(node.events.includes('Killing Container main failed startup probe, will be restarted'))
  await pass(5000)
  assert.equal(await show(), 'Running main:running/ready')
  assert.match(await show('two'), /^Running main:CrashLoopBackOff\/1$/)
})

test('an image that cannot be pulled is tried again, and the pod runs once it can', async (t) => {
  let refuse = true
  const pullFails = () => (refuse ? 'no such image' : undefined)
  const { node, pass, status, show, runtime } = await world(t, { absent: { isAbsent: true, pullFails } })
  await node.create('one', { containers: [container('main', 'absent')] })
  await pass(1000)
  assert.deepEqual((await status('main')).state.waiting, { reason: 'ErrImagePull', message: 'no such image' })
  await pass(4000)
  assert.deepEqual((await status('main')).state.waiting, {
    reason: 'ImagePullBackOff',
    message: 'Back-off pulling image "absent": ErrImagePull: no such image',
  })
  const told = ['Pulling Pulling image "absent"', 'Failed Failed to pull image "absent": no such image', 'Failed Error: ErrImagePull']
  for (const event of [...told, 'BackOff Back-off pulling image "absent"', 'Failed Error: ImagePullBackOff'])
    assert.ok(node.events.includes(event), event)
  refuse = false
  await pass(8000)
  assert.equal(await show(), 'Running main:running/ready')
  assert.equal(runtime.history.filter((line) => line === 'pull absent').length, 1)
})

for (const [reason, why] of [
  ['RegistryUnavailable', 'the registry is unavailable'],
  ['SignatureValidationFailed', 'the signature validation failed'],
] as const)
  test(`a pull that ends with ${reason} is put off like every other`, async (t) => {
    const { node, pass, status } = await world(t, { absent: { isAbsent: true, pullFails: `${reason}: for now` } })
    await node.create('one', { containers: [container('main', 'absent')] })
    const message = `image pull failed for absent because ${why}: for now`
    await pass(1000)
    assert.deepEqual((await status('main')).state.waiting, { reason, message })
    await pass(4000)
    assert.deepEqual((await status('main')).state.waiting, {
      reason: 'ImagePullBackOff',
      message: `Back-off pulling image "absent": ${reason}: ${message}`,
    })
    assert.ok(node.events.includes('BackOff Back-off pulling image "absent"'))
  })

test('images by policy', async (t) => {
  const { node, pass, status, runtime } = await world(t, { absent: { isAbsent: true } })
  await node.create('one', { containers: [container('main', 'absent', { imagePullPolicy: 'Never' }), container('odd', 'UPPER:1')] })
  await node.create('two', { containers: [container('main', 'app', { imagePullPolicy: 'Always' })] })
  await pass(1000)
  assert.equal((await status('main')).state.waiting!.reason, 'ErrImageNeverPull')
  assert.equal((await status('odd')).state.waiting!.reason, 'InvalidImageName')
  assert.deepEqual(
    runtime.history.filter((line) => line.startsWith('pull')),
    ['pull app'],
  )
})

test('a deleted pod ends within its grace, and nothing of it stays', async (t) => {
  const { node, pass, show, runtime, kubelet } = await world(t, { slow: { stopMs: 5000 } })
  await node.create('one', { terminationGracePeriodSeconds: 20, containers: [container('main', 'slow'), container('quick')] })
  await pass(1000)
  await node.client.delete(Pod, 'one', { namespace: 'default' })
  await pass(1000)
  assert.equal(await show(), 'Running main:running/ready quick:Error(143)')
  await pass(5000)
  assert.equal(await show(), 'gone')
  assert.ok(runtime.history.includes('stop main 20'))
  assert.deepEqual([await runtime.containers(), await runtime.sandboxes(), kubelet.pods.list()], [[], [], []])
  assert.equal(node.events.filter((event) => event === 'Killing Stopping container main').length, 1)
})

test('a second, shorter grace cuts the first one short', async (t) => {
  const { node, pass, show } = await world(t, { stubborn: { stopMs: Infinity } })
  await node.create('one', { terminationGracePeriodSeconds: 600, containers: [container('main', 'stubborn')] })
  await pass(1000)
  await node.client.delete(Pod, 'one', { namespace: 'default' })
  await pass(10_000)
  assert.equal(await show(), 'Running main:running/ready')
  await node.client.delete(Pod, 'one', { namespace: 'default', gracePeriodSeconds: 5 })
  await pass(4000)
  assert.equal(await show(), 'Running main:running/ready')
  await pass(2000)
  assert.equal(await show(), 'gone')
})

test('a pod deleted by force is cleared away all the same', async (t) => {
  const { node, pass, show, runtime } = await world(t, { stubborn: { stopMs: Infinity } })
  await node.create('one', { terminationGracePeriodSeconds: 600, containers: [container('main', 'stubborn')] })
  await pass(1000)
  await node.client.delete(Pod, 'one', { namespace: 'default', gracePeriodSeconds: 0 })
  assert.equal(await show(), 'gone')
  await pass(5000)
  assert.deepEqual([await runtime.containers(), await runtime.sandboxes()], [[], []])
})

test('sidecars end after the other containers, the last started first', async (t) => {
  const { node, pass, runtime } = await world(t, { slow: { stopMs: 3000 } })
  const sidecar = (name: string) => container(name, 'slow', { restartPolicy: 'Always' })
  await node.create('one', { initContainers: [sidecar('a'), sidecar('b')], containers: [container('main', 'slow')] })
  await pass(1000)
  await node.client.delete(Pod, 'one', { namespace: 'default' })
  await pass(20_000)
  const stops = runtime.history.filter((line) => line.startsWith('stop ') && line !== 'stop sandbox')
  assert.deepEqual(stops, ['stop main 30', 'stop b 27', 'stop a 24'])
})

test('sidecars do not keep a finished pod alive', async (t) => {
  const { node, pass, show } = await world(t, { job: { exit: { afterMs: 2000, code: 0 } } })
  await node.create('one', {
    restartPolicy: 'Never',
    initContainers: [container('side', 'app', { restartPolicy: 'Always' })],
    containers: [container('main', 'job')],
  })
  await pass(6000)
  assert.equal(await show(), 'Succeeded side:Error(143)/ready main:Completed(0)'.replace('/ready', ''))
})

for (const [where, spec] of [
  ['the next container', (first: object) => ({ containers: [first, container('main')] })],
  [
    'what comes after a sidecar',
    (first: object) => ({ initContainers: [{ ...first, restartPolicy: 'Always' }], containers: [container('main')] }),
  ],
] as const)
  test(`a postStart hook holds up ${where}`, async (t) => {
    const { node, pass, runtime, show } = await world(t, { app: { exec: () => ({ exitCode: 0, takesMs: 3000 }), serves: () => false } })
    const livenessProbe = { httpGet: { port: 80 }, periodSeconds: 1, failureThreshold: 20 }
    await node.create('one', spec(container('first', 'app', { livenessProbe, lifecycle: { postStart: { exec: { command: ['wait'] } } } })))
    await pass(2500)
    assert.deepEqual(starts(runtime), ['start first 0'])
    assert.match(await show(), /^Pending first:(ContainerCreating|PodInitializing) main:(ContainerCreating|PodInitializing)$/)
    assert.equal(node.events.filter((event) => event.startsWith('Unhealthy')).length, 0)
    await pass(1500)
    assert.deepEqual(starts(runtime), ['start first 0', 'start main 0'])
    assert.equal(await show(), 'Running first:running/ready main:running/ready')
    assert.notEqual(node.events.filter((event) => event.startsWith('Unhealthy')).length, 0)
  })

test('containers start in their order, but none waits for one that cannot start', async (t) => {
  const { node, pass, runtime } = await world(t, {
    slow: { isAbsent: true, pullMs: 2000 },
    absent: { isAbsent: true, pullFails: () => 'no such image' },
  })
  await node.create('one', { containers: [container('first', 'slow'), container('main')] })
  await node.create('two', { containers: [container('lost', 'absent'), container('other')] })
  await pass(1000)
  assert.deepEqual(starts(runtime), ['start other 0'])
  await pass(2000)
  assert.deepEqual(starts(runtime), ['start other 0', 'start first 0', 'start main 0'])
})

test('hooks: preStop runs before TERM; a failing postStart ends the container', async (t) => {
  const exec = (command: readonly string[]) => ({ exitCode: command[0] === 'bad' ? 1 : 0, takesMs: 1000 })
  const { node, pass, runtime, show } = await world(t, { app: { exec } })
  const lifecycle = { preStop: { exec: { command: ['bye'] } } }
  await node.create('one', { containers: [container('main', 'app', { lifecycle })] })
  const failing = { postStart: { exec: { command: ['bad'] } }, preStop: { exec: { command: ['all the same'] } } }
  await node.create('two', { containers: [container('other', 'app', { lifecycle: failing })] })
  await pass(2500)
  assert.ok(node.events.includes('FailedPostStartHook PostStartHook failed'))
  assert.ok(node.events.includes('Killing FailedPostStartHook'))
  const stopped = runtime.history.indexOf('stop other 29')
  assert.ok(stopped > 0 && runtime.history.lastIndexOf('exec all the same', stopped) >= 0)
  await node.client.delete(Pod, 'one', { namespace: 'default' })
  await pass(3000)
  assert.equal(await show(), 'gone')
  const bye = runtime.history.indexOf('exec bye')
  assert.ok(bye >= 0 && bye < runtime.history.findIndex((line) => line.startsWith('stop main')))
})

test('a pod that set itself a deadline fails when it is over', async (t) => {
  const { node, pass, show, runtime } = await world(t)
  await node.create('one', { activeDeadlineSeconds: 5, containers: [container('main')] })
  await pass(4000)
  assert.equal(await show(), 'Running main:running/ready')
  await pass(2000)
  assert.equal(await show(), 'Failed main:Error(143)')
  assert.equal((await node.pod('one'))!.status!.reason, 'DeadlineExceeded')
  assert.deepEqual(runtime.running('main'), [])
})

test('a deadline is kept, though it passes between two readings of the clock', async (t) => {
  for (let seed = 1; seed <= 30; seed += 1) {
    const clock = createVirtualClock(Date.parse('2026-01-01T00:00:00Z'), seededRandom(seed))
    const { node, pass, show } = await world(t, {}, seed, memoryFiles(), undefined, { clock })
    await node.create('one', { activeDeadlineSeconds: 5, containers: [container('main')] })
    await pass(8000)
    assert.equal(await show(), 'Failed main:Error(143)', `seed ${seed}`)
    await node.close()
  }
})

test('a new kubelet adopts what the former one left', async (t) => {
  const { node, pass, show, runtime, kubelet } = await world(t, { app: { serves: () => true } })
  const probe = { httpGet: { port: 80 }, periodSeconds: 30 }
  await node.create('one', {
    initContainers: [container('side', 'app', { restartPolicy: 'Always' })],
    containers: [container('main', 'app', { readinessProbe: probe, startupProbe: probe })],
  })
  await pass(1000)
  const before = [await show(), ...runtime.running('main')]
  await kubelet.stop()
  await pass(60_000)
  await node.startKubelet()
  await pass(1000)
  assert.deepEqual([await show(), ...runtime.running('main')], before)
  assert.equal(starts(runtime).length, 2)
})

test('after a restart of the machine everything starts anew, and the count of restarts goes on', async (t) => {
  const { node, pass, show, runtime, status } = await world(t)
  await node.create('one', { containers: [container('main')] })
  await pass(1000)
  runtime.reboot()
  await pass(10_000)
  assert.equal(await show(), 'Running main:running/ready/1')
  assert.equal((await status('main')).lastState.terminated!.reason, 'ContainerStatusUnknown')
})

test('pods that went while no kubelet ran are cleared away', async (t) => {
  const { node, pass, runtime, kubelet } = await world(t)
  await node.create('one', { containers: [container('main')] })
  await pass(1000)
  await kubelet.stop()
  await node.client.delete(Pod, 'one', { namespace: 'default', gracePeriodSeconds: 0 })
  await node.startKubelet()
  await pass(5000)
  assert.deepEqual([await runtime.containers(), await runtime.sandboxes()], [[], []])
})

test('a sandbox that dies is made anew, with its containers', async (t) => {
  const { node, pass, show, runtime } = await world(t)
  await node.create('one', { containers: [container('main')] })
  await pass(1000)
  await runtime.stopSandbox((await runtime.sandboxes())[0]!.id)
  await pass(5000)
  assert.equal(await show(), 'Running main:running/ready/1')
  assert.ok(node.events.includes('SandboxChanged Pod sandbox changed, it will be killed and re-created.'))
  const ready = (await runtime.sandboxes()).filter((one) => one.ready)
  assert.deepEqual(
    ready.map(({ metadata }) => metadata.attempt),
    [1],
  )
})

test('what a container needs and lacks is told, and cured by its coming', async (t) => {
  const { ConfigMap } = await import('#api/core/v1/config-map.ts')
  const { node, pass, status, show } = await world(t, { root: { uid: 0 } })
  const env = [{ name: 'A', valueFrom: { configMapKeyRef: { name: 'settings', key: 'a' } } }]
  await node.create('one', { containers: [container('main', 'app', { env })] })
  await node.create('two', { securityContext: { runAsNonRoot: true }, containers: [container('main', 'root')] })
  await pass(1000)
  assert.deepEqual((await status('main')).state.waiting, {
    reason: 'CreateContainerConfigError',
    message: 'configmap "settings" not found',
  })
  const refused = (await status('main', 'two')).state.waiting!
  assert.equal(refused.reason, 'CreateContainerConfigError')
  assert.match(refused.message!, /^container has runAsNonRoot and image will run as root \(pod: "two_default\(.*\)", container: main\)$/)
  await node.client.create(ConfigMap, { metadata: { name: 'settings' }, data: { a: '1' } }, { namespace: 'default' })
  await pass(30_000)
  assert.equal(await show(), 'Running main:running/ready')
})

test('a sidecar that has not started holds back what follows, and one that dies later is started again', async (t) => {
  const { node, pass, show, runtime } = await world(t, { app: { serves: (runMs) => runMs > 5000 } })
  const startupProbe = { httpGet: { port: 80 }, periodSeconds: 1, failureThreshold: 30 }
  await node.create('one', {
    initContainers: [container('side', 'app', { restartPolicy: 'Always', startupProbe })],
    containers: [container('main', 'other')],
  })
  await pass(4000)
  assert.equal(await show(), 'Pending side:running main:PodInitializing')
  await pass(3000)
  assert.equal(await show(), 'Running side:running/ready main:running/ready')
  runtime.crash(runtime.running('side')[0]!, 1)
  await pass(8000)
  assert.equal(await show(), 'Running side:running/ready/1 main:running/ready')
})

test('resources change while a container runs, or by a restart where it asks for one', async (t) => {
  const { node, pass, show, runtime, status } = await world(t)
  const resources = { requests: { cpu: '100m', memory: '64Mi' } }
  const resizePolicy = [{ resourceName: 'memory', restartPolicy: 'RestartContainer' }]
  await node.create('one', { containers: [container('main', 'app', { resources, resizePolicy })] })
  await pass(1000)
  const resize = (name: string, amount: string) => {
    const body = { spec: { containers: [{ name: 'main', resources: { requests: { [name]: amount } } }] } }
    return node.client.patch(Pod, 'one', { type: 'strategic', body }, { namespace: 'default', subresource: 'resize' })
  }
  await resize('cpu', '200m')
  await pass(1000)
  assert.equal((await status('main')).resources!.requests!['cpu'], '200m')
  assert.equal(runtime.history.filter((line) => line.startsWith('update c')).length, 1)
  assert.equal(starts(runtime).length, 1)
  await resize('memory', '128Mi')
  await pass(3000)
  assert.equal(await show(), 'Running main:running/ready/1')
  assert.equal((await status('main')).resources!.requests!['memory'], '128Mi')
})

test('an ephemeral container starts beside the others, once', async (t) => {
  const { node, pass, show, runtime } = await world(t, { debug: { exit: { afterMs: 1000, code: 0 } } })
  await node.create('one', { containers: [container('main')] })
  await pass(1000)
  const body = { spec: { ephemeralContainers: [{ ...container('look', 'debug'), targetContainerName: 'main' }] } }
  await node.client.patch(Pod, 'one', { type: 'strategic', body }, { namespace: 'default', subresource: 'ephemeralcontainers' })
  await pass(5000)
  assert.equal(await show(), 'Running main:running/ready look:Completed(0)')
  assert.equal(runtime.history.filter((line) => line.startsWith('start look')).length, 1)
})

test('an ephemeral container waits for the one whose processes it is to see', async (t) => {
  const { containers, through } = asked()
  const { node, pass, show, status } = await world(t, { job: { exit: { afterMs: 5000, code: 0 } } }, 1, memoryFiles(), through)
  await node.create('one', { initContainers: [container('first', 'job')], containers: [container('main')] })
  await pass(1000)
  const body = { spec: { ephemeralContainers: [{ ...container('look'), targetContainerName: 'main' }] } }
  await node.client.patch(Pod, 'one', { type: 'strategic', body }, { namespace: 'default', subresource: 'ephemeralcontainers' })
  await pass(1000)
  assert.deepEqual((await status('look')).state.waiting, {
    reason: 'CreateContainerConfigError',
    message: 'unable to find target container main',
  })
  await pass(40_000)
  assert.equal(await show(), 'Running first:Completed(0)/ready main:running/ready look:running')
  assert.deepEqual(containers.get('look')?.security.pid, { target: (await status('main')).containerID?.split('//')[1] })
})

test('an eviction from the node fails the pod and leaves its object', async (t) => {
  const { node, pass, show, kubelet } = await world(t)
  const { metadata } = await node.create('one', { containers: [container('main')] })
  await pass(1000)
  const ended = kubelet.pods.killPod(metadata.uid, { reason: 'Evicted', message: 'The node was low on memory.', graceSeconds: 0 })
  await pass(3000)
  await ended
  assert.equal(await show(), 'Failed main:Error(143)')
  assert.deepEqual((await node.pod('one'))!.status!.reason, 'Evicted')
})

test('what happens between a break of the events and their return is seen', async (t) => {
  const lateToTell = (runtime: SimulatedRuntime): Runtime => {
    let isFirst = true
    return {
      ...runtime,
      async *events(signal) {
        const tellsFrom = isFirst ? 0 : clock.now() + 500
        isFirst = false
        for await (const event of runtime.events(signal)) if (clock.now() >= tellsFrom) yield event
      },
    }
  }
  const { clock, node, pass, show, runtime } = await world(t, {}, 1, memoryFiles(), lateToTell)
  await node.create('one', { containers: [container('main')] })
  await pass(3000)
  runtime.breakEvents()
  // By now it has listed everything, and asked for events.
  await pass(300)
  runtime.crash(runtime.running('main')[0]!, 1)
  await pass(3000)
  assert.equal(await show(), 'Running main:running/ready/1')
})

test('whatever goes wrong for a while, pods run in the end, and deleted ones leave nothing', async (t) => {
  for (let seed = 1; seed <= 30; seed += 1) {
    const { node, pass, show, runtime, kubelet } = await world(t, { job: { exit: { afterMs: 500, code: 0 } } }, seed)
    runtime.setFaults({ failBefore: 0.15, failAfter: 0.1, lateEventMs: 500 })
    await node.create('one', { initContainers: [container('init', 'job')], containers: [container('main'), container('other')] })
    await node.create('two', { containers: [container('main')] })
    await pass(3000)
    runtime.breakEvents()
    await node.client.delete(Pod, 'two', { namespace: 'default', gracePeriodSeconds: 3 })
    await pass(20_000)
    runtime.setFaults({})
    await pass(180_000)
    assert.match(await show(), /^Running init:Completed\(0\)\/ready\S* main:running\/ready\S* other:running\/ready\S*$/, `seed ${seed}`)
    assert.equal(await show('two'), 'gone', `seed ${seed}`)
    assert.deepEqual([runtime.running('main').length, runtime.running('other').length], [1, 1], `seed ${seed}`)
    assert.equal(kubelet.pods.list().length, 1, `seed ${seed}`)
    // A settled world is left alone.
    const [calls, { resourceVersion }] = [runtime.history.length, (await node.pod('one'))!.metadata]
    await pass(400_000)
    assert.deepEqual([runtime.history.length, (await node.pod('one'))!.metadata.resourceVersion], [calls, resourceVersion], `seed ${seed}`)
    await node.close()
  }
})
