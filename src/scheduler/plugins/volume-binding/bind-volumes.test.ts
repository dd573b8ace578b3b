import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Node } from '#api/core/v1/node.ts'
import { PersistentVolume } from '#api/core/v1/persistent-volume.ts'
import { PersistentVolumeClaim } from '#api/core/v1/persistent-volume-claim.ts'
import { Pod } from '#api/core/v1/pod.ts'
import { boundByController, selectedNode } from '#api/core/v1/volume-binding.ts'
import {
  type Cluster,
  claim,
  localClass,
  namespace,
  onlyWhere,
  pod,
  type Scene,
  sceneOf,
  storageClass,
  volume,
  zone,
} from '../volume-common/testing.ts'
import { bindClaims, meansOf } from './testing.ts'
import { volumeBinding } from './volume-binding.ts'

const plugin = volumeBinding({ bindTimeoutSeconds: 60 })

/** The pod `p` of these claims, reserved on node `a` and on its way to it. */
function begin(cluster: Cluster, uses: readonly string[], late?: (() => void)[]) {
  const scene = sceneOf(cluster)
  const info = scene.world.podInfo(scene.put(Pod, pod('p', uses)))
  const before = plugin.preFilter!(info, scene.world)
  assert.ok('state' in before, JSON.stringify(before))
  const node = scene.world.nodes.nodes.get('a')!
  assert.equal(plugin.filter!(info, node, before.state, scene.world), undefined)
  assert.equal(plugin.reserve!(info, node, before.state, scene.world), undefined)
  const { means, clock, giveUp, written } = meansOf(scene, late)
  let outcome: string | undefined
  const work = plugin.preBind!(info, node, before.state, means)
  work?.then(
    () => {
      outcome = 'bound'
    },
    (error: Error) => {
      outcome = error.message
    },
  )
  return {
    scene,
    clock,
    giveUp,
    written,
    isNothing: work === undefined,
    undo: () => plugin.unreserve!(info, node, before.state, scene.world),
    outcome: async () => {
      await clock.advance(0)
      return outcome
    },
  }
}

const isStill = undefined
const local: Cluster = {
  classes: [localClass('local')],
  volumes: [volume('v', { className: 'local', on: 'a' })],
  claims: [claim('x', { className: 'local' })],
}
const made: Cluster = { classes: [storageClass('made')], claims: [claim('x', { className: 'made' })] }
const claimOf = ({ get }: Scene) => get(PersistentVolumeClaim, 'x', namespace)!
const volumeOf = ({ get }: Scene) => get(PersistentVolume, 'v')!
const annotate = (scene: Scene, annotations: object | undefined): void => {
  const { metadata, ...rest } = claimOf(scene)
  const { annotations: _, ...others } = metadata
  scene.put(PersistentVolumeClaim, { ...rest, metadata: { ...others, ...(annotations && { annotations }) } })
}
/** What a provisioner does. */
const provision = (scene: Scene, on = 'a'): void => {
  scene.put(PersistentVolume, volume('made', { className: 'made', on, claim: ['x', claimOf(scene).metadata.uid] }))
  bindClaims(scene)
}

test('nothing is written for a pod whose claims have their volumes', () => {
  const { isNothing, scene } = begin({ volumes: [volume('v')], claims: [claim('x', { has: 'v' })] }, ['x'])
  assert.ok(isNothing)
  assert.equal(scene.world.lookups.of(PersistentVolume).get('v'), volumeOf(scene))
})

test('sets the volume aside for the claim, and waits until the binder has bound it', async () => {
  const { scene, outcome, written, clock } = begin(local, ['x'])
  assert.equal(await outcome(), isStill)
  assert.deepEqual(written, ['PersistentVolume v'])
  const { spec, metadata } = volumeOf(scene)
  assert.deepEqual(spec.claimRef, {
    kind: 'PersistentVolumeClaim',
    apiVersion: 'v1',
    name: 'x',
    namespace,
    uid: 'PersistentVolumeClaim-x',
    resourceVersion: claimOf(scene).metadata.resourceVersion,
  })
  assert.deepEqual(metadata.annotations, { [boundByController]: 'yes' })
  bindClaims(scene)
  assert.equal(await outcome(), 'bound')
  assert.equal(clock.pending, 0, 'no deadline is left')
})

