import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { Node } from '#api/core/v1/node.ts'
import { Pod } from '#api/core/v1/pod.ts'
import { createInformer } from '#client/informer.ts'
import { silentLog } from '#lib/log.ts'
import { createRegistry } from '#lib/metrics/registry.ts'
import { seededRandom } from '#lib/random.ts'
import { createVirtualClock } from '#sim/clock.ts'
import { createSimulatedRuntime } from '#sim/runtime.ts'
import { kubeletConfiguration } from '../configuration/kubelet-configuration.ts'
import { admitUnderPressure } from '../eviction/admit.ts'
import type { NodePressure } from '../eviction/signals.ts'
import type { CgroupManager, PodAdmitter } from '../interfaces.ts'
import type { ContainerStats, LinuxResources, Runtime } from '../runtime.ts'
import { createTestNode, memoryFiles } from '../test-node.ts'
import { resizeMetrics } from './resize-metrics.ts'

/** A node of 4 processors and 8 GiB, in virtual time. `calls` tells what its groups and containers were made to have, in order. */
async function world(t: TestContext, settings: object = {}, admitters: readonly PodAdmitter[] = []) {
  const clock = createVirtualClock(Date.parse('2026-01-01T00:00:00Z'))
  const simulated = createSimulatedRuntime({ clock, random: seededRandom(1), images: {} })
  const calls: string[] = []
  const usage = { groupBytes: 0, containerBytes: 0 }
  const failure: { next?: Error } = {}
  const runtime: Runtime = {
    ...simulated,
    async updateContainerResources(id, resources: LinuxResources) {
      if (failure.next !== undefined) throw failure.next
      const { metadata } = await simulated.containerStatus(id)
      calls.push(`${metadata.name} ${resources.cpuQuota} ${resources.cpuShares} ${resources.memoryLimitBytes}`)
      await simulated.updateContainerResources(id, resources)
    },
    containerStats: async () =>
      (await simulated.containers()).map(({ id }) => ({ id, labels: {}, memoryUsageBytes: usage.containerBytes }) as ContainerStats),
  }
  const limits = new Map<string, number | undefined>()
  const memoryOf = ({ spec }: Pod) => Number.parseInt(spec.containers[0]?.resources.limits?.['memory'] ?? '', 10) * 2 ** 20 || undefined
  const cgroups: CgroupManager = {
    ensureTree: async () => {},
    async ensurePod(pod) {
      calls.push(`settle ${pod.metadata.name}`)
      limits.set(pod.metadata.uid, memoryOf(pod))
      return `/kubepods/pod${pod.metadata.uid}`
    },
    makeRoom: async (pod) => void calls.push(`room ${pod.metadata.name}`),
    memory: async (pod) => ({ usageBytes: usage.groupBytes, limitBytes: limits.get(pod.metadata.uid), wantedBytes: memoryOf(pod) }),
    removePod: async () => {},
    known: async () => [],
  }
  const infeasible: string[] = []
  const resizes = { ...resizeMetrics(createRegistry()), infeasible: (cause: string) => void infeasible.push(cause), watch() {} }
  const node = await createTestNode({
    clock,
    runtime,
    network: simulated.network,
    cgroups,
    files: memoryFiles(),
    config: { configuration: kubeletConfiguration(settings) },
    parts: { admitters, observer: { probed() {}, rejected() {}, resizes } },
  })
  t.after(() => node.close())
  let kubelet = await node.startKubelet()
  await clock.advance(100)
  return {
    clock,
    node,
    calls,
    infeasible,
    usage,
    failure,
    async create(name: string, resources: object, spec: object = {}) {
      await node.create(name, { containers: [{ name: 'main', image: 'app', imagePullPolicy: 'IfNotPresent', resources }], ...spec })
      await clock.advance(1_000)
    },
    async resize(name: string, resources: object, whole?: object) {
      const body = { spec: { containers: [{ name: 'main', resources }], ...(whole && { resources: whole }) } }
      await node.client.patch(Pod, name, { type: 'strategic', body }, { namespace: 'default', subresource: 'resize' })
      await clock.advance(1_000)
    },
    async show(name: string) {
      const status = (await node.pod(name))?.status
      const [main] = status?.containerStatuses ?? []
      const conditions = (status?.conditions ?? []).filter(({ type }) => type.startsWith('PodResize'))
      return {
        has: main?.resources?.requests ?? {},
        given: main?.allocatedResources ?? {},
        restarts: main?.restartCount,
        conditions: conditions.map(({ type, reason, message }) => [type, reason ?? '', message ?? ''].join(' ').trim()),
      }
    },
    async restart() {
      await kubelet.stop()
      kubelet = await node.startKubelet()
      await clock.advance(1_000)
    },
    events: (start: string) => node.events.filter((event) => event.startsWith(start)),
  }
}

