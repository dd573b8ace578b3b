import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { PersistentVolume } from '#api/core/v1/persistent-volume.ts'
import type { Volume } from '#api/core/v1/types.ts'
import { csiVolumeOf, csiVolumeOfInline, driverOfProvisioner, migratedAffinity } from './in-tree-volumes.ts'
import { onlyWhere, volume, zone } from './testing.ts'

const oldZone = 'failure-domain.beta.kubernetes.io/zone'
const region = 'topology.kubernetes.io/region'
const oldRegion = 'failure-domain.beta.kubernetes.io/region'

function called(name: string, source: object, expected: string, labels: Readonly<Record<string, string>> = {}): void {
  test(`a driver finds ${name}`, () => {
    const found = csiVolumeOf(volume('v', { source, labels }) as PersistentVolume)
    assert.equal(found === undefined ? 'none' : 'problem' in found ? `not: ${found.problem}` : `${found.driver} ${found.handle}`, expected)
  })
}

const gce = { gcePersistentDisk: { pdName: 'd' } }
called('a disk of Amazon', { awsElasticBlockStore: { volumeID: 'vol-1' } }, 'ebs.csi.aws.com vol-1')
called('a disk of Amazon by its address', { awsElasticBlockStore: { volumeID: 'aws://eu-1a/vol-1' } }, 'ebs.csi.aws.com vol-1')
called('a disk of Amazon by an address without a zone', { awsElasticBlockStore: { volumeID: 'aws:///vol-1/' } }, 'ebs.csi.aws.com vol-1')
called(
  'no disk of Amazon by another address',
  { awsElasticBlockStore: { volumeID: 'aws://z/a/vol-1' } },
  'not: failed to translate Kubernetes ID to EBS Volume ID Invalid format for AWS volume (aws://z/a/vol-1)',
)
called('a managed disk of Azure', { azureDisk: { diskName: 'd', diskURI: '/d', kind: 'Managed' } }, 'disk.csi.azure.com /d')
called(
  'no other disk of Azure',
  { azureDisk: { diskName: 'd', diskURI: '/d', kind: 'Shared' } },
  'not: kind(Shared) is not supported in csi migration',
)
called('a volume of Cinder', { cinder: { volumeID: 'c' } }, 'cinder.csi.openstack.org c')
called('a volume of Portworx', { portworxVolume: { volumeID: 'p' } }, 'pxd.portworx.com p')
called('a disk of Google', gce, 'pd.csi.storage.gke.io projects/UNSPECIFIED/zones/UNSPECIFIED/disks/d')
called('a disk of Google of one zone', gce, 'pd.csi.storage.gke.io projects/UNSPECIFIED/zones/eu-west1-a/disks/d', { [zone]: 'eu-west1-a' })
called('a disk of Google of a region', gce, 'pd.csi.storage.gke.io projects/UNSPECIFIED/regions/eu-west1/disks/d', {
  [oldZone]: 'eu-west1-a__eu-west1-b',
})
called(
  'no disk of Google of two regions',
  gce,
  'not: failed to get region from zones: multiple or no regions gotten from zones, got: eu-west1 eu-west2',
  { [zone]: 'eu-west1-a__eu-west2-a' },
)
called('nothing of a file server', { nfs: { server: 's', path: '/' } }, 'none')

test('a disk of Google in the pod itself has no zone', () => {
  assert.deepEqual(csiVolumeOfInline({ name: 'v', ...gce } as Volume), {
    driver: 'pd.csi.storage.gke.io',
    handle: 'projects/UNSPECIFIED/zones/UNSPECIFIED/disks/d',
  })
})

function reached(name: string, facts: Parameters<typeof volume>[1], expected: object | undefined): void {
  test(`is reached by ${name}`, () => {
    const found = migratedAffinity(volume('v', { source: { cinder: { volumeID: 'c' } }, ...facts }) as PersistentVolume)
    assert.deepEqual(found, expected)
  })
}

const cinderZone = 'topology.cinder.csi.openstack.org/zone'
const terms = (...all: readonly (readonly object[])[]): object => ({
  nodeSelectorTerms: all.map((matchExpressions) => ({ matchExpressions })),
})
const isIn = (key: string, ...values: readonly string[]): object => ({ key, operator: 'In', values })
reached('all where nothing is said', {}, undefined)
reached("its driver's zone", { spec: { nodeAffinity: onlyWhere(zone, 'z1') } }, terms([isIn(cinderZone, 'z1')]))
reached('the zones of its labels', { labels: { [zone]: 'z2__z1' } }, terms([isIn(cinderZone, 'z1', 'z2')]))
reached(
  'its affinity before its labels',
  { labels: { [zone]: 'z2' }, spec: { nodeAffinity: onlyWhere(zone, 'z1') } },
  terms([isIn(cinderZone, 'z1')]),
)
reached(
  'the zones of its labels beside other conditions',
  { labels: { [oldZone]: 'z1' }, spec: { nodeAffinity: onlyWhere(oldRegion, 'r') } },
  terms([isIn(region, 'r'), isIn(cinderZone, 'z1')]),
)
reached(
  'the new label of its region',
  { spec: { nodeAffinity: { required: terms([isIn(oldZone, 'z1'), isIn(oldRegion, 'r')]) } } },
  terms([isIn(cinderZone, 'z1'), isIn(region, 'r')]),
)
reached(
  'what it says itself where the driver has no label of its own',
  { source: { portworxVolume: { volumeID: 'p' } }, spec: { nodeAffinity: onlyWhere(zone, 'z1') } },
  terms([isIn(zone, 'z1')]),
)

for (const [provisioner, withCsiNode, without] of [
  ['disk.example.com', 'disk.example.com', 'disk.example.com'],
  ['kubernetes.io/aws-ebs', 'ebs.csi.aws.com', undefined],
  ['kubernetes.io/azure-file', undefined, undefined],
  ['kubernetes.io/no-provisioner', 'kubernetes.io/no-provisioner', 'kubernetes.io/no-provisioner'],
] as const)
  test(`volumes of ${provisioner} count for ${withCsiNode ?? 'nobody'}`, () => {
    assert.deepEqual([driverOfProvisioner(provisioner, true), driverOfProvisioner(provisioner, false)], [withCsiNode, without])
  })
