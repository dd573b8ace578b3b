import assert from 'node:assert/strict'
import { test } from 'node:test'
import { PersistentVolumeClaim } from '#api/core/v1/persistent-volume-claim.ts'
import { Pod } from '#api/core/v1/pod.ts'
import { WherryError } from '#lib/errors.ts'
import { namespace, type PodFacts, pod } from '../testing/objects.ts'
import { show, World } from '../testing/world.ts'
import { ephemeralVolumeController } from './controller.ts'

const template = {
  metadata: { labels: { app: 'web' }, annotations: { note: 'x' } },
  spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
}
const ephemeral = (name: string) => ({ name, ephemeral: { volumeClaimTemplate: template } })
const withVolumes = (...names: string[]): PodFacts => ({ spec: { volumes: [...names.map(ephemeral), { name: 'other', emptyDir: {} }] } })

check('each ephemeral volume gets its claim', withVolumes('data', 'logs'), {}, [
  'create persistentvolumeclaim p-data',
  'create persistentvolumeclaim p-logs',
])
check('which it keeps', withVolumes('data'), { 'p-data': 'uid-p' }, [])
check('other volumes get none', { spec: { volumes: [{ name: 'a', persistentVolumeClaim: { claimName: 'a' } }] } }, {}, [])
check('a pod that leaves gets none', { ...withVolumes('data'), deletedAt: 0 }, {}, [])
check('another’s claim is not taken', withVolumes('data', 'logs'), { 'p-data': 'other' }, [
  `event Warning FailedBinding ephemeral volume data: PVC ${namespace}/p-data was not created for pod ${namespace}/p (pod is not owner)`,
])
check('nor one of nobody', withVolumes('data'), { 'p-data': undefined }, [
  `event Warning FailedBinding ephemeral volume data: PVC ${namespace}/p-data was not created for pod ${namespace}/p (pod is not owner)`,
])

test('the claim is as its template says, and goes with its pod', () => {
  const world = build(withVolumes('data'), {})
  world.settle([ephemeralVolumeController()])
  const { metadata, spec } = world.get(PersistentVolumeClaim, 'p-data', namespace)!
  assert.deepEqual(spec, template.spec)
  assert.deepEqual([metadata.labels, metadata.annotations], [template.metadata.labels, template.metadata.annotations])
  assert.deepEqual(metadata.ownerReferences, [
    { apiVersion: 'v1', kind: 'Pod', name: 'p', uid: 'uid-p', controller: true, blockOwnerDeletion: true },
  ])
})

test('a claim that is deleted under its pod is made again, and one that stood in the way is replaced', () => {
  const world = build(withVolumes('data'), { 'p-data': 'other' })
  const controller = ephemeralVolumeController()
  world.settle([controller])
  world.remove(PersistentVolumeClaim, world.get(PersistentVolumeClaim, 'p-data', namespace)!)
  world.settle([controller])
  assert.equal(world.get(PersistentVolumeClaim, 'p-data', namespace)!.metadata.ownerReferences![0]!.uid, 'uid-p')
})

test('why a claim cannot be made is told to the pod', () => {
  const world = build(withVolumes('data'), {})
  world.refuse = ({ do: what }) => (what === 'create' ? new WherryError('Forbidden', 'exceeded quota') : undefined)
  world.pass(ephemeralVolumeController(), `${namespace}/p`)
  assert.deepEqual(world.events.map(show), ['event Warning FailedBinding ephemeral volume data: create PVC p-data: exceeded quota'])
})

/** Claims by name, each with the uid of the pod that controls it. */
function build(facts: PodFacts, claims: Readonly<Record<string, string | undefined>>): World {
  const world = new World()
  const { metadata, ...rest } = pod('p', facts)
  world.put(Pod, { ...rest, metadata: { ...metadata, uid: 'uid-p' } })
  for (const [name, uid] of Object.entries(claims)) {
    const ownerReferences = uid === undefined ? [] : [{ apiVersion: 'v1', kind: 'Pod', name: 'p', uid, controller: true }]
    world.put(PersistentVolumeClaim, { metadata: { name, namespace, ownerReferences }, spec: {}, status: {} })
  }
  return world
}

function check(name: string, facts: PodFacts, claims: Readonly<Record<string, string | undefined>>, expected: readonly string[]): void {
  test(name, () => {
    const world = build(facts, claims)
    world.settle([ephemeralVolumeController()])
    assert.deepEqual(world.history, expected)
  })
}
