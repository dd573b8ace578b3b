import { answerCheck, type Cluster, claim, localClass, storageClass, volume, zone } from '../volume-common/testing.ts'
import { volumeZone } from './volume-zone.ts'

const oldZone = 'failure-domain.beta.kubernetes.io/zone'
const region = 'topology.kubernetes.io/region'
const conflict = 'node(s) had no available volume zone'

const check = answerCheck(volumeZone)

const bound = (labels: Readonly<Record<string, string>>): Cluster & { uses: string[] } => ({
  uses: ['x'],
  volumes: [volume('v', { labels })],
  claims: [claim('x', { has: 'v' })],
})

check('has no say without claims', { uses: [] }, 'no say')
check('has no say of volumes without a zone', bound({ app: 'web' }), 'no say')
check('has no say of ephemeral volumes', { uses: [{ ephemeral: {} }] }, 'no say')
check(
  'goes to the zone of the volume',
  { ...bound({ [zone]: 'z1' }), nodes: { a: { [zone]: 'z1' }, b: { [zone]: 'z2' } } },
  { a: 'fits', b: conflict },
)
check(
  'goes to one of several zones',
  { ...bound({ [zone]: 'z1__z2' }), nodes: { a: { [zone]: 'z2' }, b: { [zone]: 'z3' } } },
  { a: 'fits', b: conflict },
)
check('takes no label that names an empty zone', bound({ [zone]: 'z1__' }), 'no say')
check(
  'needs every label',
  {
    ...bound({ [zone]: 'z1', [region]: 'r1' }),
    nodes: { a: { [zone]: 'z1', [region]: 'r1' }, b: { [zone]: 'z1' }, c: { [zone]: 'z1', [region]: 'r2' } },
  },
  { a: 'fits', b: conflict, c: conflict },
)
check(
  'reads the old labels of volumes on nodes with new ones, and not the other way round',
  { ...bound({ [oldZone]: 'z1' }), nodes: { a: { [zone]: 'z1' }, b: { [oldZone]: 'z1' }, c: { [zone]: 'z2' } } },
  { a: 'fits', b: 'fits', c: conflict },
)
check(
  'does not read new labels of volumes on old nodes',
  { ...bound({ [zone]: 'z1' }), nodes: { a: { [oldZone]: 'z1' } } },
  { a: conflict },
)
check('lets nodes without zones have every volume', { ...bound({ [zone]: 'z1' }), nodes: { a: {} } }, { a: 'fits' })
check('misses the claim', { uses: ['x'] }, 'persistentvolumeclaim "x" not found')
check('misses the volume', { uses: ['x'], claims: [claim('x', { has: 'v' })] }, 'persistentvolume "v" not found')
check('misses the class', { uses: ['x'], claims: [claim('x', { className: 'c' })] }, 'storageclass.storage.k8s.io "c" not found')
check('needs a volume or a class', { uses: ['x'], claims: [claim('x')] }, 'PersistentVolumeClaim had no pv name and storageClass name')
check('has no say of a claim that waits', { uses: ['x'], classes: [localClass('c')], claims: [claim('x', { className: 'c' })] }, 'no say')
check(
  'waits for a claim that does not',
  { uses: ['x'], classes: [storageClass('c', { volumeBindingMode: 'Immediate' })], claims: [claim('x', { className: 'c' })] },
  'PersistentVolume had no name',
)
