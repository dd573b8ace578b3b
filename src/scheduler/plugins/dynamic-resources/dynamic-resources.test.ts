import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Namespace } from '#api/core/v1/namespace.ts'
import { Node } from '#api/core/v1/node.ts'
import { Pod } from '#api/core/v1/pod.ts'
import { DeviceClass } from '#api/resource/v1/device-class.ts'
import { ResourceClaim } from '#api/resource/v1/resource-claim.ts'
import { ResourceSlice } from '#api/resource/v1/resource-slice.ts'
import type { AllocationResult, Device } from '#api/resource/v1/types.ts'
import { createTestServer } from '#apiserver/testing.ts'
import { createClient } from '#client/http.ts'
import { isError } from '#lib/errors.ts'
import { createVirtualClock, type VirtualClock } from '#sim/clock.ts'
import { createSimulatedProcess } from '#sim/process.ts'
import type { ClusterEvent } from '../../framework/cluster-event.ts'
import type { AnyPlugin, BindMeans, Failure } from '../../framework/plugin.ts'
import { createClaimIndex } from './claim-index.ts'
import type { DeviceState } from './device-state.ts'
import { dynamicResources } from './dynamic-resources.ts'
import * as make from './testing.ts'

const plugin: AnyPlugin = dynamicResources({})

const gpus = (...names: string[]): Device[] => names.map((name) => ({ name }))
const onNode = (name: string, devices: readonly Device[] = gpus('a')) => make.slice(name, devices, { nodeName: name })

/** What the plug-in says of each node, after `preFilter`; a text instead of a map is a refusal of all. */
function look(made: make.TestWorld, pod: Pod): { readonly state: DeviceState | undefined; readonly said: Record<string, string> | string } {
  const info = made.world.podInfo(pod)
  const begun = plugin.preFilter!(info, made.world)
  if ('refusal' in begun) return { state: undefined, said: begun.refusal.reasons.join() }
  const said: Record<string, string> = {}
  for (const node of made.world.nodes.nodes.values())
    said[node.name] = plugin.filter!(info, node, begun.state, made.world)?.reasons.join() ?? 'fits'
  return { state: begun.state as DeviceState | undefined, said }
}

test('claims of a pod: why they cannot be used yet', () => {
  const made = make.testWorld(make.node('n'), make.deviceClass('gpu'), onNode('n'))
  const { world } = made
  const check = (pod: Pod, expected: string | undefined) => assert.equal(plugin.preEnqueue!(pod, world), expected)
  check(make.pod('p', []), undefined)
  check(make.pod('p', ['c']), 'could not find ResourceClaim "default/c"')
  made.put(make.plainClaim('c'))
  check(make.pod('p', ['c']), undefined)
  const going = make.plainClaim('going')
  made.put({ ...going, metadata: { ...going.metadata, deletionTimestamp: '2026-01-01T00:00:00Z' } })
  check(make.pod('p', ['going']), 'resourceclaim "going" is being deleted')
  const fromTemplate = (resourceClaimStatuses?: object[]): Pod => {
    const pod = make.pod('p', [])
    const entry = { name: 'e', resourceClaimTemplateName: 't' }
    return { ...pod, spec: { ...pod.spec, resourceClaims: [entry] }, status: { ...pod.status, resourceClaimStatuses } } as Pod
  }
  check(fromTemplate(), 'pod "default/p": ResourceClaim not created yet')
  check(fromTemplate([{ name: 'e' }]), undefined)
  check(
    fromTemplate([{ name: 'e', resourceClaimName: 'c' }]),
    'ResourceClaim default/c was not created for Pod default/p (Pod is not owner)',
  )
})

test('nodes: those with free devices fit', () => {
  const made = make.testWorld(make.node('one'), make.node('two'), make.node('none'), make.deviceClass('gpu'))
  made.put(onNode('one', gpus('a')))
  made.put(onNode('two', gpus('a', 'b')))
  made.put(make.plainClaim('c1'))
  made.put(make.plainClaim('c2', 2))
  const no = 'cannot allocate all claims'
  assert.deepEqual(look(made, make.pod('p', ['c1'])).said, { one: 'fits', two: 'fits', none: no })
  assert.deepEqual(look(made, make.pod('p', ['c2'])).said, { one: no, two: 'fits', none: no })
  assert.deepEqual(look(made, make.pod('p', ['c1', 'c2'])).said, { one: no, two: no, none: no })
  assert.equal(look(made, make.pod('p', [])).state, undefined)
  made.put(make.plainClaim('odd', 1, 'unknown'))
  assert.equal(look(made, make.pod('p', ['odd'])).said, 'request r: device class unknown does not exist')
  // What comes and goes counts at once.
  made.remove(onNode('one'))
  assert.deepEqual(look(made, make.pod('p', ['c1'])).said, { one: no, two: 'fits', none: no })
})

