import { Node } from '#api/core/v1/node.ts'
import { PersistentVolume } from '#api/core/v1/persistent-volume.ts'
import { PersistentVolumeClaim } from '#api/core/v1/persistent-volume-claim.ts'
import { Pod } from '#api/core/v1/pod.ts'
import { CSIDriver } from '#api/storage/v1/csi-driver.ts'
import { StorageClass } from '#api/storage/v1/storage-class.ts'
import type { Instant } from '#lib/clock.ts'
import type { Cache, Controller, Plan } from '#loop/controller.ts'
import { keyOf, splitKey } from '../common/key.ts'
import { createTold } from '../common/told.ts'
import { byClaim, freeByClass } from '../common/volume-indexes.ts'
import { claimKeysOf, classOfClaim, isDoneWithVolumes } from '../common/volumes.ts'
import { isDefaultClass } from '../persistent-volume-binder/default-class.ts'
import { deletionsOf, localClass, localDriver } from './names.ts'
import { type ClaimView, planClaim, selectedNode, volumeNameOf } from './plan-claim.ts'
import { type ClassView, planClass } from './plan-class.ts'
import { planVolume, type VolumeView } from './plan-volume.ts'

type View = ClaimView | VolumeView | ClassView

/** No object has this name. */
const classKey = '~class'

/** Makes volumes of the class `local`: directories of the node that a claim's first pod runs on. */
export function localProvisionerController(): Controller<View> {
  const told = createTold()
  return {
    name: 'local-provisioner',
    sources: [
      { kind: PersistentVolumeClaim },
      { kind: Pod, keys: keysOfPod },
      { kind: PersistentVolume, keys: (volume: PersistentVolume) => (isOurs(volume) ? [volume.metadata.name] : []) },
      { kind: Node, keys: keysOfNode },
      { kind: StorageClass, keys: keysOfClass },
      { kind: CSIDriver, keys: ({ metadata }: CSIDriver) => (metadata.name === localDriver ? [classKey] : []) },
    ],
    view(key, cache, now) {
      const view = key === classKey ? classView(cache) : key.includes('/') ? claimView(key, cache, now) : volumeView(key, cache)
      if (view === undefined) told.forget(key)
      return view
    },
    plan(view): Plan {
      if (view.about === 'class') return planClass(view)
      if (view.about === 'volume') return planVolume(view)
      return told.plan(view.key, planClaim(view), view.now)
    },
  }
}

const isOurs = ({ spec }: PersistentVolume): boolean => spec.csi?.driver === localDriver

function classView(cache: Cache): ClassView {
  return {
    about: 'class',
    hasDriver: cache.get(CSIDriver, localDriver) !== undefined,
    hasClass: cache.get(StorageClass, localClass) !== undefined,
    hasDefault: cache.list(StorageClass).some(isDefaultClass),
  }
}

function claimView(key: string, cache: Cache, now: Instant): ClaimView | undefined {
  const { namespace, name } = splitKey(key)
  const claim = cache.get(PersistentVolumeClaim, name, namespace)
  if (claim === undefined || claim.spec.volumeName) return undefined
  const storageClass = cache.get(StorageClass, classOfClaim(claim) ?? '')
  if (storageClass?.provisioner !== localDriver) return undefined
  const selected = claim.metadata.annotations?.[selectedNode]
  const nodeName = selected ?? nodeOfPods(key, cache)
  return {
    about: 'claim',
    key,
    now,
    claim,
    storageClass,
    nodeName,
    node: nodeName === undefined ? undefined : cache.get(Node, nodeName),
    isMade: cache.get(PersistentVolume, volumeNameOf(claim.metadata.uid)) !== undefined,
    isSelected: selected !== undefined,
  }
}

/** Of a pod that was put on a node past the scheduler, as those of a DaemonSet by hand: it would wait for its volume for ever. */
const nodeOfPods = (claimKey: string, cache: Cache): string | undefined =>
  cache
    .indexed(Pod, byClaim, claimKey)
    .filter((pod) => pod.spec.nodeName && !isDoneWithVolumes(pod))
    .toSorted((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1))[0]?.spec.nodeName

function volumeView(key: string, cache: Cache): VolumeView | undefined {
  const volume = cache.get(PersistentVolume, key)
  if (volume === undefined) {
    const node = cache.list(Node).find(({ metadata }) => deletionsOf(metadata.annotations).includes(key))
    return node && { about: 'volume', key, volume, nodeName: node.metadata.name, node }
  }
  const nodeName = volume.spec.csi?.volumeAttributes?.['node']
  if (!isOurs(volume) || nodeName === undefined) return undefined
  return { about: 'volume', key, volume, nodeName, node: cache.get(Node, nodeName) }
}

function keysOfPod(pod: Pod, _cache: Cache, previous: Pod | undefined): readonly string[] {
  return pod.spec.nodeName && previous?.spec.nodeName !== pod.spec.nodeName ? claimKeysOf(pod) : []
}

/** A node that comes may be waited for by claims, one that goes by volumes. */
function keysOfNode(node: Node, cache: Cache, previous: Node | undefined): readonly string[] {
  const deletions = [...new Set([...deletionsOf(node.metadata.annotations), ...deletionsOf(previous?.metadata.annotations)])]
  if (previous !== undefined && previous !== node) return deletions
  const volumes = cache.list(PersistentVolume).filter((volume) => isOurs(volume) && volume.status.phase === 'Released')
  return [classKey, ...deletions, ...volumes.map(({ metadata }) => metadata.name), ...waitingClaims(cache)]
}

function keysOfClass({ metadata, provisioner }: StorageClass, cache: Cache): readonly string[] {
  if (provisioner !== localDriver) return metadata.name === localClass ? [classKey] : []
  return [classKey, ...cache.indexed(PersistentVolumeClaim, freeByClass, metadata.name).map(keyOf)]
}

const waitingClaims = (cache: Cache): readonly string[] =>
  cache
    .list(StorageClass)
    .filter(({ provisioner }) => provisioner === localDriver)
    .flatMap(({ metadata }) => cache.indexed(PersistentVolumeClaim, freeByClass, metadata.name).map(keyOf))
