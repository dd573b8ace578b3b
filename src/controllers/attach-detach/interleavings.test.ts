import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Node } from '#api/core/v1/node.ts'
import { PersistentVolume } from '#api/core/v1/persistent-volume.ts'
import { PersistentVolumeClaim } from '#api/core/v1/persistent-volume-claim.ts'
import { Pod } from '#api/core/v1/pod.ts'
import { CSIDriver } from '#api/storage/v1/csi-driver.ts'
import { VolumeAttachment } from '#api/storage/v1/volume-attachment.ts'
import { WherryError } from '#lib/errors.ts'
import type { Single } from '#loop/controller.ts'
import { inOrder } from '#loop/in-order.ts'
import { lateCache } from '../testing/late-cache.ts'
import { namespace, pod } from '../testing/objects.ts'
import { World } from '../testing/world.ts'
import { attachDetachController } from './controller.ts'

/**
 * Pods that use one volume come and go on two nodes; their kubelets report, mount and unmount in the order that they must; the driver's attacher
 * attaches and detaches; the controller looks at caches that are late and is killed after any write. Never is a volume taken from a node that has it
 * mounted, never has it two nodes; in the end a pod that waits has it.
 */
test('whatever the order and wherever it is interrupted: nothing is detached that is mounted', () => {
  fc.assert(
    fc.property(fc.array(step, { minLength: 10, maxLength: 50 }), (steps) => {
      const scene = createScene()
      for (const one of steps) scene.do(one)
      scene.end()
    }),
    { numRuns: 600 },
  )
})

const uniqueName = 'kubernetes.io/csi/disk.example.com^h'
const nodeNames = ['m', 'n'] as const
const nodeName = fc.constantFrom(...nodeNames)
const kinds = [Pod, Node, PersistentVolumeClaim, PersistentVolume, CSIDriver, VolumeAttachment]

const step = fc.oneof(
  /** Everybody does what there is to do, without delay. */
  { weight: 3, arbitrary: fc.record({ do: fc.constant('calm' as const) }) },
  fc.record({ do: fc.constantFrom('run' as const, 'end' as const), node: nodeName, name: fc.constantFrom('p', 'q') }),
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constantFrom('report' as const, 'mount' as const, 'unmount' as const, 'attacher' as const),
      node: nodeName,
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('deliver' as const),
      kind: fc.nat({ max: kinds.length - 1 }),
      changes: fc.integer({ min: -2, max: 5 }),
    }),
  },
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant('look' as const),
      key: fc.constantFrom('volume/v', 'node/m', 'node/n'),
      late: fc.constantFrom(undefined, Pod, Node, VolumeAttachment, VolumeAttachment),
      until: fc.option(fc.nat({ max: 2 }), { nil: undefined }),
    }),
  },
)
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never

