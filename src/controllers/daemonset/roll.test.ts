import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { DaemonSet } from '#api/apps/v1/daemon-set.ts'
import { Node } from '#api/core/v1/node.ts'
import { Pod } from '#api/core/v1/pod.ts'
import { isPodActive, isPodAvailable, isPodTerminal } from '#api/core/v1/pod-helpers.ts'
import { controllerOf } from '#api/meta/v1/owner.ts'
import { rfc3339 } from '#lib/rfc3339.ts'
import { revisionLabel } from '../common/template-history.ts'
import { namespace } from '../testing/objects.ts'
import type { World } from '../testing/world.ts'
import { clusterOf } from './cluster.ts'
import { daemonSetController } from './controller.ts'
import { targetNode } from './daemon-pod.ts'
import { limitsOf } from './limits.ts'
import { changeTemplate, given, key, type Limits, putNode, putPod } from './testing.ts'

const minReadySeconds = 10
const nodeNames = ['a', 'b', 'c', 'd', 'e']
const nodeWords = [
  '',
  ' disk=ssd',
  ' disk=ssd taint=x:NoSchedule',
  ' disk=ssd taint=x:NoExecute',
  ' disk=ssd taint=unschedulable:NoSchedule',
]

/** Of `nodeWords`; most nodes want the pod. */
const words = fc.constantFrom(0, 1, 1, 1, 1, 2, 3, 4)

const limits: fc.Arbitrary<Limits> = fc.oneof(
  fc.record({ maxUnavailable: fc.constantFrom(1, 2, '40%', '100%') }),
  fc.record({ maxSurge: fc.constantFrom(1, 2, '40%', '100%'), maxUnavailable: fc.constant(0) }),
)
const step = fc.oneof(
  { weight: 6, arbitrary: fc.constant({ look: true }) },
  { weight: 3, arbitrary: fc.record({ bind: fc.nat(9) }) },
  { weight: 4, arbitrary: fc.record({ ready: fc.nat(9) }) },
  fc.record({ unready: fc.nat(9) }),
  fc.record({ end: fc.nat(9), phase: fc.constantFrom('Failed', 'Succeeded') }),
  { weight: 3, arbitrary: fc.record({ bury: fc.nat(9) }) },
  fc.record({ vanish: fc.nat(9) }),
  fc.record({ orphan: fc.nat(9) }),
  { weight: 2, arbitrary: fc.record({ image: fc.nat(3) }) },
  fc.record({ node: fc.nat(4), words }),
  fc.record({ lose: fc.nat(4) }),
  fc.record({ stray: fc.nat(4), hash: fc.constantFrom('before', 'now') }),
  { weight: 2, arbitrary: fc.record({ waitMs: fc.nat(20_000) }) },
)
const history = fc.array(step, { maxLength: 60 })
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never

test('never two pods of one template on a node, never more unavailable than allowed, and it ends as wished: through any history', () => {
  fc.assert(
    fc.property(limits, fc.array(words, { minLength: 2, maxLength: 5 }), history, history, (strategy, nodes, before, during) => {
      const controller = daemonSetController()
      const world = given({ strategy, minReadySeconds, template: { nodeSelector: { disk: 'ssd' } } })
      for (const [index, word] of nodes.entries()) putNode(world, nodeNames[index]! + nodeWords[word])
      live(world, controller, before)
      comeToRest(world, controller)
      checkWish(world)
      // An update that begins where all is well, and is disturbed.
      changeTemplate(world, 'logs:next', { nodeSelector: { disk: 'ssd' } })
      live(world, controller, during)
      comeToRest(world, controller)
      checkWish(world)
    }),
    { numRuns: 300 },
  )
})

function live(world: World, controller: ReturnType<typeof daemonSetController>, steps: readonly Step[]): void {
  for (const step of steps) {
    if ('look' in step) look(world, controller)
    else happen(world, step)
  }
}

/** One pass, and what it may not do. */
function look(world: World, controller: ReturnType<typeof daemonSetController>): void {
  const before = standing(world)
  world.pass(controller, key)
  const after = standing(world)
  for (const [name, { live, present, byHash }] of after) {
    const then = before.get(name)
    if (!allowsSurge(world)) assert.ok(present <= Math.max(1, then?.present ?? 0), `${present} pods on ${name}, leaving ones counted`)
    assert.ok(live <= Math.max(allowsSurge(world) ? 2 : 1, then?.live ?? 0), `${live} pods on ${name}`)
    for (const [hash, count] of byHash) assert.ok(count <= Math.max(1, then?.byHash.get(hash) ?? 0), `${count} pods of ${hash} on ${name}`)
  }
  // Where somebody else put pods too many, fewer have to be made of them first.
  if ([...before.values()].some(({ byHash }) => [...byHash.values()].some((count) => count > 1))) return
  if (!allowsSurge(world) && [...before.values()].some(({ live }) => live > 1)) return
  const missing = (all: ReturnType<typeof standing>) =>
    [...all.values()].filter(({ isWanted, available }) => isWanted && available === 0).length
  const wanted = [...before.values()].filter(({ isWanted }) => isWanted).length
  const { maxUnavailable } = limitsOf(world.get(DaemonSet, 'logs', namespace)!, wanted)
  assert.ok(
    missing(after) <= Math.max(missing(before), maxUnavailable),
    `${missing(before)} of ${wanted} unavailable became ${missing(after)}`,
  )
}

const allowsSurge = (world: World): boolean => limitsOf(world.get(DaemonSet, 'logs', namespace)!, 1).maxSurge > 0