test('what is reserved is taken at once, and free again when it is given up', () => {
  const made = make.testWorld(make.node('n'), make.deviceClass('gpu'), onNode('n', gpus('a')))
  const { world } = made
  for (const name of ['mine', 'other']) made.put(make.plainClaim(name))
  const pod = make.pod('p', ['mine'])
  const { state } = look(made, pod)
  const node = world.nodes.nodes.get('n')!
  assert.equal(plugin.reserve!(world.podInfo(pod), node, state, world), undefined)
  assert.deepEqual(look(made, make.pod('q', ['other'])).said, { n: 'cannot allocate all claims' })
  assert.equal(look(made, make.pod('q', ['mine'])).said, 'resource claim default/mine is in the process of being allocated')
  plugin.unreserve!(world.podInfo(pod), node, state, world)
  assert.deepEqual(look(made, make.pod('q', ['other'])).said, { n: 'fits' })
})

test('allocated claims: only where their devices are, and only as long as they may take', () => {
  const made = make.testWorld(make.node('n'), make.node('m'), make.deviceClass('gpu'))
  const nodeSelector = { nodeSelectorTerms: [{ matchFields: [{ key: 'metadata.name', operator: 'In' as const, values: ['m'] }] }] }
  const result = { request: 'r', driver: 'gpu.test', pool: 'n', device: 'a' }
  const allocation: AllocationResult = { devices: { results: [result] }, nodeSelector }
  made.put(make.claim('c', { requests: [] }, { allocation }))
  const away = 'resourceclaim not available on the node'
  assert.deepEqual(look(made, make.pod('p', ['c'])).said, { n: away, m: 'fits' })
  const slow = {
    devices: { results: [{ ...result, bindingConditions: ['Ready'], bindingFailureConditions: ['Broken'] }] },
    allocationTimestamp: '1970-01-01T00:00:00Z',
  }
  made.put(make.claim('c', { requests: [] }, { allocation: slow }))
  assert.deepEqual(look(made, make.pod('p', ['c'])).said, { n: 'fits', m: 'fits' })
  made.nowMs = 600_001
  assert.deepEqual(look(made, make.pod('p', ['c'])).said, { n: away, m: away })
  const tell = (type: string) => ({
    driver: 'gpu.test',
    pool: 'n',
    device: 'a',
    conditions: [{ type, status: 'True' as const, reason: 'R', message: 'm', lastTransitionTime: '1970-01-01T00:00:00Z' }],
  })
  made.put(make.claim('c', { requests: [] }, { allocation: slow, devices: [tell('Ready')] }))
  assert.deepEqual(look(made, make.pod('p', ['c'])).said, { n: 'fits', m: 'fits' })
  made.nowMs = 0
  made.put(make.claim('c', { requests: [] }, { allocation: slow, devices: [tell('Broken')] }))
  assert.deepEqual(look(made, make.pod('p', ['c'])).said, { n: away, m: away })
})

test('extended resources: a node that has none of it gives devices of the class', () => {
  const made = make.testWorld(
    make.node('devices'),
    make.node('plugin', {}, { 'acme.io/gpu': '4' }),
    make.node('nothing'),
    make.deviceClass('gpu', { extendedResourceName: 'acme.io/gpu' }),
    onNode('devices', gpus('a', 'b')),
  )
  const pod = make.pod('p', [], { 'acme.io/gpu': '2' })
  const { state, said } = look(made, pod)
  assert.deepEqual(said, { devices: 'fits', plugin: 'fits', nothing: 'cannot allocate all claims' })
  const { by, claims } = state!.found.get('devices')!
  assert.deepEqual(by.mappings, [{ containerName: 'c', resourceName: 'acme.io/gpu', requestName: 'container-0-request-0' }])
  assert.deepEqual(
    claims[0]!.picks.map(({ device }) => device.id),
    ['gpu.test/devices/a', 'gpu.test/devices/b'],
  )
  assert.equal(state!.found.has('plugin'), false)
  assert.deepEqual(look(made, make.pod('p', [], { 'deviceclass.resource.kubernetes.io/gpu': '3' })).said, {
    devices: 'cannot allocate all claims',
    plugin: 'cannot allocate all claims',
    nothing: 'cannot allocate all claims',
  })
  assert.equal(look(made, make.pod('p', [], { cpu: '1' })).state, undefined)
})