function createScene() {
  const world = new World()
  const annotations = { 'volumes.kubernetes.io/controller-managed-attach-detach': 'true' }
  const status = { conditions: [{ type: 'Ready', status: 'True' }], volumesInUse: [], volumesAttached: [] }
  for (const name of nodeNames) world.put(Node, { metadata: { name, annotations }, spec: {}, status })
  world.put(PersistentVolumeClaim, { metadata: { name: 'c', namespace, uid: 'u' }, spec: { volumeName: 'v' }, status: { phase: 'Bound' } })
  world.put(PersistentVolume, {
    metadata: { name: 'v' },
    spec: {
      accessModes: ['ReadWriteOnce'],
      csi: { driver: 'disk.example.com', volumeHandle: 'h' },
      claimRef: { namespace, name: 'c', uid: 'u' },
    },
    status: { phase: 'Bound' },
  })
  const cache = lateCache(world, kinds)
  const mounted = new Set<string>()
  let controller = attachDetachController()

  const attachmentTo = (node: string) => world.list(VolumeAttachment).find(({ spec }) => spec.nodeName === node)
  const isReported = (node: string) => world.get(Node, node)!.status.volumesAttached?.some(({ name }) => name === uniqueName) ?? false
  const isInUse = (node: string) => world.get(Node, node)!.status.volumesInUse?.includes(uniqueName) ?? false
  const hasPod = (node: string) => world.list(Pod).some(({ spec }) => spec.nodeName === node)

  function write(command: Single): void {
    const before = nodeNames.filter(isReported)
    const attachment =
      command.do === 'delete' ? world.list(VolumeAttachment).find(({ metadata }) => metadata.name === command.name) : undefined
    world.do(command)
    cache.note()
    if (attachment !== undefined) {
      assert.ok(!mounted.has(attachment.spec.nodeName), 'a volume is detached that is mounted')
      assert.ok(!isReported(attachment.spec.nodeName), 'a volume is reported that is being detached')
    }
    for (const node of nodeNames.filter((one) => !before.includes(one) && isReported(one))) {
      const its = attachmentTo(node)
      assert.ok(its?.status.attached && its.metadata.deletionTimestamp === undefined, 'a volume is reported that is not attached')
    }
    assert.ok(world.list(VolumeAttachment).length <= 1, 'a volume for one node has two')
  }

  function look(key: string, until: number): void {
    const view = controller.view(key, cache, world.now)
    if (view === undefined) return
    let left = until
    for (const command of inOrder(controller.plan(view).commands)) {
      if (left <= 0) return
      if (command.do !== 'event' && !command.do.startsWith('confirm')) left -= 1
      try {
        write(command)
      } catch (error) {
        if (!(error instanceof WherryError)) throw error
        // One that is there is kept.
        if (command.do !== 'create') return
      }
    }
  }

  /** The attacher holds what it has attached until it has detached it. */
  function attacher(node: string): void {
    const its = attachmentTo(node)
    if (its === undefined) return
    const { name, deletionTimestamp } = its.metadata
    const body =
      deletionTimestamp === undefined
        ? { metadata: { finalizers: ['external-attacher'] }, status: { attached: true } }
        : { metadata: { finalizers: null } }
    world.change(VolumeAttachment, name, undefined, body)
  }

  function kubelet(what: 'report' | 'mount' | 'unmount', node: string): void {
    if (what === 'report' && (hasPod(node) || mounted.has(node)) && !isInUse(node))
      world.change(Node, node, undefined, { status: { volumesInUse: [uniqueName] } })
    // It asks the server for its node, past any cache.
    if (what === 'mount' && hasPod(node) && isInUse(node) && isReported(node)) mounted.add(node)
    if (what === 'unmount' && !hasPod(node)) {
      mounted.delete(node)
      world.change(Node, node, undefined, { status: { volumesInUse: [] } })
    }
  }

  return {
    do(one: Step): void {
      switch (one.do) {
        case 'run':
          if (world.get(Pod, one.name, namespace) === undefined)
            world.put(Pod, pod(one.name, { node: one.node, spec: { volumes: [{ name: 'd', persistentVolumeClaim: { claimName: 'c' } }] } }))
          break
        case 'end': {
          const present = world.get(Pod, one.name, namespace)
          if (present !== undefined) world.remove(Pod, present)
          break
        }
        case 'report':
        case 'mount':
        case 'unmount':
          kubelet(one.do, one.node)
          break
        case 'attacher':
          attacher(one.node)
          break
        case 'calm':
          for (let round = 0; round < 3; round += 1)
            for (const node of nodeNames) {
              attacher(node)
              kubelet('report', node)
              kubelet('mount', node)
              for (const kind of kinds) cache.deliver(kind, Number.POSITIVE_INFINITY)
              look(`node/${node}`, Number.POSITIVE_INFINITY)
              for (const kind of kinds) cache.deliver(kind, Number.POSITIVE_INFINITY)
              look('volume/v', Number.POSITIVE_INFINITY)
            }
          break
        case 'deliver':
          cache.deliver(kinds[one.kind]!, one.changes)
          break
        case 'look':
          for (const kind of kinds) {
            // Attachments are made by this controller alone, and by the loop's promise a key sees its own writes.
            if (kind !== one.late || (one.key === 'volume/v' && kind === VolumeAttachment)) cache.deliver(kind, Number.POSITIVE_INFINITY)
          }
          look(one.key, one.until ?? Number.POSITIVE_INFINITY)
          if (one.until !== undefined) controller = attachDetachController()
      }
      cache.note()
    },
    end(): void {
      for (let round = 0; round < 4; round += 1) {
        for (const node of nodeNames) {
          if (!hasPod(node)) kubelet('unmount', node)
          attacher(node)
        }
        world.settle([attachDetachController()])
      }
      const waiting = nodeNames.filter(hasPod)
      assert.equal(nodeNames.filter(isReported).length, Math.min(1, waiting.length))
      assert.equal(world.list(VolumeAttachment).length, Math.min(1, waiting.length))
    },
  }
}
