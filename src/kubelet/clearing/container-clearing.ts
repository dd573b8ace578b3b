import { WherryError } from '#lib/errors.ts'
import type { Log } from '#lib/log.ts'
import type { Files, LogManager, PodLookup, PodRecord } from '../interfaces.ts'
import { logLink } from '../pod/log-link.ts'
import type { Runtime } from '../runtime.ts'
import type { NodeTracer } from '../tracing/node-tracer.ts'

export interface ContainerClearingOptions {
  readonly runtime: Pick<Runtime, 'removeContainer' | 'removeSandbox' | 'stopSandbox' | 'sandboxes'>
  readonly pods: PodLookup
  readonly logs: Pick<LogManager, 'remove'>
  readonly files: Pick<Files, 'list' | 'remove'>
  readonly podLogsDirectory: string
  /** Links to logs, as `KubeletConfig` has it. */
  readonly containerLogsDirectory?: string
  readonly log: Log
  /** Absent: nothing is traced. */
  readonly tracer?: Pick<NodeTracer, 'trace'>
}

/**
 * What the pods' workers leave on purpose, or never knew of. In quiet times each worker keeps one ended attempt of a container, and everything of
 * pods that are over, for their logs; this takes those when the disk runs short, and log folders of pods that went while no kubelet ran.
 */
export interface ContainerClearing {
  /** Ended containers and sandboxes of pods that are over but not deleted, with their logs. Rejects where some could not be removed. */
  removeEnded(): Promise<void>
  /** Log folders that belong to no pod of this node. For the start. */
  removeStrayLogs(): Promise<void>
}

export function createContainerClearing(options: ContainerClearingOptions): ContainerClearing {
  const { runtime, pods, logs, files, podLogsDirectory, containerLogsDirectory } = options
  const log = options.log.with({ part: 'clearing' })

  async function removeEnded(): Promise<void> {
    const errors: unknown[] = []
    const attempt = async (work: () => Promise<void>) => {
      try {
        await work()
      } catch (error) {
        errors.push(error)
      }
    }
    for (const record of pods.list().filter(isOver)) {
      const ended = record.containers.filter(({ state }) => state === 'exited' || state === 'created')
      if (ended.length > 0) log.info('removing the containers of a pod that is over', { pod: record.pod.metadata.name })
      for (const { id, name, logPath } of ended)
        await attempt(async () => {
          await runtime.removeContainer(id)
          if (logPath !== '') await logs.remove(logPath)
          const link = logLink(containerLogsDirectory, record.pod, name, id)
          if (link !== undefined) await files.remove(link)
        })
      for (const { id } of await runtime.sandboxes({ podUid: record.pod.metadata.uid }))
        await attempt(async () => {
          // Stopped long ago as a rule; a sandbox that still stands would leave its network behind.
          await runtime.stopSandbox(id)
          await runtime.removeSandbox(id)
        })
    }
    const [first] = errors
    if (first !== undefined)
      throw new WherryError('InternalError', `${errors.length} ended containers could not be removed`, { cause: first })
  }

  return {
    removeEnded: () => options.tracer?.trace('Containers/GarbageCollect', removeEnded) ?? removeEnded(),
    async removeStrayLogs() {
      for (const name of await files.list(podLogsDirectory)) {
        const uid = name.split('_')[2]
        if (uid === undefined || uid === '' || pods.byUid(uid) !== undefined) continue
        log.info('removing the logs of a pod that is gone', { folder: name })
        await files.remove(`${podLogsDirectory}/${name}`)
      }
    },
  }
}

/** Nothing of it runs or will: what is left is there to be read. */
const isOver = ({ withStatus: { status }, containers, sandboxId }: PodRecord): boolean =>
  (status?.phase === 'Succeeded' || status?.phase === 'Failed') &&
  sandboxId === undefined &&
  containers.every(({ state }) => state === 'exited' || state === 'created')