test('a choice of devices: nodes with the better one score higher', () => {
  const model = (name: string): Device => ({ name, attributes: { model: { string: name } } })
  const made = make.testWorld(make.node('big'), make.node('small'), make.deviceClass('gpu'))
  made.put(onNode('big', [model('big')]))
  made.put(onNode('small', [model('small')]))
  const alternative = (name: string) => ({
    name,
    deviceClassName: 'gpu',
    allocationMode: 'ExactCount' as const,
    count: 1,
    selectors: [{ cel: { expression: `device.attributes["gpu.test"].model == "${name}"` } }],
  })
  made.put(make.claim('c', { requests: [{ name: 'r', firstAvailable: [alternative('big'), alternative('small')] }] }))
  const pod = made.world.podInfo(make.pod('p', ['c']))
  const { state } = look(made, pod.pod)
  const nodes = [...made.world.nodes.nodes.values()]
  const scores = plugin.preScore!(pod, nodes, made.world, state)
  const values = Float64Array.from(nodes, (node) => plugin.score!(pod, node, scores, made.world))
  plugin.normalize!(values, pod, nodes, scores)
  assert.deepEqual([...values], [100, 87])
  assert.equal(plugin.isUniform!(pod, made.world), false)
  assert.equal(plugin.isUniform!(made.world.podInfo(make.pod('q', [])), made.world), true)
})

test('when nothing fits: an idle claim gives its devices back', () => {
  const made = make.testWorld(make.node('n'), make.deviceClass('gpu'))
  const nodeSelector = { nodeSelectorTerms: [{ matchFields: [{ key: 'metadata.name', operator: 'In' as const, values: ['gone'] }] }] }
  const allocation: AllocationResult = { devices: { results: [] }, nodeSelector }
  const check = (users: readonly string[], expected: string, acts: boolean) => {
    const reservedFor = users.map((name) => ({ resource: 'pods', name, uid: `uid-${name}` }))
    made.put(make.claim('c', { requests: [] }, { allocation, reservedFor }))
    const pod = make.pod('p', ['c'])
    const { state } = look(made, pod)
    const failure = { cycle: { states: new Map([[plugin.name, state]]) } } as unknown as Failure
    const { message, act } = plugin.postFilter!(made.world.podInfo(pod), failure, made.world)
    assert.deepEqual([message, act !== undefined], [expected, acts])
  }
  check([], 'deallocation of ResourceClaim completed', true)
  check(['p'], 'deallocation of ResourceClaim completed', true)
  check(['p', 'q'], 'still not schedulable', false)
  check(['q'], 'still not schedulable', false)
  const none = { cycle: { states: new Map() }, others: undefined } as unknown as Failure
  assert.deepEqual(plugin.postFilter!(made.world.podInfo(make.pod('p', [])), none, made.world), { message: 'no new claims to deallocate' })
})

test('which changes wake a pod that lacks devices', () => {
  const made = make.testWorld()
  const mine = make.plainClaim('mine')
  const other = make.plainClaim('other')
  made.put(mine)
  const allocation = { devices: { results: [] } }
  const helps = (before: ResourceClaim | undefined, after: ResourceClaim): boolean => {
    const pattern = plugin.wokenBy!.find(({ resource }) => resource === 'resource.k8s.io/ResourceClaim')!
    const event: ClusterEvent = { resource: pattern.resource, actions: [before ? 'Update' : 'Add'], before, after }
    return pattern.helps!(make.pod('p', ['mine']), event, made.world)
  }
  assert.equal(helps(undefined, mine), true)
  assert.equal(helps(undefined, other), false)
  assert.equal(helps({ ...other, status: { allocation } }, other), true)
  assert.equal(helps(other, { ...other, status: { allocation } }), false)
  assert.equal(helps(mine, { ...mine, metadata: { ...mine.metadata, finalizers: ['f'] } }), false)
  assert.equal(helps(mine, { ...mine, status: { allocation } }), true)
})

