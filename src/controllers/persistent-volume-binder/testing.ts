import { PersistentVolume } from '#api/core/v1/persistent-volume.ts'
import { PersistentVolumeClaim } from '#api/core/v1/persistent-volume-claim.ts'
import { given, namespace } from '../testing/objects.ts'
import { show, type World } from '../testing/world.ts'

/** Claims and volumes of tests, with only what the test at hand is about. */

export interface ClaimFacts {
  readonly size?: string
  readonly modes?: readonly string[]
  readonly className?: string
  readonly volume?: string
  readonly annotations?: Readonly<Record<string, string>>
  readonly spec?: object
  readonly status?: object
  readonly uid?: string
}

export const claim = (name: string, facts: ClaimFacts = {}) => ({
  metadata: { name, namespace, ...given('annotations', facts.annotations), ...given('uid', facts.uid) },
  spec: {
    accessModes: facts.modes ?? ['ReadWriteOnce'],
    resources: { requests: { storage: facts.size ?? '1Gi' } },
    volumeMode: 'Filesystem',
    ...given('storageClassName', facts.className),
    ...given('volumeName', facts.volume),
    ...facts.spec,
  },
  status: { phase: 'Pending', ...facts.status },
})

export interface VolumeFacts {
  readonly size?: string
  readonly modes?: readonly string[]
  readonly className?: string
  /** Name of the claim that it is set aside for, and that claim's uid. */
  readonly claim?: readonly [name: string, uid?: string]
  readonly policy?: 'Retain' | 'Delete' | 'Recycle'
  readonly annotations?: Readonly<Record<string, string>>
  readonly labels?: Readonly<Record<string, string>>
  readonly phase?: string
  readonly source?: object
  readonly spec?: object
  readonly finalizers?: readonly string[]
}

export const volume = (name: string, facts: VolumeFacts = {}) => ({
  metadata: {
    name,
    ...given('annotations', facts.annotations),
    ...given('labels', facts.labels),
    ...given('finalizers', facts.finalizers),
  },
  spec: {
    capacity: { storage: facts.size ?? '1Gi' },
    accessModes: facts.modes ?? ['ReadWriteOnce'],
    persistentVolumeReclaimPolicy: facts.policy ?? 'Retain',
    volumeMode: 'Filesystem',
    ...given('storageClassName', facts.className),
    ...(facts.claim === undefined ? {} : { claimRef: { namespace, name: facts.claim[0], ...given('uid', facts.claim[1]) } }),
    ...(facts.source ?? { csi: { driver: 'disk.example.com', volumeHandle: name } }),
    ...facts.spec,
  },
  status: { phase: facts.phase ?? 'Pending' },
})

/** `a: Bound v` of each claim, `v: Bound shop/a` of each volume, and each event in short. */
export const summary = (world: World): string[] => [
  ...world.list(PersistentVolumeClaim).map(({ metadata, spec, status }) => `${metadata.name}: ${status.phase} ${spec.volumeName ?? '-'}`),
  ...world
    .list(PersistentVolume)
    .map(
      ({ metadata, spec: { claimRef }, status }) =>
        `${metadata.name}: ${status.phase} ${claimRef === undefined ? '-' : claimRef.name}${claimRef?.uid ? '!' : ''}`,
    ),
  ...world.events.map((event) => show(event).replace('event ', `${event.regarding.metadata.name}: `)),
]
