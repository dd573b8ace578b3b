import assert from 'node:assert/strict'
import { test } from 'node:test'
import { seededRandom } from '#lib/random.ts'
import { planFailure } from '../failure.ts'
import { defaultProfile } from '../plugins/default-profile.ts'
import { nodeResourcesFit } from '../plugins/nodes/node-resources-fit.ts'
import { container, node, type PodWish, pod, worldOf } from '../testing/fixtures.ts'
import type { World } from '../world/world.ts'
import { type Companion, createDecider } from './decide.ts'
import { explain } from './explain.ts'
import type { AnyPlugin } from './plugin.ts'
import { profileOf } from './profile.ts'

// A node is name(what it has); a pod on it is written behind a slash. Everything has 1000m and 1Gi and room for 10 pods unless told.
check('takes the only node', { nodes: ['a'] }, 'a')
check('says when there is none', { nodes: [] }, 'no nodes available to schedule pods')
check('takes the emptier node', { nodes: ['a', 'b'], placed: ['a cpu=500m'] }, 'b')
check('counts pods without requests too', { nodes: ['a', 'b'], placed: ['a', 'a', 'b'] }, 'b')
check(
  'never over capacity',
  { nodes: ['a'], placed: ['a cpu=800m'], pod: { cpu: '300m' } },
  '0/1 nodes are available: 1 Insufficient cpu. no new claims to deallocate, preemption: 0/1 nodes are available: 1 No preemption victims found for incoming pod.',
)
check(
  'tells what no node could ever give',
  { nodes: ['a', 'b'], pod: { cpu: '2' } },
  '0/2 nodes are available: 2 Insufficient cpu. no new claims to deallocate, preemption: 0/2 nodes are available: 2 Preemption is not helpful for scheduling.',
)
check(
  'counts reasons apart, in the order of their text',
  { nodes: ['a taint=x:NoSchedule', 'b cordoned'], placed: [] },
  '0/2 nodes are available: 1 node(s) had untolerated taint(s), 1 node(s) were unschedulable. no new claims to deallocate, preemption: 0/2 nodes are available: 2 Preemption is not helpful for scheduling.',
)
check('tolerates', { nodes: ['a taint=x:NoSchedule'], pod: { spec: { tolerations: [{ key: 'x', operator: 'Exists' }] } } }, 'a')
check(
  'goes where its affinity names the node, whatever speaks for others',
  { nodes: ['a', 'b', 'c'], placed: ['b cpu=500m'], pod: { spec: daemonOf('b') } },
  'b',
)
check(
  'waits for the node that its affinity names',
  { nodes: ['a', 'b'], placed: ['b cpu=900m'], pod: { cpu: '300m', spec: daemonOf('b') } },
  "0/2 nodes are available: 1 Insufficient cpu, 1 node(s) didn't satisfy plugin(s) [NodeAffinity]. no new claims to deallocate, preemption: 0/2 nodes are available: 1 No preemption victims found for incoming pod, 1 Preemption is not helpful for scheduling.",
)
check(
  'goes to a cordoned and unwell node where it tolerates that',
  {
    nodes: ['a cordoned taint=node.kubernetes.io/unschedulable:NoSchedule taint=node.kubernetes.io/not-ready:NoExecute', 'b'],
    pod: { spec: daemonOf('a') },
  },
  'a',
)
check('avoids PreferNoSchedule where it can', { nodes: ['a taint=x:PreferNoSchedule', 'b'] }, 'b')
check('selects by label', { nodes: ['a', 'b disk=ssd'], pod: { spec: { nodeSelector: { disk: 'ssd' } } } }, 'b')
check(
  'refuses a taken host port on every address',
  {
    nodes: ['a'],
    placed: ['a port=80'],
    pod: { spec: { containers: [container({ ports: [{ containerPort: 8080, hostPort: 80, protocol: 'TCP' }] })] } },
  },
  "0/1 nodes are available: 1 node(s) didn't have free ports for the requested pod ports. no new claims to deallocate, preemption: 0/1 nodes are available: 1 No preemption victims found for incoming pod.",
)
check(
  'keeps apart what wants to be apart',
  {
    nodes: ['a host=a', 'b host=b'],
    placed: ['a app=x', 'b cpu=900m'],
    pod: {
      labels: { app: 'x' },
      spec: {
        affinity: {
          podAntiAffinity: {
            requiredDuringSchedulingIgnoredDuringExecution: [{ topologyKey: 'host', labelSelector: { matchLabels: { app: 'x' } } }],
          },
        },
      },
    },
  },
  'b',
)
check(
  'keeps together what wants to be together',
  {
    nodes: ['a host=a', 'b host=b'],
    placed: ['a app=x cpu=500m'],
    pod: {
      spec: {
        affinity: {
          podAffinity: {
            requiredDuringSchedulingIgnoredDuringExecution: [{ topologyKey: 'host', labelSelector: { matchLabels: { app: 'x' } } }],
          },
        },
      },
    },
  },
  'a',
)
check(
  'spreads as told',
  {
    nodes: ['a zone=1', 'b zone=2'],
    placed: ['a app=x', 'b cpu=900m'],
    pod: {
      labels: { app: 'x' },
      spec: {
        topologySpreadConstraints: [
          { maxSkew: 1, topologyKey: 'zone', whenUnsatisfiable: 'DoNotSchedule', labelSelector: { matchLabels: { app: 'x' } } },
        ],
      },
    },
  },
  'b',
)

