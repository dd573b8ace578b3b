import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Node } from '#api/core/v1/node.ts'
import type { Pod } from '#api/core/v1/pod.ts'
import { WherryError } from '#lib/errors.ts'
import type { SimulatedRuntime } from '#sim/runtime.ts'
import type { PodAdmitter, ResourceManager } from '../../interfaces.ts'
import type { Runtime } from '../../runtime.ts'
import { asked, container, world } from '../../test-world.ts'
import { refusalByFeatures } from './declared-features.ts'
import { podsToPreempt } from './preemption.ts'
import { refusalBySysctls } from './sysctls.ts'

const asks = (name: string, requests: object, more: object = {}) => container(name, 'app', { resources: { requests }, ...more })
const port = (hostPort: number, more: object = {}) => ({ ports: [{ containerPort: 80, hostPort, protocol: 'TCP', ...more }] })

/** A pod beside one called `first`, on a node of 4 processors; its end, or Running. */
function check(
  name: string,
  first: object,
  spec: object,
  expected: readonly [reason: string, message: string] | 'Running',
  metadata: object = {},
): void {
  test(`admission: ${name}`, async (t) => {
    const { node, pass } = await world(t)
    await node.create('first', { containers: [container('main')], ...first })
    await pass(500)
    await node.create('one', { containers: [container('main')], ...spec }, metadata)
    await pass(1000)
    const { status } = (await node.pod('one'))!
    if (expected === 'Running') return assert.equal(status.phase, 'Running', status.message ?? '')
    const [reason, message] = expected
    assert.deepEqual([status.phase, status.reason, status.message], ['Failed', reason, `Pod was rejected: ${message}`])
    assert.equal(status.containerStatuses, undefined)
    assert.ok(node.events.includes(`${reason} ${message}`))
  })
}

check('what fits', { containers: [asks('main', { cpu: 3 })] }, { containers: [asks('main', { cpu: 1 })] }, 'Running')
check('too little processor', { containers: [asks('main', { cpu: 3 })] }, { containers: [asks('main', { cpu: '1500m' })] }, [
  'OutOfcpu',
  "Node didn't have enough resource: cpu, requested: 1500, used: 3000, capacity: 4000",
])
check('too little memory', {}, { containers: [asks('main', { memory: '9Gi' })] }, [
  'OutOfmemory',
  `Node didn't have enough resource: memory, requested: ${9 * 2 ** 30}, used: 0, capacity: ${8 * 2 ** 30 - 100 * 2 ** 20}`,
])
check(
  'huge pages that there are none of',
  {},
  { containers: [container('main', 'app', { resources: { limits: { 'hugepages-2Mi': '4Mi', memory: '1Mi' } } })] },
  ['OutOfhugepages-2Mi', "Node didn't have enough resource: hugepages-2Mi, requested: 4194304, used: 0, capacity: 0"],
)
const extended = { limits: { 'example.com/thing': 1 }, requests: { 'example.com/thing': 1 } }
check('what is not the node’s to count', {}, { containers: [container('main', 'app', { resources: extended })] }, 'Running')
check('another node’s label', {}, { nodeSelector: { disk: 'ssd' } }, [
  'NodeAffinity',
  "Predicate NodeAffinity failed: node(s) didn't match Pod's node affinity/selector",
])
check('a port that is taken', { containers: [container('main', 'app', port(80))] }, { containers: [container('main', 'app', port(80))] }, [
  'NodePorts',
  "Predicate NodePorts failed: node(s) didn't have free ports for the requested pod ports",
])
check(
  'a port of two addresses',
  { containers: [container('main', 'app', port(80, { hostIP: '192.0.2.1' }))] },
  { containers: [container('main', 'app', port(80, { hostIP: '192.0.2.2' }))] },
  'Running',
)
check('another operating system', {}, { os: { name: 'windows' }, securityContext: {} }, [
  'PodOSNotSupported',
  "Failed to admit pod as the OS field doesn't match node OS",
])
check(
  'the label of another operating system',
  {},
  {},
  ['PodOSSelectorNodeLabelDoesNotMatch', "Failed to admit pod as the `kubernetes.io/os` label doesn't match node label"],
  { labels: { 'kubernetes.io/os': 'windows' } },
)
check('a policy of groups that no runtime promises', {}, { securityContext: { supplementalGroupsPolicy: 'Strict' } }, [
  'SupplementalGroupsPolicyNotSupported',
  'SupplementalGroupsPolicy=Strict is not supported in this node',
])
const sysctls = (name: string) => ({ securityContext: { sysctls: [{ name, value: '1' }] } })
check('a setting of the pod’s own', {}, sysctls('net.ipv4.tcp_syncookies'), 'Running')
check('a setting of everybody’s', {}, sysctls('kernel.msgmax'), ['SysctlForbidden', 'forbidden sysctl: "kernel.msgmax" not allowlisted'])

