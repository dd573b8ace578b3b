import assert from 'node:assert/strict'
import { test } from 'node:test'
import { answerCheck, claim, csiNode, hostname, localClass, onlyWhere, storageClass, volume, zone } from '../volume-common/testing.ts'
import { reasons } from './find-volumes.ts'
import { volumeBinding } from './volume-binding.ts'

const plugin = volumeBinding({})

const check = answerCheck(plugin)

/** Of a volume: each term is one way to be reached. */
const reachedWhere = (...terms: readonly (readonly object[])[]): object => ({
  nodeAffinity: { required: { nodeSelectorTerms: terms.map((matchExpressions) => ({ matchExpressions })) } },
})

const delayed = [storageClass('made'), localClass('local')]
const ephemeral = {
  ephemeral: { volumeClaimTemplate: { spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } } } },
}
const owned = (uid: string): object => ({ ownerReferences: [{ apiVersion: 'v1', kind: 'Pod', name: 'p', uid, controller: true }] })

check('has no say without claims', { uses: [{ emptyDir: {} }] }, 'no say')
check('misses a claim', { uses: ['x'] }, 'persistentvolumeclaim "x" not found')
check(
  'waits for the claim of an ephemeral volume',
  { uses: [ephemeral] },
  'waiting for ephemeral volume controller to create the persistentvolumeclaim "p-v0"',
)
check(
  "takes no stranger's claim for an ephemeral volume",
  { uses: [ephemeral], claims: [claim('p-v0')] },
  'PVC shop/p-v0 was not created for pod shop/p (pod is not owner)',
)
check(
  'takes its own claim for an ephemeral volume',
  { uses: [ephemeral], classes: delayed, claims: [claim('p-v0', { className: 'made', metadata: owned('Pod-p') })] },
  { a: 'fits', b: 'fits' },
)
check(
  'knows a claim that is going',
  { uses: ['x'], claims: [claim('x', { metadata: { deletionTimestamp: '2026-01-01T00:00:00Z', finalizers: ['f'] } })] },
  'persistentvolumeclaim "x" is being deleted',
)
check(
  'knows a claim that lost its volume',
  { uses: ['x'], claims: [claim('x', { has: 'v', status: { phase: 'Lost' } })] },
  'persistentvolumeclaim "x" bound to non-existent persistentvolume "v"',
)
for (const [what, facts] of Object.entries({
  'of no class': {},
  'of a class that is not there': { className: 'gone' },
  'of a class that binds at once': { className: 'now' },
  'that asks for a certain volume': { className: 'made', spec: { volumeName: 'v' } },
}))
  check(
    `waits for the binder where a claim is ${what}`,
    { uses: ['x'], classes: [...delayed, storageClass('now', { volumeBindingMode: 'Immediate' })], claims: [claim('x', facts)] },
    'pod has unbound immediate PersistentVolumeClaims',
  )

check(
  'goes where the volume of a bound claim is',
  { uses: ['x'], volumes: [volume('v', { on: 'b' })], claims: [claim('x', { has: 'v' })] },
  { a: reasons.nodeAffinity, b: 'fits' },
)
check(
  'goes anywhere with a volume that is everywhere',
  { uses: ['x'], volumes: [volume('v')], claims: [claim('x', { has: 'v' })] },
  { a: 'fits', b: 'fits' },
)
check(
  'cannot use a volume that is not there',
  { uses: ['x'], claims: [claim('x', { has: 'v' })] },
  { a: reasons.volumeGone, b: reasons.volumeGone },
)
check(
  'looks at no fields of the node, as the reference',
  {
    uses: ['x'],
    volumes: [
      volume('v', {
        spec: {
          nodeAffinity: { required: { nodeSelectorTerms: [{ matchFields: [{ key: 'metadata.name', operator: 'In', values: ['a'] }] }] } },
        },
      }),
    ],
    claims: [claim('x', { has: 'v' })],
  },
  { a: 'fits', b: 'fits' },
)
check(
  'reads the labels of a driver where it does the work of a plug-in',
  {
    uses: ['x'],
    nodes: {
      a: { 'topology.ebs.csi.aws.com/zone': 'z1', [zone]: 'z9' },
      b: { 'topology.ebs.csi.aws.com/zone': 'z2', [zone]: 'z1' },
      c: { [zone]: 'z1' },
    },
    csiNodes: [csiNode('a', {}, 'kubernetes.io/aws-ebs'), csiNode('b', {}, 'kubernetes.io/aws-ebs'), csiNode('c', {})],
    volumes: [volume('v', { source: { awsElasticBlockStore: { volumeID: 'vol-1' } }, spec: { nodeAffinity: onlyWhere(zone, 'z1') } })],
    claims: [claim('x', { has: 'v' })],
  },
  { a: 'fits', b: reasons.nodeAffinity, c: 'fits' },
)
check(
  'tells of a volume that its driver could not find',
  {
    uses: ['x'],
    csiNodes: [csiNode('a', {}, 'kubernetes.io/aws-ebs')],
    volumes: [volume('v', { source: { awsElasticBlockStore: { volumeID: 'aws://z/disk' } } })],
    claims: [claim('x', { has: 'v' })],
  },
  {
    a: 'could not translate pv: failed to translate Kubernetes ID to EBS Volume ID Invalid format for AWS volume (aws://z/disk)',
    b: 'fits',
  },
)