test('a decided pod takes room before its binding is seen, and frees it when the binding fails', () => {
  const world = worldOf([node('a')])
  const first = pod('first', { cpu: '800m' })
  world.assume(world.podInfo(first), 'a')
  const ask = () => decided(world, { cpu: '800m' })
  assert.notEqual(ask(), 'a')
  world.setPod(first)
  assert.notEqual(ask(), 'a', 'an old view of the pod must not free its room')
  world.forget('first')
  assert.equal(ask(), 'a')
})

test('never over capacity, whatever comes and goes', () => {
  for (let seed = 0; seed < 200; seed += 1) {
    const random = seededRandom(seed)
    const world = worldOf()
    const decider = createDecider(defaultProfile({ random }), world, random)
    for (let index = 0; index < 1 + random.below(4); index += 1) world.setNode(node(`n${index}`))
    for (let index = 0; index < 40; index += 1) {
      const next = world.podInfo(pod(`p${index}`, { cpu: `${random.below(5) * 100}m` }))
      const decision = decider.decide(next)
      if (decision.node !== undefined) world.assume(next, decision.node.name)
      if (random.next() < 0.2) world.removePod(`p${random.below(index + 1)}`)
      if (random.next() < 0.05) world.setNode(node(`n${random.below(5)}${random.next() < 0.3 ? ' cordoned' : ''}`))
      for (const info of world.nodes.nodes.values()) {
        const cpu = world.nodes.cpu.requested[info.slot]!
        assert.ok(cpu <= 1000, `seed ${seed}: over capacity`)
        assert.equal(
          cpu,
          [...info.pods.values()].reduce((sum, { shape }) => sum + (shape.requests[0]?.amount ?? 0), 0),
          `seed ${seed}: miscounted`,
        )
        assert.ok(info.pods.size <= 10, `seed ${seed}: too many pods`)
      }
    }
  }
})

test('what is kept for a shape decides as a look at every node would', () => {
  for (let seed = 0; seed < 60; seed += 1) {
    const random = seededRandom(seed)
    const world = worldOf()
    const kept = createDecider(defaultProfile({ random: seededRandom(1) }), world, random)
    for (let step = 0; step < 60; step += 1) {
      const change = random.below(10)
      const name = `n${random.below(8)}`
      if (change < 3) world.setNode(node(`${name}${random.below(3) === 0 ? ' taint=x:NoSchedule' : ''}`))
      else if (change === 3) world.removeNode(name)
      const next = world.podInfo(pod(`p${step}`, { cpu: `${100 + 100 * random.below(3)}m` }))
      const decision = kept.decide(next)
      const { refusals, scores } = explain(next, defaultProfile({ random: seededRandom(1) }), world)
      if (decision.node === undefined) {
        assert.equal(scores.size, 0, `seed ${seed}: there was a node`)
        assert.deepEqual([...decision.misfit.refusals].sort(), [...refusals].sort(), `seed ${seed}`)
        continue
      }
      const highest = Math.max(...[...scores.values()].map(({ total }) => total))
      assert.equal(scores.get(decision.node.name)?.total, highest, `seed ${seed}: not one of the best`)
      world.assume(next, decision.node.name)
    }
  }
})

