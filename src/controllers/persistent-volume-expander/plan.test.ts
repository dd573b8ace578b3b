import assert from 'node:assert/strict'
import { test } from 'node:test'
import { PersistentVolume } from '#api/core/v1/persistent-volume.ts'
import { PersistentVolumeClaim } from '#api/core/v1/persistent-volume-claim.ts'
import { namespace } from '../testing/objects.ts'
import { World } from '../testing/world.ts'
import { persistentVolumeExpander } from './controller.ts'

const csi = { csi: { driver: 'disk.example.com', volumeHandle: 'v' } }
const external = 'event Normal ExternalExpanding waiting for an external controller to expand this PVC'

check('a claim that has what it wants waits for nothing', {}, [])
check('one that wants more waits for the resizer', { wants: '2Gi' }, [external])
check(
  'so does one whose resize has begun',
  { volume: { metadata: { annotations: { 'volume.alpha.kubernetes.io/pre-resize-capacity': '1Gi' } } } },
  [external],
)
check('not one that is not bound', { wants: '2Gi', phase: 'Pending' }, [])
check('nor one whose volume is another’s', { wants: '2Gi', volume: { spec: { ...csi, claimRef: { uid: 'other' } } } }, [])
check(
  'a volume of a former in-tree plug-in is its driver’s',
  { wants: '2Gi', volume: { spec: { awsElasticBlockStore: { volumeID: 'x' }, claimRef: { uid: 'u' } } } },
  [
    'event Normal ExternalExpanding CSI migration enabled for kubernetes.io/aws-ebs; waiting for external resizer to expand the pvc',
    'patch persistentvolumeclaim a/status {"metadata":{"annotations":{"volume.kubernetes.io/storage-resizer":"ebs.csi.aws.com"}}}',
  ],
)

interface Facts {
  readonly wants?: string
  readonly phase?: string
  readonly volume?: { readonly metadata?: object; readonly spec?: object }
}

function check(name: string, { wants = '1Gi', phase = 'Bound', volume }: Facts, expected: readonly string[]): void {
  test(name, () => {
    const world = new World()
    world.put(PersistentVolumeClaim, {
      metadata: { name: 'a', namespace, uid: 'u' },
      spec: { volumeName: 'v', resources: { requests: { storage: wants } } },
      status: { phase, capacity: { storage: '1Gi' } },
    })
    world.put(PersistentVolume, {
      metadata: { name: 'v', ...volume?.metadata },
      spec: volume?.spec ?? { ...csi, claimRef: { namespace, name: 'a', uid: 'u' } },
      status: {},
    })
    const controller = persistentVolumeExpander()
    world.pass(controller, `${namespace}/a`)
    assert.deepEqual(world.history, expected)
    world.settle([controller])
    assert.deepEqual(world.history, expected, 'it is said once')
  })
}
