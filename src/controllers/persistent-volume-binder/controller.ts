import { PersistentVolume } from '#api/core/v1/persistent-volume.ts'
import { PersistentVolumeClaim } from '#api/core/v1/persistent-volume-claim.ts'
import { Pod } from '#api/core/v1/pod.ts'
import type { KubeObject } from '#api/kind.ts'
import { StorageClass } from '#api/storage/v1/storage-class.ts'
import { same } from '#api/strategy.ts'
import type { Instant } from '#lib/clock.ts'
import type { WherryError } from '#lib/errors.ts'
import type { Cache, Command, Controller, Single } from '#loop/controller.ts'
import { keyOf, splitKey } from '../common/key.ts'
import { createTold } from '../common/told.ts'
import { byClaim, byVolume, freeByClass } from '../common/volume-indexes.ts'
import { claimKeyOfVolume, claimKeysOf, classOfClaim, classOfVolume, isDoneWithVolumes } from '../common/volumes.ts'
import { bindCompleted, has } from './annotations.ts'
import { boundAnswered } from './bind.ts'
import { defaultClassOf, isDefaultClass } from './default-class.ts'
import { type ClaimView, planClaim } from './plan-claim.ts'
import { planVolume, type VolumeView, volumeAnswered } from './plan-volume.ts'
import { recycledBy, recyclerName, recyclerNamespace } from './recycler-pod.ts'

/** Binds claims and volumes to each other, and reclaims volumes whose claims are gone. */
export function persistentVolumeBinder(): Controller<ClaimView | VolumeView> {
  const told = createTold()
  return {
    // The reference's events come from this name.
    name: 'persistentvolume-controller',
    sources: [
      { kind: PersistentVolume, keys: keysOfVolume },
      { kind: PersistentVolumeClaim, keys: keysOfClaim },
      { kind: StorageClass, keys: keysOfClass },
      { kind: Pod, keys: keysOfPod },
    ],
    view: (key, cache, now) => {
      const view = key.includes('/') ? claimView(key, cache, now) : volumeView(key, cache, now)
      if (view === undefined) told.forget(key)
      return view
    },
    plan: (view) => told.plan(view.key, view.about === 'claim' ? planClaim(view) : planVolume(view), view.now),
    answered,
  }
}

function claimView(key: string, cache: Cache, now: Instant): ClaimView | undefined {
  const { namespace, name } = splitKey(key)
  const claim = cache.get(PersistentVolumeClaim, name, namespace)
  if (claim === undefined) return undefined
  const { volumeName } = claim.spec
  const className = classOfClaim(claim)
  const isOpen = !volumeName && !has(claim, bindCompleted)
  const storageClass = className ? cache.get(StorageClass, className) : undefined
  const isDelayed = storageClass?.volumeBindingMode === 'WaitForFirstConsumer'
  const free = isOpen && !isDelayed ? cache.indexed(PersistentVolume, freeByClass, className ?? '') : []
  return {
    about: 'claim',
    key,
    now,
    claim,
    volume: volumeName ? cache.get(PersistentVolume, volumeName) : undefined,
    candidates: isOpen ? [...cache.indexed(PersistentVolume, byClaim, key), ...free] : [],
    storageClass,
    defaultClass: isOpen && className === undefined ? defaultClassOf(cache.list(StorageClass)) : undefined,
    waitingPods: isOpen && isDelayed ? waitingPods(key, cache) : [],
  }
}

const waitingPods = (key: string, cache: Cache): readonly string[] =>
  cache
    .indexed(Pod, byClaim, key)
    .filter((pod) => !pod.spec.nodeName && !isDoneWithVolumes(pod))
    .map(({ metadata }) => metadata.name)
    .toSorted()

function volumeView(key: string, cache: Cache, now: Instant): VolumeView | undefined {
  const volume = cache.get(PersistentVolume, key)
  if (volume === undefined) return undefined
  const { claimRef, persistentVolumeReclaimPolicy } = volume.spec
  const claimKey = claimKeyOfVolume(volume)
  const claim = claimRef?.name ? cache.get(PersistentVolumeClaim, claimRef.name, claimRef.namespace) : undefined
  const isRecycled = persistentVolumeReclaimPolicy === 'Recycle'
  return {
    about: 'volume',
    key,
    now,
    volume,
    claim,
    usedBy: isRecycled && claimKey !== undefined ? usersOf(claimKey, cache) : [],
    recycler: isRecycled ? cache.get(Pod, recyclerName(key), recyclerNamespace) : undefined,
  }
}