const restartsAll = {
  restartPolicy: 'Never',
  restartPolicyRules: [{ action: 'RestartAllContainers', exitCodes: { operator: 'In', values: [1] } }],
}
check('what this node declares', {}, { containers: [container('main', 'app', restartsAll)] }, 'Running')

for (const [name, spec, declared, missing] of [
  ['nothing', {}, [], undefined],
  ['a restart of all', { containers: [restartsAll] }, [], 'RestartAllContainersOnContainerExits'],
  ['one by an init container', { containers: [], initContainers: [restartsAll] }, ['Other'], 'RestartAllContainersOnContainerExits'],
  ['what is declared', { containers: [restartsAll] }, ['RestartAllContainersOnContainerExits'], undefined],
  ['the node’s network with own users', { hostNetwork: true, hostUsers: false }, [], 'UserNamespacesHostNetworkSupport'],
  ['its own network with own users', { hostUsers: false }, [], undefined],
  [
    'both',
    { hostNetwork: true, hostUsers: false, containers: [restartsAll] },
    [],
    'RestartAllContainersOnContainerExits, UserNamespacesHostNetworkSupport',
  ],
] as const)
  test(`features that a pod needs: ${name}`, () => {
    const pod = { metadata: {}, spec: { containers: [], ...spec } } as unknown as Pod
    const expected = missing && {
      reason: 'PodFeatureUnsupported',
      message: `Pod requires node features that are not available: ${missing}`,
    }
    assert.deepEqual(refusalByFeatures(pod, declared), expected)
  })

for (const [place, spec, expected] of [
  ['first', sysctls('kernel.msgmax'), 'NotNow'],
  [undefined, sysctls('kernel.msgmax'), 'SysctlForbidden'],
  [undefined, { nodeSelector: { not: 'here' } }, 'NotNow'],
  ['last', { nodeSelector: { not: 'here' } }, 'NodeAffinity'],
  ['last', {}, 'NotNow'],
] as const)
  test(`an admitter asked ${place ?? 'in the middle'} beside ${JSON.stringify(spec)}: ${expected}`, async (t) => {
    const admitter: PodAdmitter = {
      admit: () => ({ admitted: false, reason: 'NotNow', message: 'no' }),
      ...(place !== undefined && { place }),
    }
    const { node, pass } = await world(t, {}, 1, undefined, undefined, { parts: { admitters: [admitter] } })
    await node.create('one', { containers: [container('main')], ...spec })
    await pass(1000)
    assert.equal((await node.pod('one'))!.status.reason, expected)
  })

test('settings by name, pattern, namespace and kernel', () => {
  const why = (name: string, spec: object = {}, allowed: readonly string[] = [], kernel = '6.1.0') =>
    refusalBySysctls({ spec: { ...sysctls(name), ...spec } } as unknown as Pod, allowed, kernel)?.message
  assert.equal(why('kernel.msgmax', {}, ['kernel.msg*']), undefined)
  assert.equal(why('net/ipv4/tcp_rmem'), undefined)
  assert.equal(why('net.ipv4.tcp_rmem', {}, [], '4.14.7'), 'forbidden sysctl: "net.ipv4.tcp_rmem" not allowlisted')
  assert.equal(
    why('net.core.somaxconn', { hostNetwork: true }, ['net.*']),
    'forbidden sysctl: "net.core.somaxconn" not allowed with host net enabled',
  )
  assert.equal(
    why('kernel.shm_rmid_forced', { hostIPC: true }),
    'forbidden sysctl: "kernel.shm_rmid_forced" not allowed with host ipc enabled',
  )
})