test('counts what was asked for, and what became of it', () => {
  const registry = createRegistry()
  const observer = resizeMetrics(registry)
  const pod = (resources: object) => ({ spec: { containers: [{ name: 'main', resources }] } }) as unknown as Pod
  observer.requested(pod(cpu('1', '2')), pod({ requests: { cpu: '2', memory: '1Mi' } }))
  observer.granted('pods_removed')
  observer.watch(() => ({ deferred: 2, infeasible: 0, inProgress: 1 }))
  const shown = registry
    .text()
    .split('\n')
    .filter((line) => /^kubelet_.*resizes/.test(line))
  assert.deepEqual(shown, [
    'kubelet_container_requested_resizes_total{operation="add",requirement="requests",resource="memory"} 1',
    'kubelet_container_requested_resizes_total{operation="increase",requirement="requests",resource="cpu"} 1',
    'kubelet_container_requested_resizes_total{operation="remove",requirement="limits",resource="cpu"} 1',
    'kubelet_pod_deferred_accepted_resizes_total{retry_trigger="pods_removed"} 1',
    'kubelet_pod_in_progress_resizes 1',
    'kubelet_pod_pending_resizes{reason="deferred"} 2',
  ])
})

const cpu = (requests: string, limits?: string) => ({ requests: { cpu: requests }, ...(limits && { limits: { cpu: limits } }) })
const memory = (amount: string) => ({ requests: { memory: '16Mi' }, limits: { memory: amount } })

test('no status knows of a new wish and says nothing of it', async (t) => {
  const { clock, node, create, resize } = await world(t)
  await create('one', cpu('100m'))
  const seen: Pod[] = []
  const informer = createInformer(node.client, Pod, { clock, random: seededRandom(2), log: silentLog })
  informer.onChange((pod) => seen.push(pod))
  await clock.advance(0)
  await resize('one', cpu('200m'))
  await informer.close()
  const told = seen.filter(({ status }) => status.observedGeneration === 2)
  assert.ok(told.length > 0)
  for (const { status } of told) {
    const isUnderWay = status.conditions?.some(({ type }) => type.startsWith('PodResize'))
    assert.ok(isUnderWay || status.containerStatuses?.[0]?.resources?.requests?.['cpu'] === '200m', JSON.stringify(status))
  }
})

test('grows the group before the container, and tells when it began and ended', async (t) => {
  const { create, resize, show, calls, events } = await world(t)
  await create('one', cpu('100m', '200m'))
  calls.length = 0
  await resize('one', cpu('200m', '400m'))
  assert.deepEqual(calls, ['room one', 'main 40000 204 0', 'settle one'])
  assert.deepEqual(await show('one'), { has: { cpu: '200m' }, given: { cpu: '200m' }, restarts: 0, conditions: [] })
  const summary = '{"containers":[{"name":"main","resources":{"limits":{"cpu":"400m"},"requests":{"cpu":"200m"}}}],"generation":2}'
  assert.deepEqual(events('Resize'), [`ResizeStarted Pod resize started: ${summary}`, `ResizeCompleted Pod resize completed: ${summary}`])
})

