import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Deployment } from '#api/apps/v1/deployment.ts'
import { ReplicaSet } from '#api/apps/v1/replica-set.ts'
import { Pod } from '#api/core/v1/pod.ts'
import { WherryError } from '#lib/errors.ts'
import { conditionOf } from '../common/conditions.ts'
import { replicaSetController } from '../replicaset/controller.ts'
import { controlledBy, namespace, template } from '../testing/objects.ts'
import { show, World } from '../testing/world.ts'
import { deploymentController as controller } from './controller.ts'
import { rollbackAnnotation, templateHash } from './revision.ts'

const key = `${namespace}/web`

// A set is name: revision of the template (v1, v2 …), replicas, available, by age. `desired` is its annotation.
rolls('makes the first set as large as it may be', { replicas: 3, image: 'v1', sets: [] }, ['+v1 3'])
rolls('makes the next set as large as the surge allows', { replicas: 4, image: 'v2', sets: ['v1 4/4'] }, ['v1 3', '+v2 1'])
rolls('surge and unavailability are percentages', { replicas: 10, image: 'v2', sets: ['v1 10/10'] }, ['v1 8', '+v2 3'])
rolls('numbers too', { replicas: 4, image: 'v2', surge: 2, unavailable: 0, sets: ['v1 4/4'] }, ['+v2 2'])
rolls('both zero: one may be missing', { replicas: 4, image: 'v2', surge: 0, unavailable: 0, sets: ['v1 4/4'] }, ['v1 3', '+v2 0'])
rolls('one replica: percentages never leave none', { replicas: 1, image: 'v2', sets: ['v1 1/1'] }, ['+v2 1'])
rolls('goes on when new pods are available', { replicas: 4, image: 'v2', sets: ['v1 3/3', 'v2 2/2'] }, ['v1 1'])
rolls('waits while they are not', { replicas: 4, image: 'v2', sets: ['v1 3/3', 'v2 2/0'] }, [])
rolls('grows the new before it shrinks the old', { replicas: 4, image: 'v2', sets: ['v1 1/1', 'v2 2/2'] }, ['v2 4'])
rolls('takes what does not work first', { replicas: 4, image: 'v3', sets: ['v1 2/2', 'v2 2/0', 'v3 1/1'] }, ['v2 0'])
rolls('does not count on pods that are about to go', { replicas: 2, image: 'v2', surge: 2, unavailable: 0, sets: ['v1 3/6', 'v2 1/0'] }, [
  'v1 2',
])
rolls('shrinks a new set that is too large', { replicas: 2, image: 'v1', sets: ['v1 3/3 desired=2'] }, ['v1 2'])
rolls('back to an older template reuses its set', { replicas: 2, image: 'v1', sets: ['v1 0/0', 'v2 2/2'] }, ['v1 1'])
rolls('scales a single active set', { replicas: 5, image: 'v1', sets: ['v1 3/3 desired=3'] }, ['v1 5'])
rolls('scales each set by its share', { replicas: 20, image: 'v2', sets: ['v1 8/8 desired=10', 'v2 5/5 desired=10'] }, ['v1 15', 'v2 10'])
rolls('scales down by share', { replicas: 5, image: 'v2', sets: ['v1 8/8 desired=10', 'v2 5/5 desired=10'] }, ['v1 4', 'v2 3'])
rolls('scales while paused', { replicas: 4, image: 'v2', paused: true, sets: ['v1 2/2 desired=2'] }, ['v1 4'])
rolls('does not roll while paused', { replicas: 2, image: 'v2', paused: true, sets: ['v1 2/2'] }, [])
rolls('Recreate takes all old pods away', { replicas: 2, image: 'v2', recreate: true, sets: ['v1 2/2'] }, ['v1 0'])
rolls('Recreate waits for the last old pod', { replicas: 2, image: 'v2', recreate: true, sets: ['v1 0/0 pods=1'] }, [])
rolls('Recreate then makes the new ones', { replicas: 2, image: 'v2', recreate: true, sets: ['v1 0/0'] }, ['+v2 2'])
rolls(
  'Recreate of a Deployment that was scaled goes on',
  { replicas: 3, image: 'v2', recreate: true, sets: ['v1 1/1 desired=2', 'v2 1/1 desired=2'] },
  [],
)