test('keeps it set aside by its user', async () => {
  const { scene, outcome } = begin({ ...local, volumes: [volume('v', { className: 'local', claim: ['x'] })] }, ['x'])
  await outcome()
  assert.deepEqual([volumeOf(scene).spec.claimRef?.uid, volumeOf(scene).metadata.annotations], ['PersistentVolumeClaim-x', undefined])
})

test('writes nothing that stands there already', async () => {
  const { scene, outcome, written } = begin(
    { ...local, volumes: [volume('v', { className: 'local', claim: ['x', 'PersistentVolumeClaim-x'] })] },
    ['x'],
  )
  assert.equal(await outcome(), isStill)
  bindClaims(scene)
  assert.equal(await outcome(), 'bound')
  assert.deepEqual(written, [])
})

test('chooses the node for a volume that is to be made, and waits for it', async () => {
  const { scene, outcome, written } = begin(made, ['x'])
  assert.equal(await outcome(), isStill)
  assert.deepEqual([written, claimOf(scene).metadata.annotations], [['PersistentVolumeClaim x'], { [selectedNode]: 'a' }])
  provision(scene)
  assert.equal(await outcome(), 'bound')
})

test('waits for a volume that is seen later than its claim', async () => {
  const { scene, outcome } = begin(made, ['x'])
  await outcome()
  const { metadata, spec, ...rest } = claimOf(scene)
  scene.put(PersistentVolumeClaim, {
    ...rest,
    metadata: { ...metadata, annotations: { ...metadata.annotations, 'pv.kubernetes.io/bind-completed': 'yes' } },
    spec: { ...spec, volumeName: 'made' },
  })
  assert.equal(await outcome(), isStill)
  scene.put(PersistentVolume, volume('made', { className: 'made', on: 'a' }))
  assert.equal(await outcome(), 'bound')
})

for (const [what, cluster, change, expected] of [
  ['the provisioner cannot make it there', made, (scene: Scene) => annotate(scene, { other: '' }), 'provisioning failed for PVC "x"'],
  ['the annotations are gone', made, (scene: Scene) => annotate(scene, undefined), 'selectedNode annotation reset for PVC "x"'],
  ['another node was chosen', made, (scene: Scene) => annotate(scene, { [selectedNode]: 'b' }), 'provisioning failed for PVC "x"'],
  [
    'the volume was made elsewhere',
    made,
    (scene: Scene) => provision(scene, 'b'),
    'pv "made" node affinity doesn\'t match node "a": no matching NodeSelectorTerms',
  ],
  [
    'the claim is gone',
    made,
    (scene: Scene) => scene.remove(PersistentVolumeClaim, 'x', namespace),
    'failed to check provisioning pvc: persistentvolumeclaims "shop/x" not found',
  ],
  [
    'the claim is gone that had a volume',
    local,
    (scene: Scene) => scene.remove(PersistentVolumeClaim, 'x', namespace),
    'failed to check binding: persistentvolumeclaims "shop/x" not found',
  ],
  [
    'the volume is gone',
    local,
    (scene: Scene) => scene.remove(PersistentVolume, 'v'),
    'failed to check binding: persistentvolumes "v" not found',
  ],
  [
    'the binder let go of the volume',
    local,
    (scene: Scene) => scene.put(PersistentVolume, volume('v', { className: 'local', on: 'a' })),
    'ClaimRef got reset for pv "v"',
  ],
  [
    'the volume cannot be reached from the node',
    local,
    (scene: Scene) =>
      scene.put(PersistentVolume, volume('v', { className: 'local', claim: ['x', 'u'], spec: { nodeAffinity: onlyWhere(zone, 'z') } })),
    'pv "v" node affinity doesn\'t match node "a": no matching NodeSelectorTerms',
  ],
  [
    'the claim is another of that name',
    local,
    (scene: Scene) => scene.put(PersistentVolumeClaim, claim('x', { className: 'local', metadata: { uid: 'later' } })),
    'failed to check binding: persistentvolumeclaims "shop/x" not found',
  ],
  [
    'the claim for which a volume was to be made is another of that name',
    made,
    (scene: Scene) => scene.put(PersistentVolumeClaim, claim('x', { className: 'made', metadata: { uid: 'later' } })),
    'failed to check provisioning pvc: persistentvolumeclaims "shop/x" not found',
  ],
  [
    'the claim got another volume',
    local,
    (scene: Scene) => scene.put(PersistentVolumeClaim, claim('x', { className: 'local', has: 'w' })),
    'claim "shop/x" got bound to pv "w" and not to pv "v"',
  ],
  ['the node is gone', local, (scene: Scene) => scene.remove(Node, 'a'), 'failed to get node "a": node "a" not found'],
] as const)
  test(`gives up where ${what}`, async () => {
    const { scene, outcome, clock } = begin(cluster, ['x'])
    assert.equal(await outcome(), isStill)
    change(scene)
    assert.equal(await outcome(), `binding volumes: ${expected}`)
    assert.equal(clock.pending, 0)
  })

