import { PersistentVolume } from '#api/core/v1/persistent-volume.ts'
import { PersistentVolumeClaim } from '#api/core/v1/persistent-volume-claim.ts'
import { bindCompleted } from '#api/core/v1/volume-binding.ts'
import type { AnyKind, KubeObject } from '#api/kind.ts'
import type { Client } from '#client/client.ts'
import { WherryError } from '#lib/errors.ts'
import { createVirtualClock } from '#sim/clock.ts'
import type { BindMeans } from '../../framework/plugin.ts'
import { namespace, type Scene } from '../volume-common/testing.ts'

/** Writes into the scene, which shows them at once, or when `late` is run; what has changed since it was read is refused. */
export function clientOf(scene: Scene, written: string[] = [], late?: (() => void)[]): Client {
  const update = async (kind: AnyKind, object: KubeObject): Promise<KubeObject> => {
    const { name, namespace: within, resourceVersion } = object.metadata
    const known = scene.get(kind, name, within) as KubeObject | undefined
    if (known === undefined) throw new WherryError('NotFound', `${kind.plural} "${name}" not found`)
    if (known.metadata.resourceVersion !== resourceVersion)
      throw new WherryError('Conflict', `Operation cannot be fulfilled on ${kind.plural} "${name}": the object has been modified`)
    written.push(`${kind.kind} ${name}`)
    if (late !== undefined) {
      late.push(() => scene.put(kind, object))
      return { ...object, metadata: { ...object.metadata, resourceVersion: `${Number(resourceVersion) + 100}` } }
    }
    return scene.put(kind, object) as KubeObject
  }
  return { update } as unknown as Client
}

/** Means with a clock that stands still, and how to give up. */
export function meansOf(scene: Scene, late?: (() => void)[]) {
  const written: string[] = []
  const clock = createVirtualClock(0)
  const giveUp = new AbortController()
  const means: BindMeans = {
    client: clientOf(scene, written, late),
    clock,
    world: scene.world,
    warn: () => {},
    record: () => {},
    signal: giveUp.signal,
  }
  return { means, clock, giveUp, written }
}

/** What the binder does: a claim gets the volume that names it. */
export function bindClaims(scene: Scene): void {
  for (const volume of scene.list(PersistentVolume)) {
    const { claimRef } = volume.spec
    const claim = claimRef && scene.get(PersistentVolumeClaim, claimRef.name ?? '', namespace)
    if (claim === undefined || claim.metadata.uid !== claimRef?.uid || claim.spec.volumeName) continue
    scene.put(PersistentVolumeClaim, {
      ...claim,
      metadata: { ...claim.metadata, annotations: { ...claim.metadata.annotations, [bindCompleted]: 'yes' } },
      spec: { ...claim.spec, volumeName: volume.metadata.name },
      status: { ...claim.status, phase: 'Bound' },
    })
    scene.put(PersistentVolume, { ...volume, status: { ...volume.status, phase: 'Bound' } })
  }
}