test('numbers revisions, also on the way back', () => {
  const world = given({ replicas: 2, image: 'v1', sets: [] })
  run(world)
  world.change(Deployment, 'web', namespace, { spec: { template: template('v2') } })
  run(world)
  assert.deepEqual(revisions(world), { v1: '1', v2: '2', deployment: '2' })
  world.change(Deployment, 'web', namespace, { spec: { template: template('v1') } })
  run(world)
  assert.deepEqual(revisions(world), { v1: '3 (1)', v2: '2', deployment: '3' })
})

goesBack('to the last revision', '0', 'v2', 'event Normal DeploymentRollback Rolled back deployment "web" to revision 2')
goesBack('to a revision', '1', 'v1', 'event Normal DeploymentRollback Rolled back deployment "web" to revision 1')
goesBack(
  'to no revision that there is',
  '7',
  'v3',
  'event Warning DeploymentRollbackRevisionNotFound Unable to find the revision to rollback to.',
)
goesBack(
  'to the present one',
  '3',
  'v3',
  'event Warning DeploymentRollbackTemplateUnchanged The rollback revision contains the same template as current deployment "web"',
)
goesBack('to nothing that can be read', 'last', 'v3', undefined)

test('goes back nowhere where there was nothing before', () => {
  const world = given({ replicas: 2, image: 'v1', sets: ['v1 2/2'] })
  world.change(Deployment, 'web', namespace, { metadata: { annotations: { [rollbackAnnotation]: '0' } } })
  run(world)
  assert.deepEqual(world.events.filter(({ reason }) => reason.startsWith('DeploymentRollback')).map(show), [
    'event Warning DeploymentRollbackRevisionNotFound Unable to find last revision.',
  ])
})

test('what it asks for meanwhile is a revision too, before it goes back from it', () => {
  const world = given({ replicas: 2, image: 'v2', sets: ['v1 2/2'] })
  world.change(Deployment, 'web', namespace, { metadata: { annotations: { [rollbackAnnotation]: '0' } } })
  run(world)
  assert.deepEqual(revisions(world), { v1: '3 (1)', v2: '2', deployment: '3' })
})

test('a set of a Deployment with a long name has a name that is not too long', () => {
  const world = new World()
  const { metadata, spec } = given({ replicas: 1, image: 'v1', sets: [] }).get(Deployment, 'web', namespace)!
  const name = 'a'.repeat(253)
  world.put(Deployment, { metadata: { ...metadata, name }, spec, status: {} })
  world.pass(controller, `${namespace}/${name}`)
  const [set] = world.list(ReplicaSet)
  assert.equal(set!.metadata.name.length, 253)
  assert.ok(set!.metadata.name.endsWith(`a-${templateHash(template('v1') as never, undefined)}`))
})

test('another failure of a set keeps the time since which there is one', () => {
  const world = given({ replicas: 2, image: 'v1', sets: ['v1 2/2'] })
  const fail = (reason: string, lastTransitionTime: string) => {
    const conditions = [{ type: 'ReplicaFailure', status: 'True', reason, message: reason, lastTransitionTime }]
    world.change(ReplicaSet, 'web-v1', namespace, { status: { conditions } })
    world.pass(controller, key)
    return conditionOf(world.get(Deployment, 'web', namespace)!.status.conditions, 'ReplicaFailure')!
  }
  fail('FailedCreate', '2026-01-01T00:00:00Z')
  const second = fail('FailedDelete', '2026-01-02T00:00:00Z')
  assert.deepEqual(
    [second.reason, second.lastTransitionTime, second.lastUpdateTime],
    ['FailedDelete', '2026-01-01T00:00:00Z', '2026-01-02T00:00:00Z'],
  )
})