check(
  'goes where a free volume is',
  { uses: ['x'], classes: delayed, volumes: [volume('v', { className: 'local', on: 'b' })], claims: [claim('x', { className: 'local' })] },
  { a: reasons.noVolume, b: 'fits' },
)
for (const [what, facts] of Object.entries({
  'is too small': { size: '1023Mi' },
  'has other access modes': { modes: ['ReadOnlyMany'] },
  'is a device': { spec: { volumeMode: 'Block' } },
  'is of another attributes class': { spec: { volumeAttributesClassName: 'gold' } },
  'is going': { metadata: { deletionTimestamp: '2026-01-01T00:00:00Z', finalizers: ['f'] } },
  'is released': { phase: 'Released' },
  'is of another class': { className: 'made' },
  "is another claim's": { claim: ['y', 'uid'] as const },
  'is set aside for a former claim': { claim: ['x', 'uid'] as const },
}))
  check(
    `takes no volume that ${what}`,
    {
      uses: ['x'],
      nodes: { a: {} },
      classes: delayed,
      volumes: [volume('v', { className: 'local', ...facts })],
      claims: [claim('x', { className: 'local' })],
    },
    { a: reasons.noVolume },
  )
check(
  'takes no volume without the labels that are asked for',
  {
    uses: ['x'],
    nodes: { a: {}, b: {} },
    classes: delayed,
    volumes: [volume('u', { className: 'local', on: 'a' }), volume('v', { className: 'local', on: 'b', labels: { grade: 'gold' } })],
    claims: [claim('x', { className: 'local', spec: { selector: { matchLabels: { grade: 'gold' } } } })],
  },
  { a: reasons.noVolume, b: 'fits' },
)
check(
  'needs a volume for each of two claims',
  {
    uses: ['x', 'y'],
    classes: delayed,
    volumes: ['a', 'b', 'b'].map((on, i) => volume(`v${i}`, { className: 'local', on })),
    claims: ['x', 'y'].map((name) => claim(name, { className: 'local' })),
  },
  { a: reasons.noVolume, b: 'fits' },
)
check(
  'needs one volume for a claim that it names twice',
  {
    uses: ['x', 'x'],
    nodes: { a: {} },
    classes: delayed,
    volumes: [volume('v', { className: 'local' })],
    claims: [claim('x', { className: 'local' })],
  },
  { a: 'fits' },
)
check(
  'leaves the large volume to the large claim',
  {
    uses: ['large', 'small'],
    nodes: { a: {} },
    classes: delayed,
    volumes: [volume('v5', { className: 'local', size: '5Gi' }), volume('v1', { className: 'local', size: '1Gi' })],
    claims: [claim('large', { className: 'local', size: '5Gi' }), claim('small', { className: 'local' })],
  },
  { a: 'fits' },
)
check(
  'takes what is set aside for the claim, whatever its labels and modes',
  {
    uses: ['x'],
    nodes: { a: {}, b: {} },
    classes: delayed,
    volumes: [
      volume('v', { className: 'local', on: 'b', claim: ['x'], modes: ['ReadOnlyMany'], phase: 'Pending' }),
      volume('u', { className: 'local' }),
    ],
    claims: [claim('x', { className: 'local', spec: { selector: { matchLabels: { grade: 'gold' } } } })],
  },
  { a: reasons.noVolume, b: 'fits' },
)

