import type { ContainerRecord, PodRecord } from '../interfaces.ts'
import type { GroupStats, StatsHost } from './stats-host.ts'

/** One control group that belongs to a pod. */
export interface FoundGroup {
  readonly path: string
  readonly stats: GroupStats
}

/** The control groups of one pod: its own, and those of its sandbox and its containers below. */
export interface PodGroups {
  readonly record: PodRecord
  readonly pod?: FoundGroup
  readonly sandbox?: FoundGroup & { readonly id: string }
  /** Those that run. */
  readonly containers: readonly (FoundGroup & { readonly container: ContainerRecord })[]
}

/**
 * Reads them all. How a runtime calls a container's group hangs on who makes it (`<id>`, `cri-containerd-<id>.scope`, `crio-<id>.scope`), but its id
 * is always in it.
 */
export async function readPodGroups(
  host: Pick<StatsHost, 'group' | 'children'>,
  record: PodRecord,
  podPath: string,
  detail: 'core' | 'full',
): Promise<PodGroups> {
  const own = await host.group(podPath, detail)
  if (own === undefined) return { record, containers: [] }
  const names = await host.children(podPath)
  const find = async (id: string): Promise<FoundGroup | undefined> => {
    const name = names.find((one) => one.includes(id))
    if (name === undefined) return undefined
    const path = `${podPath}/${name}`
    const stats = await host.group(path, detail)
    return stats && { path, stats }
  }
  const { sandboxId } = record
  const sandbox = sandboxId === undefined ? undefined : await find(sandboxId)
  const containers: (FoundGroup & { readonly container: ContainerRecord })[] = []
  for (const container of record.containers) {
    if (container.state !== 'running') continue
    const found = await find(container.id)
    if (found !== undefined) containers.push({ ...found, container })
  }
  return { record, pod: { path: podPath, stats: own }, ...(sandbox && { sandbox: { ...sandbox, id: sandboxId! } }), containers }
}

/** Any process of the pod: all of them see its network. */
export const processOf = ({ sandbox, containers }: PodGroups): number | undefined =>
  [...(sandbox?.stats.processIds ?? []), ...containers.flatMap(({ stats }) => stats.processIds)][0]