test('a taint that does not let stay refuses, though somebody bound the pod by hand', async (t) => {
  const { node, pass } = await world(t)
  await node.client.patch(Node, 'node', {
    type: 'merge',
    body: {
      spec: {
        taints: [
          { key: 'a', effect: 'NoExecute' },
          { key: 'b', effect: 'NoSchedule' },
        ],
      },
    },
  })
  await pass(500)
  await node.create('one', { containers: [container('main')] })
  await node.create('two', { containers: [container('main')], tolerations: [{ operator: 'Exists', effect: 'NoExecute' }] })
  await pass(1000)
  assert.deepEqual([(await node.pod('one'))!.status.reason, (await node.pod('two'))!.status.phase], ['TaintToleration', 'Running'])
})

test('a label that was just set counts', async (t) => {
  const { node, pass } = await world(t)
  await node.client.patch(Node, 'node', { type: 'merge', body: { metadata: { labels: { disk: 'ssd' } } } })
  await node.create('one', { nodeSelector: { disk: 'ssd' }, containers: [container('main')] })
  await pass(1000)
  assert.equal((await node.pod('one'))!.status.phase, 'Running')
})

test('the oldest pods come first, and those that run stay after a restart whatever has changed', async (t) => {
  const { node, pass, kubelet } = await world(t)
  await kubelet.stop()
  for (const name of ['c', 'b', 'a']) {
    await node.create(name, { containers: [asks('main', { cpu: 2 })] })
    await pass(1000)
  }
  const second = await node.startKubelet()
  await pass(1000)
  const phases = () => Promise.all(['a', 'b', 'c'].map(async (name) => (await node.pod(name))!.status.phase))
  assert.deepEqual(await phases(), ['Failed', 'Running', 'Running'])
  const refused = await node.pod('a')
  await second.stop()
  await node.client.patch(Node, 'node', { type: 'merge', body: { spec: { taints: [{ key: 'a', effect: 'NoExecute' }] } } })
  await node.startKubelet()
  await pass(5000)
  assert.deepEqual(await phases(), ['Failed', 'Running', 'Running'])
  assert.deepEqual(await node.pod('a'), refused)
})

test('room is made for a critical pod, by as few others as will do', async (t) => {
  const preempted: string[] = []
  const observer = { probed() {}, rejected() {}, preempted: (resource: string) => void preempted.push(resource) }
  const { node, pass, show } = await world(t, {}, 1, undefined, undefined, { parts: { observer } })
  await node.create('large', { containers: [asks('main', { cpu: 2 })] })
  await node.create('small', { containers: [asks('main', { cpu: 1 })] })
  await pass(500)
  const { PriorityClass } = await import('#api/scheduling/v1/priority-class.ts')
  await node.client.create(PriorityClass, { metadata: { name: 'system-node-critical' }, value: 2_000_001_000 }).catch(() => undefined)
  await node.create('one', { containers: [asks('main', { cpu: 2 })], priorityClassName: 'system-node-critical' })
  await pass(5000)
  assert.equal(await show('one'), 'Running main:running/ready')
  assert.equal(await show('large'), 'Running main:running/ready')
  const { status } = (await node.pod('small'))!
  assert.deepEqual([status.phase, status.reason, status.message], ['Failed', 'Preempting', 'Preempted in order to admit critical pod'])
  const condition = status.conditions!.find(({ type }) => type === 'DisruptionTarget')!
  assert.deepEqual([condition.status, condition.reason], ['True', 'TerminationByKubelet'])
  assert.ok(node.events.includes('Preempting Preempted in order to admit critical pod'))
  assert.deepEqual(preempted, ['cpu'])
})