test('tells of each change of size', () => {
  const world = given({ replicas: 2, image: 'v1', sets: [] })
  run(world)
  const hash = templateHash(template('v1') as never, undefined)
  assert.deepEqual(world.events.filter(({ reason }) => reason === 'ScalingReplicaSet').map(show), [
    `event Normal ScalingReplicaSet Scaled up replica set web-${hash} from 0 to 2`,
  ])
  const { metadata, spec } = world.get(ReplicaSet, `web-${hash}`, namespace)!
  assert.deepEqual(metadata.annotations, {
    'deployment.kubernetes.io/revision': '1',
    'deployment.kubernetes.io/desired-replicas': '2',
    'deployment.kubernetes.io/max-replicas': '3',
    note: 'kept',
  })
  assert.deepEqual(spec.selector.matchLabels, { app: 'web', 'pod-template-hash': hash })
  assert.match(hash, /^[bcdfghjklmnpqrstvwxz2456789]+$/)
})

test('reports availability and progress with the words of the reference', () => {
  const world = given({ replicas: 1, image: 'v1', sets: [] })
  const told: string[] = []
  run(world, () => {
    for (const { type, status, reason, message } of world.get(Deployment, 'web', namespace)!.status.conditions ?? []) {
      const line = `${type}=${status} ${reason}: ${message}`
      if (!told.includes(line)) told.push(line)
    }
  })
  const name = `web-${templateHash(template('v1') as never, undefined)}`
  assert.deepEqual(told, [
    `Progressing=True NewReplicaSetCreated: Created new replica set "${name}"`,
    'Available=False MinimumReplicasUnavailable: Deployment does not have minimum availability.',
    `Progressing=True ReplicaSetUpdated: ReplicaSet "${name}" is progressing.`,
    'Available=True MinimumReplicasAvailable: Deployment has minimum availability.',
    `Progressing=True NewReplicaSetAvailable: ReplicaSet "${name}" has successfully progressed.`,
  ])
})

test('gives up when the deadline has passed, not before', () => {
  const world = given({ replicas: 1, image: 'v1', sets: [], deadlineSeconds: 60 })
  const wakeAt = world.settle([controller])
  assert.equal(wakeAt, world.now + 60_001)
  world.now = wakeAt - 1
  world.settle([controller])
  assert.equal(progressing(world)?.reason, 'NewReplicaSetCreated')
  world.now = wakeAt
  assert.equal(world.settle([controller]), Infinity)
  assert.equal(progressing(world)?.reason, 'ProgressDeadlineExceeded')
  assert.equal(progressing(world)?.status, 'False')
  assert.match(progressing(world)?.message ?? '', /^ReplicaSet "web-\w+" has timed out progressing\.$/)
})

test('the deadline stands still while paused', () => {
  const world = given({ replicas: 1, image: 'v1', sets: [], deadlineSeconds: 60 })
  world.settle([controller])
  world.change(Deployment, 'web', namespace, { spec: { paused: true } })
  assert.equal(world.settle([controller]), Infinity)
  assert.equal(progressing(world)?.reason, 'DeploymentPaused')
  world.now += 3600_000
  world.change(Deployment, 'web', namespace, { spec: { paused: null } })
  assert.equal(world.settle([controller]), world.now + 60_001)
  assert.equal(progressing(world)?.reason, 'DeploymentResumed')
})

test('keeps as much history as asked for, and never a set with pods less', () => {
  const world = given({ replicas: 1, image: 'v5', history: 2, sets: ['v1 0/0', 'v2 0/0', 'v3 0/0', 'v4 0/0', 'v5 1/1'] })
  run(world)
  assert.deepEqual(names(world), ['v3', 'v4', 'v5'])
})

test('does not delete history that nobody has counted yet', () => {
  const world = given({ replicas: 1, image: 'v2', history: 0, sets: ['v1 0/0', 'v2 1/1'] })
  world.change(ReplicaSet, 'web-v1', namespace, { status: { observedGeneration: null } })
  for (let i = 0; i < 3; i += 1) world.pass(controller, key)
  assert.deepEqual(names(world), ['v1', 'v2'])
})

