import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { PersistentVolume } from '#api/core/v1/persistent-volume.ts'
import { PersistentVolumeClaim } from '#api/core/v1/persistent-volume-claim.ts'
import { Pod } from '#api/core/v1/pod.ts'
import { CSINode } from '#api/storage/v1/csi-node.ts'
import { StorageClass } from '#api/storage/v1/storage-class.ts'
import { VolumeAttachment } from '#api/storage/v1/volume-attachment.ts'
import { createTrial } from '../../framework/trial.ts'
import { answerCheck, type Cluster, claim, csiNode, pod, sceneOf, storageClass, volume } from '../volume-common/testing.ts'
import { createAttachedVolumes } from './attached-volumes.ts'
import { nodeVolumeLimits } from './node-volume-limits.ts'

const tooMany = 'for now: node(s) exceed max volume count'
const driver = 'disk.example.com'

const check = answerCheck(nodeVolumeLimits)

const names = ['v', 'w', 'x', 'y', 'z']
/** Each bound to a volume of its name. */
const disks: Cluster = {
  nodes: { a: {} },
  csiNodes: [csiNode('a', { [driver]: 2 })],
  volumes: names.map((name) => volume(name)),
  claims: names.map((name) => claim(name, { has: name })),
}
const attachment = (name: string, nodeName: string, persistentVolumeName: string, attacher = driver): object => ({
  metadata: { name },
  spec: { attacher, nodeName, source: { persistentVolumeName } },
  status: { attached: true },
})

check('has no say without claims', { ...disks, uses: [{ emptyDir: {} }, { nfs: { server: 's', path: '/' } }] }, 'no say')
check('fits up to the limit', { ...disks, uses: ['v'], pods: [pod('q', ['w'], { on: 'a' })] }, { a: 'fits' })
check('fits not beyond it', { ...disks, uses: ['v'], pods: [pod('q', ['w', 'x'], { on: 'a' })] }, { a: tooMany })
check('fits not with too many of its own', { ...disks, uses: ['v', 'w', 'x'] }, { a: tooMany })
check(
  'counts a volume once for all pods',
  { ...disks, uses: ['v', 'w'], pods: [pod('q', ['v'], { on: 'a' }), pod('r', ['v'], { on: 'a' })] },
  { a: 'fits' },
)
check(
  'counts each driver for itself',
  {
    ...disks,
    uses: ['v'],
    volumes: [volume('v'), volume('w', { source: { csi: { driver: 'other', volumeHandle: 'w' } } }), volume('x')],
    pods: [pod('q', ['w', 'x'], { on: 'a' })],
  },
  { a: 'fits' },
)
check(
  'has no limit where the driver says none',
  { ...disks, csiNodes: [csiNode('a', { [driver]: undefined })], uses: ['v', 'w', 'x'] },
  { a: 'fits' },
)
check('has no limit without a CSINode', { ...disks, csiNodes: [], uses: ['v', 'w', 'x'] }, { a: 'fits' })
check('takes a limit of none at its word', { ...disks, csiNodes: [csiNode('a', { [driver]: 0 })], uses: ['v'] }, { a: tooMany })
check(
  'counts what is still attached',
  { ...disks, uses: ['v'], attachments: [attachment('1', 'a', 'w'), attachment('2', 'a', 'x'), attachment('3', 'b', 'y')] },
  { a: tooMany },
)
check(
  'counts what is attached for a pod once',
  { ...disks, uses: ['v'], pods: [pod('q', ['w'], { on: 'a' })], attachments: [attachment('1', 'a', 'w')] },
  { a: 'fits' },
)
check(
  'counts no attachment of a volume that is gone',
  { ...disks, uses: ['v'], attachments: [attachment('1', 'a', 'gone'), attachment('2', 'a', 'gone2')] },
  { a: 'fits' },
)
check(
  'counts volumes that are still to be made',
  {
    ...disks,
    csiNodes: [csiNode('a', { [driver]: 1 })],
    classes: [storageClass('c')],
    claims: ['m', 'n'].map((name) => claim(name, { className: 'c' })),
    uses: ['m'],
    pods: [pod('q', ['n'], { on: 'a' })],
  },
  { a: tooMany },
)
check(
  'counts a volume to be made once for those who share it',
  {
    ...disks,
    csiNodes: [csiNode('a', { [driver]: 1 })],
    classes: [storageClass('c')],
    claims: [claim('m', { className: 'c' })],
    uses: ['m'],
    pods: [pod('q', ['m'], { on: 'a' })],
  },
  { a: 'fits' },
)
check(
  'tells of a claim that is not there',
  { ...disks, uses: ['gone'] },
  { a: 'looking up PVC shop/gone: persistentvolumeclaim "gone" not found' },
)
check(
  'counts disks of a former plug-in for their driver, where there is a CSINode',
  {
    nodes: { a: {}, b: {} },
    csiNodes: [csiNode('a', { 'ebs.csi.aws.com': 1 })],
    volumes: [
      volume('v', { source: { awsElasticBlockStore: { volumeID: 'aws://zone/vol-1' } } }),
      volume('w', { source: { csi: { driver: 'ebs.csi.aws.com', volumeHandle: 'vol-1' } } }),
    ],
    claims: [claim('v', { has: 'v' }), claim('w', { has: 'w' })],
    pods: [pod('q', [{ awsElasticBlockStore: { volumeID: 'vol-1' } }], { on: 'a' })],
    uses: ['v', 'w'],
  },
  { a: 'fits', b: 'fits' },
)
check(
  'counts disks in the pod itself',
  {
    nodes: { a: {} },
    csiNodes: [csiNode('a', { 'pd.csi.storage.gke.io': 1 })],
    uses: [{ gcePersistentDisk: { pdName: 'd' } }],
    pods: [pod('q', [{ gcePersistentDisk: { pdName: 'e' } }], { on: 'a' })],
  },
  { a: tooMany },
)