test('a pod that does not end although it has to make room holds up nobody for long', async (t) => {
  const never = (runtime: SimulatedRuntime): Runtime => ({
    ...runtime,
    stopContainer: (id, seconds) => (runtime.running('stuck').includes(id) ? new Promise(() => {}) : runtime.stopContainer(id, seconds)),
  })
  const preempted: string[] = []
  const observer = { probed() {}, rejected() {}, preempted: (resource: string) => void preempted.push(resource) }
  const { node, pass, show } = await world(t, {}, 1, undefined, never, { parts: { observer } })
  await node.create('large', { terminationGracePeriodSeconds: 20, containers: [asks('stuck', { cpu: 3 })] })
  await pass(500)
  const { PriorityClass } = await import('#api/scheduling/v1/priority-class.ts')
  await node.client.create(PriorityClass, { metadata: { name: 'system-node-critical' }, value: 2_000_001_000 }).catch(() => undefined)
  await node.create('one', { containers: [asks('main', { cpu: 2 })], priorityClassName: 'system-node-critical' })
  await node.create('other', { containers: [container('main')] })
  await pass(25_000)
  assert.match(await show('other'), /^Pending/)
  await pass(10_000)
  assert.equal(await show('one'), 'Running main:running/ready')
  assert.equal(await show('other'), 'Running main:running/ready')
  assert.ok(node.events.includes('ExceededGracePeriod Container runtime did not kill the pod within specified grace period.'))
  assert.deepEqual(preempted, [])
})

test('who is preempted: nobody in vain, and first those that were promised least', () => {
  const pod = (name: string, cpu: string, limits = false, priority = 0) =>
    ({
      metadata: { name, uid: name, namespace: 'n' },
      spec: {
        priority,
        containers: [{ name: 'm', resources: { requests: { cpu, memory: '1Gi' }, ...(limits && { limits: { cpu, memory: '1Gi' } }) } }],
      },
      status: {},
    }) as unknown as Pod
  const critical = pod('critical', '2', false, 2_000_000_000)
  const short = (amount: number) => [{ resource: 'cpu', requested: amount, used: 0, capacity: 0 }]
  const chosen = (amount: number, ...others: Pod[]) => podsToPreempt(critical, others, short(amount))?.map(({ metadata }) => metadata.name)
  assert.deepEqual(chosen(1000, pod('a', '3'), pod('b', '1'), pod('c', '2', true)), ['b'])
  assert.deepEqual(chosen(3000, pod('a', '1'), pod('b', '2'), pod('c', '4', true)), ['b', 'a'])
  assert.deepEqual(chosen(4000, pod('a', '1'), pod('c', '4', true)), ['c'])
  assert.equal(chosen(6000, pod('a', '1'), pod('c', '4', true)), undefined)
  assert.equal(chosen(1000, pod('other', '4', false, 2_000_000_000)), undefined)
})

/** A manager of one thing, that writes down what is asked of it. */
function manager(calls: string[], more: Partial<ResourceManager> = {}): ResourceManager {
  return {
    name: 'things',
    allocate: async (pod, { name }) => void calls.push(`allocate ${pod.metadata.name} ${name}`),
    grant: () => ({
      environment: [
        { key: 'THING', value: '1' },
        { key: 'OWN', value: 'of the manager' },
      ],
      devices: [{ containerPath: '/dev/thing', hostPath: '/dev/thing0', permissions: 'rw' }],
      cdiDevices: ['example.com/thing=0'],
      cpusetCpus: '2-3',
    }),
    status: () => [{ name: 'example.com/thing', resources: [{ resourceID: '0', health: 'Healthy' }] }],
    prepare: async (pod) => void calls.push(`prepare ${pod.metadata.name}`),
    release: async () => void calls.push('release'),
    ...more,
  }
}

