import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Node } from '#api/core/v1/node.ts'
import { PersistentVolume } from '#api/core/v1/persistent-volume.ts'
import { PersistentVolumeClaim } from '#api/core/v1/persistent-volume-claim.ts'
import { Pod } from '#api/core/v1/pod.ts'
import { CSIDriver } from '#api/storage/v1/csi-driver.ts'
import { VolumeAttachment } from '#api/storage/v1/volume-attachment.ts'
import { namespace, type PodFacts, pod } from '../testing/objects.ts'
import { show, World } from '../testing/world.ts'
import { attachmentName } from './attachable.ts'
import { attachDetachController } from './controller.ts'

const uniqueName = 'kubernetes.io/csi/disk.example.com^h'
const managed = { 'volumes.kubernetes.io/controller-managed-attach-detach': 'true' }

test('a volume is attached to the node of the pod that uses it, once', () => {
  const { world, settle } = scene({ pods: { p: 'n' } })
  const { metadata, spec } = world.list(VolumeAttachment)[0]!
  // sha256 of handle, driver and node.
  assert.equal(metadata.name, 'csi-63a6b0792f16cceffa0b0689df65a4df7e1190d3ad60d6a1f76bd5a58dcdbe6f')
  assert.deepEqual(spec, { attacher: 'disk.example.com', nodeName: 'n', source: { persistentVolumeName: 'v' } })
  assert.deepEqual(reported(world, 'n'), [])
  attached(world, 'n')
  settle()
  assert.deepEqual(reported(world, 'n'), [uniqueName])
  assert.deepEqual(world.events.map(show), ['event Normal SuccessfulAttachVolume AttachVolume.Attach succeeded for volume "v" '])
})

// Who gets nothing attached.
nothing('a pod without a node', { pods: { p: '' } })
nothing('a pod that has ended', { pods: { p: 'n' }, pod: { phase: 'Succeeded' } })
nothing('a pod that leaves with no container running', { pods: { p: 'n' }, pod: { deletedAt: 0, status: { containerStatuses: [] } } })
nothing('a claim that is not bound', { pods: { p: 'n' }, claim: { status: { phase: 'Pending' } } })
nothing('a volume that is another’s', { pods: { p: 'n' }, volume: { claimRef: { namespace, name: 'c', uid: 'other' } } })
nothing('a volume of no driver', { pods: { p: 'n' }, volume: { csi: undefined, hostPath: { path: '/x' } } })
nothing('a driver that needs no attachment', { pods: { p: 'n' }, driver: { attachRequired: false } })
nothing('a node that attaches by itself', { pods: { p: 'n' }, nodes: { n: {} } })
nothing('a node that is not there', { pods: { p: 'x' } })

test('a volume is detached when its last pod has gone, but first the node is told', () => {
  const { world, settle } = scene({ pods: { p: 'n', q: 'n' } })
  attached(world, 'n')
  settle()
  world.remove(Pod, world.get(Pod, 'p', namespace)!)
  settle()
  assert.equal(world.list(VolumeAttachment).length, 1)
  world.remove(Pod, world.get(Pod, 'q', namespace)!)
  world.history.length = 0
  settle()
  assert.equal(world.list(VolumeAttachment).length, 0)
  assert.match(world.history[0]!, /^patch node n\/status \{"status":\{"volumesAttached":\[\]\}\}$/)
  assert.match(world.history[1]!, /^delete volumeattachment/)
})

test('what somebody attached under a name of his own is left alone', () => {
  const { world, settle } = scene({ pods: {} })
  const spec = { attacher: 'disk.example.com', nodeName: 'n', source: { persistentVolumeName: 'v' } }
  world.put(VolumeAttachment, { metadata: { name: 'by-hand' }, spec, status: { attached: false } })
  settle()
  assert.deepEqual(
    world.list(VolumeAttachment).map(({ metadata }) => metadata.name),
    ['by-hand'],
  )
})