test('what a node would have without a pod', () => {
  const scene = sceneOf({ ...disks, pods: [pod('q', ['w', 'x'], { on: 'a' })] })
  const info = scene.world.podInfo(scene.put(Pod, pod('p', ['v'])))
  const before = nodeVolumeLimits.preFilter!(info, scene.world)
  assert.ok('state' in before)
  const node = scene.world.nodes.nodes.get('a')!
  const trial = createTrial(
    { pod: info, world: scene.world, filters: [{ plugin: nodeVolumeLimits, state: before.state }], states: new Map() },
    node,
  )
  assert.notEqual(trial.refusal(), undefined)
  trial.take(scene.world.placeOf('Pod-q')!.info)
  assert.equal(trial.refusal(), undefined)
  trial.end()
  assert.notEqual(nodeVolumeLimits.filter!(info, node, before.state, scene.world), undefined)
})

/** Whatever comes and goes: what is kept is what would be counted anew. */
test('counts stay true through all changes', () => {
  const name = fc.constantFrom('v', 'w', 'x')
  const node = fc.constantFrom('a', 'b')
  const step = fc.oneof(
    fc.record({ do: fc.constant('pod' as const), name, claims: fc.subarray(['v', 'w', 'x']), node, isGone: fc.boolean() }),
    fc.record({ do: fc.constant('claim' as const), name, has: fc.option(name, { nil: undefined }), isGone: fc.boolean() }),
    fc.record({ do: fc.constant('volume' as const), name, isInTree: fc.boolean(), isGone: fc.boolean() }),
    fc.record({ do: fc.constant('attachment' as const), name, volume: name, node, isGone: fc.boolean() }),
    fc.record({ do: fc.constant('csiNode' as const), name: node, isGone: fc.boolean() }),
    fc.record({ do: fc.constant('class' as const), isGone: fc.boolean() }),
  )
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const scene = sceneOf({})
      const kept = scene.world.kept(createAttachedVolumes)
      for (const one of steps) {
        if (one.do === 'pod') {
          scene.remove(Pod, one.name, 'shop')
          if (!one.isGone) scene.put(Pod, pod(one.name, one.claims, { on: one.node }))
        } else if (one.do === 'claim')
          if (one.isGone) scene.remove(PersistentVolumeClaim, one.name, 'shop')
          else scene.put(PersistentVolumeClaim, claim(one.name, { className: 'c', ...(one.has && { has: one.has }) }))
        else if (one.do === 'volume')
          if (one.isGone) scene.remove(PersistentVolume, one.name)
          else
            scene.put(PersistentVolume, volume(one.name, one.isInTree ? { source: { awsElasticBlockStore: { volumeID: 'vol-1' } } } : {}))
        else if (one.do === 'attachment')
          if (one.isGone) scene.remove(VolumeAttachment, one.name)
          else scene.put(VolumeAttachment, attachment(one.name, one.node, one.volume))
        else if (one.do === 'csiNode')
          if (one.isGone) scene.remove(CSINode, one.name)
          else scene.put(CSINode, csiNode(one.name, { [driver]: 2 }))
        else if (one.isGone) scene.remove(StorageClass, 'c')
        else scene.put(StorageClass, storageClass('c'))
        for (const info of scene.world.nodes.nodes.values())
          assert.deepEqual(kept.on(info), kept.on({ ...info }), `${info.name} after ${JSON.stringify(one)}`)
      }
    }),
    { numRuns: 300 },
  )
})

test('is woken by what may make room', () => {
  const scene = sceneOf(disks)
  const p = scene.put(Pod, pod('p', ['v']))
  const helps = (resource: string, action: string, before: unknown, after: unknown): boolean =>
    nodeVolumeLimits.wokenBy!.find((pattern) => pattern.resource === resource && pattern.actions.includes(action as never))!.helps!(
      p,
      { resource: resource as never, actions: [action as never], before, after },
      scene.world,
    )
  const limited = (count: number | undefined) => scene.put(CSINode, csiNode('a', { [driver]: count }))
  assert.equal(helps('storage.k8s.io/CSINode', 'Update', limited(1), limited(2)), true)
  assert.equal(helps('storage.k8s.io/CSINode', 'Update', limited(2), limited(1)), false)
  assert.equal(helps('Pod', 'Delete', scene.put(Pod, pod('q', ['w'], { on: 'a' })), undefined), true)
  assert.equal(helps('Pod', 'Delete', scene.put(Pod, pod('q', ['w'])), undefined), false)
  assert.equal(helps('Pod', 'Delete', scene.put(Pod, pod('q', [], { on: 'a' })), undefined), false)
  assert.equal(helps('PersistentVolumeClaim', 'Add', undefined, scene.put(PersistentVolumeClaim, claim('v'))), true)
  assert.equal(helps('PersistentVolumeClaim', 'Add', undefined, scene.put(PersistentVolumeClaim, claim('w'))), false)
  assert.equal(helps('storage.k8s.io/VolumeAttachment', 'Delete', scene.put(VolumeAttachment, attachment('1', 'a', 'w')), undefined), true)
})
