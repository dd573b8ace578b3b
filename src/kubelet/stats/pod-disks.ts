import { dirname } from 'node:path/posix'
import type { Pod } from '#api/core/v1/pod.ts'
import type { Clock, Instant } from '#lib/clock.ts'
import type { PodRecord, VolumeManager } from '../interfaces.ts'
import { podDirectory } from '../pod/names.ts'
import type { ContainerStats as RuntimeStats } from '../runtime.ts'
import { fsStats } from './convert.ts'
import type { FileSystemStats, StatsHost } from './stats-host.ts'
import type { FsStats, VolumeStats } from './summary.ts'

/** What a pod has on disks. */
export interface PodDisks {
  /** By container name. */
  readonly rootfs: ReadonlyMap<string, FsStats>
  readonly logs: ReadonlyMap<string, FsStats>
  readonly volumes: readonly VolumeStats[]
  /** All that goes with the pod: layers, logs, local volumes, the hosts file. */
  readonly ephemeral: FsStats
}

export interface PodDisksOptions {
  readonly host: Pick<StatsHost, 'usage' | 'fileSystem'>
  readonly volumes: Pick<VolumeManager, 'usage'>
  readonly rootDirectory: string
  readonly podLogsDirectory: string
  readonly clock: Pick<Clock, 'now'>
}

/** What the runtime tells of the writable layers, by container id. */
export type Layers = ReadonlyMap<string, RuntimeStats>

export async function measurePodDisks(options: PodDisksOptions, record: PodRecord, layers: Layers): Promise<PodDisks> {
  const { host, rootDirectory, podLogsDirectory, clock } = options
  const { pod } = record
  const now = clock.now()
  const nodeFs = await host.fileSystem(rootDirectory)
  const logsFs = await host.fileSystem(podLogsDirectory)
  const rootfs = new Map<string, FsStats>()
  const logs = new Map<string, FsStats>()
  const ephemeral = { usedBytes: 0, inodesUsed: 0 }
  const add = (used: { readonly usedBytes?: number; readonly inodesUsed?: number } | undefined): void => {
    ephemeral.usedBytes += used?.usedBytes ?? 0
    ephemeral.inodesUsed += used?.inodesUsed ?? 0
  }

  for (const { name, id, logPath } of record.containers.filter(({ state }) => state === 'running')) {
    const layer = layers.get(id)
    // containerd looks at its layers every ten seconds, and says nothing of those that it has not looked at.
    if (layer !== undefined && (layer.writableLayer !== undefined || layer.writableLayerUsedBytes > 0)) {
      const { usedBytes, inodesUsed, mountpoint } = layer.writableLayer ?? { usedBytes: layer.writableLayerUsedBytes }
      const used = { usedBytes, ...(inodesUsed !== undefined && { inodesUsed }) }
      rootfs.set(name, fsStats(now, mountpoint === undefined ? undefined : await host.fileSystem(mountpoint), used))
      add(used)
    }
    // With the parts that were rotated away, and those of former attempts.
    const written = logPath === '' ? undefined : await host.usage(dirname(logPath), 'content')
    if (written === undefined) continue
    logs.set(name, fsStats(now, logsFs, written))
    add(written)
  }
  const volumes = await measureVolumes(options, pod, now, nodeFs)
  for (const volume of volumes) if (isLocalEphemeral(pod, volume.name)) add(volume)
  add(await host.usage(`${podDirectory(rootDirectory, pod.metadata.uid)}/etc-hosts`, 'tree'))
  return { rootfs, logs, volumes, ephemeral: fsStats(now, nodeFs, ephemeral) }
}

async function measureVolumes(
  { host, volumes, rootDirectory }: PodDisksOptions,
  pod: Pod,
  now: Instant,
  nodeFs: FileSystemStats | undefined,
): Promise<VolumeStats[]> {
  const found = (await volumes.usage?.(pod.metadata.uid)) ?? []
  const measured: VolumeStats[] = []
  for (const { name, path, claim, stats } of found) {
    const named = { name, ...(claim && { pvcRef: claim }) }
    if (stats !== undefined) {
      const { condition, ...fs } = stats
      const health = condition && { volumeHealthStats: { abnormal: condition.abnormal } }
      measured.push({ ...fsStats(now, undefined, fs), ...fs, ...named, ...health })
      continue
    }
    // A folder of the host's is not the pod's, and may be the whole disk: only our own are walked through.
    if (!path.startsWith(`${rootDirectory}/`)) continue
    const used = await host.usage(path, 'tree')
    if (used !== undefined) measured.push({ ...fsStats(now, (await host.fileSystem(path)) ?? nodeFs, used), ...named })
  }
  return measured
}

/** Goes with the pod and lies on the node's own disk. */
function isLocalEphemeral(pod: Pod, name: string): boolean {
  const volume = pod.spec.volumes?.find((one) => one.name === name)
  return (
    volume !== undefined && ((volume.emptyDir !== undefined && (volume.emptyDir.medium ?? '') === '') || volume.configMap !== undefined)
  )
}
