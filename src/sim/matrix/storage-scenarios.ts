import { change, make, podTemplate, remove, thing } from './actions.ts'
import type { Scenario } from './scenario.ts'

const namespace = 'default'
const accessModes = ['ReadWriteOnce']
const storageClassName = 'disk'
const volume = (name: string) => thing('PersistentVolume', name)
const claim = (name: string) => thing('PersistentVolumeClaim', name, namespace)
const volumeSpec = (source: object) => ({
  spec: { capacity: { storage: '1Gi' }, accessModes, storageClassName, persistentVolumeReclaimPolicy: 'Retain', ...source },
})
const claimSpec = (volumeName?: string) => ({
  spec: { accessModes, storageClassName, resources: { requests: { storage: '1Gi' } }, ...(volumeName !== undefined && { volumeName }) },
})
const directory = { hostPath: { path: '/data' } }
const disk = { csi: { driver: 'disk.example.com', volumeHandle: 'one' } }
const formerDisk = { gcePersistentDisk: { pdName: 'one' } }
const usedBy = (claimName: string) => podTemplate('web', { volumes: [{ name: 'data', persistentVolumeClaim: { claimName } }] })
const device = { driver: 'gpu.example.com', pool: 'node-0', device: 'gpu-0' }
const slice = (taints: readonly object[]) => ({
  spec: {
    driver: device.driver,
    pool: { name: device.pool, generation: 1, resourceSliceCount: 1 },
    nodeName: 'node-0',
    devices: [{ name: device.device, ...(taints.length > 0 && { taints }) }],
  },
})

export const storageScenarios: readonly Scenario[] = [
  {
    name: 'claims are bound, released and go',
    controllers: ['persistentvolume-controller', 'pv-protection-controller', 'pvc-protection-controller'],
    stages: [
      [make(volume('a'), volumeSpec(directory)), make(volume('b'), volumeSpec(directory)), make(claim('first'), claimSpec('a'))],
      [make(claim('second'), claimSpec('b')), remove(claim('first'))],
      [remove(volume('a'))],
    ],
  },
  {
    name: 'an attributes class goes',
    controllers: ['volumeattributesclass-protection-controller'],
    stages: [
      [make(thing('VolumeAttributesClass', 'fast'), { driverName: 'disk.example.com', parameters: { iops: '1000' } })],
      [remove(thing('VolumeAttributesClass', 'fast'))],
    ],
  },
  {
    name: 'a claim grows',
    controllers: ['volume_expand'],
    stages: [
      [
        make(thing('StorageClass', storageClassName), { provisioner: 'kubernetes.io/gce-pd', allowVolumeExpansion: true }),
        make(volume('a'), volumeSpec(formerDisk)),
        make(claim('data'), claimSpec('a')),
      ],
      // However late it is bound: only then may it ask for more.
      [],
      [change(claim('data'), { spec: { resources: { requests: { storage: '2Gi' } } } })],
    ],
  },
  {
    name: 'a pod brings its own claim',
    controllers: ['ephemeral_volume'],
    stages: [
      [
        make(
          thing('Pod', 'web', namespace),
          podTemplate('web', { volumes: [{ name: 'own', ephemeral: { volumeClaimTemplate: claimSpec() } }] }),
        ),
        make(volume('a'), volumeSpec(directory)),
      ],
    ],
  },
  {
    name: 'a volume is attached to the node of its pod',
    controllers: ['attachdetach-controller'],
    nodes: 1,
    stages: [
      [
        make(thing('CSIDriver', 'disk.example.com'), { spec: { attachRequired: true } }),
        make(volume('a'), volumeSpec(disk)),
        make(claim('data'), claimSpec('a')),
      ],
      [make(thing('Pod', 'web', namespace), usedBy('data'))],
      [remove(thing('Pod', 'web', namespace))],
    ],
  },
  {
    name: 'a pod brings a claim of devices, and one of them is tainted',
    controllers: ['resource-claim-controller', 'device-taint-eviction-controller'],
    nodes: 1,
    stages: [
      [
        make(thing('DeviceClass', 'gpu'), { spec: {} }),
        make(thing('ResourceSlice', 'node-0-gpu'), slice([])),
        make(thing('ResourceClaimTemplate', 'gpu', namespace), {
          spec: { spec: { devices: { requests: [{ name: 'gpu', exactly: { deviceClassName: 'gpu' } }] } } },
        }),
        make(thing('ResourceClaim', 'shared', namespace), {
          spec: { devices: { requests: [{ name: 'gpu', exactly: { deviceClassName: 'gpu' } }] } },
        }),
        make(thing('Pod', 'asks', namespace), podTemplate('asks', { resourceClaims: [{ name: 'gpu', resourceClaimTemplateName: 'gpu' }] })),
      ],
      [
        change(
          thing('ResourceClaim', 'shared', namespace),
          {
            metadata: { finalizers: ['resource.kubernetes.io/delete-protection'] },
            status: { allocation: { devices: { results: [{ request: 'gpu', ...device }] } } },
          },
          'status',
        ),
        make(
          thing('Pod', 'uses', namespace),
          podTemplate('uses', { nodeName: 'node-0', resourceClaims: [{ name: 'gpu', resourceClaimName: 'shared' }] }),
        ),
      ],
      [
        change(thing('ResourceSlice', 'node-0-gpu'), slice([{ key: 'broken', effect: 'NoExecute' }])),
        remove(thing('Pod', 'asks', namespace)),
      ],
    ],
  },
]
