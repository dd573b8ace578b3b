import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { PersistentVolume } from '#api/core/v1/persistent-volume.ts'
import { PersistentVolumeClaim } from '#api/core/v1/persistent-volume-claim.ts'
import { Pod } from '#api/core/v1/pod.ts'
import type { KubeObject } from '#api/kind.ts'
import { StorageClass } from '#api/storage/v1/storage-class.ts'
import { WherryError } from '#lib/errors.ts'
import type { Controller, Single } from '#loop/controller.ts'
import { inOrder } from '#loop/in-order.ts'
import { pvProtectionController } from '../pv-protection/controller.ts'
import { pvcProtectionController } from '../pvc-protection/controller.ts'
import { lateCache } from '../testing/late-cache.ts'
import { namespace } from '../testing/objects.ts'
import { World } from '../testing/world.ts'
import { persistentVolumeBinder } from './controller.ts'
import { claim, volume } from './testing.ts'

/**
 * Claims and volumes come and go, users set some aside for others, a provisioner makes more; meanwhile the binder looks at caches that are late,
 * each kind by its own time, without even seeing its own writes, and is killed after any write. After every write: one claim has one volume and
 * one volume one claim, what is bound stays so as long as both live, and nobody is told of a loss that is none. In the end all is bound that can be.
 */
test('whatever the order and wherever it is interrupted: a claim has its volume, a volume its claim', () => {
  fc.assert(
    fc.property(fc.array(step, { minLength: 20, maxLength: 80 }), (steps) => {
      const scene = createScene()
      for (const one of steps) scene.do(one)
      scene.end()
    }),
    { numRuns: 1500 },
  )
})

const names = ['a', 'b'] as const
const volumeNames = ['u', 'v', 'w'] as const
const name = fc.constantFrom(...names)
const volumeName = fc.constantFrom(...volumeNames)
const someName = fc.option(name, { nil: undefined })
const keys = [...names.map((one) => `${namespace}/${one}`), ...volumeNames, ...names.map((one) => `pvc-${one}`)]
const kinds = [PersistentVolumeClaim, PersistentVolume, StorageClass, Pod]

const step = fc.oneof(
  fc.record({ do: fc.constant('claim' as const), name, asks: fc.option(volumeName, { nil: undefined }), isDynamic: fc.boolean() }),
  fc.record({
    do: fc.constant('volume' as const),
    name: volumeName,
    isFor: someName,
    policy: fc.constantFrom('Retain' as const, 'Delete' as const, 'Recycle' as const),
  }),
  fc.record({ do: fc.constant('delete claim' as const), name }),
  fc.record({ do: fc.constant('delete volume' as const), name: volumeName }),
  fc.record({ do: fc.constant('destroy volume' as const), name: volumeName }),
  fc.record({ do: fc.constant('clear' as const), name: volumeName }),
  fc.record({ do: fc.constant('provision' as const), name }),
  fc.record({ do: fc.constant('empty' as const), name: volumeName }),
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('deliver' as const),
      kind: fc.nat({ max: kinds.length - 1 }),
      changes: fc.integer({ min: -4, max: 6 }),
    }),
  },
  /** All that waits is looked at, while one kind stays as late as it is. */
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant('round' as const),
      late: fc.option(fc.nat({ max: kinds.length - 1 }), { nil: undefined }),
      from: fc.nat({ max: keys.length - 1 }),
      until: fc.option(fc.nat({ max: 6 }), { nil: undefined }),
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('look' as const),
      key: fc.constantFrom(...keys),
      which: fc.constantFrom('binder' as const, 'binder' as const, 'binder' as const, 'protection' as const),
      /** Writes after which the process is killed. */
      until: fc.option(fc.nat({ max: 3 }), { nil: undefined }),
    }),
  },
)
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never