test('finds another name when another set has it', () => {
  const world = given({ replicas: 1, image: 'v1', sets: [] })
  const taken = templateHash(template('v1') as never, undefined)
  world.put(ReplicaSet, {
    metadata: { name: `web-${taken}`, namespace, ownerReferences: [controlledBy('Deployment', 'stranger')] },
    spec: { replicas: 0, selector: {}, template: template('other') },
    status: { replicas: 0 },
  })
  run(world)
  assert.equal(world.get(Deployment, 'web', namespace)!.status.collisionCount, 1)
  const other = templateHash(template('v1') as never, 1)
  assert.notEqual(other, taken)
  assert.equal(world.get(ReplicaSet, `web-${other}`, namespace)!.status.replicas, 1)
})

test('says why it cannot make a set', () => {
  const world = given({ replicas: 1, image: 'v1', sets: [] })
  world.refuse = (command) => (command.do === 'create' ? new WherryError('Forbidden', 'no more sets') : undefined)
  world.pass(controller, key)
  assert.match(show(world.events[0]!), /^event Warning ReplicaSetCreateError Failed to create new replica set "web-\w+": no more sets$/)
  assert.equal(progressing(world)?.reason, 'ReplicaSetCreateError')
})

test('refuses to select everything, once', () => {
  const world = given({ replicas: 1, image: 'v1', sets: [] })
  world.change(Deployment, 'web', namespace, { spec: { selector: { matchLabels: null } } })
  world.settle([controller])
  assert.deepEqual(
    world.events.map(({ reason }) => reason),
    ['SelectingAll'],
  )
  assert.equal(world.list(ReplicaSet).length, 0)
})

test('makes nothing while being deleted', () => {
  const world = given({ replicas: 1, image: 'v1', sets: [] })
  world.change(Deployment, 'web', namespace, {
    metadata: { deletionTimestamp: '2026-01-01T00:00:00Z', finalizers: ['foregroundDeletion'] },
  })
  world.settle([controller])
  assert.equal(world.list(ReplicaSet).length, 0)
})

test('never leaves the bounds of surge and unavailability, whatever the pods do', () => {
  const step = fc.oneof(
    { weight: 8, arbitrary: fc.record({ ready: fc.nat(20) }) },
    { weight: 2, arbitrary: fc.record({ unready: fc.nat(20) }) },
    { weight: 1, arbitrary: fc.record({ lose: fc.nat(20) }) },
    { weight: 8, arbitrary: fc.constant({ pass: 0 }) },
    { weight: 1, arbitrary: fc.record({ image: fc.integer({ min: 1, max: 4 }) }) },
  )
  const bound = fc.oneof(fc.nat(3), fc.constantFrom('0%', '25%', '50%', '100%'))
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 8 }), bound, bound, fc.array(step, { maxLength: 80 }), (replicas, surge, unavailable, steps) => {
      const world = given({ replicas, image: 'v0', surge, unavailable, sets: [] })
      run(world)
      const maxSurge = typeof surge === 'number' ? surge : Math.ceil((Number.parseInt(surge, 10) * replicas) / 100)
      const asked = typeof unavailable === 'number' ? unavailable : Math.floor((Number.parseInt(unavailable, 10) * replicas) / 100)
      const maxUnavailable = Math.min(replicas, asked === 0 && maxSurge === 0 ? 1 : asked)
      for (const step of steps) {
        const pods = world.list(Pod)
        const [what, at] = Object.entries(step)[0] as [string, number]
        const target = pods[at % pods.length]
        if (what === 'image') world.change(Deployment, 'web', namespace, { spec: { template: template(`v${at}`) } })
        else if (what === 'ready' && target !== undefined) makeReady(world, target)
        else if (what === 'unready' && target !== undefined)
          world.change(Pod, target.metadata.name, namespace, { status: { conditions: [] } })
        else if (what === 'lose' && target !== undefined) world.remove(Pod, target)
        else if (what === 'pass') {
          countPods(world)
          const available = world.list(Pod).filter(isReady).length
          world.pass(controller, key)
          for (const set of world.list(ReplicaSet)) world.pass(replicaSetController, `${namespace}/${set.metadata.name}`)
          const wanted = world.list(ReplicaSet).reduce((sum, set) => sum + set.spec.replicas, 0)
          assert.ok(wanted <= replicas + maxSurge, `${wanted} pods wanted, ${replicas} + ${maxSurge} allowed`)
          assert.ok(world.list(Pod).length <= replicas + maxSurge, 'more pods than the surge allows')
          const left = world.list(Pod).filter(isReady).length
          assert.ok(
            left >= Math.min(available, replicas - maxUnavailable),
            `${left} of ${available} left, at least ${replicas - maxUnavailable}`,
          )
        }
      }
      run(world)
      const status = world.get(Deployment, 'web', namespace)!.status
      assert.equal(status.updatedReplicas, replicas)
      assert.equal(status.availableReplicas, replicas)
      assert.equal(progressing(world)?.reason, 'NewReplicaSetAvailable')
    }),
    { numRuns: 100 },
  )
})