test('what resource managers give reaches the container, and is free before the pod is over', async (t) => {
  const calls: string[] = []
  const phases: string[] = []
  let phase: () => Promise<string | undefined> = async () => undefined
  const things = manager(calls, { release: async () => void phases.push((await phase()) ?? '') })
  const made = asked()
  const { node, pass } = await world(t, { job: { exit: { afterMs: 1000, code: 0 } } }, 1, undefined, made.through, {
    parts: { resourceManagers: [things] },
  })
  phase = async () => (await node.pod('one'))?.status.phase
  await node.create('one', {
    restartPolicy: 'Never',
    initContainers: [container('init', 'job')],
    containers: [container('main', 'job', { env: [{ name: 'OWN', value: 'mine' }], resources: extended })],
  })
  await pass(1500)
  assert.deepEqual(calls, ['allocate one init', 'allocate one main', 'prepare one'])
  const { env, devices, cdiDevices, resources } = made.containers.get('main')!
  const shown = env.filter(({ key }) => key === 'THING' || key === 'OWN')
  assert.deepEqual(shown, [
    { key: 'THING', value: '1' },
    { key: 'OWN', value: 'mine' },
  ])
  assert.deepEqual([devices[0]!.hostPath, cdiDevices, resources.cpusetCpus], ['/dev/thing0', ['example.com/thing=0'], '2-3'])
  const { initContainerStatuses, containerStatuses } = (await node.pod('one'))!.status
  assert.equal(containerStatuses![0]!.allocatedResourcesStatus![0]!.name, 'example.com/thing')
  assert.equal(initContainerStatuses![0]!.allocatedResourcesStatus, undefined)
  await pass(5000)
  assert.deepEqual([phases, (await node.pod('one'))!.status.phase], [['Running'], 'Succeeded'])
})

for (const [name, details, reason] of [
  ['with a reason of its own', { reason: 'TopologyAffinityError' }, 'TopologyAffinityError'],
  ['without one', {}, 'UnexpectedAdmissionError'],
] as const)
  test(`a manager that cannot give refuses the pod ${name}, and what others gave is free again`, async (t) => {
    const calls: string[] = []
    const short = manager([], { allocate: async () => Promise.reject(new WherryError('Invalid', 'no thing is left', details)) })
    const { node, pass, runtime } = await world(t, {}, 1, undefined, undefined, { parts: { resourceManagers: [manager(calls), short] } })
    await node.create('one', { containers: [container('main')] })
    await pass(1000)
    const { status } = (await node.pod('one'))!
    assert.deepEqual([status.phase, status.reason, status.message], ['Failed', reason, 'Pod was rejected: no thing is left'])
    assert.ok(calls.includes('release'))
    assert.deepEqual(await runtime.sandboxes(), [])
  })

test('admitters are asked in order, once; a refused pod can be deleted', async (t) => {
  const seen: string[] = []
  const admitter = (name: string, admitted: boolean): PodAdmitter => ({
    admit({ metadata }, others) {
      seen.push(`${name} ${metadata.name} beside ${others.map((one) => one.metadata.name).join()}`)
      return admitted || metadata.name === 'first' ? { admitted: true } : { admitted: false, reason: 'NodeShutdown', message: 'not now' }
    },
  })
  const { node, pass, show } = await world(t, {}, 1, undefined, undefined, {
    parts: { admitters: [admitter('a', true), admitter('b', false), admitter('c', true)] },
  })
  await node.create('first', { containers: [container('main')] })
  await pass(500)
  await node.create('one', { containers: [container('main')] })
  await pass(500)
  assert.deepEqual(seen, ['a first beside ', 'b first beside ', 'c first beside ', 'a one beside first', 'b one beside first'])
  assert.equal((await node.pod('one'))!.status.reason, 'NodeShutdown')
  const { Pod: PodKind } = await import('#api/core/v1/pod.ts')
  await node.client.delete(PodKind, 'one', { namespace: 'default' })
  await pass(2000)
  assert.equal(await show('one'), 'gone')
})