const zoned = { a: { [zone]: 'z1' }, b: { [zone]: 'z2' } }
check(
  'goes where a volume can be made',
  {
    uses: ['x'],
    nodes: zoned,
    classes: [storageClass('made', { allowedTopologies: [{ matchLabelExpressions: [{ key: zone, values: ['z2', 'z3'] }] }] })],
    claims: [claim('x', { className: 'made' })],
  },
  { a: reasons.noVolume, b: 'fits' },
)
check(
  'makes volumes nowhere for a topology without conditions',
  {
    uses: ['x'],
    nodes: { a: {} },
    classes: [storageClass('made', { allowedTopologies: [{}] })],
    claims: [claim('x', { className: 'made' })],
  },
  { a: reasons.noVolume },
)
check(
  'goes to the node that was chosen for its claim',
  {
    uses: ['x'],
    classes: delayed,
    volumes: [volume('v', { className: 'made', on: 'a' })],
    claims: [claim('x', { className: 'made', metadata: { annotations: { 'volume.kubernetes.io/selected-node': 'b' } } })],
  },
  { a: reasons.noVolume, b: 'fits' },
)
const roomIn = (where: object, more: object): object => ({
  metadata: { name: JSON.stringify([where, more]).replace(/\W+/g, '-').toLowerCase() },
  storageClassName: 'made',
  nodeTopology: where,
  ...more,
})
const drivers = [{ metadata: { name: 'disk.example.com' }, spec: { storageCapacity: true } }]
check(
  'goes where there is room for the volume',
  {
    uses: ['x'],
    nodes: { a: { [zone]: 'z1' }, b: { [zone]: 'z2' }, c: { [zone]: 'z3' }, d: { [zone]: 'z4' } },
    classes: delayed,
    drivers,
    capacities: [
      roomIn({ matchLabels: { [zone]: 'z1' } }, { capacity: '4Gi' }),
      roomIn({ matchLabels: { [zone]: 'z2' } }, { capacity: '5Gi' }),
      roomIn(
        { matchExpressions: [{ key: zone, operator: 'NotIn', values: ['z1', 'z2', 'z4'] }] },
        { capacity: '9Gi', maximumVolumeSize: '5Gi' },
      ),
      { ...roomIn({}, { capacity: '9Gi' }), storageClassName: 'other' },
      { metadata: { name: 'unreachable' }, storageClassName: 'made', capacity: '9Gi' },
      roomIn({ matchLabels: { [zone]: 'z4' } }, { capacity: '9Gi', maximumVolumeSize: '1Gi' }),
    ],
    claims: [claim('x', { className: 'made', size: '5Gi' })],
  },
  { a: reasons.noRoom, b: 'fits', c: 'fits', d: reasons.noRoom },
)
check(
  'asks for no room where the driver does not say',
  {
    uses: ['x'],
    nodes: { a: {} },
    classes: delayed,
    drivers: [{ metadata: { name: 'disk.example.com' }, spec: {} }],
    claims: [claim('x', { className: 'made' })],
  },
  { a: 'fits' },
)
check(
  'tells of all that is wrong with a node, in the order of the reference',
  {
    uses: ['x', 'y', 'z'],
    nodes: { a: {}, b: {} },
    classes: delayed,
    volumes: [volume('v', { on: 'b' })],
    claims: [claim('x', { has: 'v' }), claim('y', { className: 'local' }), claim('z', { className: 'local' })],
  },
  { a: `${reasons.nodeAffinity}; ${reasons.noVolume}`, b: reasons.noVolume },
)
check(
  'tells of a volume that is gone last',
  { uses: ['x', 'y'], nodes: { a: {} }, classes: delayed, claims: [claim('x', { has: 'v' }), claim('y', { className: 'local' })] },
  { a: `${reasons.noVolume}; ${reasons.volumeGone}` },
)
check(
  'asks for several labels of a volume',
  {
    uses: ['x'],
    nodes: { a: { [zone]: 'z1' }, b: { [zone]: 'z1' } },
    classes: delayed,
    volumes: [
      volume('v', {
        className: 'local',
        spec: reachedWhere(
          [
            { key: zone, operator: 'In', values: ['z1'] },
            { key: hostname, operator: 'NotIn', values: ['a'] },
          ],
          [{ key: zone, operator: 'In', values: ['z2'] }],
        ),
      }),
    ],
    claims: [claim('x', { className: 'local' })],
  },
  { a: reasons.noVolume, b: 'fits' },
)

check(
  'takes terms as alternatives, whatever labels they are about',
  {
    uses: ['x'],
    nodes: { a: { [zone]: 'z1' }, b: { [zone]: 'z2' }, c: { [zone]: 'z2' } },
    classes: delayed,
    volumes: [
      volume('v', {
        className: 'local',
        spec: reachedWhere([{ key: hostname, operator: 'In', values: ['b'] }], [{ key: zone, operator: 'In', values: ['z1'] }]),
      }),
    ],
    claims: [claim('x', { className: 'local' })],
  },
  { a: 'fits', b: 'fits', c: reasons.noVolume },
)

for (const [args, message] of [
  [{ bindTimeoutSeconds: -1 }, /^bindTimeoutSeconds: Invalid value: -1: invalid BindTimeoutSeconds, should not be a negative value$/],
  [{ shape: [] }, /^shape: Invalid value: \[\]: unexpected field `shape`, remove it or turn on the feature gate StorageCapacityScoring$/],
] as const)
  test(`refuses the arguments ${JSON.stringify(args)}`, () => {
    assert.throws(() => volumeBinding(args), { message })
  })