interface Given {
  readonly replicas: number
  readonly image: string
  readonly sets: readonly string[]
  readonly surge?: number | string
  readonly unavailable?: number | string
  readonly paused?: boolean
  readonly recreate?: boolean
  readonly history?: number
  readonly deadlineSeconds?: number
}

function given(facts: Given): World {
  const world = new World()
  const rollingUpdate = { maxSurge: facts.surge ?? '25%', maxUnavailable: facts.unavailable ?? '25%' }
  world.put(Deployment, {
    metadata: { name: 'web', namespace, uid: 'd', generation: 1, labels: { app: 'web' }, annotations: { note: 'kept' } },
    spec: {
      replicas: facts.replicas,
      selector: { matchLabels: { app: 'web' } },
      template: template(facts.image),
      strategy: facts.recreate ? { type: 'Recreate' } : { type: 'RollingUpdate', rollingUpdate },
      revisionHistoryLimit: facts.history ?? 10,
      progressDeadlineSeconds: facts.deadlineSeconds ?? 600,
      ...(facts.paused ? { paused: true } : {}),
    },
    status: { replicas: facts.sets.length, observedGeneration: 1 },
  })
  for (const [at, text] of facts.sets.entries()) {
    const [, image = '', replicas, available, desired = facts.replicas, pods] =
      /^(\w+) (\d+)\/(\d+)(?: desired=(\d+))?(?: pods=(\d+))?$/.exec(text)!
    const labels = { app: 'web', 'pod-template-hash': image }
    const surge = facts.recreate ? 0 : Math.ceil(Number(desired) / 4)
    world.put(ReplicaSet, {
      metadata: {
        name: `web-${image}`,
        namespace,
        uid: `set-${image}`,
        generation: 1,
        labels,
        creationTimestamp: `2025-01-0${at + 1}T00:00:00Z`,
        ownerReferences: [controlledBy('Deployment', 'd', 'web')],
        annotations: {
          note: 'kept',
          'deployment.kubernetes.io/revision': image.slice(1),
          'deployment.kubernetes.io/desired-replicas': `${desired}`,
          'deployment.kubernetes.io/max-replicas': `${Number(desired) + surge}`,
        },
      },
      spec: { replicas: Number(replicas), selector: { matchLabels: labels }, template: template(image, labels) },
      status: {
        replicas: Number(replicas),
        availableReplicas: Number(available),
        readyReplicas: Number(available),
        observedGeneration: 1,
        terminatingReplicas: 0,
      },
    })
    for (let i = 0; i < Number(pods ?? replicas); i += 1) {
      const owned = { labels, ownerReferences: [controlledBy('ReplicaSet', `set-${image}`, `web-${image}`)] }
      const conditions = i < Number(available) ? [readyCondition] : []
      world.put(Pod, {
        metadata: { name: `${image}-${i}`, namespace, ...owned },
        spec: { nodeName: 'n' },
        status: { phase: 'Running', conditions },
      })
    }
  }
  return world
}

const readyCondition = { type: 'Ready', status: 'True', lastTransitionTime: '2026-01-01T00:00:00Z' }

const isReady = (pod: Pod): boolean =>
  pod.metadata.deletionTimestamp === undefined && conditionOf(pod.status.conditions, 'Ready')?.status === 'True'
const makeReady = (world: World, { metadata }: Pod) =>
  world.change(Pod, metadata.name, namespace, { spec: { nodeName: 'n' }, status: { phase: 'Running', conditions: [readyCondition] } })

