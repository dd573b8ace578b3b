/** What is written when, and which pods wait for it. The rules are read by the interpreter that the property test uses. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Namespace } from '#api/core/v1/namespace.ts'
import { Pod } from '#api/core/v1/pod.ts'
import { NetworkPolicy } from '#api/networking/v1/network-policy.ts'
import { createClient } from '#client/http.ts'
import { createInformer } from '#client/informer.ts'
import { createStubServer } from '#client/testing/stub-server.ts'
import { isError } from '#lib/errors.ts'
import { silentLog } from '#lib/log.ts'
import { seededRandom } from '#lib/random.ts'
import { createVirtualClock } from '#sim/clock.ts'
import { type NetworkPolicies, type NetworkPoliciesOptions, nameServerPod, startNetworkPolicies } from './network-policies.ts'
import { keptPod } from './policy-pod.ts'
import { interpretTable } from './testing/interpret-table.ts'

test('without a policy there is no table, nobody follows pods, and no pod waits', async () => {
  const world = await startWorld()
  await world.until(() => world.written.length === 1)
  assert.deepEqual(world.written, ['table inet t {}\ndelete table inet t\n'])
  await world.policies.podReady(pod('one', 'x'), ['10.0.0.1'])
  await world.create(pod('one', 'x'), '10.0.0.1')
  await world.turns()
  assert.equal(world.written.length, 1)
  assert.equal(world.podLists(), 0)
  await world.close()
})

test('the first policy begins it all, differences follow, and the last policy ends it all', async () => {
  const world = await startWorld()
  await world.create(pod('server', 'x', { app: 'web' }), '10.0.0.1')
  await world.create(pod('client', 'x', { app: 'db' }), '10.0.0.2')
  await world.create(pod('far', 'x', { app: 'web' }, 'elsewhere'), '10.0.1.1')
  await world.client.create(
    NetworkPolicy,
    policy('allow', { podSelector: app('web'), ingress: [{ from: [{ podSelector: app('db') }] }] }),
    { namespace: 'x' },
  )
  await world.until(() => world.blocks('10.0.1.1', '10.0.0.1'))
  assert.ok(!world.blocks('10.0.0.2', '10.0.0.1'))
  assert.ok(!world.blocks('10.0.0.2', '10.0.1.1'), 'the pod of another node is that node’s matter')
  assert.match(world.written.at(-1)!, /^table inet t \{\}\ndelete table/)

  const before = world.written.length
  await world.create(pod('second', 'x', { app: 'db' }, 'elsewhere'), '10.0.1.2')
  await world.until(() => !world.blocks('10.0.1.2', '10.0.0.1'))
  assert.equal(world.written.length, before + 1)
  assert.match(world.written.at(-1)!, /^add element inet t pods-\S+ \{ 10\.0\.1\.2 \}\n$/, 'one address, and nothing else')
  await world.client.delete(NetworkPolicy, 'allow', { namespace: 'x' })
  await world.until(() => !world.blocks('10.0.1.1', '10.0.0.1'))
  assert.equal(world.written.at(-1), 'table inet t {}\ndelete table inet t\n')
  const lists = world.podLists()
  await world.create(pod('late', 'x'), '10.0.1.9')
  await world.turns()
  assert.deepEqual([world.podLists(), world.written.length], [lists, before + 2], 'nobody follows pods any more')
  await world.close()
})

test('a pod is ready when the kernel has its rules, not before', async () => {
  const world = await startWorld()
  await world.client.create(NetworkPolicy, policy('deny', { podSelector: {}, policyTypes: ['Ingress', 'Egress'] }), { namespace: 'x' })
  await world.until(() => world.written.some((text) => text.includes('chain under-way')))
  const hold = world.holdNft()
  let isReady = false
  const ready = world.policies.podReady(pod('new', 'x'), ['10.0.0.7', 'fd00::7']).then(() => (isReady = true))
  await world.until(() => hold.isAsked())
  await world.turns()
  assert.ok(!isReady)
  hold.release()
  await ready
  for (const [from, to] of [
    ['192.0.2.9', '10.0.0.7'],
    ['10.0.0.7', '192.0.2.9'],
    ['fd00::7', '2001:db8::9'],
  ] as const)
    assert.ok(world.blocks(from, to), `${from} → ${to}`)
  const before = world.written.length
  await world.policies.podReady(pod('new', 'x'), ['10.0.0.7', 'fd00::7'])
  assert.equal(world.written.length, before, 'once told, it is known')
  await world.close()
})

test('a pod whose object is gone stays isolated until its address is, and the address’s next owner is not', async () => {
  const world = await startWorld()
  await world.client.create(NetworkPolicy, policy('deny', { podSelector: app('web') }), { namespace: 'x' })
  await world.until(() => world.written.some((text) => text.includes('chain under-way')))
  const one = await world.create(pod('one', 'x', { app: 'web' }), '10.0.0.1')
  await world.policies.podReady(one, ['10.0.0.1'])
  await world.turns()
  await world.client.delete(Pod, 'one', { namespace: 'x', gracePeriodSeconds: 0 })
  await world.turns()
  assert.ok(world.blocks('192.0.2.9', '10.0.0.1'), 'its containers may still run')
  await world.policies.podReady(pod('two', 'x', { app: 'db' }), ['10.0.0.1'])
  assert.ok(!world.blocks('192.0.2.9', '10.0.0.1'), 'the later one has the address')
  await world.policies.podReady(pod('three', 'x', { app: 'web' }), ['10.0.0.3'])
  world.policies.podGone(uidOf('three'))
  await world.until(() => !world.blocks('192.0.2.9', '10.0.0.3'))
  await world.close()
})

test('a pod that says it is the mirror of another’s pod is not taken for it', async () => {
  const world = await startWorld()
  await world.client.create(NetworkPolicy, policy('deny', { podSelector: {} }), { namespace: 'x' })
  await world.until(() => world.written.some((text) => text.includes('chain under-way')))
  await world.policies.podReady(pod('victim', 'x'), ['10.0.0.1'])
  await world.create(pod('mirror', 'elsewhere', {}, 'here', { 'kubernetes.io/config.mirror': uidOf('victim') }), '10.0.0.2')
  await world.turns()
  await world.clock.advance(1_000)
  assert.ok(world.blocks('192.0.2.9', '10.0.0.1'))
  const own = pod('static', 'x', {}, 'here', { 'kubernetes.io/config.source': 'file' })
  await world.policies.podReady(own, ['10.0.0.3'])
  const mirror = await world.create(pod('static', 'x', {}, 'here', { 'kubernetes.io/config.mirror': uidOf('static') }), '10.0.0.3')
  world.policies.podGone(own.metadata.uid)
  await world.client.delete(Pod, mirror.metadata.name, { namespace: 'x', gracePeriodSeconds: 0 })
  await world.until(() => !world.blocks('192.0.2.9', '10.0.0.3'))
  await world.close()
})

test('a pod does not start open because the watch of policies is behind', async () => {
  const listed = { metadata: { name: 'deny', namespace: 'x', resourceVersion: '999999' } } as NetworkPolicy
  const world = await startWorld({ listPolicies: async () => ({ resourceVersion: '999999', items: [listed] }) })
  await world.until(() => world.written.length === 1)
  const ready = assert.rejects(world.policies.podReady(pod('one', 'x'), ['10.0.0.1']), /policy x\/deny is not known here yet/)
  await world.turns()
  await world.clock.advance(10_000)
  await ready
  await world.close()
})

test('after a restart rules stay as they are, and pods wait, until everything is listed', async () => {
  const world = await startWorld({ withPodsHeld: true, withPolicy: policy('deny', { podSelector: {} }) })
  await world.turns()
  assert.deepEqual(world.written, [], 'what the kernel has from before is better than half of it')
  const waiting = world.policies.podReady(pod('one', 'x'), ['10.0.0.1'])
  const failed = assert.rejects(
    waiting,
    (error: unknown) =>
      isError(error, 'Timeout') && error.message === 'network policies are not in force: the list of pods is not known yet',
  )
  await world.turns()
  await world.policies.podReady(pod('own', 'x', {}, 'here', { 'kubernetes.io/config.source': 'file' }), ['10.0.0.2'])
  await world.policies.podReady({ ...pod('host', 'x'), spec: { ...pod('host', 'x').spec, hostNetwork: true } }, ['192.0.2.1'])
  await world.clock.advance(10_000)
  await failed
  world.releasePods()
  await world.policies.podReady(pod('one', 'x'), ['10.0.0.1'])
  assert.equal(world.written.length, 1)
  assert.ok(world.blocks('192.0.2.9', '10.0.0.1'))
  assert.ok(world.blocks('192.0.2.9', '10.0.0.2'))
  await world.close()
})

test('a refused transaction is followed by a whole rewrite after a pause, and pods hear why they wait', async () => {
  const world = await startWorld()
  await world.create(pod('before', 'x'), '10.0.0.9')
  await world.client.create(NetworkPolicy, policy('deny', { podSelector: {} }), { namespace: 'x' })
  await world.until(() => world.blocks('192.0.2.9', '10.0.0.9'))
  world.refuse('no memory')
  const waiting = world.policies.podReady(pod('one', 'x'), ['10.0.0.1'])
  const failed = assert.rejects(waiting, /network policies are not in force: the kernel refused the rules: no memory/)
  await world.until(() => world.refused() === 1)
  await world.turns()
  assert.equal(world.refused(), 1, 'not again at once')
  await world.clock.advance(1_200)
  await world.until(() => world.refused() === 2)
  await world.clock.advance(1_200)
  await world.turns()
  assert.equal(world.refused(), 2, 'later each time')
  await world.clock.advance(10_000)
  await failed
  world.refuse(undefined)
  await world.clock.advance(60_000)
  await world.until(() => world.blocks('192.0.2.9', '10.0.0.1'))
  assert.match(world.written.at(-1)!, /^table inet t \{\}\ndelete table/, 'all of it')
  assert.deepEqual(world.errors.slice(0, 1), ['the rules of network policies could not be written; all of them will be written anew'])
  await world.close()
})

test('a kernel that refuses everything starts pods as long as there is no policy', async () => {
  const world = await startWorld()
  world.refuse('no such family')
  await Promise.all([world.policies.podReady(pod('early', 'x'), ['10.0.0.1']), world.until(() => world.refused() > 0)])
  await world.policies.podReady(pod('late', 'x'), ['10.0.0.2'])
  await world.client.create(NetworkPolicy, policy('deny', { podSelector: {} }), { namespace: 'x' })
  await world.turns()
  const waiting = assert.rejects(
    world.policies.podReady(pod('isolated', 'x'), ['10.0.0.3']),
    /the kernel refused the rules: no such family/,
  )
  await world.clock.advance(10_000)
  await waiting
  await world.close()
})

test('rules that somebody took away are back within a minute, elements within an hour', async () => {
  const world = await startWorld()
  await world.create(pod('before', 'x'), '10.0.0.9')
  await world.client.create(NetworkPolicy, policy('deny', { podSelector: {} }), { namespace: 'x' })
  await world.until(() => world.blocks('192.0.2.9', '10.0.0.9'))
  world.table.apply('table inet t {}\ndelete table inet t\n')
  await world.turns()
  assert.ok(!world.blocks('192.0.2.9', '10.0.0.9'))
  await world.clock.advance(60_000)
  await world.until(() => world.blocks('192.0.2.9', '10.0.0.9'))
  world.table.apply('flush chain inet t ingress\n')
  assert.ok(!world.blocks('192.0.2.9', '10.0.0.9'))
  await world.clock.advance(60_000)
  await world.until(() => world.blocks('192.0.2.9', '10.0.0.9'))
  world.table.apply('delete element inet t ingress-4 { 10.0.0.9 }\n')
  assert.ok(!world.blocks('192.0.2.9', '10.0.0.9'))
  for (let minutes = 0; minutes < 62; minutes += 1) {
    await world.clock.advance(60_000)
    await world.turns()
  }
  assert.ok(world.blocks('192.0.2.9', '10.0.0.9'), 'an element is back within an hour')
  await world.client.delete(NetworkPolicy, 'deny', { namespace: 'x' })
  await world.until(() => !world.blocks('192.0.2.9', '10.0.0.9'))
  const before = world.written.length
  await world.clock.advance(200_000)
  assert.equal(world.written.length, before, 'without a policy there is nothing to miss')
  await world.close()
})

test('the name server is a pod of kube-system to policies', async () => {
  const world = await startWorld()
  await world.client.create(Namespace, { metadata: { name: 'kube-system', labels: { 'kubernetes.io/metadata.name': 'kube-system' } } })
  const to = [
    {
      namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'kube-system' } },
      podSelector: { matchLabels: { 'k8s-app': 'kube-dns' } },
    },
  ]
  await world.client.create(
    NetworkPolicy,
    policy('names', { podSelector: {}, policyTypes: ['Egress'], egress: [{ to, ports: [{ protocol: 'UDP', port: 53 }] }] }),
    { namespace: 'x' },
  )
  await world.until(() => world.written.some((text) => text.includes('chain under-way')))
  await world.policies.podReady(pod('one', 'x'), ['10.0.0.1'])
  const ask = (protocol: 'udp' | 'tcp', to: string) => world.table.passes({ hook: 'input', from: '10.0.0.1', to, protocol, port: 53 })
  assert.deepEqual([ask('udp', '10.96.0.10'), ask('tcp', '10.96.0.10'), ask('udp', '192.0.2.1')], [true, false, false])
  await world.close()
})

test('stopping leaves the rules', async () => {
  const world = await startWorld()
  await world.create(pod('before', 'x'), '10.0.0.9')
  await world.client.create(NetworkPolicy, policy('deny', { podSelector: {} }), { namespace: 'x' })
  await world.until(() => world.blocks('192.0.2.9', '10.0.0.9'))
  const before = world.written.length
  await world.policies.stop()
  await world.client.delete(NetworkPolicy, 'deny', { namespace: 'x' })
  await world.turns()
  assert.equal(world.written.length, before)
  await assert.rejects(world.policies.podReady(pod('late', 'x'), ['10.0.0.8']), /the agent stops/)
  await world.close()
})

const app = (name: string) => ({ matchLabels: { app: name } })
const uidOf = (name: string) => `uid-${name}`
const policy = (name: string, spec: object) => ({ metadata: { name }, spec }) as never

function pod(
  name: string,
  namespace: string,
  labels: Record<string, string> = {},
  nodeName = 'here',
  annotations: Record<string, string> = {},
): Pod {
  const spec = { nodeName, containers: [{ name: 'main', image: 'app' }] }
  return { metadata: { name, namespace, uid: uidOf(name), labels, annotations }, spec, status: {} } as unknown as Pod
}

interface Start {
  readonly withPodsHeld?: boolean
  readonly withPolicy?: never
  readonly listPolicies?: NetworkPoliciesOptions['listPolicies']
}

async function startWorld({ withPodsHeld = false, withPolicy, listPolicies }: Start = {}) {
  const clock = createVirtualClock(0)
  const server = createStubServer()
  const held = Promise.withResolvers<void>()
  if (!withPodsHeld) held.resolve()
  let podLists = 0
  const bare = createClient(server.transport)
  const client = createClient(async (request) => {
    if (request.method === 'GET' && request.path.startsWith('/api/v1/pods')) {
      podLists += 1
      await held.promise
    }
    return server.transport(request)
  })
  await bare.create(Namespace, { metadata: { name: 'x' } })
  if (withPolicy) await bare.create(NetworkPolicy, withPolicy, { namespace: 'x' })
  const cache = { clock, random: seededRandom(1), log: silentLog }
  const informers = { policies: createInformer(client, NetworkPolicy, cache), namespaces: createInformer(client, Namespace, cache) }
  const written: string[] = []
  const errors: string[] = []
  const table = interpretTable()
  let refusal: string | undefined
  let refused = 0
  let gate: { readonly promise: Promise<void>; asked: boolean } | undefined
  const policies: NetworkPolicies = startNetworkPolicies({
    ...cache,
    ...informers,
    log: { ...silentLog, error: (text) => void errors.push(text) },
    openPods: () => createInformer(client, Pod, { ...cache, transform: keptPod }),
    host: {
      hasRules: async () => table.content() !== undefined,
      listRules: async () => table.listing('t'),
      async nft(text) {
        if (refusal !== undefined) {
          refused += 1
          throw new Error(refusal)
        }
        if (gate !== undefined) {
          gate.asked = true
          await gate.promise
        }
        table.apply(text)
        written.push(text)
      },
    },
    ...(listPolicies && { listPolicies }),
    nodeName: 'here',
    table: 't',
    bridge: 'cbr0',
    standIns: { 'name server': nameServerPod(['10.96.0.10']) },
  })
  /** Turns of the event loop: nothing here waits for anything else. */
  const turns = async (count = 50): Promise<void> => {
    for (let turn = 0; turn < count; turn += 1) await new Promise((resolve) => setImmediate(resolve))
  }
  return {
    clock,
    client,
    policies,
    written,
    errors,
    table,
    turns,
    refuse: (why: string | undefined) => void (refusal = why),
    refused: () => refused,
    podLists: () => podLists,
    releasePods: () => held.resolve(),
    /** The next transactions wait. */
    holdNft() {
      const { promise, resolve } = Promise.withResolvers<void>()
      const own = { promise, asked: false }
      gate = own
      return {
        isAsked: () => own.asked,
        release() {
          gate = undefined
          resolve()
        },
      }
    },
    blocks: (from: string, to: string) => !table.passes({ hook: 'forward', from, to, protocol: 'tcp', port: 80 }),
    /** As it is when its kubelet has written its address. */
    async create({ metadata, spec }: Pod, ip: string): Promise<Pod> {
      const { namespace } = metadata
      return bare.create(Pod, { metadata, spec, status: { phase: 'Running', podIP: ip, podIPs: [{ ip }] } } as never, {
        namespace: namespace!,
      })
    },
    async until(condition: () => boolean): Promise<void> {
      for (let round = 0; round < 200 && !condition(); round += 1) {
        await turns(5)
        await clock.advance(1)
      }
      assert.ok(condition(), 'it did not come true')
    },
    async close(): Promise<void> {
      await policies.stop()
      await Promise.all(Object.values(informers).map((informer) => informer.close()))
    },
  }
}
