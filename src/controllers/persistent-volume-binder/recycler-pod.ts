import type { PersistentVolume } from '#api/core/v1/persistent-volume.ts'
import type { Pod } from '#api/core/v1/pod.ts'
import { same } from '#api/strategy.ts'
import { quantityToNumber } from '#lib/quantity.ts'
import { parseTime } from '../common/time.ts'

const namespace = 'default'
const prefix = 'recycler-for-'

export const recyclerName = (volumeName: string): string => `${prefix}${volumeName}`

/** The volume that a pod of this name would empty. */
export const recycledBy = ({ metadata }: Pod): string | undefined =>
  metadata.namespace === namespace && metadata.name.startsWith(prefix) ? metadata.name.slice(prefix.length) : undefined

export const recyclerNamespace = namespace

/** The pod that empties a volume, as the reference's; undefined: its sort of volume cannot be emptied so. */
export function recyclerFor(volume: PersistentVolume) {
  const source = sourceOf(volume)
  if (source === undefined) return undefined
  return {
    metadata: { name: recyclerName(volume.metadata.name), namespace },
    spec: {
      activeDeadlineSeconds: deadlineSeconds(volume, source.minimumSeconds),
      restartPolicy: 'Never' as const,
      volumes: [{ name: 'vol', ...source.volume }],
      containers: [container],
    },
  }
}

/**
 * Whether a pod of the recycler's name does the recycler's work, since the volume was released: one that was there before, whoever made it, has
 * not emptied what was written later.
 */
export function isRecyclerOf(pod: Pod, volume: PersistentVolume): boolean {
  const source = sourceOf(volume)
  const { image, command, args, volumeMounts } = pod.spec.containers[0] ?? {}
  const mount = volumeMounts?.find(({ mountPath }) => mountPath === '/scrub')
  const mounted = pod.spec.volumes?.find(({ name }) => name === mount?.name)
  // Volumes from before this was noted (v1.28) have no such time.
  const releasedAt = parseTime(volume.status.lastPhaseTransitionTime) ?? -Infinity
  const createdAt = parseTime(pod.metadata.creationTimestamp)
  return (
    source !== undefined &&
    pod.spec.containers.length === 1 &&
    (pod.spec.initContainers ?? []).length === 0 &&
    image === container.image &&
    same(command, container.command) &&
    same(args, container.args) &&
    !mount?.subPath &&
    !mount?.subPathExpr &&
    // The API server adds what it knows better, such as a type.
    same(mounted?.hostPath?.path, source.volume.hostPath?.path) &&
    same(mounted?.nfs?.path, source.volume.nfs?.path) &&
    same(mounted?.nfs?.server, source.volume.nfs?.server) &&
    (volume.status.phase === 'Failed' || (createdAt !== undefined && createdAt >= releasedAt))
  )
}

const container = {
  name: 'pv-recycler',
  image: 'registry.k8s.io/build-image/debian-base:bookworm-v1.0.6',
  command: ['/bin/sh'],
  args: ['-c', 'test -e /scrub && find /scrub -mindepth 1 -delete && test -z "$(ls -A /scrub)" || exit 1'],
  volumeMounts: [{ name: 'vol', mountPath: '/scrub' }],
}

interface Source {
  readonly minimumSeconds: number
  readonly volume: { readonly hostPath?: { readonly path: string }; readonly nfs?: { readonly server: string; readonly path: string } }
}

function sourceOf({ spec: { hostPath, nfs } }: PersistentVolume): Source | undefined {
  if (hostPath !== undefined) return { minimumSeconds: 60, volume: { hostPath: { path: hostPath.path } } }
  if (nfs !== undefined) return { minimumSeconds: 300, volume: { nfs: { server: nfs.server, path: nfs.path } } }
  return undefined
}

/** Half a minute for each whole GiB (kube-controller-manager's `--pv-recycler-increment-timeout-*`), and not less than the minimum. */
const deadlineSeconds = ({ spec }: PersistentVolume, minimum: number): number =>
  Math.max(minimum, Math.floor(quantityToNumber(spec.capacity?.storage ?? '0') / 2 ** 30) * 30)