/** The sets' counts, which the plan reads, are those of this moment: as when the ReplicaSet controller has just run. */
function countPods(world: World): void {
  for (const pod of world.list(Pod)) if (pod.metadata.deletionTimestamp !== undefined) world.remove(Pod, pod)
  for (const set of world.list(ReplicaSet)) world.pass(replicaSetController, `${namespace}/${set.metadata.name}`)
}

/** Both controllers and a node that brings every pod up, until all is still. */
function run(world: World, seen: () => void = () => {}): void {
  for (let round = 0; round < 60; round += 1) {
    const before = world.history.length
    let moved = false
    for (let pass = 0; pass < 2; pass += 1) {
      world.pass(controller, key)
      seen()
      for (const set of world.list(ReplicaSet)) world.pass(replicaSetController, `${namespace}/${set.metadata.name}`)
    }
    for (const pod of world.list(Pod)) {
      if (pod.metadata.deletionTimestamp === undefined && isReady(pod)) continue
      moved = true
      if (pod.metadata.deletionTimestamp !== undefined) world.remove(Pod, pod)
      else makeReady(world, pod)
    }
    if (world.history.length === before && !moved) break
  }
  world.settle([controller, replicaSetController])
}

const progressing = (world: World) => conditionOf(world.get(Deployment, 'web', namespace)!.status.conditions, 'Progressing')
const imageOf = (set: ReplicaSet) => set.spec.template.spec!.containers[0]!.image!
const names = (world: World): string[] => world.list(ReplicaSet).map(imageOf).toSorted()

function revisions(world: World): Record<string, string> {
  const revision = 'deployment.kubernetes.io/revision'
  const shown = world.list(ReplicaSet).map((set) => {
    const { [revision]: own, 'deployment.kubernetes.io/revision-history': history } = set.metadata.annotations ?? {}
    return [imageOf(set), history === undefined ? own : `${own} (${history})`]
  })
  return { ...Object.fromEntries(shown), deployment: world.get(Deployment, 'web', namespace)!.metadata.annotations?.[revision] }
}

/** One pass over the Deployment; what it does to the sets' sizes: `v1 3` is a change, `+v2 1` a new set. */
function rolls(name: string, facts: Given, expected: readonly string[]): void {
  test(name, () => {
    const world = given(facts)
    const { commands } = world.pass(controller, key)
    const shown = commands.flatMap((command) => {
      if (command.do === 'create') {
        const { spec } = command.object as ReplicaSet
        return [`+${spec.template.spec!.containers[0]!.image} ${spec.replicas}`]
      }
      if (command.do !== 'patch' || command.kind !== ReplicaSet) return []
      const { spec } = command.body as { spec?: { replicas?: number } }
      return spec?.replicas === undefined ? [] : [`${command.name.slice('web-'.length)} ${spec.replicas}`]
    })
    assert.deepEqual(shown.toSorted(), expected.toSorted())
  })
}

/** From the third revision; what of its annotations and template is left, and what is told. */
function goesBack(name: string, asked: string, image: string, event: string | undefined): void {
  test(`goes back ${name}`, () => {
    const world = given({ replicas: 2, image: 'v3', sets: ['v1 0/0', 'v2 0/0', 'v3 2/2'] })
    world.change(ReplicaSet, 'web-v2', namespace, { metadata: { annotations: { note: 'of v2' } } })
    world.change(Deployment, 'web', namespace, { metadata: { annotations: { [rollbackAnnotation]: asked } } })
    run(world)
    const { spec, metadata } = world.get(Deployment, 'web', namespace)!
    assert.equal(spec.template.spec!.containers[0]!.image, image)
    assert.deepEqual(spec.template.metadata!.labels, { app: 'web' })
    assert.equal(metadata.annotations![rollbackAnnotation], event === undefined ? asked : undefined)
    assert.equal(metadata.annotations!['note'], image === 'v2' ? 'of v2' : 'kept')
    assert.deepEqual(
      world.events.filter(({ reason }) => reason.startsWith('DeploymentRollback')).map(show),
      event === undefined ? [] : [event],
    )
  })
}