test('resizes a container of the start as it runs', async (t) => {
  const { create, node, clock, calls } = await world(t)
  const start = { name: 'start', image: 'app', imagePullPolicy: 'IfNotPresent', resources: cpu('100m', '200m') }
  await create('one', cpu('50m', '100m'), { initContainers: [start] })
  calls.length = 0
  const body = { spec: { initContainers: [{ name: 'start', resources: cpu('200m', '400m') }] } }
  await node.client.patch(Pod, 'one', { type: 'strategic', body }, { namespace: 'default', subresource: 'resize' })
  await clock.advance(1_000)
  assert.deepEqual(calls, ['room one', 'start 40000 204 0', 'settle one'])
  const status = (await node.pod('one'))!.status
  assert.deepEqual(status.initContainerStatuses?.[0]?.resources, cpu('200m', '400m'))
  assert.equal(
    status.conditions?.some(({ type }) => type.startsWith('PodResize')),
    false,
  )
})

test('waits while others hold what it takes, and is carried out when they go', async (t) => {
  const { create, resize, show, node, clock, events } = await world(t)
  await create('big', cpu('3'))
  await create('one', cpu('500m'))
  await resize('one', cpu('2'))
  assert.deepEqual(await show('one'), {
    has: { cpu: '500m' },
    given: { cpu: '500m' },
    restarts: 0,
    conditions: ["PodResizePending Deferred Node didn't have enough resource: cpu, requested: 2000, used: 3000, capacity: 4000"],
  })
  assert.equal(events('ResizeDeferred').length, 1)
  await node.client.delete(Pod, 'big', { namespace: 'default', gracePeriodSeconds: 0 })
  await clock.advance(5_000)
  assert.deepEqual(await show('one'), { has: { cpu: '2' }, given: { cpu: '2' }, restarts: 0, conditions: [] })
  assert.equal(events('ResizeDeferred').length, 1)
})

test('waits while the node is under pressure, as a new pod would be refused', async (t) => {
  const pressures: NodePressure[] = []
  const admitResize = (pod: Pod) => admitUnderPressure(pod, pressures)
  const { create, resize, show, clock } = await world(t, {}, [{ place: 'first', admit: () => ({ admitted: true }), admitResize }])
  await create('one', cpu('500m'))
  pressures.push('MemoryPressure')
  await resize('one', cpu('600m'))
  assert.deepEqual((await show('one')).has, { cpu: '600m' })
  pressures.push('DiskPressure')
  await resize('one', cpu('700m'))
  const { has, conditions } = await show('one')
  assert.deepEqual(has, { cpu: '600m' })
  assert.deepEqual(conditions, ['PodResizePending Deferred The node had condition: [MemoryPressure DiskPressure].'])
  pressures.length = 0
  await clock.advance(3 * 60_000)
  assert.deepEqual((await show('one')).has, { cpu: '700m' })
})

test('waits while the node has another label than the pod wants', async (t) => {
  const { create, resize, show, node, clock } = await world(t)
  const label = (zone: string | null) => node.client.patch(Node, 'node', { type: 'merge', body: { metadata: { labels: { zone } } } })
  await label('a')
  await clock.advance(20_000)
  await create('one', cpu('500m'), { nodeSelector: { zone: 'a' } })
  await label(null)
  await clock.advance(20_000)
  await resize('one', cpu('600m'))
  const { has, conditions } = await show('one')
  assert.deepEqual(has, { cpu: '500m' })
  assert.match(conditions.join(), /^PodResizePending Deferred Predicate NodeAffinity failed/)
})

test('gives what becomes free to the more important first', async (t) => {
  const { create, resize, show } = await world(t)
  await create('big', cpu('3'))
  await create('low', cpu('100m'))
  await create('high', cpu('100m'), { priority: undefined })
  await resize('low', cpu('2'))
  await resize('high', cpu('2'))
  // Less for the one leaves room for one of the others: that has waited longer.
  await resize('big', cpu('1500m'))
  assert.deepEqual((await show('low')).given, { cpu: '2' })
  assert.match((await show('high')).conditions.join(), /^PodResizePending Deferred/)
})

test('a wish that is taken back leaves no trace', async (t) => {
  const { create, resize, show } = await world(t)
  await create('big', cpu('3'))
  await create('one', cpu('500m'))
  await resize('one', cpu('2'))
  assert.match((await show('one')).conditions.join(), /^PodResizePending Deferred/)
  await resize('one', cpu('500m'))
  assert.deepEqual((await show('one')).conditions, [])
})

