import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { PersistentVolume } from '#api/core/v1/persistent-volume.ts'
import type { PersistentVolumeClaim } from '#api/core/v1/persistent-volume-claim.ts'
import type { Pod } from '#api/core/v1/pod.ts'
import { WherryError } from '#lib/errors.ts'
import type { ClaimSource } from './claim-source.ts'
import type { PodVolume } from './payload.ts'
import { resolveVolume, volumeUses } from './resolve-volume.ts'

const bound = {
  metadata: { name: 'data', namespace: 'default', uid: 'c1' },
  spec: { volumeName: 'pv' },
  status: { phase: 'Bound' },
}
const volume = { metadata: { name: 'pv' }, spec: { claimRef: { uid: 'c1' } } }
const entry = { name: 'v', persistentVolumeClaim: { claimName: 'data' } }

interface Case {
  readonly entry?: object
  readonly claim?: object | undefined
  readonly volume?: object | undefined
  readonly uses?: 'mounted' | 'device'
  /** The message, or the name of the volume. */
  readonly gives: string
}

const cases: Readonly<Record<string, Case>> = {
  'a bound claim leads to its volume': { gives: 'pv' },
  'no claim': {
    claim: undefined,
    gives: 'error processing PVC default/data: failed to fetch PVC from API server: persistentvolumeclaims "data" not found',
  },
  'not bound': { claim: { ...bound, status: { phase: 'Pending' } }, gives: 'error processing PVC default/data: PVC is not bound' },
  'bound without a name': {
    claim: { ...bound, spec: {} },
    gives: 'error processing PVC default/data: PVC has empty pvc.Spec.VolumeName',
  },
  'deleted and unprotected': {
    claim: { ...bound, metadata: { ...bound.metadata, deletionTimestamp: '2026-01-01T00:00:00Z' } },
    gives: 'error processing PVC default/data: PVC is being deleted',
  },
  'deleted and protected goes on': {
    claim: {
      ...bound,
      metadata: { ...bound.metadata, deletionTimestamp: '2026-01-01T00:00:00Z', finalizers: ['kubernetes.io/pvc-protection'] },
    },
    gives: 'pv',
  },
  'no volume': {
    volume: undefined,
    gives: 'error processing PVC default/data: failed to fetch PV pv from API server: persistentvolumes "pv" not found',
  },
  'the volume does not know the claim': {
    volume: { ...volume, spec: {} },
    gives:
      'error processing PVC default/data: found PV object pv but it has a nil pv.Spec.ClaimRef indicating it is not yet bound to the claim',
  },
  'the volume is bound to a claim before': {
    volume: { ...volume, spec: { claimRef: { uid: 'c0' } } },
    gives: 'error processing PVC default/data: found PV object pv but its pv.Spec.ClaimRef.UID c0 does not point to claim.UID c1',
  },
  'a device that is mounted': {
    volume: { ...volume, spec: { ...volume.spec, volumeMode: 'Block' } },
    gives: 'volume v has volumeMode Block, but is specified in volumeMounts',
  },
  'a directory that is wanted as a device': {
    uses: 'device',
    gives: 'volume v has volumeMode Filesystem, but is specified in volumeDevices',
  },
  'a device': { uses: 'device', volume: { ...volume, spec: { ...volume.spec, volumeMode: 'Block' } }, gives: 'pv' },
  'ephemeral, of somebody else': {
    entry: { name: 'v', ephemeral: {} },
    gives: 'PVC default/p-v was not created for pod default/p (pod is not owner)',
  },
  'ephemeral, of this pod': {
    entry: { name: 'v', ephemeral: {} },
    claim: { ...bound, metadata: { ...bound.metadata, ownerReferences: [{ controller: true, uid: 'u' }] } },
    gives: 'pv',
  },
  'no claim at all': { entry: { name: 'v', emptyDir: {} }, gives: 'v' },
  'an empty directory as a device': {
    entry: { name: 'v', emptyDir: {} },
    uses: 'device',
    gives: 'volume v has volumeMode Filesystem, but is specified in volumeDevices',
  },
}

for (const [name, given] of Object.entries(cases)) {
  test(name, async () => {
    const uses = given.uses ?? 'mounted'
    const pod = {
      metadata: { name: 'p', namespace: 'default', uid: 'u' },
      spec: {
        containers: [{ name: 'c', ...(uses === 'mounted' ? { volumeMounts: [{ name: 'v' }] } : { volumeDevices: [{ name: 'v' }] }) }],
      },
    } as unknown as Pod
    const found = <T>(object: unknown, words: string): Promise<T> =>
      object === undefined ? Promise.reject(new WherryError('NotFound', words)) : Promise.resolve(object as T)
    const claims: ClaimSource = {
      claim: (claim) => found<PersistentVolumeClaim>('claim' in given ? given.claim : bound, `persistentvolumeclaims "${claim}" not found`),
      volume: (one) => found<PersistentVolume>('volume' in given ? given.volume : volume, `persistentvolumes "${one}" not found`),
      updateStatus: () => assert.fail('nothing is written'),
    }
    const gives = await resolveVolume(pod, (given.entry ?? entry) as PodVolume, volumeUses(pod), claims).then(
      (spec) => spec.name,
      (error: Error) => error.message,
    )
    assert.equal(gives, given.gives)
  })
}

test('volumes of init and ephemeral containers are used, too', () => {
  const pod = {
    spec: {
      containers: [{ volumeMounts: [{ name: 'a' }] }],
      initContainers: [{ volumeMounts: [{ name: 'b' }] }],
      ephemeralContainers: [{ volumeDevices: [{ name: 'c' }] }],
    },
  } as unknown as Pod
  assert.deepEqual(volumeUses(pod), { mounted: new Set(['b', 'a']), devices: new Set(['c']) })
})