test('what a node has mounted stays, while it is well', () => {
  const { world, settle } = scene({ pods: { p: 'n' } })
  mounted(world, settle)
  world.remove(Pod, world.get(Pod, 'p', namespace)!)
  assert.equal(settle(), Infinity)
  world.now += 3600_000
  settle()
  assert.deepEqual(reported(world, 'n'), [uniqueName])
  world.change(Node, 'n', undefined, { status: { volumesInUse: [] } })
  settle()
  assert.equal(world.list(VolumeAttachment).length, 0)
})

test('a node that is not well loses it after six minutes, not before', () => {
  const { world, settle } = scene({ pods: { p: 'n' } })
  mounted(world, settle)
  world.change(Node, 'n', undefined, { status: { conditions: [{ type: 'Ready', status: 'Unknown' }] } })
  world.remove(Pod, world.get(Pod, 'p', namespace)!)
  const wakeAt = settle()
  assert.equal(wakeAt, world.now + 360_001)
  world.now = wakeAt - 1
  settle()
  assert.equal(world.list(VolumeAttachment).length, 1)
  world.now = wakeAt
  settle()
  assert.equal(world.list(VolumeAttachment).length, 0)
})

test('the six minutes begin anew when the clock is set back, and are no hour', () => {
  const { world, settle } = scene({ pods: { p: 'n' } })
  mounted(world, settle)
  world.change(Node, 'n', undefined, { status: { conditions: [{ type: 'Ready', status: 'Unknown' }] } })
  world.remove(Pod, world.get(Pod, 'p', namespace)!)
  settle()
  world.now -= 3_600_000
  assert.equal(settle(), world.now + 360_001)
  world.now += 360_001
  settle()
  assert.equal(world.list(VolumeAttachment).length, 0)
})

test('the six minutes begin anew when a pod needs it again', () => {
  const { world, settle } = scene({ pods: { p: 'n' } })
  mounted(world, settle)
  world.change(Node, 'n', undefined, { status: { conditions: [{ type: 'Ready', status: 'Unknown' }] } })
  world.remove(Pod, world.get(Pod, 'p', namespace)!)
  settle()
  world.now += 300_000
  world.put(Pod, user('q', 'n'))
  settle()
  world.remove(Pod, world.get(Pod, 'q', namespace)!)
  assert.equal(settle(), world.now + 360_001)
})

test('a node that its user declares off loses it at once', () => {
  const { world, settle } = scene({ pods: { p: 'n' } })
  mounted(world, settle)
  world.change(Node, 'n', undefined, { spec: { taints: [{ key: 'node.kubernetes.io/out-of-service', effect: 'NoExecute' }] } })
  settle()
  assert.equal(world.list(VolumeAttachment).length, 1, 'its pod is still there')
  world.remove(Pod, world.get(Pod, 'p', namespace)!)
  settle()
  assert.equal(world.list(VolumeAttachment).length, 0)
})

test('a node that is gone may still use what it had', () => {
  const { world, settle } = scene({ pods: { p: 'n' } })
  attached(world, 'n')
  settle()
  world.remove(Node, world.get(Node, 'n')!)
  world.remove(Pod, world.get(Pod, 'p', namespace)!)
  const wakeAt = settle()
  assert.equal(wakeAt, world.now + 360_001)
  world.now = wakeAt
  settle()
  assert.equal(world.list(VolumeAttachment).length, 0)
})

test('an attachment whose volume is gone is taken away all the same, when the node lets go', () => {
  const { world, settle } = scene({ pods: { p: 'n' } })
  mounted(world, settle)
  world.remove(Pod, world.get(Pod, 'p', namespace)!)
  world.remove(PersistentVolume, world.get(PersistentVolume, 'v')!)
  settle()
  assert.equal(world.list(VolumeAttachment).length, 1)
  world.change(Node, 'n', undefined, { status: { volumesInUse: [] } })
  settle()
  assert.equal(world.list(VolumeAttachment).length, 0)
})