test('a promised node that a companion will not have is one of many', async () => {
  const world = worldOf([node('a'), node('b')])
  const info = world.podInfo(pod('it', { status: { nominatedNodeName: 'a' } }))
  const companion: Companion = {
    filter: async (_pod, nodes) => ({ nodes: nodes.filter(({ name }) => name !== 'a'), refusals: new Map() }),
    score: async () => new Map(),
  }
  const decider = createDecider(defaultProfile({ random: seededRandom(1) }), world, seededRandom(1))
  assert.equal((await decider.decideWith(info, companion)).node?.name, 'b')
})

test('what was left undone when a plug-in threw is not taken for done', () => {
  const world = worldOf([node('a'), node('b'), node('c')])
  for (const name of ['a', 'b', 'c']) world.setPod(pod(`on ${name}`, { cpu: '1', spec: { nodeName: name } }))
  let isBroken = true
  const broken: AnyPlugin = {
    name: 'Broken',
    restsOn: 'node',
    filter(_pod, { name }) {
      if (isBroken && name === 'b') throw new Error('what now?')
      return undefined
    },
  }
  const decider = createDecider(profileOf('default-scheduler', [broken, nodeResourcesFit({})]), world, seededRandom(1))
  assert.throws(() => decider.decide(world.podInfo(pod('first', { cpu: '1' }))), /what now/)
  isBroken = false
  assert.equal(decider.decide(world.podInfo(pod('second', { cpu: '1' }))).node?.name, undefined)
})

test('without any node nobody but a node is waited for', () => {
  const world = worldOf()
  const info = world.podInfo(pod('it', { spec: { volumes: [{ name: 'v', persistentVolumeClaim: { claimName: 'none' } }] } }))
  const decision = createDecider(defaultProfile({ random: seededRandom(1) }), world, seededRandom(1)).decide(info)
  assert.deepEqual(decision.node === undefined && [...decision.refusedBy], [])
})

function check(name: string, given: { nodes: string[]; placed?: string[]; pod?: PodWish }, expected: string): void {
  test(name, () => {
    const world = worldOf(given.nodes.map((text) => node(text)))
    for (const [index, text] of (given.placed ?? []).entries()) {
      const [nodeName, ...words] = text.split(' ')
      const { cpu, port, ...labels } = Object.fromEntries(words.map((word) => word.split('=')))
      const spec = port && { containers: [container({ ports: [{ containerPort: 1, hostPort: Number(port), protocol: 'TCP' }] })] }
      world.assume(world.podInfo(pod(`placed-${index}`, { ...(cpu && { cpu }), labels, ...(spec && { spec }) })), nodeName!)
    }
    assert.equal(decided(world, given.pod ?? {}), expected)
  })
}

/** The node, or what the event says. */
function decided(world: World, wish: PodWish, seed = 1): string {
  const profile = defaultProfile({ random: seededRandom(seed) })
  const info = world.podInfo(pod('it', wish))
  const decision = createDecider(profile, world, seededRandom(seed)).decide(info)
  return decision.node?.name ?? planFailure(info, decision as never, profile, world).message
}

/** What a daemon set's controller makes for a node. */
function daemonOf(nodeName: string): object {
  const nodeSelectorTerms = [{ matchFields: [{ key: 'metadata.name', operator: 'In', values: [nodeName] }] }]
  return {
    affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms } } },
    tolerations: [
      { key: 'node.kubernetes.io/not-ready', operator: 'Exists', effect: 'NoExecute' },
      { key: 'node.kubernetes.io/unschedulable', operator: 'Exists', effect: 'NoSchedule' },
    ],
  }
}
