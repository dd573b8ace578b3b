import type { Log } from '#lib/log.ts'
import type { PodLookup } from '../../interfaces.ts'
import type { Runtime } from '../../runtime.ts'
import type { CpuManager } from './cpu-manager.ts'

export interface SharePoolOptions {
  readonly cpus: Pick<CpuManager, 'pool' | 'onPoolChange' | 'hasExclusive'>
  readonly pods: Pick<PodLookup, 'list' | 'byUid' | 'onChange'>
  readonly runtime: Pick<Runtime, 'updateContainerResources'>
  readonly log: Log
}

/**
 * Keeps the containers without processors of their own off those that were given to others: whenever the pool changes, and for each container
 * that comes to run, since the pool may have changed while it was made. Returns a function that ends it.
 */
export function sharePool({ cpus, pods, runtime, log }: SharePoolOptions): () => void {
  /** By container id: the pool that it was told. */
  const told = new Map<string, string>()
  let last: Promise<void> = Promise.resolve()

  function look(uids: readonly string[]): void {
    last = last.then(async () => {
      for (const uid of uids) for (const container of pods.byUid(uid)?.containers ?? []) await tell(uid, container)
    })
  }

  async function tell(
    uid: string,
    { id, name, state }: { readonly id: string; readonly name: string; readonly state: string },
  ): Promise<void> {
    const pool = cpus.pool()
    if (state === 'exited') told.delete(id)
    if (state !== 'running' || told.get(id) === pool || cpus.hasExclusive(uid, name)) return
    try {
      // What is 0 stays as it is.
      await runtime.updateContainerResources(id, { ...unchanged, cpusetCpus: pool })
      told.set(id, pool)
    } catch (error) {
      // It is told at the next change of its pod or of the pool; one that ended meanwhile needs nothing.
      log.info('a container could not be moved to other CPUs', { container: name, pool, error })
    }
  }

  const everywhere = () => look(pods.list().map(({ pod }) => pod.metadata.uid))
  const ends = [cpus.onPoolChange(everywhere), pods.onChange((uid) => look([uid]))]
  return () => {
    for (const end of ends) end()
  }
}

const unchanged = { cpuPeriod: 0, cpuQuota: 0, cpuShares: 0, memoryLimitBytes: 0, oomScoreAdj: 0 }
