import { PersistentVolume } from '#api/core/v1/persistent-volume.ts'
import { PersistentVolumeClaim } from '#api/core/v1/persistent-volume-claim.ts'
import { StorageClass } from '#api/storage/v1/storage-class.ts'
import { createInformer } from '#client/informer.ts'
import { isError } from '#lib/errors.ts'
import { silentLog } from '#lib/log.ts'
import type { SimulatedCluster } from '../cluster.ts'

/** The class of claims that name none, unless somebody brings another default. */
export const simulatedClass = 'simulated'

/**
 * Stands in for every provisioner of volumes: a claim of a class that has one gets a volume that every node reaches, a second later; a
 * released volume that is to be deleted is. Returns how to stop.
 */
export async function provisionVolumes(cluster: Pick<SimulatedCluster, 'client' | 'clock' | 'random'>): Promise<() => Promise<void>> {
  const { client, clock, random } = cluster
  await client.create(StorageClass, {
    metadata: { name: simulatedClass, annotations: { 'storageclass.kubernetes.io/is-default-class': 'true' } },
    provisioner: 'simulate.wherry.dev/volumes',
  })
  const options = { clock, random: random.fork('volumes'), log: silentLog }
  const claims = createInformer(client, PersistentVolumeClaim, options)
  const volumes = createInformer(client, PersistentVolume, options)
  const begun = new Set<string>()

  claims.onChange((claim, _previous, change) => {
    const { uid, deletionTimestamp } = claim.metadata
    if (change === 'deleted' || deletionTimestamp !== undefined || claim.spec.volumeName || begun.has(uid)) return
    begun.add(uid)
    const attempt = (): void => {
      make(claim).catch((error: unknown) => {
        if (!isError(error, 'AlreadyExists')) clock.schedule(clock.now() + retryMs, attempt)
      })
    }
    clock.schedule(clock.now() + provisionMs, attempt)
  })
  volumes.onChange(({ metadata, spec, status }, _previous, change) => {
    if (change === 'deleted' || status.phase !== 'Released' || spec.persistentVolumeReclaimPolicy !== 'Delete') return
    // Gone already, or tried again at its next change.
    client.delete(PersistentVolume, metadata.name).catch((error: unknown) => {
      if (!isError(error)) throw error
    })
  })

  async function make({ metadata: { uid, name, namespace }, spec }: PersistentVolumeClaim): Promise<void> {
    if (!spec.storageClassName) return
    const storageClass = await client.get(StorageClass, spec.storageClassName)
    if (storageClass.provisioner === 'kubernetes.io/no-provisioner') return
    await client.create(PersistentVolume, {
      metadata: { name: `pvc-${uid}`, annotations: { 'pv.kubernetes.io/provisioned-by': storageClass.provisioner } },
      spec: {
        capacity: { storage: spec.resources?.requests?.['storage'] ?? '1Gi' },
        ...(spec.accessModes !== undefined && { accessModes: [...spec.accessModes] }),
        ...(spec.volumeMode !== undefined && { volumeMode: spec.volumeMode }),
        persistentVolumeReclaimPolicy: storageClass.reclaimPolicy ?? 'Delete',
        storageClassName: spec.storageClassName,
        claimRef: { apiVersion: 'v1', kind: 'PersistentVolumeClaim', namespace, name, uid },
        hostPath: { path: `/simulated/${uid}` },
      },
    })
  }

  return async () => void (await Promise.all([claims.close(), volumes.close()]))
}

const provisionMs = 1_000
/** A class that comes after its claim, and a server that is away. */
const retryMs = 10_000
