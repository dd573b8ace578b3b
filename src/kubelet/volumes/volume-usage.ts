import type { VolumeUsage } from '../interfaces.ts'
import type { PodVolumes } from './pod-volumes.ts'
import type { Shared } from './shared.ts'

/**
 * What a pod's volumes take, as far as that is to be had without a walk. Volumes of the node itself (hostPath) and images are nobody's
 * use of storage. One that cannot be measured now is left out of nothing: it is told without figures.
 */
export async function volumeUsage(shared: Shared, podUid: string, volumes: PodVolumes | undefined): Promise<readonly VolumeUsage[]> {
  if (!volumes) return []
  const { records, options } = shared
  const made = volumes
    .mounted()
    .filter(({ plugin }) => plugin.stats !== undefined)
    .map(async ({ names, spec, plugin, path }): Promise<readonly VolumeUsage[]> => {
      const record = records.get(podUid, plugin.folder, spec.name)?.data
      const stats = await plugin.stats!({ podUid, volumeName: spec.name, path, record }).catch(() => undefined)
      const { claim } = spec
      return names.map((name) => ({
        name,
        path,
        ...(claim && { claim: { namespace: claim.metadata.namespace ?? '', name: claim.metadata.name } }),
        ...(stats && { stats }),
      }))
    })
  const live = volumes.live().map(async ({ name, path, isInMemory }): Promise<readonly VolumeUsage[]> => {
    const stats = isInMemory ? await options.host.fileSystemStats(path).catch(() => undefined) : undefined
    return [{ name, path, ...(stats && { stats }) }]
  })
  return (await Promise.all([...made, ...live])).flat()
}