test('waits no longer than it may, and no shorter', async () => {
  const { scene, outcome, clock, undo } = begin(made, ['x'])
  await clock.advance(59_999)
  assert.equal(await outcome(), isStill)
  await clock.advance(1)
  assert.equal(await outcome(), 'binding volumes: context deadline exceeded')
  undo()
  assert.equal(
    scene.world.lookups.of(PersistentVolumeClaim).get('x', namespace)!.metadata.annotations?.[selectedNode],
    'a',
    'what is written stays',
  )
})

test('gives up when it is told to', async () => {
  const { giveUp, outcome, clock } = begin(made, ['x'])
  await outcome()
  giveUp.abort(new Error('the pod is gone'))
  assert.equal(await outcome(), 'binding volumes: context canceled')
  assert.equal(clock.pending, 0)
})

test('a write that is refused leaves nothing taken', async () => {
  const { scene, outcome, undo, written } = begin(
    {
      ...local,
      volumes: ['v', 'w'].map((name) => volume(name, { className: 'local', on: 'a' })),
      claims: ['x', 'y'].map((name) => claim(name, { className: 'local' })),
    },
    ['x', 'y'],
  )
  // Before the world can tell the plug-in, another has changed it; its write began in the same turn, and the second is refused.
  scene.put(PersistentVolume, { ...scene.get(PersistentVolume, 'w')! })
  assert.match((await outcome())!, /^Operation cannot be fulfilled/)
  undo()
  assert.deepEqual(written, ['PersistentVolume v'])
  const volumes = scene.world.lookups.of(PersistentVolume)
  assert.deepEqual([volumes.get('v')?.spec.claimRef?.name, volumes.get('w')?.spec.claimRef], ['x', undefined])
})

for (const [what, cluster] of Object.entries({ volume: local, node: made }))
  test(`a ${what} that was written stays taken until the world sees it`, async () => {
    const late: (() => void)[] = []
    const { scene, outcome, giveUp, undo } = begin(cluster, ['x'], late)
    assert.equal(await outcome(), isStill, 'what the world shows is from before our own write')
    giveUp.abort()
    assert.equal(await outcome(), 'binding volumes: context canceled')
    undo()
    const { lookups } = scene.world
    const isTaken = (): boolean =>
      lookups.of(PersistentVolume).get('v')?.spec.claimRef?.name === 'x' ||
      lookups.of(PersistentVolumeClaim).get('x', namespace)?.metadata.annotations?.[selectedNode] === 'a'
    assert.ok(isTaken(), 'before')
    for (const show of late) show()
    assert.ok(isTaken(), 'after')
    for (const kind of [PersistentVolume, PersistentVolumeClaim] as const)
      for (const { metadata } of scene.list(kind as typeof PersistentVolume))
        assert.equal(
          lookups.of(kind as typeof PersistentVolume).get(metadata.name, metadata.namespace),
          scene.get(kind, metadata.name, metadata.namespace),
        )
  })