test('a kubelet that has just begun to use it stops the detachment', () => {
  const { world, settle, controller } = scene({ pods: { p: 'n' } })
  attached(world, 'n')
  settle()
  world.remove(Pod, world.get(Pod, 'p', namespace)!)
  const plan = controller.plan(controller.view('node/n', world, world.now)!)
  world.change(Node, 'n', undefined, { status: { volumesInUse: [uniqueName] } })
  assert.throws(() => world.do(plan.commands[0] as never), { code: 'Conflict' })
})

test('so it does when the node has been told before an interruption', () => {
  const { world, settle, controller } = scene({ pods: { p: 'n' } })
  attached(world, 'n')
  settle()
  world.remove(Pod, world.get(Pod, 'p', namespace)!)
  world.change(Node, 'n', undefined, { status: { volumesAttached: [] } })
  const plan = controller.plan(controller.view('node/n', world, world.now)!)
  assert.deepEqual(plan.commands.map(show).slice(0, 1), ['confirm that node n is unchanged'])
  world.change(Node, 'n', undefined, { status: { volumesInUse: [uniqueName] } })
  assert.throws(() => world.do(plan.commands[0] as never), { code: 'Conflict' })
})

test('however long a node that is well has had it', () => {
  const { world, settle, controller } = scene({ pods: { p: 'n' } })
  mounted(world, settle)
  world.remove(Pod, world.get(Pod, 'p', namespace)!)
  settle()
  world.now += 3600_000
  world.change(Node, 'n', undefined, { status: { volumesInUse: [], volumesAttached: [] } })
  const plan = controller.plan(controller.view('node/n', world, world.now)!)
  assert.deepEqual(plan.commands.map(show).slice(0, 1), ['confirm that node n is unchanged'])
})

test('a node is not told of what is being detached, whatever the cache shows', () => {
  const { world, settle, controller } = scene({ pods: { p: 'n' } })
  attached(world, 'n')
  const plan = controller.plan(controller.view('node/n', world, world.now)!)
  const attachment = world.list(VolumeAttachment)[0]!
  world.change(VolumeAttachment, attachment.metadata.name, undefined, {
    metadata: { deletionTimestamp: '2026-01-01T00:00:00Z', finalizers: ['x'] },
  })
  assert.throws(
    () => {
      for (const command of plan.commands) world.do(command as never)
    },
    { code: 'Conflict' },
  )
  settle()
  assert.deepEqual(reported(world, 'n'), [])
})

test('volumes of other sorts stay reported', () => {
  const { world, settle } = scene({ pods: { p: 'n' } })
  const other = { name: 'kubernetes.io/iscsi/x', devicePath: '/dev/sdx' }
  world.change(Node, 'n', undefined, { status: { volumesAttached: [other, { name: 'kubernetes.io/csi/a^gone', devicePath: '' }] } })
  attached(world, 'n')
  settle()
  assert.deepEqual(reported(world, 'n'), [other.name, uniqueName])
})

test('one node at a time: the other waits and is told who has it', () => {
  const { world, settle } = scene({ pods: { p: 'n', q: 'm' } })
  assert.deepEqual(holders(world), ['m'])
  assert.deepEqual(world.events.map(show), [
    'event Warning FailedAttachVolume Multi-Attach error for volume "v" Volume is already used by pod(s) q',
  ])
  attached(world, 'm')
  world.remove(Pod, world.get(Pod, 'q', namespace)!)
  settle()
  assert.deepEqual(holders(world), ['n'])
})

