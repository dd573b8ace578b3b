import { isError } from '#lib/errors.ts'
import type { Log } from '#lib/log.ts'
import type { CheckpointFile } from '../plugins/checkpoint.ts'
import type { LinuxResources, Runtime } from '../runtime.ts'

export interface TakeBackOptions {
  /** Of the manager that no longer is. */
  readonly file: CheckpointFile
  readonly runtime: Pick<Runtime, 'containers' | 'updateContainerResources'>
  /** All of the machine's: `0-7`. */
  readonly all: Pick<LinuxResources, 'cpusetCpus'> | Pick<LinuxResources, 'cpusetMems'>
  readonly log: Log
}

/**
 * Where a manager gave processors or memory nodes to containers and the node has none any more, every container that runs may have all of them again:
 * those that had some alone, and those that were kept off them. What cannot be done is done at the next start.
 */
export async function takeBack({ file, runtime, all, log }: TakeBackOptions): Promise<void> {
  const former = await file.read().catch((error: unknown) => {
    log.warn('what a former manager gave to containers cannot be read: it is taken back from all', { error })
    return {}
  })
  if (former === undefined || former === null) return
  let isDone = true
  for (const { id, state } of await runtime.containers()) {
    if (state !== 'running') continue
    try {
      await runtime.updateContainerResources(id, { ...unchanged, ...all })
    } catch (error) {
      // One that ended meanwhile needs nothing.
      if (isError(error, 'NotFound')) continue
      isDone = false
      log.warn('a container could not be given all processors and memory nodes again', { container: id, error })
    }
  }
  if (isDone) await file.write(null)
}

/** What is 0 stays as it is. */
const unchanged = { cpuPeriod: 0, cpuQuota: 0, cpuShares: 0, memoryLimitBytes: 0, oomScoreAdj: 0 }
