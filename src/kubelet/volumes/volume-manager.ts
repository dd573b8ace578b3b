import type { NodeSource, VolumeManager } from '#kubelet/interfaces.ts'
import { WherryError } from '#lib/errors.ts'
import { createKeyedLock } from './keyed-lock.ts'
import type { CountVolumes } from './operation-metrics.ts'
import { emptyDirPlugin } from './plugins/empty-dir.ts'
import { hostPathPlugin } from './plugins/host-path.ts'
import { localPlugin } from './plugins/local.ts'
import { nfsPlugin } from './plugins/nfs.ts'
import { createPodVolumes, type PodVolumes } from './pod-volumes.ts'
import { safe } from './safe.ts'
import { imageFolder, type Shared, type VolumeOptions } from './shared.ts'
import { tearDownPod } from './tear-down-pod.ts'
import { createVolumeRecords } from './volume-records.ts'
import { createVolumeUsage } from './volume-usage.ts'

export type { VolumeOptions } from './shared.ts'

const folderMode = 0o750
/** How often claims of running pods are read again for their size: the reference does so at each sync of a pod, which is about as often. */
const growthMs = 90_000

/** The volumes of this node's pods. `node` says which attached volumes are in use. */
export function createVolumeManager(options: VolumeOptions): VolumeManager & { readonly node: NodeSource; readonly counted: CountVolumes } {
  const { host, rootDirectory, clock, random } = options
  const pods = new Map<string, PodVolumes>()
  const listeners = new Set<() => void>()
  const podsDirectory = `${rootDirectory}/pods`
  const podDirectory = (uid: string) => `${podsDirectory}/${safe(uid)}`
  const records = createVolumeRecords(host, podDirectory)
  let loading: Promise<void> | undefined
  let forgetGrowth: (() => void) | undefined

  const loaded = (): Promise<void> => {
    loading ??= host
      .list(podsDirectory)
      .then((uids) => records.load(uids))
      .catch((error: unknown) => {
        loading = undefined
        throw error
      })
    return loading
  }
  const inUseChanged = (): void => {
    for (const listener of listeners) listener()
  }
  const shared: Shared = {
    options,
    records,
    lock: createKeyedLock(),
    podDirectory,
    loaded,
    inUseChanged,
    plugins: [
      emptyDirPlugin(host, options.allocatable),
      hostPathPlugin(options),
      localPlugin({ host, rootDirectory, warn: (pod, reason, message) => options.tell?.(pod, 'Warning', reason, message) }),
      nfsPlugin(host),
      ...(options.plugins ?? []),
    ],
  }

  const usage = createVolumeUsage(shared)

  /** While any volume can grow; the API server tells nodes of no change to claims. */
  const lookForGrowth = (): void => {
    const mayGrow = [...pods.values()].some((volumes) => volumes.mounted().some(({ plugin, spec }) => plugin.expand && spec.claim))
    if (forgetGrowth || !mayGrow) return
    forgetGrowth = clock.schedule(clock.now() + growthMs * (0.75 + 0.5 * random.next()), () => {
      forgetGrowth = undefined
      for (const volumes of pods.values()) volumes.expand()
      lookForGrowth()
    })
  }

  return {
    node: {
      read: () => ({
        volumesInUse: [
          ...new Set(records.all().flatMap(({ uniqueName, isAttachable }) => (isAttachable && uniqueName ? [uniqueName] : []))),
        ].sort(),
      }),
      onChange(listener) {
        listeners.add(listener)
        // What a former process left is in use until somebody tears it down. Where it cannot be read, preparing a pod fails for the same reason.
        loaded().then(inUseChanged, () => {})
        return () => listeners.delete(listener)
      },
    },
    async prepare(pod, signal) {
      const { uid } = pod.metadata
      const volumes = pods.get(uid) ?? createPodVolumes(shared, pod)
      pods.set(uid, volumes)
      await loaded()
      const prepared = await volumes.prepare(pod, signal)
      lookForGrowth()
      return prepared
    },
    refresh(pod) {
      pods.get(pod.metadata.uid)?.refresh(pod)
    },
    async teardown(podUid) {
      const directory = podDirectory(podUid)
      const volumes = pods.get(podUid)
      await volumes?.close()
      pods.delete(podUid)
      await loaded()
      await tearDownPod(shared, podUid)
      await host.removeTree(directory)
    },
    known: () => host.list(podsDirectory),
    async subPath(podUid, volume, container, mountIndex, subPath) {
      const prepared = pods.get(podUid)?.prepared(volume)
      if (!prepared) throw new WherryError('NotFound', `volume "${volume}" of pod ${podUid} is not prepared`)
      const path = prepared.image ? `${podDirectory(podUid)}/volumes/${imageFolder}/${safe(volume)}` : prepared.hostPath
      const target = `${podDirectory(podUid)}/volume-subpaths/${safe(volume)}/${safe(container)}/${mountIndex}`
      try {
        await host.makeDirectory(target.slice(0, target.lastIndexOf('/')), folderMode)
        await host.bindSubPath(path, subPath, target)
      } catch (cause) {
        // Whoever wrote the pod is not told what the node has outside of the volume.
        const words = `failed to prepare subPath for volumeMount "${volume}" of container "${container}"`
        throw new WherryError(cause instanceof WherryError ? cause.code : 'InternalError', words, { cause })
      }
      return target
    },
    async mountImage(podUid, volume, imageId) {
      const { images } = options
      if (!images) throw new WherryError('Invalid', 'no volume plugin matched: this node mounts no images')
      if (await images.isNative()) return undefined
      const path = `${podDirectory(podUid)}/volumes/${imageFolder}/${safe(volume)}`
      await shared.lock(path, async () => {
        await loaded()
        await records.put({ podUid, folder: imageFolder, name: volume, path })
        await host.makeDirectory(path.slice(0, path.lastIndexOf('/')), folderMode)
        if (!(await host.isMounted(path))) {
          await host.makeDirectory(path, folderMode)
          await images.mount(imageId, path)
        }
      })
      return path
    },
    usage: (podUid) => usage(podUid, pods.get(podUid)),
    counted: () => [...pods.values()].flatMap((volumes) => volumes.counted()),
    async close() {
      const states = [...pods.values()]
      pods.clear()
      forgetGrowth?.()
      await Promise.all(states.map((volumes) => volumes.close()))
    },
  }
}