function createScene() {
  const world = new World()
  world.put(StorageClass, { metadata: { name: 'dynamic' }, provisioner: 'disk.example.com', volumeBindingMode: 'Immediate' })
  const cache = lateCache(world, kinds)
  let binder = persistentVolumeBinder()

  /** What clients may do at any time; what is refused has not happened. */
  function attempt(act: () => unknown): void {
    const before = stateOf(world)
    try {
      act()
    } catch (error) {
      if (!(error instanceof WherryError)) throw error
    }
    cache.note()
    check(before, world, false)
  }

  function write(command: Single): KubeObject | undefined {
    const before = stateOf(world)
    const answer = world.do(command)
    cache.note()
    check(before, world, true)
    return answer
  }

  function look(controller: Controller<unknown>, key: string, left: { writes: number }): void {
    if (left.writes < 0) return
    const view = controller.view(key, cache, world.now)
    if (view === undefined) return
    for (const command of inOrder(controller.plan(view).commands)) {
      if (command.do !== 'event' && !command.do.startsWith('confirm')) left.writes -= 1
      if (left.writes < 0) return
      let answer: KubeObject | undefined
      try {
        answer = write(command)
      } catch (error) {
        if (error instanceof WherryError) return
        throw error
      }
      if (answer === undefined) continue
      for (const further of inOrder(controller.answered?.(view, command, answer) ?? [])) {
        left.writes -= 1
        if (left.writes < 0) return
        try {
          write(further)
        } catch (error) {
          if (!(error instanceof WherryError)) throw error
        }
      }
    }
  }

  const remove = (kind: typeof PersistentVolume | typeof PersistentVolumeClaim, object: KubeObject | undefined) => {
    if (object === undefined) return
    const { name, namespace, uid } = object.metadata
    world.do({ do: 'delete', kind, name, uid, ...(namespace !== undefined && { namespace }) })
  }

  return {
    do(one: Step): void {
      switch (one.do) {
        case 'claim':
          attempt(() => {
            if (world.get(PersistentVolumeClaim, one.name, namespace) !== undefined) return
            const facts = { ...(one.asks === undefined ? {} : { volume: one.asks }), ...(one.isDynamic ? { className: 'dynamic' } : {}) }
            const { metadata, ...rest } = claim(one.name, facts)
            world.put(PersistentVolumeClaim, { ...rest, metadata: { ...metadata, finalizers: ['kubernetes.io/pvc-protection'] } })
          })
          break
        case 'volume':
          attempt(() => {
            if (world.get(PersistentVolume, one.name) !== undefined) return
            const facts = { policy: one.policy, finalizers, source, ...(one.isFor === undefined ? {} : { claim: [one.isFor] as const }) }
            world.put(PersistentVolume, volume(one.name, facts))
          })
          break
        case 'delete claim':
          attempt(() => remove(PersistentVolumeClaim, world.get(PersistentVolumeClaim, one.name, namespace)))
          break
        case 'delete volume':
          attempt(() => remove(PersistentVolume, world.get(PersistentVolume, one.name)))
          break
        // Its user takes the finalizers away.
        case 'destroy volume':
          attempt(() => {
            const present = world.get(PersistentVolume, one.name)
            if (present !== undefined) world.remove(PersistentVolume, present)
          })
          break
        case 'clear':
          attempt(() => {
            const present = world.get(PersistentVolume, one.name)
            if (present?.status.phase === 'Released') world.change(PersistentVolume, one.name, undefined, { spec: { claimRef: null } })
          })
          break
        case 'provision':
          attempt(() => provision(world, one.name))
          break
        case 'empty':
          attempt(() => world.change(Pod, `recycler-for-${one.name}`, 'default', { status: { phase: 'Succeeded' } }))
          break
        case 'deliver':
          cache.deliver(kinds[one.kind]!, one.changes)
          break
        case 'round': {
          kinds.forEach((kind, at) => {
            if (at !== one.late) cache.deliver(kind, Number.POSITIVE_INFINITY)
          })
          const left = { writes: one.until ?? Number.POSITIVE_INFINITY }
          for (const key of [...keys.slice(one.from), ...keys.slice(0, one.from)]) look(binder as Controller<unknown>, key, left)
          if (left.writes < 0) binder = persistentVolumeBinder()
          break
        }
        case 'look': {
          const left = { writes: one.until ?? Number.POSITIVE_INFINITY }
          if (one.which === 'binder') look(binder as Controller<unknown>, one.key, left)
          else look((one.key.includes('/') ? pvcProtectionController : pvProtectionController) as Controller<unknown>, one.key, left)
          if (left.writes < 0) binder = persistentVolumeBinder()
        }
      }
    },
    end(): void {
      world.settle([persistentVolumeBinder(), pvProtectionController, pvcProtectionController])
      checkEnd(world)
    },
  }
}

const finalizers = ['kubernetes.io/pv-protection']
const source = { hostPath: { path: '/data' } }

