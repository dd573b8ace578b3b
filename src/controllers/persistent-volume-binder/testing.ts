import assert from 'node:assert/strict'
import { test } from 'node:test'
import { PersistentVolume } from '#api/core/v1/persistent-volume.ts'
import { PersistentVolumeClaim } from '#api/core/v1/persistent-volume-claim.ts'
import { Pod } from '#api/core/v1/pod.ts'
import { StorageClass } from '#api/storage/v1/storage-class.ts'
import { given, namespace, type PodFacts, pod } from '../testing/objects.ts'
import { show, World } from '../testing/world.ts'
import { persistentVolumeBinder } from './controller.ts'

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

/** What a test begins with, by name. */
export interface Scene {
  readonly claims?: Readonly<Record<string, ClaimFacts>>
  readonly volumes?: Readonly<Record<string, VolumeFacts>>
  readonly classes?: Readonly<Record<string, object>>
  readonly pods?: Readonly<Record<string, PodFacts>>
}

export function build({ claims = {}, volumes = {}, classes = {}, pods = {} }: Scene): World {
  const world = new World()
  for (const [name, facts] of Object.entries(classes)) {
    const { metadata, ...rest } = facts as { metadata?: object }
    world.put(StorageClass, { ...rest, metadata: { name, ...metadata } })
  }
  for (const [name, facts] of Object.entries(claims)) world.put(PersistentVolumeClaim, claim(name, facts))
  for (const [name, facts] of Object.entries(volumes)) world.put(PersistentVolume, volume(name, facts))
  for (const [name, facts] of Object.entries(pods)) world.put(Pod, pod(name, facts))
  return world
}

/** A pod that uses the claim. */
export const consumer = (name: string, more: PodFacts = {}): PodFacts => ({
  phase: 'Pending',
  ...more,
  spec: { volumes: [{ name: 'data', persistentVolumeClaim: { claimName: name } }], ...more.spec },
})

/** The annotation of who made a volume. */
export const provisioned = (by: string) => ({ 'pv.kubernetes.io/provisioned-by': by })

/** A test of what is there in the end, and was said on the way. */
export function check(name: string, scene: Scene, expected: readonly string[]): void {
  test(name, () => {
    const world = build(scene)
    world.settle([persistentVolumeBinder()])
    assert.deepEqual(summary(world), expected)
  })
}