const usersOf = (claimKey: string, cache: Cache): readonly string[] =>
  cache
    .indexed(Pod, byClaim, claimKey)
    .filter((pod) => !isDoneWithVolumes(pod))
    .map(keyOf)

/** Binding writes both objects; the status of each follows from its own answer. */
function answered(view: ClaimView | VolumeView, command: Single, answer: KubeObject | WherryError): readonly Command[] {
  if (answer instanceof Error || command.do !== 'update' || command.subresource !== undefined) return []
  if (view.about === 'volume') return volumeAnswered(view, answer as PersistentVolume)
  if (command.kind === PersistentVolume) return boundAnswered(undefined, answer as PersistentVolume)
  const claim = answer as PersistentVolumeClaim
  // Others than a bind change no claim that has its volume.
  if (!has(claim, bindCompleted)) return []
  const volume = [view.volume, ...view.candidates].find((one) => one?.metadata.name === claim.spec.volumeName)
  return boundAnswered(volume, claim)
}

/** A volume that has become free may be what a claim of its class waits for. */
function keysOfVolume(volume: PersistentVolume, cache: Cache, previous: PersistentVolume | undefined): readonly string[] {
  const named = [volume, previous].flatMap((one) => (one === undefined ? [] : (claimKeyOfVolume(one) ?? [])))
  const naming = cache.indexed(PersistentVolumeClaim, byVolume, volume.metadata.name).map(keyOf)
  const isNews = previous === undefined || !same(offerOf(volume), offerOf(previous))
  const waiting = isFree(volume) && isNews ? cache.indexed(PersistentVolumeClaim, freeByClass, classOfVolume(volume)).map(keyOf) : []
  return [...new Set([volume.metadata.name, ...named, ...naming, ...waiting])]
}

const isFree = ({ metadata, spec, status }: PersistentVolume): boolean =>
  spec.claimRef === undefined && status.phase === 'Available' && metadata.deletionTimestamp === undefined

const offerOf = (volume: PersistentVolume) => ({
  isFree: isFree(volume),
  spec: volume.spec,
  labels: volume.metadata.labels,
  className: classOfVolume(volume),
})

const keysOfClaim = (claim: PersistentVolumeClaim, cache: Cache): readonly string[] => [
  keyOf(claim),
  ...new Set([
    ...(claim.spec.volumeName ? [claim.spec.volumeName] : []),
    ...cache.indexed(PersistentVolume, byClaim, keyOf(claim)).map(({ metadata }) => metadata.name),
  ]),
]

function keysOfClass(storageClass: StorageClass, cache: Cache, previous: StorageClass | undefined): readonly string[] {
  const isDefault = isDefaultClass(storageClass) || (previous !== undefined && isDefaultClass(previous))
  return [storageClass.metadata.name, ...(isDefault ? [''] : [])].flatMap((name) =>
    cache.indexed(PersistentVolumeClaim, freeByClass, name).map(keyOf),
  )
}

/** Pods matter to claims that wait for their first consumer, and to volumes that are to be emptied. */
function keysOfPod(pod: Pod, cache: Cache, previous: Pod | undefined): readonly string[] {
  const recycled = recycledBy(pod)
  if (previous !== undefined && previous !== pod && same(usingOf(pod), usingOf(previous))) return []
  const claims = claimKeysOf(pod).filter((key) => {
    const { namespace, name } = splitKey(key)
    const claim = cache.get(PersistentVolumeClaim, name, namespace)
    return claim !== undefined && !claim.spec.volumeName
  })
  const volumes = claimKeysOf(pod).flatMap((key) =>
    cache
      .indexed(PersistentVolume, byClaim, key)
      .filter(({ status }) => status.phase === 'Released' || status.phase === 'Failed')
      .map(({ metadata }) => metadata.name),
  )
  return [...claims, ...volumes, ...(recycled === undefined ? [] : [recycled])]
}

const usingOf = (pod: Pod) => ({
  uid: pod.metadata.uid,
  nodeName: pod.spec.nodeName,
  isDone: isDoneWithVolumes(pod),
  phase: pod.status.phase,
  isLeaving: pod.metadata.deletionTimestamp !== undefined,
})