test('while the attachment to another is on its way, too', () => {
  const { world, settle } = scene({ pods: { p: 'n' } })
  attached(world, 'n')
  settle()
  world.events.length = 0
  world.remove(Pod, world.get(Pod, 'p', namespace)!)
  world.change(VolumeAttachment, attachmentName(uniqueName, 'n'), undefined, { metadata: { finalizers: ['external-attacher'] } })
  world.put(Pod, user('q', 'm'))
  settle()
  assert.deepEqual(holders(world), ['n'])
  assert.deepEqual(world.events.map(show), [
    'event Warning FailedAttachVolume Multi-Attach error for volume "v" Volume is already exclusively attached to one node and can\'t be attached to another',
  ])
  world.change(VolumeAttachment, attachmentName(uniqueName, 'n'), undefined, { metadata: { finalizers: null } })
  settle()
  assert.deepEqual(holders(world), ['m'])
})

test('a volume for many is attached to all', () => {
  const { world } = scene({ pods: { p: 'n', q: 'm' }, volume: { accessModes: ['ReadWriteMany'] } })
  assert.deepEqual(holders(world), ['m', 'n'])
})

test('why a driver cannot attach it is told to the pods, once', () => {
  const { world, settle } = scene({ pods: { p: 'n' } })
  world.change(VolumeAttachment, attachmentName(uniqueName, 'n'), undefined, { status: { attachError: { message: 'no room' } } })
  settle()
  settle()
  assert.deepEqual(world.events.map(show), ['event Warning FailedAttachVolume AttachVolume.Attach failed for volume "v" : no room'])
})

interface Scene {
  /** Node of each; all use the one volume `v` through the claim `c`. */
  readonly pods: Readonly<Record<string, string>>
  readonly pod?: PodFacts
  readonly nodes?: Readonly<Record<string, Readonly<Record<string, string>>>>
  readonly claim?: object
  readonly volume?: object
  readonly driver?: object
}

function user(name: string, node: string, facts: PodFacts = {}) {
  const volumes = [{ name: 'data', persistentVolumeClaim: { claimName: 'c' } }]
  return pod(name, { ...facts, ...(node === '' ? {} : { node }), spec: { volumes } })
}

function scene({ pods, pod: facts, nodes = { n: managed, m: managed }, claim, volume, driver }: Scene) {
  const world = new World()
  for (const [name, annotations] of Object.entries(nodes))
    world.put(Node, { metadata: { name, annotations }, spec: {}, status: { conditions: [{ type: 'Ready', status: 'True' }] } })
  world.put(PersistentVolumeClaim, {
    metadata: { name: 'c', namespace, uid: 'u' },
    spec: { volumeName: 'v' },
    status: { phase: 'Bound' },
    ...claim,
  })
  const spec = {
    csi: { driver: 'disk.example.com', volumeHandle: 'h' },
    claimRef: { namespace, name: 'c', uid: 'u' },
    accessModes: ['ReadWriteOnce'],
  }
  world.put(PersistentVolume, { metadata: { name: 'v' }, spec: { ...spec, ...volume }, status: { phase: 'Bound' } })
  if (driver !== undefined) world.put(CSIDriver, { metadata: { name: 'disk.example.com' }, spec: driver })
  for (const [name, node] of Object.entries(pods)) world.put(Pod, user(name, node, facts))
  const controller = attachDetachController()
  const settle = () => world.settle([controller])
  settle()
  return { world, settle, controller }
}

function nothing(name: string, given: Scene): void {
  test(`nothing is attached for ${name}`, () => assert.deepEqual(holders(scene(given).world), []))
}

/** What the driver's attacher does. */
function attached(world: World, node: string): void {
  world.change(VolumeAttachment, attachmentName(uniqueName, node), undefined, { status: { attached: true } })
}

function mounted(world: World, settle: () => void): void {
  attached(world, 'n')
  settle()
  world.change(Node, 'n', undefined, { status: { volumesInUse: [uniqueName] } })
  settle()
}

const reported = (world: World, node: string): readonly string[] =>
  (world.get(Node, node)!.status.volumesAttached ?? []).map(({ name }) => name)

const holders = (world: World): readonly string[] =>
  world
    .list(VolumeAttachment)
    .map(({ spec }) => spec.nodeName)
    .toSorted()
