import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Node } from '#api/core/v1/node.ts'
import { PersistentVolume } from '#api/core/v1/persistent-volume.ts'
import { PersistentVolumeClaim } from '#api/core/v1/persistent-volume-claim.ts'
import { Pod } from '#api/core/v1/pod.ts'
import { CSIDriver } from '#api/storage/v1/csi-driver.ts'
import { StorageClass } from '#api/storage/v1/storage-class.ts'
import { namespace, pod } from '../testing/objects.ts'
import { World } from '../testing/world.ts'
import { localProvisionerController } from './controller.ts'
import { deletionAnnotation, directoryFinalizer, localDriver } from './names.ts'

const selected = { 'volume.kubernetes.io/selected-node': 'n' }
const made = ['create persistentvolume pvc-u', 'event Normal ProvisioningSucceeded Successfully provisioned volume pvc-u']
const refused = (why: string) => [`event Warning ProvisioningFailed failed to provision volume with StorageClass: ${why}`]

checkClaim('a claim waits until its node is known', {}, [])
checkClaim('the scheduler’s choice is taken', { annotations: selected }, made)
checkClaim('so is the node of a pod that needed no scheduler', { podOn: 'n' }, made)
checkClaim('a node that is gone is chosen anew', { annotations: selected, node: null }, [
  'patch persistentvolumeclaim data {"metadata":{"annotations":{"volume.kubernetes.io/selected-node":null}}}',
])
checkClaim('the node of a pod is no choice to be taken back', { podOn: 'n', node: null }, [])
checkClaim('a claim that has its volume is left alone', { annotations: selected, spec: { volumeName: 'v' } }, [])
checkClaim('so is one of another class', { annotations: selected, spec: { storageClassName: 'other' } }, [])
checkClaim(
  'several nodes cannot have a directory',
  { annotations: selected, spec: { accessModes: ['ReadWriteMany'] } },
  refused('a directory of one node cannot be ReadWriteMany; ask for ReadWriteOnce'),
)
checkClaim(
  'a directory is no device',
  { annotations: selected, spec: { volumeMode: 'Block' } },
  refused('a directory is no raw device; ask for volumeMode Filesystem'),
)
checkClaim(
  'no node is known before there is a pod',
  { bindingMode: 'Immediate' },
  refused('before there is a pod nobody knows on which node; the class needs volumeBindingMode WaitForFirstConsumer'),
)

test('the volume is for the claim, on the node', () => {
  const world = build({ annotations: selected })
  world.settle([localProvisionerController()])
  const { spec, metadata } = world.get(PersistentVolume, 'pvc-u')!
  assert.deepEqual(spec.csi, { driver: localDriver, volumeHandle: 'pvc-u', volumeAttributes: { node: 'n' } })
  assert.equal(spec.claimRef?.uid, 'u')
  assert.deepEqual(spec.nodeAffinity?.required?.nodeSelectorTerms, [
    { matchExpressions: [{ key: 'kubernetes.io/hostname', operator: 'In', values: ['host-n'] }] },
  ])
  assert.deepEqual(metadata.finalizers, [directoryFinalizer])
  assert.equal(world.get(StorageClass, 'local')?.volumeBindingMode, 'WaitForFirstConsumer')
  assert.equal(world.get(CSIDriver, localDriver)?.spec.attachRequired, false)
})

const mark = (value: string | null) => `patch node n {"metadata":{"annotations":{"${deletionAnnotation('v')}":${JSON.stringify(value)}}}}`
const letGo = 'patch persistentvolume v {"metadata":{"finalizers":[]}}'
checkVolume('a volume in use stays', { phase: 'Bound' }, [])
checkVolume('a released one has its directory removed first', { phase: 'Released' }, [mark('wanted')])
checkVolume('which takes its time', { phase: 'Released', mark: 'wanted' }, [])
checkVolume('and goes then', { phase: 'Released', mark: 'done' }, ['delete persistentvolume v'])
checkVolume('one that somebody deletes is held until its directory is gone', { phase: 'Released', isLeaving: true }, [mark('wanted')])
checkVolume('then let go', { phase: 'Released', isLeaving: true, mark: 'done' }, [letGo])
checkVolume('not while a claim has it', { phase: 'Bound', isLeaving: true }, [])
checkVolume('a node that is gone took the directory along', { phase: 'Released', node: null }, ['delete persistentvolume v'])
checkVolume('what is to be kept is kept', { phase: 'Released', policy: 'Retain' }, [letGo])
checkVolume('and held again when it is not', { phase: 'Bound', finalizers: [] }, [
  `patch persistentvolume v {"metadata":{"finalizers":["${directoryFinalizer}"]}}`,
])
checkVolume('the mark goes after the volume', { phase: undefined, mark: 'done' }, [mark(null)])
checkVolume('but not before the directory', { phase: undefined, mark: 'wanted' }, [])

interface ClaimFacts {
  readonly annotations?: Readonly<Record<string, string>>
  readonly podOn?: string
  readonly node?: null
  readonly spec?: object
  readonly bindingMode?: string
}

function build({ annotations = {}, podOn, node, spec = {}, bindingMode }: ClaimFacts): World {
  const world = new World()
  world.put(PersistentVolumeClaim, {
    metadata: { name: 'data', namespace, uid: 'u', annotations },
    spec: { storageClassName: 'local', accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } }, ...spec },
    status: { phase: 'Pending' },
  })
  if (bindingMode !== undefined)
    world.put(StorageClass, { metadata: { name: 'local' }, provisioner: localDriver, volumeBindingMode: bindingMode })
  if (node === undefined) world.put(Node, { metadata: { name: 'n', labels: { 'kubernetes.io/hostname': 'host-n' } } })
  if (podOn !== undefined)
    world.put(Pod, pod('p', { node: podOn, spec: { volumes: [{ name: 'data', persistentVolumeClaim: { claimName: 'data' } }] } }))
  return world
}

function checkClaim(name: string, facts: ClaimFacts, expected: readonly string[]): void {
  test(name, () => {
    const world = build(facts)
    const controller = localProvisionerController()
    world.pass(controller, '~class')
    world.history.length = 0
    world.pass(controller, `${namespace}/data`)
    assert.deepEqual(world.history, expected)
  })
}

interface VolumeFacts {
  /** Undefined: it is gone. */
  readonly phase: string | undefined
  readonly mark?: string
  readonly node?: null
  readonly policy?: string
  readonly isLeaving?: boolean
  readonly finalizers?: readonly string[]
}

function checkVolume(name: string, facts: VolumeFacts, expected: readonly string[]): void {
  test(name, () => {
    const { phase, mark: value, node, policy = 'Delete', isLeaving = false, finalizers = [directoryFinalizer] } = facts
    const world = new World()
    if (phase !== undefined)
      world.put(PersistentVolume, {
        metadata: { name: 'v', finalizers, ...(isLeaving && { deletionTimestamp: '2026-01-01T00:00:00Z' }) },
        spec: { csi: { driver: localDriver, volumeHandle: 'v', volumeAttributes: { node: 'n' } }, persistentVolumeReclaimPolicy: policy },
        status: { phase },
      })
    const annotations = value === undefined ? {} : { [deletionAnnotation('v')]: value }
    if (node === undefined) world.put(Node, { metadata: { name: 'n', annotations } })
    world.pass(localProvisionerController(), 'v')
    assert.deepEqual(world.history, expected)
  })
}
