import type { VolumeUsage } from '../interfaces.ts'
import type { PodVolumes } from './pod-volumes.ts'
import type { Shared } from './shared.ts'
import type { VolumeStats } from './volume-plugin.ts'

/**
 * What a pod's volumes take, as far as that is to be had without a walk. Volumes of the node itself (hostPath) and images are nobody's
 * use of storage. One that cannot be measured now (a driver that does not tell, a server that does not answer) is left out: whoever walked through it
 * instead would measure something else, or wait for ever.
 */
export function createVolumeUsage(shared: Shared): (podUid: string, volumes: PodVolumes | undefined) => Promise<readonly VolumeUsage[]> {
  const { records, options } = shared
  /** By path, what is asked just now. Who did not answer in time is asked no second time meanwhile, nor waited for. */
  const asked = new Map<string, { readonly answer: Promise<Answer | undefined>; isLate: boolean }>()

  async function measured(path: string, ask: () => Promise<VolumeStats | undefined>): Promise<Answer | undefined> {
    let one = asked.get(path)
    if (one?.isLate) return undefined
    if (one === undefined) {
      const answer = ask()
        .then(
          (stats) => ({ stats }),
          () => undefined,
        )
        .finally(() => asked.delete(path))
      one = { answer, isLate: false }
      asked.set(path, one)
    }
    const { answer } = one
    const late = Promise.withResolvers<undefined>()
    const forget = options.clock.schedule(options.clock.now() + ANSWER_MS, () => {
      one.isLate = true
      late.resolve(undefined)
    })
    return Promise.race([answer, late.promise]).finally(forget)
  }

  return async (podUid, volumes) => {
    if (!volumes) return []
    const made = volumes
      .mounted()
      .filter(({ plugin }) => plugin.stats !== undefined)
      .map(async ({ names, spec, plugin, path }): Promise<readonly VolumeUsage[]> => {
        const record = records.get(podUid, plugin.folder, spec.name)?.data
        const found = await measured(path, () => plugin.stats!({ podUid, volumeName: spec.name, path, record }))
        if (found === undefined) return []
        const { stats } = found
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
}

/** Without figures only a walk tells. */
interface Answer {
  readonly stats: VolumeStats | undefined
}

/** A driver asks its file system, which answers at once or not at all; the summary and the eviction manager wait for it. */
const ANSWER_MS = 3_000