/** What stands on each node, counted without the plan's own eyes but for where pods are wanted. */
function standing(world: World) {
  const daemonSet = world.get(DaemonSet, 'logs', namespace)!
  const { places } = clusterOf(daemonSet, world.list(Node), [], '', world.now)
  return new Map(
    [...places].map(([name, { shouldRun, shouldContinue }]) => {
      // One that leaves without an owner is nobody's.
      const isCounted = (pod: Pod) => !isPodTerminal(pod) && (isPodActive(pod) || controllerOf(pod) !== undefined)
      const all = world.list(Pod).filter((pod) => targetNode(pod) === name && isCounted(pod))
      const pods = all.filter(isPodActive)
      const byHash = Map.groupBy(pods, ({ metadata }) => metadata.labels![revisionLabel]!)
      return [
        name,
        {
          isWanted: shouldRun,
          mayStay: shouldContinue,
          present: all.length,
          live: pods.length,
          byHash: new Map([...byHash].map(([hash, some]) => [hash, some.length])),
          available: pods.filter((pod) => isPodAvailable(pod, minReadySeconds, world.now)).length,
        },
      ] as const
    }),
  )
}

/** What others do: users, the scheduler, kubelets, the pod collector. */
function happen(world: World, step: Exclude<Step, { look: boolean }>): void {
  if ('image' in step) changeTemplate(world, `logs:${step.image}`, { nodeSelector: { disk: 'ssd' } })
  else if ('waitMs' in step) world.now += step.waitMs
  else if ('node' in step) putNode(world, nodeNames[step.node]! + nodeWords[step.words])
  else if ('stray' in step) putPod(world, `stray-${world.history.length}`, { node: nodeNames[step.stray]!, hash: step.hash })
  else if ('lose' in step) {
    const node = world.get(Node, nodeNames[step.lose]!)
    if (node !== undefined) world.remove(Node, node)
  } else {
    const pods = world.list(Pod)
    const pod = pods[(Object.values(step)[0] as number) % pods.length]
    if (pod !== undefined) happenTo(pod, world, step)
  }
}

function happenTo(pod: Pod, world: World, step: object): void {
  const change = (body: object) => world.change(Pod, pod.metadata.name, namespace, body)
  if ('bind' in step) bind(world, pod)
  else if ('ready' in step && pod.spec.nodeName && isPodActive(pod))
    change({ status: { phase: 'Running', conditions: readiness('True', world.now) } })
  else if ('unready' in step) change({ status: { conditions: readiness('False', world.now) } })
  else if ('phase' in step) change({ status: { phase: step.phase, conditions: readiness('False', world.now) } })
  else if ('bury' in step && pod.metadata.deletionTimestamp !== undefined) world.remove(Pod, pod)
  else if ('vanish' in step) world.remove(Pod, pod)
  else if ('orphan' in step) change({ metadata: { ownerReferences: null } })
}

const readiness = (status: 'True' | 'False', now: number) => [{ type: 'Ready', status, lastTransitionTime: rfc3339(now) }]

function bind(world: World, pod: Pod): void {
  const nodeName = targetNode(pod)
  if (pod.spec.nodeName || nodeName === undefined || world.get(Node, nodeName) === undefined) return
  world.change(Pod, pod.metadata.name, namespace, { spec: { nodeName } })
}

/** Everybody else does well from now on; time passes when nothing else does. */
function comeToRest(world: World, controller: ReturnType<typeof daemonSetController>): void {
  for (let round = 0; ; round += 1) {
    assert.ok(round < 300, `never at rest:\n${world.history.slice(-20).join('\n')}`)
    const { commands, wakeAt } = lookAndTell(world, controller)
    if (!serve(world) && commands.length === 0) {
      if (wakeAt === Infinity) return
      world.now = wakeAt
    }
  }
}

function lookAndTell(world: World, controller: ReturnType<typeof daemonSetController>) {
  const length = world.history.length
  look(world, controller)
  const { wakeAt } = controller.plan(controller.view(key, world, world.now)!)
  return { commands: world.history.slice(length), wakeAt }
}

/** The scheduler, kubelets and the collector of pods of lost nodes; returns whether they did anything. */
function serve(world: World): boolean {
  let isBusy = false
  for (const pod of world.list(Pod)) {
    const nodeName = targetNode(pod)
    const isLost = pod.spec.nodeName !== undefined && world.get(Node, pod.spec.nodeName) === undefined
    const isReady = pod.status.conditions?.[0]?.status === 'True'
    if (pod.metadata.deletionTimestamp !== undefined || isLost) world.remove(Pod, pod)
    else if (!pod.spec.nodeName && world.get(Node, nodeName!) !== undefined) bind(world, pod)
    else if (pod.spec.nodeName && isPodActive(pod) && !isReady)
      world.change(Pod, pod.metadata.name, namespace, { status: { phase: 'Running', conditions: readiness('True', world.now) } })
    else continue
    isBusy = true
  }
  return isBusy
}

function checkWish(world: World): void {
  const { status } = world.get(DaemonSet, 'logs', namespace)!
  const all = [...standing(world)]
  const wanted = all.filter(([, { isWanted }]) => isWanted)
  for (const [name, { isWanted, mayStay, live, byHash, available }] of all) {
    if (isWanted) assert.deepEqual([live, byHash.size, available], [1, 1, 1], `one pod on ${name}`)
    else assert.ok(live <= (mayStay ? 1 : 0), `no pod on ${name}`)
  }
  const hashes = new Set(wanted.flatMap(([, { byHash }]) => [...byHash.keys()]))
  assert.ok(hashes.size <= 1, 'all of one template')
  assert.equal(status.desiredNumberScheduled, wanted.length)
  assert.equal(status.currentNumberScheduled, wanted.length)
  assert.equal(status.updatedNumberScheduled ?? 0, wanted.length)
  assert.equal(status.numberAvailable ?? 0, wanted.length)
  assert.equal(status.numberUnavailable ?? 0, 0)
}