test('a kubelet that starts anew does not grant what was not granted', async (t) => {
  const { create, resize, show, restart, calls } = await world(t)
  await create('big', cpu('3'))
  await create('one', cpu('500m'))
  await resize('one', cpu('2'))
  await restart()
  const { given, conditions } = await show('one')
  assert.deepEqual(given, { cpu: '500m' })
  assert.match(conditions.join(), /^PodResizePending Deferred/)
  calls.length = 0
  await resize('big', cpu('1'))
  assert.deepEqual((await show('one')).given, { cpu: '2' })
  assert.ok(calls.includes('main 0 2048 0'))
})

test('what was carried out is not carried out again after a restart', async (t) => {
  const { create, resize, restart, calls, show } = await world(t)
  await create('one', cpu('500m'))
  await resize('one', cpu('1'))
  calls.length = 0
  await restart()
  assert.deepEqual(calls, [])
  assert.deepEqual((await show('one')).has, { cpu: '1' })
})

test('lowers no limit of memory below what is in use, and says so', async (t) => {
  const { create, resize, show, usage, clock, events } = await world(t)
  await create('one', memory('128Mi'))
  usage.containerBytes = 100 * 2 ** 20
  usage.groupBytes = 101 * 2 ** 20
  await resize('one', memory('64Mi'))
  const message =
    'cannot decrease memory limits: [attempting to set pod memory limit (67108864) below current usage (105906176), attempting to set container "main" memory limit (67108864) below current usage (104857600)]'
  assert.deepEqual((await show('one')).conditions, [`PodResizeInProgress Error ${message}`])
  assert.equal(events('ResizeError').length, 1)
  usage.containerBytes = usage.groupBytes = 2 ** 20
  await clock.advance(60_000)
  assert.deepEqual((await show('one')).conditions, [])
  assert.equal(events('ResizeError').length, 1)
  assert.equal(events('ResizeCompleted').length, 1)
})

test('shows what the runtime refused, and tries again', async (t) => {
  const { create, resize, show, failure, clock } = await world(t)
  await create('one', cpu('500m'))
  failure.next = new Error('the kernel says no')
  await resize('one', cpu('1'))
  assert.deepEqual((await show('one')).conditions, ['PodResizeInProgress Error the kernel says no'])
  assert.deepEqual((await show('one')).has, { cpu: '500m' })
  delete failure.next
  await clock.advance(60_000)
  assert.deepEqual(await show('one'), { has: { cpu: '1' }, given: { cpu: '1' }, restarts: 0, conditions: [] })
})

test('a limit of the pod as a whole is that of containers without one', async (t) => {
  const { create, resize, calls, node } = await world(t)
  const whole = (amount: string) => ({ requests: { cpu: '500m' }, limits: { cpu: amount } })
  await create('one', {}, { resources: whole('1') })
  calls.length = 0
  await resize('one', {}, whole('2'))
  assert.deepEqual(calls, ['room one', 'main 200000 2048 0', 'settle one'])
  const status = (await node.pod('one'))?.status
  assert.deepEqual(status?.resources, { requests: { cpu: '500m' }, limits: { cpu: '2' } })
  assert.deepEqual(status?.allocatedResources, { cpu: '500m' })
})

test('processors of its own are not resized', async (t) => {
  const { create, resize, show, node, clock, events, infeasible } = await world(t, {
    cpuManagerPolicy: 'static',
    systemReserved: { cpu: '1' },
  })
  const guaranteed = (amount: string) => ({ requests: { cpu: amount, memory: '16Mi' }, limits: { cpu: amount, memory: '16Mi' } })
  await create('one', guaranteed('1'))
  await resize('one', guaranteed('2'))
  await create('other', cpu('100m'))
  await node.client.delete(Pod, 'other', { namespace: 'default', gracePeriodSeconds: 0 })
  await clock.advance(5_000)
  // Nothing that becomes free makes it possible: it is not decided on again.
  assert.deepEqual([events('ResizeInfeasible').length, infeasible.length], [1, 1])
  assert.deepEqual((await show('one')).conditions, [
    'PodResizePending Infeasible Resize is infeasible for Guaranteed Pods alongside CPU Manager policy "static"',
  ])
})