/** An API server, and a world that shows what is in it when it is told to. */
async function startBound() {
  const clock = createVirtualClock(Date.parse('2026-01-01T00:00:00.700Z'))
  const machine = createSimulatedProcess('machine', clock)
  const server = await createTestServer({ clock })
  const client = createClient(server.transport)
  const made = make.testWorld()
  const events: string[] = []
  const stopping = new AbortController()
  const means: BindMeans = {
    client,
    clock: machine.clock,
    world: made.world,
    warn: (message) => events.push(message),
    record: ({ reason, message }) => events.push(`${reason}: ${message}`),
    signal: stopping.signal,
  }
  await client.create(Namespace, { metadata: { name: 'default' } }).catch((error: unknown) => {
    if (!isError(error, 'AlreadyExists')) throw error
  })
  const show = async () => {
    for (const kind of [Node, DeviceClass, ResourceSlice, ResourceClaim] as const)
      for (const object of (await client.list(kind)).items) made.put(object)
  }
  await client.create(Node, { metadata: { name: 'n' } })
  await client.create(DeviceClass, { metadata: { name: 'gpu' }, spec: { extendedResourceName: 'acme.io/gpu' } })
  const pool = { name: 'n', generation: 1, resourceSliceCount: 1 }
  const publish = (devices: readonly Device[]) =>
    client.create(ResourceSlice, { metadata: { name: 'n' }, spec: { driver: 'gpu.test', pool, nodeName: 'n', devices: [...devices] } })
  const createPod = (name: string, spec: object) =>
    client.create(Pod, { metadata: { name }, spec: { containers: [{ name: 'c', image: 'i' }], ...spec } }, { namespace: 'default' })
  const createClaim = (name: string) =>
    client.create(
      ResourceClaim,
      { metadata: { name }, spec: { devices: { requests: [{ name: 'r', exactly: { deviceClassName: 'gpu' } }] } } },
      { namespace: 'default' },
    )
  const reserve = (pod: Pod) => {
    const { state } = look(made, pod)
    const node = made.world.nodes.nodes.get('n')!
    const info = made.world.podInfo(pod)
    assert.equal(plugin.reserve!(info, node, state, made.world), undefined)
    return {
      state: state!,
      bind: () => plugin.preBind!(info, node, state, means),
      giveUp: () => plugin.unreserve!(info, node, state, made.world),
    }
  }
  const claimOf = (name: string) => client.get(ResourceClaim, name, 'default')
  return { clock, jump: machine.jump, server, client, made, events, stopping, show, publish, createPod, createClaim, reserve, claimOf }
}

/** Lets time pass until the work is done. */
async function inTime<T>(clock: VirtualClock, work: Promise<T>): Promise<T> {
  let isDone = false
  const ended = work.finally(() => {
    isDone = true
  })
  ended.catch(() => {})
  while (!isDone) {
    await clock.advance(1)
    await new Promise(setImmediate)
  }
  return ended
}

const withClaim = (resourceClaimName: string) => ({ resourceClaims: [{ name: 'e', resourceClaimName }] })

test('binding: devices and the user are written, also over the write of somebody else', async () => {
  const { clock, client, show, publish, createPod, createClaim, reserve, claimOf, made } = await startBound()
  await publish(gpus('a'))
  await createClaim('c')
  const pod = await createPod('p', withClaim('c'))
  await show()
  const { bind } = reserve(pod)
  // The world still shows the claim as it was before.
  await client.patch(ResourceClaim, 'c', { type: 'merge', body: { metadata: { labels: { by: 'another' } } } }, { namespace: 'default' })
  await inTime(clock, bind()!)
  const { metadata, status } = await claimOf('c')
  assert.deepEqual(metadata.finalizers, ['resource.kubernetes.io/delete-protection'])
  assert.deepEqual(status, {
    allocation: {
      devices: { results: [{ request: 'r', driver: 'gpu.test', pool: 'n', device: 'a' }] },
      nodeSelector: { nodeSelectorTerms: [{ matchFields: [{ key: 'metadata.name', operator: 'In', values: ['n'] }] }] },
      allocationTimestamp: '2026-01-01T00:00:00Z',
    },
    reservedFor: [{ resource: 'pods', name: 'p', uid: pod.metadata.uid }],
  })
  // The written claim counts before the watch shows it, and nothing is under way any more.
  assert.equal(made.world.kept(createClaimIndex).isPending(metadata.uid), false)
  assert.deepEqual(look(made, pod).said, { n: 'fits' })
  await createClaim('late')
  await show()
  assert.deepEqual(look(made, await createPod('q', withClaim('late'))).said, { n: 'cannot allocate all claims' })
})

test('binding: what was written is taken back when the pod is given up', async () => {
  const { show, publish, createPod, createClaim, reserve, claimOf, made } = await startBound()
  await publish(gpus('a'))
  await createClaim('c')
  const pod = await createPod('p', withClaim('c'))
  await show()
  const { bind, giveUp, state } = reserve(pod)
  await bind()
  const { ended } = state.writing!
  giveUp()
  await ended
  const until = async (condition: () => Promise<boolean>) => {
    while (!(await condition())) await new Promise(setImmediate)
  }
  await until(async () => (await claimOf('c')).status.reservedFor === undefined)
  // The devices stay with the claim: the next pod that uses it goes there.
  assert.notEqual((await claimOf('c')).status.allocation, undefined)
  await show()
  assert.deepEqual(look(made, pod).said, { n: 'fits' })
})