/** As an external provisioner does: one volume for a claim that names it, bound to it by uid. */
function provision(world: World, of: string): void {
  const present = world.get(PersistentVolumeClaim, of, namespace)
  const isMine = present?.metadata.annotations?.['volume.kubernetes.io/storage-provisioner'] === 'disk.example.com'
  if (present === undefined || !isMine || present.spec.volumeName || world.get(PersistentVolume, `pvc-${of}`) !== undefined) return
  const annotations = { 'pv.kubernetes.io/provisioned-by': 'disk.example.com' }
  const facts = { policy: 'Delete', className: 'dynamic', claim: [of, present.metadata.uid], annotations, finalizers } as const
  world.put(PersistentVolume, volume(`pvc-${of}`, facts))
}

interface State {
  readonly claims: readonly PersistentVolumeClaim[]
  readonly volumes: readonly PersistentVolume[]
}
const stateOf = (world: World): State => ({ claims: world.list(PersistentVolumeClaim), volumes: world.list(PersistentVolume) })

function check(before: State, world: World, isOurs: boolean): void {
  const now = stateOf(world)
  if (isOurs) {
    for (const { metadata, spec, status } of now.claims) {
      const was = before.claims.find((one) => one.metadata.uid === metadata.uid)
      if (was === undefined || (was.spec.volumeName === spec.volumeName && (status.phase !== 'Bound' || was.status.phase === 'Bound')))
        continue
      const its = now.volumes.find((one) => one.metadata.name === spec.volumeName)
      assert.equal(its?.spec.claimRef?.uid, metadata.uid, `${metadata.name} is bound to a volume that is not its own`)
    }
  }
  for (const was of before.claims) {
    const is = now.claims.find(({ metadata }) => metadata.uid === was.metadata.uid)
    if (is === undefined) continue
    if (was.spec.volumeName) assert.equal(is.spec.volumeName, was.spec.volumeName, 'a claim has left its volume')
    if (isOurs && is.status.phase === 'Lost' && was.status.phase !== 'Lost') {
      const its = now.volumes.find(({ metadata }) => metadata.name === is.spec.volumeName)
      assert.ok(
        its === undefined || (its.spec.claimRef !== undefined && its.spec.claimRef.uid !== is.metadata.uid),
        'a claim is called lost that is not',
      )
    }
  }
  if (!isOurs) return
  for (const was of before.volumes) {
    const { claimRef } = was.spec
    const owner = before.claims.find(({ metadata }) => metadata.uid === claimRef?.uid)
    if (owner === undefined || owner.spec.volumeName !== was.metadata.name) continue
    const is = now.volumes.find(({ metadata }) => metadata.uid === was.metadata.uid)
    assert.ok(is !== undefined, 'a volume is gone whose claim is there')
    assert.equal(is.spec.claimRef?.uid, claimRef?.uid, 'a volume has left its claim')
    assert.notEqual(is.status.phase === 'Released' && was.status.phase !== 'Released', true, 'a volume is released whose claim is there')
  }
}

function checkEnd(world: World): void {
  const { claims, volumes } = stateOf(world)
  for (const { metadata, spec, status } of claims) {
    const its = volumes.find((one) => one.metadata.name === spec.volumeName)
    const hasIt = its !== undefined && its.spec.claimRef?.uid === metadata.uid
    if (hasIt) assert.equal(status.phase, 'Bound', `${metadata.name} has ${spec.volumeName}`)
    if (status.phase === 'Bound') assert.ok(hasIt, `${metadata.name} is bound to nothing`)
    if (status.phase !== 'Pending' || spec.volumeName) continue
    const free = volumes.find(
      (one) =>
        one.status.phase === 'Available' &&
        one.metadata.deletionTimestamp === undefined &&
        (one.spec.storageClassName ?? '') === (spec.storageClassName ?? '') &&
        one.spec.claimRef === undefined,
    )
    assert.equal(free, undefined, `${metadata.name} waits, and nobody has ${free?.metadata.name}`)
  }
  for (const { metadata, spec, status } of volumes) {
    const owner = claims.find((one) => one.metadata.uid === spec.claimRef?.uid)
    if (status.phase === 'Bound') assert.equal(owner?.spec.volumeName, metadata.name, `${metadata.name} is bound to nothing`)
    else if (spec.claimRef?.uid && spec.persistentVolumeReclaimPolicy === 'Retain') assert.equal(status.phase, 'Released')
  }
}