test('binding: a claim that somebody else got devices for is not written', async () => {
  const { clock, client, show, publish, createPod, createClaim, reserve, claimOf } = await startBound()
  await publish(gpus('a', 'b'))
  await createClaim('c')
  const pod = await createPod('p', withClaim('c'))
  await show()
  const { bind, giveUp } = reserve(pod)
  const present = await claimOf('c')
  const allocation = { devices: { results: [{ request: 'r', driver: 'gpu.test', pool: 'n', device: 'b' }] } }
  await client.update(ResourceClaim, { ...present, status: { allocation } }, { subresource: 'status' })
  await assert.rejects(inTime(clock, bind()!), { message: 'claim default/c got allocated elsewhere in the meantime' })
  giveUp()
  assert.deepEqual((await claimOf('c')).status.allocation?.devices, allocation.devices)
})

test('binding: extended resources get a claim of their own, which goes again when the pod is given up', async () => {
  const { client, show, publish, createPod, reserve, made } = await startBound()
  await publish(gpus('a', 'b'))
  const resources = { requests: { 'acme.io/gpu': '2' }, limits: { 'acme.io/gpu': '2' } }
  const pod = await createPod('p', { containers: [{ name: 'c', image: 'i', resources }] })
  await show()
  const { bind, giveUp, state } = reserve(pod)
  await bind()
  const [claim] = (await client.list(ResourceClaim, { namespace: 'default' })).items
  assert.match(claim!.metadata.name, /^p-extended-resources-/)
  assert.equal(claim!.metadata.ownerReferences?.[0]?.uid, pod.metadata.uid)
  assert.equal(claim!.status.allocation?.devices.results?.length, 2)
  const { status } = await client.get(Pod, 'p', 'default')
  assert.deepEqual(status.extendedResourceClaimStatus, {
    requestMappings: [{ containerName: 'c', resourceName: 'acme.io/gpu', requestName: 'container-0-request-0' }],
    resourceClaimName: claim!.metadata.name,
  })
  await show()
  assert.deepEqual(look(made, pod).said, { n: 'cannot schedule extended resource claim' })
  const { ended } = state.writing!
  giveUp()
  await ended
  while ((await client.list(ResourceClaim, { namespace: 'default' })).items.length > 0) await new Promise(setImmediate)
})

test('binding: waits until devices are ready, fails when one does, and when it takes too long', async () => {
  const check = async (condition: 'Ready' | 'Broken' | 'set back' | undefined, expected: string | undefined) => {
    const { clock, jump, client, show, publish, createPod, createClaim, reserve, claimOf, events } = await startBound()
    await publish([{ name: 'a', bindingConditions: ['Ready'], bindingFailureConditions: ['Broken'] }])
    await createClaim('c')
    const pod = await createPod('p', withClaim('c'))
    await show()
    const { bind } = reserve(pod)
    let outcome: string | undefined
    const { pending } = clock
    const bound = bind()!.then(
      () => {
        outcome = 'bound'
      },
      (error: Error) => {
        outcome = error.message
      },
    )
    while (events.length === 0) await new Promise(setImmediate)
    assert.deepEqual(events, ['BindingConditionsPending: waiting for binding conditions for device on node n'])
    assert.equal(outcome, undefined)
    if (condition === 'set back') {
      jump(-3_600_000)
      await clock.advance(600_000)
    } else if (condition === undefined) await clock.advance(599_400)
    else {
      const claim = await claimOf('c')
      const conditions = [
        { type: condition, status: 'True' as const, reason: 'R', message: 'm', lastTransitionTime: '2026-01-01T00:00:00Z' },
      ]
      const devices = [{ driver: 'gpu.test', pool: 'n', device: 'a', conditions }]
      await client.update(ResourceClaim, { ...claim, status: { ...claim.status, devices } }, { subresource: 'status' })
      await show()
    }
    await bound
    assert.equal(outcome, expected)
    assert.ok(clock.pending <= pending)
  }
  await check('Ready', 'bound')
  await check('Broken', 'device binding failed: claim=c, reason=R, message="m"')
  await check(undefined, 'device binding timeout: claim=c')
  await check('set back', 'device binding timeout: context deadline exceeded')
})
